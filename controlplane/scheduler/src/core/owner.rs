//! The controllers and services that pods belong to, as far as the scheduler's own wish to spread them needs them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    labels::{Labels, Selector},
    object::LabelSelector,
};

/// The kinds of controllers whose pods are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerKind {
    /// `v1` `ReplicationController`.
    ReplicationController,
    /// `apps/v1` `ReplicaSet`.
    ReplicaSet,
    /// `apps/v1` `StatefulSet`.
    StatefulSet,
}

/// The controller of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// Its kind.
    pub kind: OwnerKind,
    /// Its name, in the pod's namespace.
    pub name: Arc<str>,
}

/// Selectors of services and controllers, by namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    namespaces: HashMap<Arc<str>, Namespace>,
    /// Grows with every change.
    pub(super) generation: u64,
}

#[derive(Clone, Debug, Default)]
struct Namespace {
    services: BTreeMap<Arc<str>, Selector>,
    controllers: HashMap<Owner, Selector>,
}

impl OwnerKind {
    /// The kind of this name in a group and version, if its pods are spread.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        match (api_version, kind) {
            ("v1", "ReplicationController") => Some(Self::ReplicationController),
            ("apps/v1", "ReplicaSet") => Some(Self::ReplicaSet),
            ("apps/v1", "StatefulSet") => Some(Self::StatefulSet),
            _ => None,
        }
    }
}

impl Owners {
    /// Adds, replaces or (without selector) removes a service. Tells whether anything changed.
    pub(super) fn set_service(
        &mut self,
        namespace: &str,
        name: &str,
        selector: Option<&BTreeMap<String, String>>,
    ) -> bool {
        let services = &mut self.namespaces.entry(namespace.into()).or_default().services;
        let selector = selector.map(Selector::of_map);
        if services.get(name) == selector.as_ref() {
            return false;
        }
        match selector {
            Some(selector) => services.insert(name.into(), selector),
            None => services.remove(name),
        };
        self.generation += 1;
        true
    }

    /// Adds, replaces or (without selector) removes a controller. Tells whether anything changed.
    pub(super) fn set_controller(
        &mut self,
        namespace: &str,
        owner: Owner,
        selector: Option<&LabelSelector>,
    ) -> bool {
        let controllers = &mut self.namespaces.entry(namespace.into()).or_default().controllers;
        let selector = selector.map(|selector| Selector::of(Some(selector)));
        if controllers.get(&owner) == selector.as_ref() {
            return false;
        }
        match selector {
            Some(selector) => controllers.insert(owner, selector),
            None => controllers.remove(&owner),
        };
        self.generation += 1;
        true
    }

    /// The pods that a pod should be spread among: those of its services and its controller together. `None` if it has
    /// neither. Source: kube-scheduler's `DefaultSelector`.
    pub(super) fn siblings(
        &self,
        namespace: &str,
        labels: &Labels,
        owner: Option<&Owner>,
    ) -> Option<Selector> {
        let known = self.namespaces.get(namespace)?;
        let services = known.services.values().filter(|selector| selector.matches(labels));
        let everything = Selector::of(Some(&LabelSelector::default()));
        let merged = services.fold(everything, |all, one| all.and_all_of(one.clone()));
        let merged = match owner.and_then(|owner| known.controllers.get(owner)) {
            Some(controller) if !controller.is_nothing() => merged.and_all_of(controller.clone()),
            _ => merged,
        };
        (!merged.is_everything()).then_some(merged)
    }
}

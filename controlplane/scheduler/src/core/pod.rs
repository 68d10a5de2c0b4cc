//! What scheduling knows of a pod, computed once from its spec.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use super::{
    images,
    labels::Labels,
    node_affinity::{Preferred, Required},
    object::{PodSpec, PodStatus},
    owner::Owner,
    pod_affinity::PodAffinity,
    ports::HostPort,
    requests::{self, Taken},
    resources::{InvalidQuantity, Resources},
    spread::Constraint,
    taint::Toleration,
    volume::{self, VolumeUse},
};

/// Which pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodIdentity {
    /// Unique in time and space.
    pub uid: Arc<str>,
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

/// What scheduling reads of a pod's metadata.
#[derive(Clone, Debug)]
pub struct PodMeta<'a> {
    /// Which pod.
    pub id: PodIdentity,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// The controller it belongs to, if that is of a kind that matters.
    pub owner: Option<Owner>,
}

/// A pod as scheduling sees it. Two that are equal are treated equally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodInfo {
    /// Which pod.
    pub id: PodIdentity,
    /// What it shares with all pods of its make.
    pub(super) shape: Arc<PodShape>,
    /// The node that others are leaving in its favour.
    pub nominated_node: Option<Arc<str>>,
    /// When its node took it, in seconds since 1970; the end of time if none has.
    pub(super) started: i64,
    /// Whether it was told to leave in favour of a more important pod.
    pub(super) preempted: bool,
}

/// Everything that matters of a pod but which one it is: pods of one `ReplicaSet` share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodShape {
    /// Of all that follows, so that shapes are found quickly.
    hash: u64,
    pub(super) key: ShapeKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ShapeKey {
    pub(super) namespace: Arc<str>,
    pub(super) labels: Labels,
    /// Being deleted.
    pub(super) terminating: bool,
    pub(super) owner: Option<Owner>,
    pub(super) priority: i32,
    /// Whether it may push others away.
    pub(super) preempts: bool,
    /// Whether it waits for a scheduling gate.
    pub(super) gated: bool,
    /// What it takes from a node.
    pub(super) taken: Taken,
    /// What it says about nodes.
    pub(super) wants: Arc<NodeWants>,
    /// What it says about pods.
    pub(super) affinity: PodAffinity,
    pub(super) spread: Vec<Constraint>,
    pub(super) ports: Vec<HostPort>,
    /// The images of all its containers, one each.
    pub(super) images: Vec<Arc<str>>,
    pub(super) volumes: Vec<VolumeUse>,
}

/// What a pod requires and prefers of nodes as such, whatever runs there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NodeWants {
    /// The node its spec names.
    pub(super) node_name: Option<Arc<str>>,
    pub(super) required: Required,
    pub(super) preferred: Preferred,
    pub(super) tolerations: Vec<Toleration>,
}

/// A pod that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request of the pod is invalid")]
pub struct InvalidPod(#[from] InvalidQuantity);

impl PodInfo {
    /// Reads a pod.
    pub fn new(meta: PodMeta<'_>, spec: &PodSpec, status: &PodStatus) -> Result<Self, InvalidPod> {
        let present = |name: &&str| !name.is_empty();
        let started = status.start_time.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        Ok(Self {
            nominated_node: status.nominated_node_name.as_deref().filter(present).map(Arc::from),
            started: started.map_or(i64::MAX, jiff::Timestamp::as_second),
            preempted: meta.terminating && status.is_preempted(),
            shape: Arc::new(PodShape::new(&meta, spec, status)?),
            id: meta.id,
        })
    }

    /// Larger goes first.
    pub fn priority(&self) -> i32 {
        self.shape.key.priority
    }

    /// Whether it waits for a scheduling gate.
    pub fn is_gated(&self) -> bool {
        self.shape.key.gated
    }

    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.shape.key.terminating
    }

    /// What it takes from a node.
    pub fn requests(&self) -> &Resources {
        &self.shape.key.taken.requests
    }

    /// The same pod with an equal shape that others share.
    pub(super) fn sharing(&self, shape: &Arc<PodShape>) -> Self {
        Self { shape: shape.clone(), ..self.clone() }
    }
}

impl PodShape {
    fn new(meta: &PodMeta<'_>, spec: &PodSpec, status: &PodStatus) -> Result<Self, InvalidPod> {
        let present = |name: &&str| !name.is_empty();
        let labels = Labels::new(meta.labels);
        let wants = NodeWants {
            node_name: spec.node_name.as_deref().filter(present).map(Arc::from),
            required: Required::of(spec),
            preferred: Preferred::of(spec),
            tolerations: spec.tolerations.iter().flatten().filter_map(Toleration::of).collect(),
        };
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        let images =
            containers.map(|one| images::normalised(one.image.as_deref().unwrap_or_default())).collect();
        let key = ShapeKey {
            namespace: meta.id.namespace.clone(),
            terminating: meta.terminating,
            owner: meta.owner.clone(),
            priority: spec.priority.unwrap_or(0),
            preempts: spec.preemption_policy.as_deref() != Some("Never"),
            gated: spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()),
            taken: requests::of(spec, status)?,
            wants: Arc::new(wants),
            affinity: PodAffinity::of(spec, &meta.id.namespace, &labels),
            spread: Constraint::all(spec, &labels),
            ports: HostPort::all(spec),
            images,
            volumes: volume::of_pod(&meta.id.name, spec),
            labels,
        };
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Ok(Self { hash: hasher.finish(), key })
    }
}

impl Hash for PodShape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

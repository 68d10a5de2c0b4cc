//! The kinds whose objects may own and be owned, and requests about one of their objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{
    Api, Client, Discovery,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    discovery::{Scope, verbs},
};
use serde_json::Value;

use super::graph::{Place, Uid};
use crate::{Error, Result, error::is_gone};

/// Events come in floods, go by themselves and own nothing (kube-controller-manager leaves them out, too).
const LEFT_OUT: &str = "Event";

/// One kind.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
}

/// All of them; objects name theirs by its place in the list.
pub(super) struct Kinds {
    client: Client,
    all: Vec<Kind>,
}

impl Kinds {
    /// Asks the server for its kinds.
    pub(super) async fn discover(client: &Client) -> Result<Self> {
        let discovery = Discovery::new(client.clone()).run().await.map_err(Error::api("discover kinds"))?;
        let served = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
        let collectable = served.filter(|(resource, capabilities)| {
            let needed = [verbs::LIST, verbs::WATCH, verbs::GET, verbs::PATCH, verbs::DELETE];
            resource.kind != LEFT_OUT && needed.into_iter().all(|verb| capabilities.supports_operation(verb))
        });
        let all = collectable.map(|(resource, capabilities)| Kind {
            resource,
            namespaced: capabilities.scope == Scope::Namespaced,
        });
        Ok(Kinds { client: client.clone(), all: all.collect() })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.all.iter()
    }

    /// The name that people know a kind by.
    pub(super) fn name(&self, kind: usize) -> &str {
        &self.all[kind].resource.plural
    }

    /// Where the owner is of an object in `namespace`; `None` for a kind that is not served, or a namespaced owner of an object
    /// of the cluster.
    pub(super) fn owner(&self, owner: &OwnerReference, namespace: Option<&str>) -> Option<Place> {
        let is =
            |kind: &Kind| kind.resource.api_version == owner.api_version && kind.resource.kind == owner.kind;
        let kind = self.all.iter().position(is)?;
        let namespace = if self.all[kind].namespaced { Some(namespace?.to_string()) } else { None };
        Some(Place { kind, namespace, name: owner.name.clone() })
    }

    fn api(&self, place: &Place) -> Api<DynamicObject> {
        let resource = &self.all[place.kind].resource;
        match &place.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        }
    }

    fn doing(&self, what: &str, place: &Place) -> String {
        let Place { kind, namespace, name } = place;
        let namespace = namespace.as_deref().unwrap_or_default();
        format!("{what} {} {namespace}/{name}", self.all[*kind].resource.plural)
    }

    /// The object's metadata as they are now; `None` if it is not there, or another one of its name is.
    pub(super) async fn metadata(&self, place: &Place, uid: &str) -> Result<Option<ObjectMeta>> {
        let found = self.api(place).get_metadata_opt(&place.name).await;
        let found = found.map_err(Error::api(self.doing("get", place)))?;
        Ok(found.map(|found| found.metadata).filter(|metadata| metadata.uid.as_deref() == Some(uid)))
    }

    /// Patches the object; its metadata after that, `None` if it is gone.
    pub(super) async fn patch(&self, place: &Place, patch: &Patch<Value>) -> Result<Option<ObjectMeta>> {
        let done = self.api(place).patch_metadata(&place.name, &PatchParams::default(), patch).await;
        self.unless_gone("patch", place, done.map(|patched| patched.metadata))
    }

    /// Deletes the object; nothing to do if it is gone.
    pub(super) async fn delete(&self, place: &Place, parameters: &DeleteParams) -> Result<()> {
        let done = self.api(place).delete(&place.name, parameters).await;
        self.unless_gone("delete", place, done).map(drop)
    }

    fn unless_gone<T>(&self, what: &str, place: &Place, done: Result<T, kube::Error>) -> Result<Option<T>> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(Error::api(self.doing(what, place))(error)),
        }
    }

    /// Every object that names `owner` now, wherever it may be, and its uid.
    pub(super) async fn dependents(&self, owner: &Uid, namespace: Option<&str>) -> Result<Vec<(Place, Uid)>> {
        let mut found = Vec::new();
        for (index, kind) in self.all.iter().enumerate() {
            let api = match namespace.filter(|_| kind.namespaced) {
                Some(namespace) => {
                    Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &kind.resource)
                }
                None => Api::all_with(self.client.clone(), &kind.resource),
            };
            let doing = || format!("list {}", kind.resource.plural);
            let list = api.list_metadata(&ListParams::default()).await.map_err(Error::api(doing()))?;
            for object in list.items.into_iter().map(|one| one.metadata) {
                let mut owners = object.owner_references.iter().flatten();
                if let (true, Some(name), Some(uid)) =
                    (owners.any(|one| one.uid == **owner), object.name, object.uid)
                {
                    found.push((Place { kind: index, namespace: object.namespace, name }, uid.into()));
                }
            }
        }
        Ok(found)
    }
}

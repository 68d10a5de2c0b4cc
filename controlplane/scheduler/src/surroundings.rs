//! What the core knows beside pods and nodes: namespaces, owners of pods, disruption budgets, volumes. In: one watch a
//! kind, of those kinds that the API serves. Out: their objects as JSON, for [`feed`] to read.

use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    runtime::{WatchStreamExt, watcher},
};
use naru_api::kinds::{self, Kind};
use serde_json::Value;

use crate::{
    core::{Changes, Snapshot, feed},
    listing::Listing,
};

/// Group and plural of what the core can read; all are of version `v1`.
const READABLE: [(&str, &str); 10] = [
    ("", "namespaces"),
    ("", "services"),
    ("", "replicationcontrollers"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("policy", "poddisruptionbudgets"),
    ("", "persistentvolumes"),
    ("", "persistentvolumeclaims"),
    ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "csinodes"),
];

/// An event of one of the watches, by its number.
pub(crate) type Happened = (usize, watcher::Result<watcher::Event<DynamicObject>>);

/// What is known to exist, of each kind that is watched.
pub(crate) struct Surroundings {
    kinds: Vec<(&'static Kind, Listing)>,
}

impl Surroundings {
    /// All kinds that are served.
    pub(crate) fn new() -> Self {
        let served = READABLE.iter().filter_map(|(group, plural)| kinds::by_plural(group, "v1", plural));
        Self { kinds: served.map(|kind| (kind, Listing::default())).collect() }
    }

    /// The watches of all of them as one.
    pub(crate) fn watch(&self, client: &Client) -> impl Stream<Item = Happened> + use<> {
        let watches = self.kinds.iter().enumerate().map(|(number, (kind, _))| {
            let resource = ApiResource {
                group: kind.group.into(),
                version: kind.version.into(),
                api_version: kind.api_version(),
                kind: kind.kind.into(),
                plural: kind.plural.into(),
            };
            let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
            let events = watcher(api, watcher::Config::default().any_semantic()).default_backoff();
            events.map(move |event| (number, event)).boxed()
        });
        stream::select_all(watches.collect::<Vec<_>>())
    }

    /// Whether each kind has been listed.
    pub(crate) fn is_complete(&self) -> bool {
        self.kinds.iter().all(|(_, listing)| listing.is_complete())
    }

    /// Applies an event; tells what changed.
    pub(crate) fn happened(&mut self, snapshot: &mut Snapshot, (number, event): Happened) -> Changes {
        let (kind, listing) = &mut self.kinds[number];
        match event {
            Ok(watcher::Event::Init) => listing.begin(),
            Ok(watcher::Event::InitApply(object) | watcher::Event::Apply(object)) => {
                listing.add(&key(&object));
                return apply(snapshot, kind, &object);
            }
            Ok(watcher::Event::Delete(object)) => {
                let key = key(&object);
                listing.remove(&key);
                return gone(snapshot, kind, &key);
            }
            Ok(watcher::Event::InitDone) => {
                let gone_since = listing.end();
                let left = gone_since.iter().map(|key| gone(snapshot, kind, key));
                return left.fold(Changes::NONE, |changes, more| changes | more);
            }
            Err(error) => {
                tracing::warn!(%error, kind = kind.kind, "a watch failed, it is started again");
            }
        }
        Changes::NONE
    }
}

/// `namespace/name`.
fn key(object: &DynamicObject) -> Arc<str> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}", part(&object.metadata.namespace), part(&object.metadata.name)).into()
}

fn apply(snapshot: &mut Snapshot, kind: &Kind, object: &DynamicObject) -> Changes {
    let mut value = serde_json::to_value(object).unwrap_or(Value::Null);
    // The objects of a list do not say their kind.
    value["kind"] = kind.kind.into();
    feed::apply(snapshot, &value).unwrap_or_else(|error| {
        let (error, name): (&dyn std::error::Error, _) = (&error, &object.metadata.name);
        tracing::warn!(kind = kind.kind, name, error, "an object cannot be understood and does not count");
        Changes::NONE
    })
}

fn gone(snapshot: &mut Snapshot, kind: &Kind, key: &str) -> Changes {
    let (namespace, name) = key.split_once('/').unwrap_or(("", key));
    feed::remove(snapshot, kind.kind, namespace, name)
}

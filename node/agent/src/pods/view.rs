//! What the node's endpoint shows of each pod: the object and the newest status, published by the workers.

use std::{collections::HashMap, sync::Arc};

use k8s_openapi::api::core::v1::{Pod, PodStatus};
use parking_lot::RwLock;

/// One pod.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The object as the API has it.
    pub(crate) pod: Arc<Pod>,
    /// The status as the worker sees it; the object's own if there is nothing newer.
    pub(crate) status: Arc<PodStatus>,
}

/// All pods by uid.
#[derive(Default)]
pub(crate) struct Views {
    pods: RwLock<HashMap<String, View>>,
}

impl Views {
    /// Publishes a pod.
    pub(crate) fn set(&self, uid: &str, view: View) {
        self.pods.write().insert(uid.to_owned(), view);
    }

    /// Forgets a pod.
    pub(crate) fn remove(&self, uid: &str) {
        self.pods.write().remove(uid);
    }

    /// The pod of a name; the newest if a deleted one is still going.
    pub(crate) fn find(&self, namespace: &str, name: &str) -> Option<View> {
        let pods = self.pods.read();
        let named = pods.values().filter(|view| {
            let meta = &view.pod.metadata;
            meta.namespace.as_deref() == Some(namespace) && meta.name.as_deref() == Some(name)
        });
        named.max_by_key(|view| view.pod.metadata.creation_timestamp.clone()).cloned()
    }

    /// Every pod.
    pub(crate) fn all(&self) -> Vec<View> {
        self.pods.read().values().cloned().collect()
    }
}

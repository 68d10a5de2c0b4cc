//! ConfigMaps and Secrets as the node needs them: their bytes, fetched from the API when asked for, kept for a while.
//!
//! In: a key and how fresh the answer must be. Out: the content, or that there is no such object. Requests for the same
//! object share one fetch.

use std::{collections::BTreeMap, collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client};
use parking_lot::Mutex;

use crate::clock::{Clock, between};

/// Objects that nobody has asked for in this time are dropped from the cache.
const IDLE: Duration = Duration::from_secs(300);
/// Most objects in the cache; beyond it idle ones are looked for at each insertion.
const MAX_CACHED: usize = 1024;

/// Which of the two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

impl Key {
    /// A ConfigMap.
    pub(crate) fn config_map(namespace: &str, name: &str) -> Key {
        Key { kind: Kind::ConfigMap, namespace: namespace.into(), name: name.into() }
    }

    /// A Secret.
    pub(crate) fn secret(namespace: &str, name: &str) -> Key {
        Key { kind: Kind::Secret, namespace: namespace.into(), name: name.into() }
    }

    /// The kind as messages write it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::ConfigMap => "ConfigMap",
            Kind::Secret => "Secret",
        }
    }

    /// kubelet's words for an object that does not exist.
    pub(crate) fn not_found(&self) -> String {
        let kind = match self.kind {
            Kind::ConfigMap => "configmap",
            Kind::Secret => "secret",
        };
        format!("{kind} {:?} not found", self.name)
    }
}

/// What an object holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// Its resourceVersion.
    pub(crate) version: String,
    /// `data` and `binaryData` together.
    pub(crate) data: BTreeMap<String, Vec<u8>>,
}

/// One object of the cache.
#[derive(Default)]
struct Slot {
    /// When the fetch behind `content` began.
    begun: Option<Timestamp>,
    content: Option<Arc<Content>>,
}

type Slots = HashMap<Key, Arc<tokio::sync::Mutex<Slot>>>;

/// The node's view of ConfigMaps and Secrets.
pub(crate) struct Objects {
    client: Client,
    clock: Arc<dyn Clock>,
    slots: Mutex<Slots>,
}

impl Objects {
    /// An empty view.
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>) -> Objects {
        Objects { client, clock, slots: Mutex::default() }
    }

    /// The object as it was at most `age` ago; `None` if there was none.
    pub(crate) async fn get(&self, key: &Key, age: Duration) -> Result<Option<Arc<Content>>, kube::Error> {
        let asked = self.clock.now();
        let slot = self.slot(key, asked);
        let mut slot = slot.lock().await;
        if let Some(begun) = slot.begun
            && (begun > asked || (!age.is_zero() && between(begun, asked) <= age))
        {
            return Ok(slot.content.clone());
        }
        let begun = self.clock.now();
        let content = self.fetch(key).await?.map(Arc::new);
        *slot = Slot { begun: Some(begun), content: content.clone() };
        Ok(content)
    }

    fn slot(&self, key: &Key, now: Timestamp) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock();
        if slots.len() >= MAX_CACHED {
            slots.retain(|_, slot| match slot.try_lock() {
                Ok(slot) => slot.begun.is_some_and(|begun| between(begun, now) < IDLE),
                Err(_) => true, // being fetched
            });
        }
        Arc::clone(slots.entry(key.clone()).or_default())
    }

    async fn fetch(&self, key: &Key) -> Result<Option<Content>, kube::Error> {
        let client = self.client.clone();
        Ok(match key.kind {
            Kind::ConfigMap => {
                let api: Api<ConfigMap> = Api::namespaced(client, &key.namespace);
                api.get_opt(&key.name).await?.map(|map| {
                    let text = map.data.into_iter().flatten().map(|(key, value)| (key, value.into_bytes()));
                    let bytes = map.binary_data.into_iter().flatten().map(|(key, value)| (key, value.0));
                    let version = map.metadata.resource_version.unwrap_or_default();
                    Content { version, data: text.chain(bytes).collect() }
                })
            }
            Kind::Secret => {
                let api: Api<Secret> = Api::namespaced(client, &key.namespace);
                api.get_opt(&key.name).await?.map(|secret| {
                    let data = secret.data.into_iter().flatten().map(|(key, value)| (key, value.0)).collect();
                    Content { version: secret.metadata.resource_version.unwrap_or_default(), data }
                })
            }
        })
    }
}

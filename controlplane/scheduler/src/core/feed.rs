//! Filling a snapshot from the API's objects as JSON.
//!
//! ```
//! use naru_scheduler::core::{Decision, Profile, Snapshot, feed, schedule};
//! use serde_json::json;
//!
//! let mut cluster = Snapshot::new();
//! let node = json!({"kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "1", "pods": "9"}}});
//! feed::apply(&mut cluster, &node)?;
//! let pod = feed::pod(&json!({"metadata": {"name": "web", "namespace": "default"}, "spec": {"containers": []}}))?;
//! let Decision::Place(place) = schedule(&cluster, &pod, &Profile::default(), 0) else { panic!() };
//! assert_eq!(&*place.node, "n1");
//! # Ok::<(), feed::Error>(())
//! ```

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    changes::Changes,
    node::{COMPILED, InvalidNode, NodeInfo},
    object::{LabelSelector, NodeSpec, NodeStatus, PodSpec, PodStatus, StorageMeta},
    owner::{Owner, OwnerKind},
    pod::{InvalidPod, PodIdentity, PodInfo, PodMeta},
    preemption::Budget,
    resources::InvalidQuantity,
    snapshot::Snapshot,
    storage::{Claim, Class, Volume, limits},
};

/// An object that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its form is not that of its kind.
    #[error("the object's form is wrong")]
    Form(#[from] serde_json::Error),
    /// What a pod requests.
    #[error(transparent)]
    Pod(#[from] InvalidPod),
    /// What a node offers.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// What a volume holds, or a claim asks for.
    #[error("the size of the volume is invalid")]
    Size(#[from] InvalidQuantity),
}

/// The metadata that matters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: String,
    namespace: String,
    uid: String,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OwnerReference {
    api_version: String,
    kind: String,
    name: String,
    controller: Option<bool>,
}

/// Adds or replaces an object: a node, a pod, a namespace, a service, a controller, a disruption budget, a volume, a claim, a
/// storage class or a `CSINode`. Lists are taken apart; pods without a node count where they are nominated, those that have
/// ended nowhere; other kinds change nothing.
pub fn apply(snapshot: &mut Snapshot, object: &Value) -> Result<Changes, Error> {
    let kind = object["kind"].as_str().unwrap_or_default();
    match kind {
        "Node" => return Ok(snapshot.set_node(node(object)?)),
        "Pod" => return apply_pod(snapshot, object),
        _ if kind.ends_with("List") => {
            let mut changes = Changes::NONE;
            for item in object["items"].as_array().into_iter().flatten() {
                let mut item = item.clone();
                // The items of a typed list do not say their kind.
                if item["kind"].is_null() {
                    item["kind"] = kind.trim_end_matches("List").into();
                }
                changes |= apply(snapshot, &item)?;
            }
            return Ok(changes);
        }
        _ => {}
    }
    if let Some(changes) = apply_storage(snapshot, kind, object)? {
        return Ok(changes);
    }
    let meta: Metadata = part(&object["metadata"])?;
    let selector = &object["spec"]["selector"];
    match kind {
        "Namespace" => {
            return Ok(snapshot.set_namespace(&meta.name, Some(&meta.labels.unwrap_or_default())));
        }
        "Service" => {
            let selector: Option<BTreeMap<String, String>> = part(selector)?;
            snapshot.set_service(&meta.namespace, &meta.name, selector.as_ref());
        }
        "ReplicationController" => {
            let labels: Option<BTreeMap<String, String>> = part(selector)?;
            let selector = LabelSelector { match_labels: labels, match_expressions: None };
            let kind = OwnerKind::ReplicationController;
            snapshot.set_controller(kind, &meta.namespace, &meta.name, Some(&selector));
        }
        "ReplicaSet" | "StatefulSet" => {
            let selector: Option<LabelSelector> = part(selector)?;
            if let Some(kind) = OwnerKind::of("apps/v1", kind) {
                snapshot.set_controller(kind, &meta.namespace, &meta.name, selector.as_ref());
            }
        }
        "PodDisruptionBudget" => {
            let selector: Option<LabelSelector> = part(selector)?;
            let status = &object["status"];
            let disrupted = status["disruptedPods"].as_object().into_iter().flatten();
            let disrupted = disrupted.map(|(name, _)| Arc::from(name.as_str()));
            let allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0);
            let budget = Budget::new(selector.as_ref(), allowed, disrupted);
            snapshot.set_budget(&meta.namespace, &meta.name, Some(budget));
        }
        _ => {}
    }
    Ok(Changes::NONE)
}

/// Volumes and what belongs to them; `None` if the object is of another kind.
fn apply_storage(snapshot: &mut Snapshot, kind: &str, object: &Value) -> Result<Option<Changes>, Error> {
    if !matches!(kind, "PersistentVolume" | "PersistentVolumeClaim" | "StorageClass" | "CSINode") {
        return Ok(None);
    }
    let meta: StorageMeta = part(&object["metadata"])?;
    let (spec, status) = (&object["spec"], &object["status"]);
    Ok(Some(match kind {
        "PersistentVolume" => {
            let volume = Volume::new(&meta, &part(spec)?, &part(status)?)?;
            snapshot.set_volume(&meta.name, Some(volume))
        }
        "PersistentVolumeClaim" => {
            let claim = Claim::new(&meta, &part(spec)?, &part(status)?)?;
            let key = (meta.namespace.as_str().into(), meta.name.as_str().into());
            snapshot.set_claim(&key, Some(claim))
        }
        "StorageClass" => snapshot.set_class(&meta.name, Some(Class::new(&part(object)?))),
        _ => snapshot.set_volume_limits(&meta.name, Some(limits(&part(spec)?))),
    }))
}

/// Removes an object of a kind that [`apply`] reads and that is known by name: all but nodes and pods.
pub fn remove(snapshot: &mut Snapshot, kind: &str, namespace: &str, name: &str) -> Changes {
    match kind {
        "Namespace" => return snapshot.set_namespace(name, None),
        "Service" => snapshot.set_service(namespace, name, None),
        "ReplicationController" => {
            snapshot.set_controller(OwnerKind::ReplicationController, namespace, name, None);
        }
        "ReplicaSet" | "StatefulSet" => {
            if let Some(kind) = OwnerKind::of("apps/v1", kind) {
                snapshot.set_controller(kind, namespace, name, None);
            }
        }
        "PodDisruptionBudget" => snapshot.set_budget(namespace, name, None),
        "PersistentVolume" => return snapshot.set_volume(name, None),
        "PersistentVolumeClaim" => return snapshot.set_claim(&(namespace.into(), name.into()), None),
        "StorageClass" => return snapshot.set_class(name, None),
        "CSINode" => return snapshot.set_volume_limits(name, None),
        _ => {}
    }
    Changes::NONE
}

fn apply_pod(snapshot: &mut Snapshot, object: &Value) -> Result<Changes, Error> {
    let pod = pod(object)?;
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    match object["spec"]["nodeName"].as_str() {
        Some(node) if !node.is_empty() && !ended => Ok(snapshot.set_pod(pod, node)),
        _ => {
            let changes = snapshot.remove_pod(&pod.id.uid);
            if let (Some(node), false) = (&pod.nominated_node, ended) {
                snapshot.nominate(&pod, node);
            }
            Ok(changes)
        }
    }
}

/// Reads a pod. One without a uid gets its namespace and name for one.
pub fn pod(object: &Value) -> Result<Arc<PodInfo>, Error> {
    let meta: Metadata = part(&object["metadata"])?;
    let uid = match &*meta.uid {
        "" => format!("{}/{}", meta.namespace, meta.name).into(),
        uid => Arc::from(uid),
    };
    let controller = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    let owner = controller.and_then(|owner| {
        let kind = OwnerKind::of(&owner.api_version, &owner.kind)?;
        Some(Owner { kind, name: owner.name.as_str().into() })
    });
    let id = PodIdentity { uid, namespace: meta.namespace.into(), name: meta.name.into() };
    let labels = meta.labels.unwrap_or_default();
    let terminating = meta.deletion_timestamp.is_some();
    let meta = PodMeta { id, labels: &labels, terminating, owner };
    let spec: PodSpec = part(&object["spec"])?;
    let status: PodStatus = part(&object["status"])?;
    Ok(Arc::new(PodInfo::new(meta, &spec, &status)?))
}

/// Reads a node.
pub fn node(object: &Value) -> Result<NodeInfo, Error> {
    let meta: Metadata = part(&object["metadata"])?;
    let spec: NodeSpec = part(&object["spec"])?;
    let status: NodeStatus = part(&object["status"])?;
    let node = NodeInfo::new(&meta.name, &meta.labels.unwrap_or_default(), &spec, &status)?;
    Ok(node.with_compiled(meta.annotations.as_ref().and_then(|all| all.get(COMPILED)).map(String::as_str)))
}

/// A part of an object; what is absent is its default.
fn part<T: DeserializeOwned + Default>(value: &Value) -> Result<T, Error> {
    if value.is_null() { Ok(T::default()) } else { Ok(T::deserialize(value)?) }
}

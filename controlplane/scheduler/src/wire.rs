//! Pods and nodes as the scheduler's watches decode them: metadata, and the parts that the core reads.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use k8s_openapi::{
    ClusterResourceScope, NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::Resource;
use serde::Deserialize;

use crate::core::{
    COMPILED, InvalidNode, InvalidPod, NodeInfo, Owner, OwnerKind, PodIdentity, PodInfo, PodMeta,
    object::{NodeSpec, NodeStatus, PodSpec, PodStatus},
};

/// A pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pod {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: PodSpec,
    pub(crate) status: PodStatus,
}

/// A node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: NodeSpec,
    pub(crate) status: NodeStatus,
}

macro_rules! resource {
    ($type:ty, $scope:ty, $kind:literal, $plural:literal) => {
        impl Resource for $type {
            type DynamicType = ();
            type Scope = $scope;

            fn kind((): &()) -> Cow<'_, str> {
                $kind.into()
            }
            fn group((): &()) -> Cow<'_, str> {
                "".into()
            }
            fn version((): &()) -> Cow<'_, str> {
                "v1".into()
            }
            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

resource!(Pod, NamespaceResourceScope, "Pod", "pods");
resource!(Node, ClusterResourceScope, "Node", "nodes");

impl Pod {
    /// The pod's uid.
    pub(crate) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    /// The node it is bound to.
    pub(crate) fn node(&self) -> Option<&str> {
        self.spec.node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// Whether its containers have ended for good, so that it holds nothing.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.status.phase.as_deref(), Some("Succeeded" | "Failed"))
    }

    /// Whether it is being deleted.
    pub(crate) fn is_terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// The pod as the core sees it.
    pub(crate) fn info(&self) -> Result<Arc<PodInfo>, InvalidPod> {
        let text = |text: &Option<String>| Arc::from(text.as_deref().unwrap_or_default());
        let meta = &self.metadata;
        let id =
            PodIdentity { uid: text(&meta.uid), namespace: text(&meta.namespace), name: text(&meta.name) };
        let none = BTreeMap::new();
        let labels = meta.labels.as_ref().unwrap_or(&none);
        let meta = PodMeta { id, labels, terminating: self.is_terminating(), owner: self.owner() };
        PodInfo::new(meta, &self.spec, &self.status).map(Arc::new)
    }

    /// The controller it belongs to, if that is of a kind that matters.
    fn owner(&self) -> Option<Owner> {
        let owners = self.metadata.owner_references.iter().flatten();
        let controller = owners.into_iter().find(|owner| owner.controller == Some(true))?;
        let kind = OwnerKind::of(&controller.api_version, &controller.kind)?;
        Some(Owner { kind, name: controller.name.as_str().into() })
    }
}

impl Node {
    /// The node's name.
    pub(crate) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// The node as the core sees it.
    pub(crate) fn info(&self) -> Result<NodeInfo, InvalidNode> {
        let none = BTreeMap::new();
        let labels = self.metadata.labels.as_ref().unwrap_or(&none);
        let node = NodeInfo::new(self.name(), labels, &self.spec, &self.status)?;
        let annotations = self.metadata.annotations.as_ref();
        Ok(node.with_compiled(annotations.and_then(|all| all.get(COMPILED)).map(String::as_str)))
    }
}

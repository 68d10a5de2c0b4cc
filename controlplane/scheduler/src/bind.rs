//! Telling the API where a pod runs.

use std::{sync::Arc, time::Duration};

use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};

use crate::{core::PodInfo, wire::Pod};

/// Longest time for one binding.
const BIND_TIMEOUT: Duration = Duration::from_secs(30);

/// What became of a binding.
pub(crate) struct Bound {
    pub(crate) pod: Arc<PodInfo>,
    pub(crate) node: Arc<str>,
    pub(crate) result: Result<(), BindError>,
}

/// Why a pod was not bound.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// The API refused, or could not be reached.
    #[error("the binding was refused")]
    Api(#[source] Box<kube::Error>),
    /// No answer came.
    #[error("the binding was not answered in {BIND_TIMEOUT:?}")]
    TimedOut,
}

impl BindError {
    /// Whether the pod is gone, replaced, or bound already: nothing that anybody needs to know.
    pub(crate) fn is_harmless(&self) -> bool {
        matches!(self, BindError::Api(error)
            if matches!(&**error, kube::Error::Api(status) if matches!(status.code, 404 | 409)))
    }
}

/// Binds a pod to a node.
pub(crate) async fn bind(client: Client, pod: Arc<PodInfo>, node: Arc<str>) -> Bound {
    let id = &pod.id;
    let binding = json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": id.name, "namespace": id.namespace, "uid": id.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    let pods = Api::<Pod>::namespaced(client, &id.namespace);
    let params = PostParams::default();
    let request = pods.create_subresource::<_, Value>("binding", &id.name, &params, &binding);
    let result = match tokio::time::timeout(BIND_TIMEOUT, request).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(BindError::Api(Box::new(error))),
        Err(_) => Err(BindError::TimedOut),
    };
    Bound { pod, node, result }
}

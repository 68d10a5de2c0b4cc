//! Logs from the node that runs the pod, over its HTTPS endpoint (the kubelet's `/containerLogs` path).

use std::sync::Arc;

use axum::body::Body;
use futures::TryStreamExt;
use naru_api::{Object, meta, status::Status};
use naru_store::Store;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{LogQuery, LogStream, PodLogs, node_client::NodeClient};

/// Finds the pod's node in the store and asks it.
pub struct NodeLogs {
    store: Arc<dyn Store>,
    client: NodeClient,
}

impl NodeLogs {
    /// Logs by way of `client`, with the nodes' addresses from `store`.
    pub fn new(store: Arc<dyn Store>, client: NodeClient) -> Self {
        NodeLogs { store, client }
    }

    async fn node(&self, name: &str) -> Result<Object, Status> {
        let found = self.store.get(&format!("/registry/nodes/{name}")).await;
        let found = found.map_err(|error| Status::unavailable(error.to_string()))?;
        let found = found.ok_or_else(|| Status::not_found("", "nodes", name))?;
        serde_json::from_slice(&found.value).map_err(|error| Status::internal(error.to_string()))
    }
}

#[async_trait::async_trait]
impl PodLogs for NodeLogs {
    async fn open(&self, pod: &Object, query: &LogQuery) -> Result<LogStream, Status> {
        let name = pod.pointer("/spec/nodeName").and_then(Object::as_str).unwrap_or_default();
        let node = self.node(name).await?;
        let body: Body = self.client.get(&node, &path(pod, query)).await?;
        Ok(Box::pin(body.into_data_stream().map_err(std::io::Error::other)))
    }
}

fn path(pod: &Object, query: &LogQuery) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut parameters = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parameters.push(format!("{name}={}", encode(&value)));
        }
    };
    add("follow", query.follow.then(|| "true".into()));
    add("previous", query.previous.then(|| "true".into()));
    add("timestamps", query.timestamps.then(|| "true".into()));
    add("sinceSeconds", query.since_seconds.map(|seconds| seconds.to_string()));
    add("sinceTime", query.since_time.map(|time| time.to_string()));
    add("tailLines", query.tail_lines.map(|lines| lines.to_string()));
    add("limitBytes", query.limit_bytes.map(|bytes| bytes.to_string()));
    add("stream", query.stream.clone());
    format!(
        "/containerLogs/{}/{}/{}?{}",
        encode(meta::namespace(pod).unwrap_or_default()),
        encode(meta::name(pod).unwrap_or_default()),
        encode(&query.container),
        parameters.join("&")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_part_of_the_query_reaches_the_node() {
        let pod = json!({"metadata": {"namespace": "default", "name": "web-1"}});
        let query = LogQuery {
            container: "main".into(),
            follow: true,
            tail_lines: Some(5),
            since_time: "2026-11-21T09:00:00Z".parse().ok(),
            ..LogQuery::default()
        };
        let expected = "/containerLogs/default/web%2D1/main?follow=true&sinceTime=2026%2D11%2D21T09%3A00%3A00Z&tailLines=5";
        assert_eq!(path(&pod, &query), expected);
    }
}

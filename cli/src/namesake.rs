//! Whether a node's name is taken by another one that is alive: two agents of one name would both run its pods.
//!
//! Asked with the new node's own identity before anything is written. A node that has ended without a word stays Ready for a
//! while, so that it counts only if it answers. Source of the rule: `kubeadm join`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

/// How long a node's endpoint may take to answer before it counts as gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Refuses the name if a node that has it answers. `kubeconfig` is the text of one with the identity of the node that asks.
pub async fn check(name: &str, kubeconfig: &str) -> Result<()> {
    let Some(node) = find(name, kubeconfig).await.context("cannot ask whether the node's name is taken")?
    else {
        return Ok(());
    };
    let Some(endpoint) = endpoint(&node).filter(|_| is_ready(&node)) else { return Ok(()) };
    if matches!(timeout(ANSWER_TIMEOUT, TcpStream::connect(&endpoint)).await, Ok(Ok(_))) {
        bail!(
            "a node named {name} is in the cluster and answers at {endpoint}: give this one another --node-name, or \
             stop that one first"
        );
    }
    Ok(())
}

async fn find(name: &str, kubeconfig: &str) -> Result<Option<Value>> {
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(Kubeconfig::from_yaml(kubeconfig)?, &options).await?;
    let client = Client::try_from(config)?;
    let nodes = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Node"));
    let found = kube::Api::<DynamicObject>::all_with(client, &nodes).get_opt(name).await?;
    Ok(found.map(|node| node.data))
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// Where the node's agent listens.
fn endpoint(node: &Value) -> Option<String> {
    let status = &node["status"];
    let mut addresses = status["addresses"].as_array()?.iter();
    let address = addresses.find(|one| one["type"] == "InternalIP")?["address"].as_str()?;
    let port = status["daemonEndpoints"]["kubeletEndpoint"]["Port"].as_u64()?;
    Some(if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nodes_say_where_they_answer() {
        let node = |address: &str, ready: &str| {
            json!({"status": {
                "addresses": [{"type": "Hostname", "address": "w"}, {"type": "InternalIP", "address": address}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                "conditions": [{"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": ready}],
            }})
        };
        assert_eq!(endpoint(&node("10.0.0.1", "True")).as_deref(), Some("10.0.0.1:10250"));
        assert_eq!(endpoint(&node("fd00::1", "True")).as_deref(), Some("[fd00::1]:10250"));
        assert!(is_ready(&node("", "True")) && !is_ready(&node("", "Unknown")));
        assert!(endpoint(&json!({})).is_none() && !is_ready(&json!({})));
    }
}

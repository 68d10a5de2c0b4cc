//! Creating or adopting the Node object, and its status.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use k8s_openapi::{
    api::core::v1::{
        DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeSpec, NodeStatus,
        NodeSystemInfo, Taint,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;

use super::{
    facts::{Capacity, Machine},
    images::{COMPILED, Holdings},
};

/// What a node registers with.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// The Node's name.
    pub(crate) name: String,
    /// Its address.
    pub(crate) ip: IpAddr,
    /// Where its endpoint listens.
    pub(crate) endpoint: SocketAddr,
    /// Labels beside the well-known ones.
    pub(crate) labels: BTreeMap<String, String>,
    /// Taints a new Node gets.
    pub(crate) taints: Vec<Taint>,
    /// The node's pod range.
    pub(crate) pod_cidr: Option<String>,
    /// The machine.
    pub(crate) machine: Machine,
    /// What pods may use.
    pub(crate) capacity: Capacity,
}

impl Registration {
    /// All labels.
    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        let own = [
            ("kubernetes.io/hostname", self.name.as_str()),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", self.machine.architecture),
            ("beta.kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/arch", self.machine.architecture),
            // What a pod that must not go elsewhere selects: every agent of ours has both runtimes.
            ("runtime.naru.dev/oci", "true"),
            ("runtime.naru.dev/wasm", "true"),
        ];
        labels.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        labels
    }

    /// The Node with these conditions and images.
    pub(super) fn node(&self, conditions: Vec<NodeCondition>, holdings: &Holdings) -> Node {
        Node {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                labels: Some(self.labels()),
                annotations: Some(annotations(holdings)),
                ..ObjectMeta::default()
            },
            spec: Some(NodeSpec {
                pod_cidr: self.pod_cidr.clone(),
                pod_cidrs: self.pod_cidr.clone().map(|cidr| vec![cidr]),
                taints: (!self.taints.is_empty()).then(|| self.taints.clone()),
                ..NodeSpec::default()
            }),
            status: Some(self.status(conditions, holdings)),
        }
    }

    /// The Node's status with these conditions and images.
    pub(super) fn status(&self, conditions: Vec<NodeCondition>, holdings: &Holdings) -> NodeStatus {
        let address = |kind: &str, address: String| NodeAddress { address, type_: kind.into() };
        let amounts = amounts(&self.capacity);
        NodeStatus {
            addresses: Some(vec![
                address("InternalIP", self.ip.to_string()),
                address("Hostname", self.name.clone()),
            ]),
            allocatable: Some(amounts.clone()),
            capacity: Some(amounts),
            conditions: Some(conditions),
            images: Some(holdings.images.clone()),
            daemon_endpoints: Some(NodeDaemonEndpoints {
                kubelet_endpoint: Some(DaemonEndpoint { port: i32::from(self.endpoint.port()) }),
            }),
            node_info: Some(NodeSystemInfo {
                architecture: self.machine.architecture.into(),
                boot_id: self.machine.boot_id.clone(),
                container_runtime_version: format!("naru://{}", env!("CARGO_PKG_VERSION")),
                kernel_version: self.machine.kernel.clone(),
                kube_proxy_version: String::new(),
                kubelet_version: naru_api::VERSION.into(),
                machine_id: self.machine.machine_id.clone(),
                operating_system: "linux".into(),
                os_image: self.machine.os_image.clone(),
                system_uuid: self.machine.system_uuid.clone(),
                ..NodeSystemInfo::default()
            }),
            ..NodeStatus::default()
        }
    }
}

fn annotations(holdings: &Holdings) -> BTreeMap<String, String> {
    [(COMPILED.to_owned(), holdings.compiled.clone())].into()
}

/// Quantities as a node tells them.
fn amounts(capacity: &Capacity) -> BTreeMap<String, Quantity> {
    let cpu = match capacity.cpu_millis % 1000 {
        0 => (capacity.cpu_millis / 1000).to_string(),
        _ => format!("{}m", capacity.cpu_millis),
    };
    let list = [
        ("cpu", cpu),
        ("memory", format!("{}Ki", capacity.memory_bytes / 1024)),
        ("ephemeral-storage", format!("{}Ki", capacity.storage_bytes / 1024)),
        ("pods", capacity.pods.to_string()),
    ];
    list.into_iter().map(|(name, amount)| (name.to_owned(), Quantity(amount))).collect()
}

/// Creates the Node, or gives the existing one our labels and status. Labels and taints of others stay.
pub(crate) async fn register(
    client: &Client,
    registration: &Registration,
    conditions: Vec<NodeCondition>,
    holdings: &Holdings,
) -> kube::Result<Node> {
    let api: Api<Node> = Api::all(client.clone());
    let node = registration.node(conditions, holdings);
    match api.create(&PostParams::default(), &node).await {
        // A server may keep the status for the subresource alone.
        Ok(created) => {
            let told = created.status.as_ref().is_some_and(|status| status.conditions.is_some());
            if told { Ok(created) } else { patch_status(client, &node, &Owed::new()).await }
        }
        Err(kube::Error::Api(status)) if status.code == 409 => {
            let labels = json!({"metadata": {"labels": node.metadata.labels}});
            api.patch(&registration.name, &PatchParams::default(), &Patch::Merge(labels)).await?;
            if let Some(cidr) = &registration.pod_cidr {
                let spec = json!({"spec": {"podCIDR": cidr, "podCIDRs": [cidr]}});
                api.patch(&registration.name, &PatchParams::default(), &Patch::Merge(spec)).await?;
            }
            patch_status(client, &node, &Owed::new()).await
        }
        Err(error) => Err(error),
    }
}

/// Changes of a Node's allocatable amounts; without an amount, the name goes.
pub(super) type Owed = BTreeMap<String, Option<Quantity>>;

/// What a Node's allocatable amounts lack, or have too much: pods may use all of the extended resources that others have written
/// into its capacity (as with kubelet).
pub(super) fn owed(node: &Node) -> Owed {
    let none = BTreeMap::new();
    let status = node.status.as_ref();
    let capacity = status.and_then(|status| status.capacity.as_ref()).unwrap_or(&none);
    let allocatable = status.and_then(|status| status.allocatable.as_ref()).unwrap_or(&none);
    let extended = |name: &&String| name.contains('/');
    let set = capacity.iter().filter(|(name, _)| extended(name));
    let set = set.filter(|(name, amount)| allocatable.get(*name) != Some(*amount));
    let set = set.map(|(name, amount)| (name.clone(), Some(amount.clone())));
    let gone = allocatable.keys().filter(extended).filter(|name| !capacity.contains_key(*name));
    set.chain(gone.map(|name| (name.clone(), None))).collect()
}

/// Writes the whole status of a Node, what it owes, and what our annotations say.
pub(super) async fn patch_status(client: &Client, node: &Node, owed: &Owed) -> kube::Result<Node> {
    let api: Api<Node> = Api::all(client.clone());
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let annotations = node.metadata.annotations.as_ref();
    let ours = annotations.and_then(|all| all.get(COMPILED));
    let mut change = json!({"metadata": {"annotations": {COMPILED: ours}}, "status": node.status});
    for (name, amount) in owed {
        change["status"]["allocatable"][name] = json!(amount);
    }
    api.patch_status(name, &PatchParams::default(), &Patch::Strategic(change)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_tells_what_it_is_and_has() {
        let machine = Machine {
            kernel: "6.1.0".into(),
            architecture: "amd64",
            cores: 2,
            memory_bytes: 4 << 30,
            storage_bytes: 10 << 30,
            ..Machine::default()
        };
        let registration = Registration {
            name: "n1".into(),
            ip: [192, 0, 2, 1].into(),
            endpoint: ([192, 0, 2, 1], 10250).into(),
            labels: [("naru.dev/x".to_owned(), "y".to_owned())].into(),
            taints: vec![],
            pod_cidr: Some("10.1.0.0/24".into()),
            capacity: machine.capacity(110),
            machine,
        };
        let node = serde_json::to_value(registration.node(vec![], &Holdings::default())).unwrap();
        assert_eq!(node["metadata"]["labels"]["kubernetes.io/hostname"], "n1");
        assert_eq!(node["metadata"]["labels"]["kubernetes.io/arch"], "amd64");
        assert_eq!(node["metadata"]["labels"]["naru.dev/x"], "y");
        assert_eq!(node["metadata"]["labels"]["runtime.naru.dev/wasm"], "true");
        assert_eq!(node["spec"]["podCIDR"], "10.1.0.0/24");
        let status = &node["status"];
        assert_eq!(
            status["capacity"],
            json!({
                "cpu": "2", "memory": "4194304Ki", "ephemeral-storage": "10485760Ki", "pods": "110",
            })
        );
        assert_eq!(status["addresses"][0], json!({"type": "InternalIP", "address": "192.0.2.1"}));
        assert_eq!(status["daemonEndpoints"]["kubeletEndpoint"]["Port"], 10250);
        assert_eq!(status["nodeInfo"]["kubeletVersion"], naru_api::VERSION);
    }

    #[test]
    fn pods_may_use_what_others_add_to_the_capacity() {
        let node = |capacity: serde_json::Value, allocatable: serde_json::Value| -> Node {
            let status = json!({"capacity": capacity, "allocatable": allocatable});
            serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap()
        };
        for (capacity, allocatable, expected) in [
            (json!({"cpu": "2"}), json!({"cpu": "1"}), json!({})),
            (json!({"example.com/d": "4"}), json!({}), json!({"example.com/d": "4"})),
            (json!({"example.com/d": "4"}), json!({"example.com/d": "4"}), json!({})),
            (json!({"example.com/d": "4"}), json!({"example.com/d": "5"}), json!({"example.com/d": "4"})),
            (json!({}), json!({"example.com/d": "5", "cpu": "1"}), json!({"example.com/d": null})),
        ] {
            assert_eq!(json!(owed(&node(capacity, allocatable))), expected);
        }
        assert_eq!(owed(&Node::default()), Owed::new());
    }
}

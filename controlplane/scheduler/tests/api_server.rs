//! The scheduler beside the real API server, in one process over the store in memory.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use k8s_openapi::api::{
    core::v1::{Event, Namespace, Node, Pod},
    scheduling::v1::PriorityClass,
};
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use naru_api::{Object, status::Status};
use naru_apiserver::{
    LogQuery, LogStream, PodLogs, Registry, Server,
    auth::{GroupAuthorizer, Identity},
};
use naru_store::memory::Memory;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Longest wait for what must happen.
const LONG: Duration = Duration::from_secs(60);

struct NoLogs;

#[async_trait::async_trait]
impl PodLogs for NoLogs {
    async fn open(&self, _: &Object, _: &LogQuery) -> Result<LogStream, Status> {
        Ok(Box::pin(futures::stream::empty()))
    }
}

struct Cluster {
    client: Client,
    _end: DropGuard,
}

impl Cluster {
    async fn start() -> Self {
        let server = Server::new(naru_apiserver::Options {
            store: Arc::new(Memory::new()),
            registry: Arc::new(Registry::default()),
            authenticators: Vec::new(),
            authorizer: Arc::new(GroupAuthorizer),
            admission: Vec::new(),
            clock: Arc::new(jiff::Timestamp::now),
            logs: Arc::new(NoLogs),
            routes: axum::Router::new(),
        });
        let as_user =
            |user: &str| naru_client::in_process(server.router(), Identity::new(user, &["system:masters"]));
        let (client, scheduler) = (as_user("admin"), as_user("system:kube-scheduler"));
        let cancel = CancellationToken::new();
        let (running, child) = (server.clone(), cancel.clone());
        tokio::spawn(async move { running.run(child).await });
        server.ready().await;
        let child = cancel.clone();
        tokio::spawn(async move {
            naru_scheduler::run(scheduler, naru_scheduler::Options::default(), child).await.unwrap();
        });
        let cluster = Self { client, _end: cancel.drop_guard() };
        let namespaces = Api::<Namespace>::all(cluster.client.clone());
        namespaces
            .create(&PostParams::default(), &of(json!({"metadata": {"name": "default"}})))
            .await
            .unwrap();
        cluster
    }

    async fn node(&self, name: &str, cpu: u32) {
        let nodes = Api::<Node>::all(self.client.clone());
        let node =
            nodes.create(&PostParams::default(), &of(json!({"metadata": {"name": name}}))).await.unwrap();
        let mut node = serde_json::to_value(node).unwrap();
        node["status"] = json!({
            "capacity": {"cpu": cpu.to_string(), "memory": "8Gi", "pods": "110"},
            "allocatable": {"cpu": cpu.to_string(), "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        });
        nodes.replace_status(name, &PostParams::default(), &of(node)).await.unwrap();
    }

    async fn pod(&self, name: &str, cpu: &str) {
        self.pod_with(name, cpu, json!({})).await;
    }

    /// A pod of app `x` with more in its spec.
    async fn pod_with(&self, name: &str, cpu: &str, more: Value) {
        let container = json!({"name": "c", "image": "busybox", "resources": {"requests": {"cpu": cpu}}});
        let metadata = json!({"name": name, "labels": {"app": "x"}});
        let mut pod = json!({"metadata": metadata, "spec": {"containers": [container]}});
        pod["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.pods().create(&PostParams::default(), &of(pod)).await.unwrap();
    }

    /// Waits for a pod to be so.
    async fn until(&self, name: &str, what: &str, holds: impl Fn(&Pod) -> bool) -> Pod {
        for _ in 0..LONG.as_millis() / 10 {
            let pod = self.pods().get(name).await.unwrap();
            if holds(&pod) {
                return pod;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} never was {what}");
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Waits for a pod whose condition `PodScheduled` has a status.
    async fn scheduled(&self, name: &str, status: &str) -> Pod {
        for _ in 0..LONG.as_millis() / 10 {
            let pod = self.pods().get(name).await.unwrap();
            if condition(&pod).is_some_and(|condition| condition["status"] == status) {
                return pod;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} never had PodScheduled={status}");
    }

    /// Waits for an event about a pod.
    async fn event(&self, pod: &str, reason: &str) -> Event {
        let events = Api::<Event>::namespaced(self.client.clone(), "default");
        for _ in 0..LONG.as_millis() / 10 {
            let found = events.list(&kube::api::ListParams::default()).await.unwrap().items;
            let about = |event: &Event| {
                event.involved_object.name.as_deref() == Some(pod) && event.reason.as_deref() == Some(reason)
            };
            if let Some(event) = found.into_iter().find(about) {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{reason} of {pod} was never told");
    }
}

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn condition(pod: &Pod) -> Option<Value> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    Some(serde_json::to_value(condition).unwrap())
}

#[tokio::test]
async fn pods_are_bound_and_what_does_not_fit_is_told() {
    let cluster = Cluster::start().await;
    cluster.pod("early", "1").await;
    let early = cluster.scheduled("early", "False").await;
    assert_eq!(condition(&early).unwrap()["message"], "no nodes available to schedule pods");
    cluster.node("n1", 2).await;
    let early = cluster.scheduled("early", "True").await;
    assert_eq!(early.spec.unwrap().node_name.unwrap(), "n1");
    let told = cluster.event("early", "Scheduled").await;
    assert_eq!(told.message.unwrap(), "Successfully assigned default/early to n1");
    assert_eq!(told.source.unwrap().component.unwrap(), "default-scheduler");

    cluster.pod("large", "2").await;
    let large = cluster.scheduled("large", "False").await;
    let message = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, \
                   preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    let condition = condition(&large).unwrap();
    assert_eq!((&condition["reason"], &condition["message"]), (&json!("Unschedulable"), &json!(message)));
    let told = cluster.event("large", "FailedScheduling").await;
    assert_eq!((told.type_.as_deref(), told.message.as_deref()), (Some("Warning"), Some(message)));
    cluster.pods().delete("early", &DeleteParams::default().grace_period(0)).await.unwrap();
    cluster.scheduled("large", "True").await;
}

#[tokio::test]
async fn a_burst_is_bound_once_each() {
    let cluster = Cluster::start().await;
    for node in ["n1", "n2", "n3"] {
        cluster.node(node, 4).await;
    }
    for n in 0..60 {
        cluster.pod(&format!("p{n}"), "200m").await;
    }
    let mut nodes = BTreeSet::new();
    for n in 0..60 {
        let pod = cluster.scheduled(&format!("p{n}"), "True").await;
        nodes.insert(pod.spec.unwrap().node_name.unwrap());
    }
    assert_eq!(nodes.len(), 3);
}

fn nominated(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.nominated_node_name.as_deref()
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

#[tokio::test]
async fn a_pod_of_a_higher_class_displaces_a_lower_one() {
    let cluster = Cluster::start().await;
    cluster.node("n1", 2).await;
    let class = json!({"metadata": {"name": "high"}, "value": 1000});
    let classes = Api::<PriorityClass>::all(cluster.client.clone());
    classes.create(&PostParams::default(), &of(class)).await.unwrap();
    cluster.pod("low", "2").await;
    cluster.scheduled("low", "True").await;
    cluster.pod_with("high", "2", json!({"priorityClassName": "high"})).await;
    let low = cluster.until("low", "deleted", |pod| pod.metadata.deletion_timestamp.is_some()).await;
    let conditions = low.status.unwrap().conditions.unwrap();
    let told = conditions.iter().find(|one| one.type_ == "DisruptionTarget").unwrap();
    assert_eq!(told.reason.as_deref(), Some("PreemptionByScheduler"));
    let high = cluster.until("high", "nominated", |pod| nominated(pod) == Some("n1")).await;
    let event = cluster.event("low", "Preempted").await;
    let words = format!("Preempted by pod {} on node n1", high.metadata.uid.unwrap());
    assert_eq!((event.type_.as_deref(), event.message.as_deref()), (Some("Normal"), Some(words.as_str())));
    // As its node does when the containers have ended.
    cluster.pods().delete("low", &DeleteParams::default().grace_period(0)).await.unwrap();
    let high = cluster.scheduled("high", "True").await;
    assert_eq!((node_of(&high), nominated(&high)), (Some("n1"), None));
}

#[tokio::test]
async fn pods_keep_away_from_each_other_and_spread() {
    let cluster = Cluster::start().await;
    for node in ["n1", "n2"] {
        cluster.node(node, 8).await;
        let label =
            json!({"metadata": {"labels": {"kubernetes.io/hostname": node, "zone": format!("z-{node}")}}});
        let nodes = Api::<Node>::all(cluster.client.clone());
        nodes.patch(node, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    }
    let selector = json!({"matchLabels": {"app": "x"}});
    let spread = json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector,
    }]});
    let mut nodes = BTreeSet::new();
    for name in ["s1", "s2"] {
        cluster.pod_with(name, "1", spread.clone()).await;
        nodes.insert(node_of(&cluster.scheduled(name, "True").await).unwrap().to_owned());
    }
    assert_eq!(nodes.len(), 2);
    let far = |key: &str| {
        json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": key}]}}})
    };
    cluster.pod_with("far", "1", far("kubernetes.io/hostname")).await;
    let refused = condition(&cluster.scheduled("far", "False").await).unwrap();
    let words = refused["message"].as_str().unwrap();
    assert!(
        words.starts_with("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."),
        "{words}"
    );
    // One leaves, and its place is free.
    cluster.pods().delete("s1", &DeleteParams::default().grace_period(0)).await.unwrap();
    cluster.scheduled("far", "True").await;
}

#[tokio::test]
async fn a_gated_pod_waits_until_its_gates_are_gone() {
    let cluster = Cluster::start().await;
    cluster.node("n1", 2).await;
    cluster.pod_with("held", "1", json!({"schedulingGates": [{"name": "example.com/a"}]})).await;
    let held = cluster.scheduled("held", "False").await;
    assert_eq!(condition(&held).unwrap()["reason"], "SchedulingGated");
    let free = json!({"spec": {"schedulingGates": []}});
    cluster.pods().patch("held", &PatchParams::default(), &Patch::Merge(free)).await.unwrap();
    assert_eq!(node_of(&cluster.scheduled("held", "True").await), Some("n1"));
}

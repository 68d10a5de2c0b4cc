//! The controllers against our own API server, in one process, over the store in memory.
#![allow(clippy::unwrap_used)]

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::{
    api::core::v1::{ConfigMap, Namespace, Pod, Secret, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use naru_api::{Object, status::Status};
use naru_apiserver::{
    LogQuery, LogStream, Options, PodLogs, Registry, Server,
    auth::{Attributes, Authorizer, Identity, MASTERS},
};
use naru_store::memory::Memory;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

/// Ends a test in which what should happen does not.
const PATIENCE: Duration = Duration::from_secs(120);

struct Cluster {
    client: Client,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.tasks.abort_all();
    }
}

impl Cluster {
    async fn start() -> Self {
        Self::start_with(Anybody::default()).await
    }

    async fn start_with(authorizer: Anybody) -> Self {
        let server = Server::new(Options {
            store: Arc::new(Memory::new()),
            registry: Arc::new(Registry::default()),
            authenticators: Vec::new(),
            authorizer: Arc::new(authorizer),
            admission: Vec::new(),
            clock: Arc::new(jiff::Timestamp::now),
            logs: Arc::new(NoLogs),
            routes: axum::Router::new(),
        });
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let (server, cancel) = (server.clone(), cancel.clone());
            async move { server.run(cancel).await }
        });
        server.ready().await;
        let identity = Identity::new("system:kube-controller-manager", &[MASTERS]);
        let client = naru_client::in_process(server.router(), identity);
        let options = naru_controllers::Options { root_ca: "the authority".into() };
        let run = naru_controllers::run(client.clone(), options, cancel.clone());
        tasks.spawn(async move { run.await.unwrap() });
        Cluster { client, cancel, tasks }
    }

    /// Asks until the object is there and `fits`.
    async fn wait_for<K>(&self, api: &Api<K>, name: &str, fits: impl Fn(&K) -> bool) -> K
    where
        K: Resource + Clone + DeserializeOwned + Debug,
    {
        let wait = async {
            loop {
                if let Some(found) = api.get_opt(name).await.unwrap().filter(|found| fits(found)) {
                    return found;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{name} does not come"))
    }

    async fn wait_gone<K>(&self, api: &Api<K>, name: &str)
    where
        K: Resource + Clone + DeserializeOwned + Debug,
    {
        let wait = async {
            while api.get_opt(name).await.unwrap().is_some() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{name} does not go"))
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }
}

async fn make_namespace(cluster: &Cluster, name: &str) {
    let namespace = Namespace { metadata: named(name), ..Namespace::default() };
    let api = Api::<Namespace>::all(cluster.client.clone());
    api.create(&PostParams::default(), &namespace).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_namespaces_come_furnished() {
    let cluster = Cluster::start().await;
    let namespaces = Api::<Namespace>::all(cluster.client.clone());
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        cluster.wait_for(&namespaces, name, |_| true).await;
        let accounts = Api::<ServiceAccount>::namespaced(cluster.client.clone(), name);
        cluster.wait_for(&accounts, "default", |_| true).await;
    }
    let maps = Api::<ConfigMap>::namespaced(cluster.client.clone(), "default");
    let authority = |map: &ConfigMap| map.data.as_ref().is_some_and(|data| data["ca.crt"] == "the authority");
    cluster.wait_for(&maps, "kube-root-ca.crt", authority).await;
    // What goes missing comes back.
    maps.delete("kube-root-ca.crt", &DeleteParams::default()).await.unwrap();
    cluster.wait_for(&maps, "kube-root-ca.crt", authority).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_goes_when_its_content_has_gone() {
    let cluster = Cluster::start().await;
    make_namespace(&cluster, "x").await;
    let accounts = Api::<ServiceAccount>::namespaced(cluster.client.clone(), "x");
    cluster.wait_for(&accounts, "default", |_| true).await;
    let secrets = Api::<Secret>::namespaced(cluster.client.clone(), "x");
    secrets
        .create(&PostParams::default(), &Secret { metadata: named("s"), ..Secret::default() })
        .await
        .unwrap();
    let pods = Api::<Pod>::namespaced(cluster.client.clone(), "x");
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p", "finalizers": ["example.com/wait"]},
        "spec": {"containers": [{"name": "a", "image": "i"}]},
    }))
    .unwrap();
    pods.create(&PostParams::default(), &pod).await.unwrap();

    let namespaces = Api::<Namespace>::all(cluster.client.clone());
    namespaces.delete("x", &DeleteParams::default()).await.unwrap();
    cluster.wait_gone(&secrets, "s").await;
    let says_what_remains = |namespace: &Namespace| {
        let conditions = namespace.status.as_ref().and_then(|status| status.conditions.as_deref());
        conditions
            .unwrap_or_default()
            .iter()
            .any(|one| one.type_ == "NamespaceFinalizersRemaining" && one.status == "True")
    };
    cluster.wait_for(&namespaces, "x", says_what_remains).await;
    let free = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    pods.patch("p", &kube::api::PatchParams::default(), &free).await.unwrap();
    cluster.wait_gone(&namespaces, "x").await;
    // The name is free again.
    make_namespace(&cluster, "x").await;
    cluster.wait_for(&accounts, "default", |_| true).await;
}

/// A ConfigMap with these owners, which it keeps from going.
async fn make_owned(maps: &Api<ConfigMap>, name: &str, owners: &[&ConfigMap]) -> ConfigMap {
    let owner = |owner: &&ConfigMap| OwnerReference {
        block_owner_deletion: Some(true),
        ..owner.owner_ref(&()).unwrap()
    };
    let metadata = ObjectMeta { owner_references: Some(owners.iter().map(owner).collect()), ..named(name) };
    let map = ConfigMap { metadata, ..ConfigMap::default() };
    maps.create(&PostParams::default(), &map).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn owned_objects_go_with_their_owners_or_stay_as_is_asked() {
    let cluster = Cluster::start().await;
    make_namespace(&cluster, "x").await;
    let maps = Api::<ConfigMap>::namespaced(cluster.client.clone(), "x");
    let other = make_owned(&maps, "other", &[]).await;
    for (parameters, stays) in [
        (DeleteParams::background(), false),
        (DeleteParams::foreground(), false),
        (DeleteParams::orphan(), true),
    ] {
        let owner = make_owned(&maps, "owner", &[]).await;
        let child = make_owned(&maps, "child", &[&owner]).await;
        make_owned(&maps, "grandchild", &[&child]).await;
        make_owned(&maps, "shared", &[&owner, &other]).await;
        maps.delete("owner", &parameters).await.unwrap();
        cluster.wait_gone(&maps, "owner").await;
        if stays {
            let owners = |map: &ConfigMap| map.metadata.owner_references.is_none();
            cluster.wait_for(&maps, "child", owners).await;
            maps.delete("child", &DeleteParams::background()).await.unwrap();
        }
        cluster.wait_gone(&maps, "child").await;
        cluster.wait_gone(&maps, "grandchild").await;
        // One of two owners is enough.
        let left = |map: &ConfigMap| map.metadata.owner_references.as_ref().is_some_and(|all| all.len() == 1);
        cluster.wait_for(&maps, "shared", left).await;
        maps.delete("shared", &DeleteParams::default()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreground_deletion_waits_and_circles_come_apart() {
    let cluster = Cluster::start().await;
    make_namespace(&cluster, "x").await;
    let maps = Api::<ConfigMap>::namespaced(cluster.client.clone(), "x");
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let hold = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/wait"]}}));
    let owner = make_owned(&maps, "owner", &[]).await;
    make_owned(&maps, "child", &[&owner]).await;
    maps.patch("child", &PatchParams::default(), &hold).await.unwrap();
    maps.delete("owner", &DeleteParams::foreground()).await.unwrap();
    cluster.wait_for(&maps, "child", |child| child.metadata.deletion_timestamp.is_some()).await;
    assert!(maps.get_opt("owner").await.unwrap().is_some(), "it waits for its child");
    maps.patch("child", &PatchParams::default(), &free).await.unwrap();
    cluster.wait_gone(&maps, "owner").await;

    let first = make_owned(&maps, "first", &[]).await;
    let second = make_owned(&maps, "second", &[&first]).await;
    let third = make_owned(&maps, "third", &[&second]).await;
    let owner = OwnerReference { block_owner_deletion: Some(true), ..third.owner_ref(&()).unwrap() };
    let close = Patch::Merge(json!({"metadata": {"ownerReferences": [owner]}}));
    maps.patch("first", &PatchParams::default(), &close).await.unwrap();
    maps.delete("first", &DeleteParams::foreground()).await.unwrap();
    for name in ["first", "second", "third"] {
        cluster.wait_gone(&maps, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_had_an_owner_goes_and_what_may_have_one_stays() {
    let cluster = Cluster::start().await;
    make_namespace(&cluster, "x").await;
    let maps = Api::<ConfigMap>::namespaced(cluster.client.clone(), "x");
    let make = async |name: &str, api_version: &str, kind: &str| {
        let owner = OwnerReference {
            api_version: api_version.into(),
            kind: kind.into(),
            name: "nobody".into(),
            uid: "11111111-1111-1111-1111-111111111111".into(),
            ..OwnerReference::default()
        };
        let metadata = ObjectMeta { owner_references: Some(vec![owner]), ..named(name) };
        let map = ConfigMap { metadata, ..ConfigMap::default() };
        maps.create(&PostParams::default(), &map).await.unwrap();
    };
    make("unknown-kind", "example.com/v1", "Thing").await;
    make("lost", "v1", "Pod").await;
    cluster.wait_gone(&maps, "lost").await;
    assert!(maps.get_opt("unknown-kind").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_cannot_be_listed_keeps_only_what_it_may_own() {
    let broken = Arc::new(AtomicBool::new(true));
    let cluster = Cluster::start_with(Anybody { no_secret_lists: Arc::clone(&broken) }).await;
    make_namespace(&cluster, "x").await;
    let maps = Api::<ConfigMap>::namespaced(cluster.client.clone(), "x");
    let secret = OwnerReference {
        api_version: "v1".into(),
        kind: "Secret".into(),
        name: "nobody".into(),
        uid: "11111111-1111-1111-1111-111111111111".into(),
        ..OwnerReference::default()
    };
    let metadata = ObjectMeta { owner_references: Some(vec![secret]), ..named("of-a-secret") };
    maps.create(&PostParams::default(), &ConfigMap { metadata, ..ConfigMap::default() }).await.unwrap();
    let owner = make_owned(&maps, "owner", &[]).await;
    make_owned(&maps, "child", &[&owner]).await;
    maps.delete("owner", &DeleteParams::background()).await.unwrap();
    cluster.wait_gone(&maps, "child").await;
    assert!(maps.get_opt("of-a-secret").await.unwrap().is_some());
    broken.store(false, Ordering::Relaxed);
    cluster.wait_gone(&maps, "of-a-secret").await;
}

/// Lets everybody do everything, or everything but list Secrets.
#[derive(Default)]
struct Anybody {
    no_secret_lists: Arc<AtomicBool>,
}

impl Authorizer for Anybody {
    fn authorize(&self, _: Option<&Identity>, attributes: &Attributes<'_>) -> Result<(), Status> {
        let lists_secrets =
            matches!(attributes, Attributes::Resource { verb: "list" | "watch", resource: "secrets", .. });
        match lists_secrets && self.no_secret_lists.load(Ordering::Relaxed) {
            true => Err(Status::internal("secrets cannot be listed")),
            false => Ok(()),
        }
    }
}

/// No node runs here, so there are no logs.
struct NoLogs;

#[async_trait::async_trait]
impl PodLogs for NoLogs {
    async fn open(&self, _: &Object, _: &LogQuery) -> Result<LogStream, Status> {
        Err(Status::unavailable("no node"))
    }
}

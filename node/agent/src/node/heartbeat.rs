//! Keeps the Node alive: its Lease every ten seconds, its status when it changes and at least every five minutes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::{
        coordination::v1::{Lease, LeaseSpec},
        core::v1::{Node, NodeCondition},
    },
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    conditions::{self, Health},
    facts::Usage,
    images::{self, Holdings},
    register::{self, Registration},
};
use crate::{
    agent::Ready,
    clock::{after, between},
    context::{Context, chain},
    events::Severity,
};

/// The namespace of node Leases.
const LEASES: &str = "kube-node-lease";
/// How long a Lease holds, in seconds.
const LEASE_SECONDS: i32 = 40;
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(10);
/// How often the machine is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How often the status is told though nothing has changed.
const TELL: Duration = Duration::from_secs(300);
/// How long after a failure it is tried again, at first and at most.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MOST: Duration = Duration::from_secs(7);
/// How long a runtime may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(10);

/// Waits `delay` and doubles it; `false` if cancelled.
async fn again(context: &Context, delay: &mut Duration, cancel: &CancellationToken) -> bool {
    let wait = *delay;
    *delay = (*delay * 2).min(RETRY_MOST);
    tokio::select! {
        () = cancel.cancelled() => false,
        () = context.clock.sleep(wait) => true,
    }
}

/// Registers the node, tells `ready`, and keeps the status fresh until `cancel`.
pub(crate) async fn status(
    context: Arc<Context>,
    registration: Registration,
    ready: watch::Sender<Option<Ready>>,
    cancel: CancellationToken,
) {
    let Some(mut node) = first(&context, &registration, &cancel).await else { return };
    context.events.node(&registration.name, Severity::Normal, "Starting", "Starting kubelet.");
    let mut told = context.clock.now();
    announce(&ready, &registration, &node);
    let mut delay = RETRY_FIRST;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = context.clock.sleep(LOOK) => {}
        }
        // Others write into it, too: controllers its conditions, administrators its extended resources.
        if let Ok(seen) = Api::<Node>::all(context.client.clone()).get(&registration.name).await {
            node.status = seen.status;
        }
        let before = conditions_of(&node).to_vec();
        let next = judge(&context, &before).await;
        let had = holdings_of(&node);
        let has = holdings_now(&context).await.unwrap_or_else(|| had.clone());
        let now = context.clock.now();
        let even = register::owed(&node).is_empty();
        if conditions::same(&before, &next) && had == has && even && between(told, now) < TELL {
            continue;
        }
        loop {
            match tell(&context, &registration, &node, next.clone(), &has).await {
                Ok(fresh) => {
                    node = fresh;
                    told = now;
                    delay = RETRY_FIRST;
                    announce(&ready, &registration, &node);
                    break;
                }
                Err(error) => tracing::warn!(error = chain(&error), "the node's status could not be told"),
            }
            if !again(&context, &mut delay, &cancel).await {
                return;
            }
        }
    }
}

/// Says that the node is Ready, the first time it is.
fn announce(ready: &watch::Sender<Option<Ready>>, registration: &Registration, node: &Node) {
    let is_ready = conditions_of(node).iter().any(|one| one.type_ == "Ready" && one.status == "True");
    if is_ready && ready.borrow().is_none() {
        tracing::info!(node = %registration.name, endpoint = %registration.endpoint, "the node is registered and Ready");
        ready.send_replace(Some(Ready { endpoint: registration.endpoint }));
    }
}

async fn first(context: &Context, registration: &Registration, cancel: &CancellationToken) -> Option<Node> {
    let mut delay = RETRY_FIRST;
    loop {
        let conditions = judge(context, &[]).await;
        let holdings = holdings_now(context).await.unwrap_or_default();
        match register::register(&context.client, registration, conditions, &holdings).await {
            Ok(node) => return Some(node),
            Err(error) => tracing::warn!(error = chain(&error), "the node is not registered yet"),
        }
        if !again(context, &mut delay, cancel).await {
            return None;
        }
    }
}

/// Writes the status; registers again if somebody has deleted the Node.
async fn tell(
    context: &Context,
    registration: &Registration,
    node: &Node,
    conditions: Vec<NodeCondition>,
    holdings: &Holdings,
) -> kube::Result<Node> {
    let status = registration.status(conditions.clone(), holdings);
    let mut changed = Node { status: Some(status), ..node.clone() };
    let annotations = changed.metadata.annotations.get_or_insert_default();
    annotations.insert(images::COMPILED.into(), holdings.compiled.clone());
    match register::patch_status(&context.client, &changed, &register::owed(node)).await {
        Err(kube::Error::Api(status)) if status.code == 404 => {
            register::register(&context.client, registration, conditions, holdings).await
        }
        other => other,
    }
}

fn conditions_of(node: &Node) -> &[NodeCondition] {
    node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default()
}

/// What the Node says of its images.
fn holdings_of(node: &Node) -> Holdings {
    let images = node.status.as_ref().and_then(|status| status.images.clone());
    let compiled = node.metadata.annotations.as_ref().and_then(|all| all.get(images::COMPILED).cloned());
    Holdings { images: images.unwrap_or_default(), compiled: compiled.unwrap_or_default() }
}

/// What there is to say of images; `None` if they cannot be listed.
async fn holdings_now(context: &Context) -> Option<Holdings> {
    let list = match context.images.list().await {
        Ok(list) => list,
        Err(error) => {
            tracing::warn!(error = chain(&error), "the node's images cannot be listed");
            return None;
        }
    };
    let data_dir = context.data_dir.clone();
    let compiled = match tokio::task::spawn_blocking(move || images::compiled(&data_dir)).await {
        Ok(Ok(compiled)) => compiled,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the compiled code cannot be listed");
            return None;
        }
        Err(error) => {
            tracing::error!(%error, "the listing of compiled code panicked");
            return None;
        }
    };
    Some(Holdings::of(list, &compiled))
}

/// Looks at the machine and the runtimes, and judges.
async fn judge(context: &Context, before: &[NodeCondition]) -> Vec<NodeCondition> {
    let health = Health { usage: usage(context.data_dir.clone()).await, runtime: runtimes(context).await };
    let own = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];
    let old: Vec<NodeCondition> =
        before.iter().filter(|one| own.contains(&one.type_.as_str())).cloned().collect();
    conditions::conditions(&health, &old, context.clock.now())
}

async fn usage(data_dir: PathBuf) -> Option<Usage> {
    match tokio::task::spawn_blocking(move || Usage::read(&data_dir)).await {
        Ok(Ok(usage)) => Some(usage),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the machine's state cannot be read");
            None
        }
        Err(error) => {
            tracing::error!(%error, "reading the machine's state panicked");
            None
        }
    }
}

/// Why a runtime does not answer, if one does not.
async fn runtimes(context: &Context) -> Option<String> {
    let ask = async {
        let (oci, wasm) = tokio::join!(context.runtimes.oci.info(), context.runtimes.wasm.info());
        oci.and(wasm).map_err(|error| chain(&error))
    };
    match tokio::time::timeout(ANSWER, ask).await {
        Ok(Ok(_)) => None,
        Ok(Err(message)) => Some(message),
        Err(_) => Some("no answer in time".into()),
    }
}

/// Keeps the node's Lease until `cancel`. The Lease belongs to the Node, so that it goes with it.
pub(crate) async fn lease(
    context: Arc<Context>,
    mut ready: watch::Receiver<Option<Ready>>,
    cancel: CancellationToken,
) {
    tokio::select! {
        () = cancel.cancelled() => return,
        changed = ready.wait_for(Option::is_some) => if changed.is_err() { return },
    }
    let mut delay = RETRY_FIRST;
    let mut due = context.clock.now();
    loop {
        match renew(&context.client, &context.node_name, context.clock.now()).await {
            Ok(()) => {
                delay = RETRY_FIRST;
                due = after(due, RENEW).max(context.clock.now());
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = context.clock.until(due) => {}
                }
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "the node's Lease is not renewed");
                if !again(&context, &mut delay, &cancel).await {
                    return;
                }
            }
        }
    }
}

async fn renew(client: &Client, name: &str, now: Timestamp) -> kube::Result<()> {
    let api: Api<Lease> = Api::namespaced(client.clone(), LEASES);
    let now = MicroTime(now);
    let change =
        json!({"spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now}});
    match api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await {
        Ok(_) => return Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => return Err(error),
    }
    let node = Api::<Node>::all(client.clone()).get(name).await?;
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Node".into(),
        name: name.into(),
        uid: node.metadata.uid.unwrap_or_default(),
        ..OwnerReference::default()
    };
    let lease = Lease {
        metadata: ObjectMeta {
            name: Some(name.into()),
            namespace: Some(LEASES.into()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(name.into()),
            lease_duration_seconds: Some(LEASE_SECONDS),
            renew_time: Some(now),
            ..LeaseSpec::default()
        }),
    };
    api.create(&PostParams::default(), &lease).await.map(drop)
}

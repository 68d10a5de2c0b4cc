//! The loop around the core: watches in, bindings out.
//!
//! One task owns the snapshot and the queue. Each event is applied at once and each pod that can be placed is placed at
//! once; bindings run beside it, a bounded number of them.

use std::{pin::pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher},
};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Options,
    bind::{self, Bound},
    core::{Decision, Event, PodInfo, Queue, Snapshot, hint, schedule},
    listing::Listing,
    report::{Report, Reporter},
    wire::{Node, Pod},
};

/// Bindings under way at a time.
const BINDINGS_MAX: usize = 128;

/// The scheduler's state.
pub(crate) struct Service {
    client: Client,
    options: Options,
    reporter: Reporter,
    snapshot: Snapshot,
    queue: Queue,
    pods: Listing,
    nodes: Listing,
    bindings: JoinSet<Bound>,
    start: Instant,
}

impl Service {
    pub(crate) fn new(client: Client, options: Options, reporter: Reporter) -> Self {
        Self {
            client,
            options,
            reporter,
            snapshot: Snapshot::new(),
            queue: Queue::new(),
            pods: Listing::default(),
            nodes: Listing::default(),
            bindings: JoinSet::new(),
            start: Instant::now(),
        }
    }

    /// Schedules until cancelled.
    pub(crate) async fn run(mut self, cancel: &CancellationToken) -> Result<(), Error> {
        let mut pods = pin!(watch::<Pod>(self.client.clone()));
        let mut nodes = pin!(watch::<Node>(self.client.clone()));
        loop {
            let tick = self.queue.next_tick().map(|after| self.start + after);
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                Some(bound) = self.bindings.join_next() => self.bound(bound?),
                event = pods.next() => self.pod_event(event.ok_or(Error::WatchEnded { kind: "pods" })?),
                event = nodes.next() => self.node_event(event.ok_or(Error::WatchEnded { kind: "nodes" })?),
                () = at(tick) => {}
            }
            self.place_waiting();
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn pod_event(&mut self, event: watcher::Result<watcher::Event<Pod>>) {
        match event {
            Ok(watcher::Event::Init) => self.pods.begin(),
            Ok(watcher::Event::InitApply(pod) | watcher::Event::Apply(pod)) => self.pod_is(&pod),
            Ok(watcher::Event::Delete(pod)) => {
                self.pods.remove(pod.uid());
                self.pod_is_gone(pod.uid());
            }
            Ok(watcher::Event::InitDone) => {
                for uid in self.pods.end() {
                    self.pod_is_gone(&uid);
                }
            }
            Err(error) => tracing::warn!(%error, "the watch of pods failed, it is started again"),
        }
    }

    fn pod_is(&mut self, pod: &Pod) {
        self.pods.add(pod.uid());
        if pod.is_finished() {
            return self.pod_is_gone(pod.uid());
        }
        let info = match pod.info() {
            Ok(info) => info,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                return tracing::warn!(pod = pod.metadata.name, error, "a pod cannot be understood");
            }
        };
        match pod.node() {
            Some(node) => {
                self.queue.remove(pod.uid());
                let before = self.snapshot.node_of(pod.uid()).cloned();
                let left = self.snapshot.pod(pod.uid()).cloned();
                let changes = self.snapshot.set_pod(info.clone(), node);
                if let (Some(before), Some(left)) = (before, left) {
                    self.wake(Event { changes, node: Some(&before), pod: Some(&left) });
                }
                self.wake(Event { changes, node: Some(node), pod: Some(&info) });
            }
            None if self.is_ours(pod) => self.queue.set(info),
            None => self.queue.remove(pod.uid()),
        }
    }

    fn is_ours(&self, pod: &Pod) -> bool {
        !pod.is_terminating() && pod.spec.scheduler_name.as_deref() == Some(&self.options.profile.name)
    }

    fn pod_is_gone(&mut self, uid: &str) {
        self.queue.remove(uid);
        if let Some(node) = self.snapshot.node_of(uid).cloned() {
            let pod = self.snapshot.pod(uid).cloned();
            let changes = self.snapshot.remove_pod(uid);
            self.wake(Event { changes, node: Some(&node), pod: pod.as_deref() });
        }
    }

    fn node_event(&mut self, event: watcher::Result<watcher::Event<Node>>) {
        match event {
            Ok(watcher::Event::Init) => self.nodes.begin(),
            Ok(watcher::Event::InitApply(node) | watcher::Event::Apply(node)) => self.node_is(&node),
            Ok(watcher::Event::Delete(node)) => {
                self.nodes.remove(node.name());
                self.node_is_gone(node.name());
            }
            Ok(watcher::Event::InitDone) => {
                for name in self.nodes.end() {
                    self.node_is_gone(&name);
                }
            }
            Err(error) => tracing::warn!(%error, "the watch of nodes failed, it is started again"),
        }
    }

    fn node_is(&mut self, node: &Node) {
        self.nodes.add(node.name());
        match node.info() {
            Ok(info) => {
                let changes = self.snapshot.set_node(info);
                self.wake(Event { changes, node: Some(node.name()), pod: None });
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(node = node.name(), error, "a node cannot be understood and is not used");
                self.node_is_gone(node.name());
            }
        }
    }

    fn node_is_gone(&mut self, name: &str) {
        let changes = self.snapshot.remove_node(name);
        self.wake(Event { changes, node: Some(name), pod: None });
    }

    /// Lets the pods be tried again that a change may have made room for.
    fn wake(&mut self, event: Event<'_>) {
        let (now, snapshot, profile) = (self.now(), &self.snapshot, &self.options.profile);
        self.queue.wake(event.changes, now, |pod| hint(snapshot, pod, profile, &event));
    }

    /// Places the pods that wait, as far as bindings may be started. Not before everything that exists is known.
    fn place_waiting(&mut self) {
        if !self.pods.is_complete() || !self.nodes.is_complete() {
            return;
        }
        let now = self.now();
        self.queue.tick(now);
        while self.bindings.len() < BINDINGS_MAX {
            let Some(pod) = self.queue.pop() else { return };
            self.place(pod, now);
        }
    }

    fn place(&mut self, pod: Arc<PodInfo>, now: Duration) {
        let tie_breaker = tie_breaker(self.options.seed, &pod.id.uid);
        match schedule(&self.snapshot, &pod, &self.options.profile, tie_breaker) {
            Decision::Place(placement) => {
                self.snapshot.assume(&pod, &placement.node);
                self.bindings.spawn(bind::bind(self.client.clone(), pod, placement.node));
            }
            Decision::Unschedulable(diagnosis) => {
                self.queue.park(&pod.id.uid, diagnosis.helped_by, now);
                self.reporter.tell(Report::Unschedulable { pod, message: diagnosis.to_string() });
            }
            Decision::Gated => {
                self.queue.gate(&pod.id.uid);
                self.reporter.tell(Report::Gated { pod });
            }
        }
    }

    /// A binding has ended.
    fn bound(&mut self, Bound { pod, node, result }: Bound) {
        let uid = &pod.id.uid;
        let Err(error) = result else {
            self.queue.remove(uid);
            return self.reporter.tell(Report::Scheduled { pod, node });
        };
        let changes = self.snapshot.forget(uid);
        let now = self.now();
        self.queue.retry(uid, now);
        self.wake(Event { changes, node: Some(&node), pod: Some(&pod) });
        if error.is_harmless() {
            return tracing::debug!(pod = %pod.id.name, ?error, "a pod is not there to be bound");
        }
        let message = chain(&error);
        tracing::warn!(namespace = %pod.id.namespace, pod = %pod.id.name, %node, error = message, "binding failed");
        self.reporter.tell(Report::BindingFailed { pod, message });
    }
}

fn watch<K>(client: Client) -> impl Stream<Item = watcher::Result<watcher::Event<K>>>
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + 'static,
{
    watcher(Api::<K>::all(client), watcher::Config::default().any_semantic()).default_backoff()
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Scatters equal pods over equal nodes; FNV-1a of the pod's uid, started with the seed.
fn tie_breaker(seed: u64, uid: &str) -> u64 {
    uid.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

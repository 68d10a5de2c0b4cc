//! The loop around the core: watches in, bindings and preemptions out.
//!
//! One task owns the snapshot and the queue. Each event is applied at once and each pod that can be placed is placed at
//! once; bindings and preemptions run beside it, a bounded number of them. What it knows of nominations is in the API
//! too, so that a restart knows them.

use std::{collections::HashSet, pin::pin, sync::Arc, time::Duration};

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
    core::{
        Changes, Decision, Diagnosis, Event, PodInfo, Preemption, Queue, Snapshot, Victims, hint, schedule,
    },
    listing::Listing,
    preempt::{self, Preempted},
    report::{Report, Reporter},
    surroundings::{Happened, Surroundings},
    wire::{Node, Pod},
};

/// Bindings under way at a time.
const BINDINGS_MAX: usize = 128;
/// Preemptions under way at a time, and nominations being taken back.
const PREEMPTIONS_MAX: usize = 64;

/// The scheduler's state.
pub(crate) struct Service {
    client: Client,
    options: Options,
    reporter: Reporter,
    snapshot: Snapshot,
    queue: Queue,
    pods: Listing,
    nodes: Listing,
    surroundings: Surroundings,
    bindings: JoinSet<Bound>,
    preemptions: JoinSet<Option<Preempted>>,
    /// Pods whose victims are being told.
    preempting: HashSet<Arc<str>>,
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
            surroundings: Surroundings::new(),
            bindings: JoinSet::new(),
            preemptions: JoinSet::new(),
            preempting: HashSet::new(),
            start: Instant::now(),
        }
    }

    /// Schedules until cancelled.
    pub(crate) async fn run(mut self, cancel: &CancellationToken) -> Result<(), Error> {
        let mut pods = pin!(watch::<Pod>(self.client.clone()));
        let mut nodes = pin!(watch::<Node>(self.client.clone()));
        let mut others = pin!(self.surroundings.watch(&self.client));
        loop {
            let tick = self.queue.next_tick().map(|after| self.start + after);
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                Some(bound) = self.bindings.join_next() => self.bound(bound?),
                Some(preempted) = self.preemptions.join_next() => self.preempted(preempted?),
                event = pods.next() => self.pod_event(event.ok_or(Error::WatchEnded { kind: "pods" })?),
                event = nodes.next() => self.node_event(event.ok_or(Error::WatchEnded { kind: "nodes" })?),
                Some(event) = others.next() => self.other_event(event),
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
                self.denominate(pod.uid());
                let before = self.snapshot.node_of(pod.uid()).cloned();
                let left = self.snapshot.pod(pod.uid()).cloned();
                let changes = self.snapshot.set_pod(info.clone(), node);
                if let (Some(before), Some(left)) = (before, left) {
                    self.wake(Event { changes, node: Some(&before), pod: Some(&left) });
                }
                self.wake(Event { changes, node: Some(node), pod: Some(&info) });
            }
            None if self.is_ours(pod) => {
                self.note_nomination(&info);
                self.queue.set(info);
            }
            None => {
                self.queue.remove(pod.uid());
                self.denominate(pod.uid());
            }
        }
    }

    /// Keeps the node for a pod that its status names. What we have decided and not yet seen there stands.
    fn note_nomination(&mut self, pod: &Arc<PodInfo>) {
        let uid = &pod.id.uid;
        match &pod.nominated_node {
            Some(node) if self.snapshot.nomination(uid) == Some(node) => {}
            Some(node) => self.snapshot.nominate(pod, node),
            None if self.queue.get(uid).is_some_and(|before| before.nominated_node.is_some()) => {
                self.denominate(uid);
            }
            None => {}
        }
    }

    /// A node is no longer kept for a pod.
    fn denominate(&mut self, uid: &str) {
        let Some(node) = self.snapshot.nomination(uid).cloned() else { return };
        let changes = self.snapshot.denominate(uid);
        self.wake(Event { changes, node: Some(&node), pod: None });
    }

    fn is_ours(&self, pod: &Pod) -> bool {
        !pod.is_terminating() && pod.spec.scheduler_name.as_deref() == Some(&self.options.profile.name)
    }

    fn pod_is_gone(&mut self, uid: &str) {
        self.queue.remove(uid);
        self.denominate(uid);
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

    fn other_event(&mut self, event: Happened) {
        let changes = self.surroundings.happened(&mut self.snapshot, event);
        self.wake(Event { changes, node: None, pod: None });
    }

    /// Lets the pods be tried again that a change may have made room for.
    fn wake(&mut self, event: Event<'_>) {
        if event.changes == Changes::NONE {
            return;
        }
        let (now, snapshot, profile) = (self.now(), &self.snapshot, &self.options.profile);
        self.queue.wake(event.changes, now, |pod| hint(snapshot, pod, profile, &event));
    }

    /// Places the pods that wait, as far as bindings may be started. Not before everything that exists is known.
    fn place_waiting(&mut self) {
        if !self.pods.is_complete() || !self.nodes.is_complete() || !self.surroundings.is_complete() {
            return;
        }
        let now = self.now();
        self.queue.tick(now);
        while self.bindings.len() < BINDINGS_MAX && self.preemptions.len() < PREEMPTIONS_MAX {
            let Some(pod) = self.queue.pop() else { return };
            self.place(pod, now);
        }
    }

    fn place(&mut self, pod: Arc<PodInfo>, now: Duration) {
        let tie_breaker = tie_breaker(self.options.seed, &pod.id.uid);
        match schedule(&self.snapshot, &pod, &self.options.profile, tie_breaker) {
            Decision::Place(placement) => {
                if self.snapshot.nomination(&pod.id.uid).is_some_and(|node| *node != placement.node) {
                    self.denominate(&pod.id.uid);
                }
                self.snapshot.assume(&pod, &placement.node);
                self.bindings.spawn(bind::bind(self.client.clone(), pod, placement.node));
            }
            Decision::Unschedulable(diagnosis) => self.unschedulable(pod, *diagnosis, now),
            Decision::Gated => {
                self.queue.gate(&pod.id.uid);
                self.reporter.tell(Report::Gated { pod });
            }
        }
    }

    /// A pod that fits nowhere waits, and makes room if it may.
    fn unschedulable(&mut self, pod: Arc<PodInfo>, diagnosis: Diagnosis, now: Duration) {
        self.queue.park(&pod.id.uid, diagnosis.helped_by, now);
        let message = diagnosis.to_string();
        self.reporter.tell(Report::Unschedulable { pod: pod.clone(), message });
        match diagnosis.preemption {
            Preemption::Victims(victims) => self.preempt(pod, *victims),
            // What it was nominated for will not come.
            Preemption::Impossible(_) if self.snapshot.nomination(&pod.id.uid).is_some() => {
                self.denominate(&pod.id.uid);
                self.write_nomination(&pod, None);
            }
            Preemption::Impossible(_) | Preemption::Never | Preemption::UnderWay => {}
        }
    }

    /// Makes the victims leave; once, however often the pod is tried meanwhile.
    fn preempt(&mut self, pod: Arc<PodInfo>, victims: Victims) {
        if !self.preempting.insert(pod.id.uid.clone()) {
            return;
        }
        self.snapshot.nominate(&pod, &victims.node);
        for other in &victims.displaced {
            self.snapshot.denominate(&other.id.uid);
            self.queue.activate(&other.id.uid);
        }
        let scheduler = self.options.profile.name.clone();
        let client = self.client.clone();
        self.preemptions.spawn(async move { Some(preempt::preempt(client, scheduler, pod, victims).await) });
    }

    fn write_nomination(&mut self, pod: &PodInfo, node: Option<Arc<str>>) {
        let (client, id) = (self.client.clone(), pod.id.clone());
        self.preemptions.spawn(async move {
            preempt::nominate(client, id, node).await;
            None
        });
    }

    /// The victims of a pod are leaving, or are not.
    fn preempted(&mut self, ended: Option<Preempted>) {
        let Some(Preempted { pod, node, result }) = ended else { return };
        let uid = &pod.id.uid;
        self.preempting.remove(uid);
        let Err(error) = result else { return };
        let message = chain(&error);
        tracing::warn!(namespace = %pod.id.namespace, pod = %pod.id.name, %node, error = message, "preemption failed");
        self.denominate(uid);
        self.write_nomination(&pod, None);
        self.queue.activate_later(uid, self.now());
        self.reporter.tell(Report::BindingFailed { pod, message });
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

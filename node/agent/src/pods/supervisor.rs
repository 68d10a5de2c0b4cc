//! Keeps one worker for each pod of this node, and one for everything on the node that has no pod.
//!
//! In: the API's watch of pods with `spec.nodeName` = this node. After the first full list, and never before, what the
//! runtimes, the network, the image store and the disk hold is matched with it: what belongs to a pod is adopted, the rest
//! is torn down. A worker that panics is started again from what is on the node, later each time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    sync::Arc,
    time::Duration,
};

use futures::{Stream, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher;
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    adopt::{self, Found},
    backoff::{self, Backoff},
    desired::Desired,
    ids::Engine,
    observed::Observed,
    worker::{Finished, Worker},
};
use crate::{
    clock::after,
    context::{Context, chain},
    volumes::PodDir,
};

/// How often the node is searched for what has no pod.
const HOUSEKEEPING: Duration = Duration::from_secs(120);
/// How long after a runtime did not answer it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A worker's inbox, and how often it has panicked.
struct Handle {
    inbox: watch::Sender<Desired>,
    panics: Backoff,
}

/// What is on the node, by pod uid.
#[derive(Default)]
struct Inventory {
    found: BTreeMap<String, Vec<Found>>,
    attached: BTreeMap<String, naru_network::Attachment>,
    /// Root file systems: uid, then container name and attempt.
    mounted: BTreeMap<String, Vec<(String, u32)>>,
    directories: BTreeSet<String>,
}

impl Inventory {
    /// Looks at the runtimes, the network, the image store and the disk.
    async fn take(context: &Context) -> Result<Inventory, String> {
        let mut inventory = Inventory::default();
        for engine in [Engine::Oci, Engine::Wasm] {
            let list = context.runtime(engine).list().await.map_err(|error| chain(&error))?;
            for status in list {
                inventory.found.entry(status.sandbox.0.clone()).or_default().push(Found { engine, status });
            }
        }
        for attachment in context.network.list().await.map_err(|error| chain(&error))? {
            inventory.attached.insert(attachment.pod.clone(), attachment);
        }
        for id in context.images.mounted().await.map_err(|error| chain(&error))? {
            if let Some((uid, name, attempt)) = split_id(&id) {
                inventory.mounted.entry(uid.to_owned()).or_default().push((name.to_owned(), attempt));
            }
        }
        let parent = PodDir::parent(&context.data_dir);
        match tokio::task::spawn_blocking(move || fs::read_dir(parent)).await {
            Ok(Ok(entries)) => {
                let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
                inventory.directories.extend(names.filter(|name| is_uid(name)));
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(error) => return Err(error.to_string()),
        }
        Ok(inventory)
    }

    fn uids(&self) -> BTreeSet<&String> {
        let maps = self.found.keys().chain(self.attached.keys()).chain(self.mounted.keys());
        maps.chain(&self.directories).collect()
    }
}

/// Keeps the workers.
pub(crate) struct Supervisor {
    context: Arc<Context>,
    workers: HashMap<String, Handle>,
    set: JoinSet<Finished>,
    names: HashMap<Id, String>,
    /// Workers that panicked, until they are started again.
    waiting: BTreeMap<String, Timestamp>,
    /// What the list that is under way has brought so far.
    listed: Option<HashMap<String, Arc<Pod>>>,
    /// Whether a full list has been seen and the node has been matched with it.
    matched: bool,
    cancel: CancellationToken,
}

impl Supervisor {
    /// A supervisor without workers.
    pub(crate) fn new(context: Arc<Context>, cancel: CancellationToken) -> Supervisor {
        Supervisor {
            context,
            workers: HashMap::new(),
            set: JoinSet::new(),
            names: HashMap::new(),
            waiting: BTreeMap::new(),
            listed: None,
            matched: false,
            cancel,
        }
    }

    /// Works until cancelled. `events` is an endless watch of the node's pods.
    pub(crate) async fn run(mut self, events: impl Stream<Item = watcher::Result<watcher::Event<Pod>>>) {
        let mut events = std::pin::pin!(events);
        let clock = Arc::clone(&self.context.clock);
        let cancel = self.cancel.clone();
        let mut housekeeping = after(clock.now(), HOUSEKEEPING);
        // Looked at aside, because a shim that hangs must not keep new pods waiting.
        let mut looking: JoinSet<Result<Inventory, String>> = JoinSet::new();
        loop {
            let wake = self.waiting.values().copied().fold(housekeeping, Timestamp::min);
            tokio::select! {
                () = cancel.cancelled() => break,
                event = events.next() => match event {
                    Some(Ok(event)) => self.event(event).await,
                    Some(Err(error)) => tracing::warn!(error = chain(&error), "the watch of pods is interrupted"),
                    None => break,
                },
                Some(joined) = self.set.join_next_with_id() => self.joined(joined),
                Some(joined) = looking.join_next() => match joined {
                    Ok(Ok(inventory)) => self.clean(inventory).await,
                    Ok(Err(message)) => tracing::warn!(message, "cannot see what is on the node"),
                    Err(error) => tracing::error!(%error, "looking at the node panicked"),
                },
                () = clock.until(wake) => {
                    self.restart().await;
                    if clock.now() >= housekeeping {
                        housekeeping = after(clock.now(), HOUSEKEEPING);
                        if self.matched && looking.is_empty() {
                            let context = Arc::clone(&self.context);
                            looking.spawn(async move { Inventory::take(&context).await });
                        }
                    }
                }
            }
        }
        while let Some(joined) = self.set.join_next_with_id().await {
            if let Err(error) = joined {
                tracing::error!(%error, "a pod's worker panicked at the end");
            }
        }
    }

    async fn event(&mut self, event: watcher::Event<Pod>) {
        match event {
            watcher::Event::Init => self.listed = Some(HashMap::new()),
            watcher::Event::InitApply(pod) => {
                if let (Some(listed), Some(uid)) = (&mut self.listed, pod.metadata.uid.clone()) {
                    listed.insert(uid, Arc::new(pod));
                }
            }
            watcher::Event::InitDone => {
                if let Some(listed) = self.listed.take() {
                    self.replace(listed).await;
                }
            }
            watcher::Event::Apply(pod) => self.apply(Arc::new(pod)),
            watcher::Event::Delete(pod) => {
                if let Some(uid) = pod.metadata.uid.clone() {
                    self.gone(&uid, Some(Arc::new(pod)));
                }
            }
        }
    }

    /// A full list: pods that are not in it are gone.
    async fn replace(&mut self, listed: HashMap<String, Arc<Pod>>) {
        if !self.matched {
            self.matched = self.match_node(listed).await;
            return;
        }
        let missing: Vec<String> =
            self.workers.keys().filter(|uid| !listed.contains_key(*uid)).cloned().collect();
        for uid in missing {
            self.gone(&uid, None);
        }
        for pod in listed.into_values() {
            self.apply(pod);
        }
    }

    /// Matches what is on the node with the first list; `false` if cancelled meanwhile.
    async fn match_node(&mut self, listed: HashMap<String, Arc<Pod>>) -> bool {
        let Some(mut inventory) = self.inventory_at_last().await else { return false };
        let strangers: Vec<String> =
            inventory.uids().into_iter().filter(|uid| !listed.contains_key(*uid)).cloned().collect();
        let (pods, adopted) = (listed.len(), inventory.found.len());
        tracing::info!(pods, adopted, orphans = strangers.len(), "the node is matched with the API");
        for (uid, pod) in listed {
            self.adopt(&uid, Desired::Pod(pod), &mut inventory).await;
        }
        for uid in strangers {
            self.adopt(&uid, Desired::Gone(None), &mut inventory).await;
        }
        true
    }

    async fn inventory_at_last(&self) -> Option<Inventory> {
        loop {
            match Inventory::take(&self.context).await {
                Ok(inventory) => return Some(inventory),
                Err(message) => {
                    tracing::warn!(message, "cannot see what is on the node yet");
                    tokio::select! {
                        () = self.cancel.cancelled() => return None,
                        () = self.context.clock.sleep(ASK_AGAIN) => {}
                    }
                }
            }
        }
    }

    async fn adopt(&mut self, uid: &str, desired: Desired, inventory: &mut Inventory) {
        let found = inventory.found.remove(uid).unwrap_or_default();
        let mut observed = self.observe(uid, &desired, found).await;
        if let Some(attachment) = inventory.attached.remove(uid)
            && matches!(desired, Desired::Pod(_))
        {
            observed.network = super::observed::Piece::Ready(attachment);
        }
        for (name, attempt) in inventory.mounted.remove(uid).unwrap_or_default() {
            let container = observed.container(&name);
            if container.attempt(attempt).is_none_or(|attempt| !attempt.held) {
                container.leftover = Some(attempt);
            }
        }
        self.start(uid, desired, observed);
    }

    async fn observe(&self, uid: &str, desired: &Desired, found: Vec<Found>) -> Observed {
        let (owned, pod) = (uid.to_owned(), desired.pod().cloned());
        let dir = PodDir::new(&self.context.data_dir, uid);
        let now = self.context.clock.now();
        let work = move || adopt::observed(&owned, pod.as_deref(), found, &dir, now);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Observed::new(uid, now))
    }

    fn apply(&mut self, pod: Arc<Pod>) {
        let Some(uid) = pod.metadata.uid.clone() else { return };
        if let Some(handle) = self.workers.get(&uid) {
            handle.inbox.send_replace(Desired::Pod(pod));
        } else if self.matched {
            let now = self.context.clock.now();
            let dir = PodDir::new(&self.context.data_dir, &uid);
            // New here: no runtime knows it, so there is nothing to read from the disk.
            let observed = adopt::observed(&uid, Some(&pod), Vec::new(), &dir, now);
            self.start(&uid, Desired::Pod(pod), observed);
        }
    }

    fn gone(&mut self, uid: &str, pod: Option<Arc<Pod>>) {
        if let Some(handle) = self.workers.get(uid) {
            handle.inbox.send_modify(|desired| {
                let last = pod.or_else(|| desired.pod().cloned());
                *desired = Desired::Gone(last);
            });
        }
    }

    fn start(&mut self, uid: &str, desired: Desired, observed: Observed) {
        let (sender, receiver) = watch::channel(desired);
        let worker = Worker::new(Arc::clone(&self.context), receiver, observed);
        let task = self.set.spawn(worker.run(self.cancel.clone()));
        self.names.insert(task.id(), uid.to_owned());
        match self.workers.get_mut(uid) {
            Some(handle) => handle.inbox = sender,
            None => {
                self.workers.insert(uid.to_owned(), Handle { inbox: sender, panics: Backoff::default() });
            }
        }
    }

    fn joined(&mut self, joined: Result<(Id, Finished), JoinError>) {
        let id = joined.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(uid) = self.names.remove(&id) else { return };
        match joined {
            Ok((_, Finished::Forgotten)) => {
                self.context.views.remove(&uid);
                self.workers.remove(&uid);
            }
            Ok((_, Finished::Cancelled)) => {}
            Err(error) => {
                let now = self.context.clock.now();
                let delay = self.workers.get_mut(&uid).map(|handle| handle.panics.count(backoff::RETRY, now));
                tracing::error!(pod = uid, %error, ?delay, "a pod's worker panicked; it starts again");
                self.waiting.insert(uid, after(now, delay.unwrap_or_default()));
            }
        }
    }

    /// Starts workers again that panicked.
    async fn restart(&mut self) {
        let now = self.context.clock.now();
        let due: Vec<String> =
            self.waiting.iter().filter(|(_, due)| **due <= now).map(|(uid, _)| uid.clone()).collect();
        if due.is_empty() {
            return;
        }
        let mut inventory = match Inventory::take(&self.context).await {
            Ok(inventory) => inventory,
            Err(message) => {
                tracing::warn!(message, "cannot see what is on the node");
                for uid in due {
                    self.waiting.insert(uid, after(now, ASK_AGAIN));
                }
                return;
            }
        };
        for uid in due {
            self.waiting.remove(&uid);
            let Some(desired) = self.workers.get(&uid).map(|handle| handle.inbox.borrow().clone()) else {
                continue;
            };
            self.adopt(&uid, desired, &mut inventory).await;
        }
    }

    /// Tears down what is on the node and has no pod. `inventory` may be a little old: tearing down twice does no harm.
    async fn clean(&mut self, mut inventory: Inventory) {
        let known = &self.workers;
        let strangers: Vec<String> =
            inventory.uids().into_iter().filter(|uid| !known.contains_key(*uid)).cloned().collect();
        for uid in strangers {
            tracing::info!(pod = uid, "has no pod in the API; it is torn down");
            self.adopt(&uid, Desired::Gone(None), &mut inventory).await;
        }
    }
}

/// Bytes of a pod's uid: a UUID.
const UID: usize = 36;

/// Whether a text looks like a pod's uid.
fn is_uid(text: &str) -> bool {
    text.len() == UID && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A container id taken apart without knowing the uid.
fn split_id(id: &str) -> Option<(&str, &str, u32)> {
    let (uid, rest) = id.split_at_checked(UID)?;
    let (name, attempt) = rest.strip_prefix('-')?.rsplit_once('-')?;
    is_uid(uid).then_some((uid, name, attempt.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_unknown_pods_are_taken_apart() {
        let uid = "7a6f0f7e-6d0c-4b58-9b8e-2f6a52f4b9a1";
        assert_eq!(split_id(&format!("{uid}-a-b-3")), Some((uid, "a-b", 3)));
        assert_eq!(split_id(&format!("{uid}-a")), None);
        assert_eq!(split_id("short"), None);
        assert_eq!(split_id("this-is-certainly-not-the-uid-of-a-pod-a-0"), None);
    }
}

//! Events about pods and the node: told in a word, written to the API in the background.
//!
//! In: [`Recorder::pod`] and [`Recorder::node`], which never wait. Out: Event objects (v1), equal ones counted instead of
//! repeated ([`ledger`], pure). What does not fit into the queue or exceeds an object's rate is dropped; the former is counted and logged.

mod ledger;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use k8s_openapi::{
    api::core::v1::{Event, EventSource, ObjectReference, Pod},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::ledger::{Decision, Ledger};
use crate::clock::{Clock, after};

/// Dropped events are complained of so often at most.
const COMPLAIN_PERIOD: Duration = Duration::from_secs(60);
/// Events waiting to be written; further ones are dropped.
const QUEUE: usize = 1024;
/// How often one event is tried.
const TRIES: u32 = 3;
/// How long after a failed try the next one is.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// The component that events name.
const COMPONENT: &str = "kubelet";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Severity {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Severity::Normal => "Normal",
            Severity::Warning => "Warning",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    about: ObjectReference,
    severity: Severity,
    reason: &'static str,
    message: String,
}

/// Tells events. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Note>,
    dropped: Arc<AtomicU64>,
}

/// The other end of a [`Recorder`].
pub(crate) struct Writer {
    queue: mpsc::Receiver<Note>,
    dropped: Arc<AtomicU64>,
}

/// A recorder and its writer.
pub(crate) fn recorder() -> (Recorder, Writer) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let dropped = Arc::new(AtomicU64::new(0));
    (Recorder { queue: sender, dropped: Arc::clone(&dropped) }, Writer { queue: receiver, dropped })
}

impl Recorder {
    /// Something about a pod, or about one of its containers.
    pub(crate) fn pod(
        &self,
        pod: &Pod,
        container: Option<(&str, bool)>,
        severity: Severity,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        let field_path = container.map(|(name, init)| match init {
            true => format!("spec.initContainers{{{name}}}"),
            false => format!("spec.containers{{{name}}}"),
        });
        let about = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            name: pod.metadata.name.clone(),
            namespace: pod.metadata.namespace.clone(),
            uid: pod.metadata.uid.clone(),
            resource_version: pod.metadata.resource_version.clone(),
            field_path,
        };
        self.send(Note { about, severity, reason, message: message.into() });
    }

    /// Something about the node.
    pub(crate) fn node(
        &self,
        name: &str,
        severity: Severity,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        let about = ObjectReference {
            kind: Some("Node".into()),
            name: Some(name.into()),
            uid: Some(name.into()), // what kubelet does, and what `kubectl describe node` looks for
            ..ObjectReference::default()
        };
        self.send(Note { about, severity, reason, message: message.into() });
    }

    fn send(&self, note: Note) {
        if self.queue.try_send(note).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Writer {
    /// Writes events until `cancel`, one at a time, so that they never compete with pods for the API server.
    pub(crate) async fn run(
        mut self,
        client: Client,
        host: String,
        clock: Arc<dyn Clock>,
        cancel: CancellationToken,
    ) {
        let mut ledger = Ledger::default();
        let (mut reported, mut quiet_until) = (0, clock.now());
        loop {
            let note = tokio::select! {
                () = cancel.cancelled() => return,
                note = self.queue.recv() => match note {
                    Some(note) => note,
                    None => return,
                },
            };
            let now = clock.now();
            let decision = ledger.admit(&note, now);
            if matches!(decision, Decision::Drop) {
                tracing::debug!(?note.about, note.reason, "an event too many of one object is not told");
                continue;
            }
            let dropped = self.dropped.load(Ordering::Relaxed);
            if dropped > reported && now >= quiet_until {
                tracing::warn!(dropped = dropped - reported, "events were dropped: the API is slow");
                (reported, quiet_until) = (dropped, after(now, COMPLAIN_PERIOD));
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                () = write(&client, &host, &note, decision, &*clock) => {}
            }
        }
    }
}

async fn write(client: &Client, host: &str, note: &Note, decision: Decision, clock: &dyn Clock) {
    for _ in 0..TRIES {
        let result = match &decision {
            Decision::Drop => return,
            Decision::Create { name } => create(client, host, note, name, clock).await,
            Decision::Count { name, count } => match count_up(client, note, name, *count, clock).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {
                    create(client, host, note, name, clock).await
                }
                other => other,
            },
        };
        match result {
            Ok(()) => return,
            // The API understood and refused (a namespace that is going, a name that is taken): no use in another try.
            Err(kube::Error::Api(status)) if status.code < 500 && status.code != 429 => {
                tracing::debug!(reason = note.reason, %status.message, "an event was refused");
                return;
            }
            Err(error) => {
                tracing::debug!(reason = note.reason, %error, "an event could not be written");
                clock.sleep(TRY_AGAIN).await;
            }
        }
    }
}

fn namespace(note: &Note) -> &str {
    note.about.namespace.as_deref().unwrap_or("default")
}

async fn create(client: &Client, host: &str, note: &Note, name: &str, clock: &dyn Clock) -> kube::Result<()> {
    let api: Api<Event> = Api::namespaced(client.clone(), namespace(note));
    let now = Time(clock.now());
    let event = Event {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace(note).to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: note.about.clone(),
        reason: Some(note.reason.into()),
        message: Some(note.message.clone()),
        type_: Some(note.severity.as_str().into()),
        source: Some(EventSource { component: Some(COMPONENT.into()), host: Some(host.to_owned()) }),
        reporting_component: Some(COMPONENT.into()),
        reporting_instance: Some(host.to_owned()),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        count: Some(1),
        ..Event::default()
    };
    api.create(&PostParams::default(), &event).await.map(drop)
}

async fn count_up(
    client: &Client,
    note: &Note,
    name: &str,
    count: u32,
    clock: &dyn Clock,
) -> kube::Result<()> {
    let api: Api<Event> = Api::namespaced(client.clone(), namespace(note));
    let change = json!({"count": count, "lastTimestamp": Time(clock.now())});
    api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.map(drop)
}

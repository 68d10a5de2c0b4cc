//! Telling people what happened to pods: events, and the `PodScheduled` condition. Off the path of placing: a bounded
//! queue, written by one task, from which reports are dropped rather than that anybody waits.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    core::{PodIdentity, PodInfo},
    wire::Pod,
};

/// Reports that may wait to be written.
const QUEUE_REPORTS: usize = 4096;
/// Pods whose last failure is remembered, so that it is counted up and not told again.
const REMEMBERED_PODS: usize = 4096;
/// Characters of an event's message, as the API allows.
const MESSAGE_MAX: usize = 1024;
/// Longest time for one write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Something to tell.
#[derive(Debug)]
pub(crate) enum Report {
    /// A pod was bound.
    Scheduled { pod: Arc<PodInfo>, node: Arc<str> },
    /// A pod fits nowhere.
    Unschedulable { pod: Arc<PodInfo>, message: String },
    /// A pod waits for a gate.
    Gated { pod: Arc<PodInfo> },
    /// A pod could not be bound.
    BindingFailed { pod: Arc<PodInfo>, message: String },
}

/// Where reports are handed in.
#[derive(Clone, Debug)]
pub(crate) struct Reporter(mpsc::Sender<Report>);

/// What writes reports.
pub(crate) struct Writer {
    client: Client,
    /// Our name as the source of events.
    component: String,
    queue: mpsc::Receiver<Report>,
    failures: HashMap<Arc<str>, Failure>,
}

/// The last failure that was told of a pod.
struct Failure {
    message: String,
    event: String,
    count: u32,
}

/// A reporter and the writer behind it.
pub(crate) fn channel(client: Client, component: &str) -> (Reporter, Writer) {
    let (sender, queue) = mpsc::channel(QUEUE_REPORTS);
    (Reporter(sender), Writer { client, component: component.into(), queue, failures: HashMap::new() })
}

impl Reporter {
    pub(crate) fn tell(&self, report: Report) {
        if let Err(dropped) = self.0.try_send(report) {
            tracing::debug!(report = ?dropped.into_inner(), "too much to report, this is not reported");
        }
    }
}

impl Writer {
    /// Writes reports until the reporter is gone.
    pub(crate) async fn run(mut self) {
        while let Some(report) = self.queue.recv().await {
            match tokio::time::timeout(WRITE_TIMEOUT, self.write(&report)).await {
                Ok(Ok(())) => {}
                Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => {
                    tracing::debug!(?report, %status, "the pod of a report is gone");
                }
                Ok(Err(error)) => tracing::warn!(?report, %error, "a report could not be written"),
                Err(_) => tracing::warn!(?report, "a report was not written in {WRITE_TIMEOUT:?}"),
            }
        }
    }

    async fn write(&mut self, report: &Report) -> kube::Result<()> {
        match report {
            Report::Scheduled { pod, node } => {
                self.failures.remove(&pod.id.uid);
                let PodIdentity { namespace, name, .. } = &pod.id;
                let message = format!("Successfully assigned {namespace}/{name} to {node}");
                self.create_event(&pod.id, "Normal", "Scheduled", &message).await.map(drop)
            }
            Report::Unschedulable { pod, message } => self.failed(&pod.id, "Unschedulable", message).await,
            Report::BindingFailed { pod, message } => self.failed(&pod.id, "SchedulerError", message).await,
            Report::Gated { pod } => {
                let message = "Scheduling is blocked due to non-empty scheduling gates";
                self.set_condition(&pod.id, "SchedulingGated", message, true).await
            }
        }
    }

    /// Tells a failure: the same one again is only counted.
    async fn failed(&mut self, id: &PodIdentity, reason: &str, message: &str) -> kube::Result<()> {
        if let Some(known) = self.failures.get_mut(&id.uid)
            && known.message == message
        {
            known.count = known.count.saturating_add(1);
            let (event, count) = (known.event.clone(), known.count);
            if self.count_event(id, &event, count).await? {
                return Ok(());
            }
        }
        let first = !self.failures.contains_key(&id.uid);
        self.set_condition(id, reason, message, first).await?;
        let event = self.create_event(id, "Warning", "FailedScheduling", message).await?;
        if self.failures.len() >= REMEMBERED_PODS {
            self.failures.clear();
        }
        self.failures.insert(id.uid.clone(), Failure { message: message.into(), event, count: 1 });
        Ok(())
    }

    /// Sets `PodScheduled` to false, of this very pod and no later one of its name.
    async fn set_condition(
        &self,
        id: &PodIdentity,
        reason: &str,
        message: &str,
        first: bool,
    ) -> kube::Result<()> {
        let mut condition =
            json!({"type": "PodScheduled", "status": "False", "reason": reason, "message": message});
        if first {
            condition["lastTransitionTime"] = json!(now());
        }
        let patch = json!({"metadata": {"uid": id.uid}, "status": {"conditions": [condition]}});
        let pods = Api::<Pod>::namespaced(self.client.clone(), &id.namespace);
        pods.patch_status(&id.name, &PatchParams::default(), &Patch::Strategic(patch)).await.map(drop)
    }

    /// Creates an event; returns its name.
    async fn create_event(
        &self,
        id: &PodIdentity,
        kind: &str,
        reason: &str,
        message: &str,
    ) -> kube::Result<String> {
        let event = event(id, &self.component, kind, reason, message);
        let events = self.events(id);
        let created = events.create(&PostParams::default(), &event).await?;
        Ok(created.metadata.name.unwrap_or_default())
    }

    /// Counts an event up; false if it is gone, as events do after an hour.
    async fn count_event(&self, id: &PodIdentity, name: &str, count: u32) -> kube::Result<bool> {
        let patch: Value = json!({"count": count, "lastTimestamp": now()});
        match self.events(id).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn events(&self, id: &PodIdentity) -> Api<Event> {
        Api::namespaced(self.client.clone(), &id.namespace)
    }
}

/// An event about a pod.
pub(crate) fn event(id: &PodIdentity, component: &str, kind: &str, reason: &str, message: &str) -> Event {
    let now = Timestamp::now();
    let message: String = message.chars().take(MESSAGE_MAX).collect();
    let event = json!({
        "metadata": {"name": format!("{}.{:x}", id.name, now.as_nanosecond()), "namespace": id.namespace},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "name": id.name, "namespace": id.namespace, "uid": id.uid,
        },
        "type": kind,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "reportingComponent": component,
        "count": 1,
        "firstTimestamp": seconds(now),
        "lastTimestamp": seconds(now),
    });
    serde_json::from_value(event).expect("the event has the form of one")
}

/// The time as `metav1.Time` is written: UTC, whole seconds.
fn now() -> String {
    seconds(Timestamp::now())
}

/// A time as `metav1.Time` is written.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

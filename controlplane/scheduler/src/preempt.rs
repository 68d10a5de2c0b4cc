//! Making pods leave for one that is more important: its nomination first, then the victims, each with its condition, its
//! deletion and its event. Conditions, reasons and messages are kube-scheduler's.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::{Value, json};

use crate::{
    core::{PodIdentity, PodInfo, Victims},
    report,
    wire::Pod,
};

/// Victims of one pod that are worked on at a time.
const VICTIMS_AT_ONCE: usize = 16;
/// Longest time for all of one pod's victims.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What became of the making of room.
pub(crate) struct Preempted {
    /// For whom.
    pub(crate) pod: Arc<PodInfo>,
    /// Where.
    pub(crate) node: Arc<str>,
    pub(crate) result: Result<(), PreemptError>,
}

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreemptError {
    /// The API refused, or could not be reached.
    #[error("a pod could not be preempted")]
    Api(#[source] Box<kube::Error>),
    /// No answer came.
    #[error("preemption was not answered in {TIMEOUT:?}")]
    TimedOut,
}

/// Makes the victims leave. Those that are gone already are what is wanted.
pub(crate) async fn preempt(
    client: Client,
    scheduler: String,
    pod: Arc<PodInfo>,
    victims: Victims,
) -> Preempted {
    let node = victims.node.clone();
    let work = Work { client, scheduler, pod: &pod, victims: &victims };
    let result = match tokio::time::timeout(TIMEOUT, work.run()).await {
        Ok(result) => result.map_err(|error| PreemptError::Api(Box::new(error))),
        Err(_) => Err(PreemptError::TimedOut),
    };
    Preempted { pod, node, result }
}

/// Sets or (with `None`) takes away the nomination of a pod.
pub(crate) async fn nominate(client: Client, id: PodIdentity, node: Option<Arc<str>>) {
    if let Err(error) = write_nomination(&client, &id, node.as_deref()).await {
        tracing::warn!(pod = %id.name, %error, "a nomination could not be written");
    }
}

async fn write_nomination(client: &Client, id: &PodIdentity, node: Option<&str>) -> kube::Result<()> {
    let patch = json!({"metadata": {"uid": id.uid}, "status": {"nominatedNodeName": node}});
    let pods = Api::<Pod>::namespaced(client.clone(), &id.namespace);
    gone_is_fine(pods.patch_status(&id.name, &PatchParams::default(), &Patch::Strategic(patch)).await)
}

/// Everybody else may have been quicker.
fn gone_is_fine<T>(result: kube::Result<T>) -> kube::Result<()> {
    match result {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        other => other.map(drop),
    }
}

struct Work<'a> {
    client: Client,
    /// The name of the scheduler.
    scheduler: String,
    pod: &'a PodInfo,
    victims: &'a Victims,
}

impl Work<'_> {
    async fn run(&self) -> kube::Result<()> {
        write_nomination(&self.client, &self.pod.id, Some(&self.victims.node)).await?;
        for other in &self.victims.displaced {
            write_nomination(&self.client, &other.id, None).await?;
        }
        let removals: Vec<_> = self.victims.pods.iter().map(|victim| self.remove(&victim.id)).collect();
        stream::iter(removals).buffer_unordered(VICTIMS_AT_ONCE).try_collect::<()>().await
    }

    /// Tells a victim why, and deletes it with the grace that it has.
    async fn remove(&self, victim: &PodIdentity) -> kube::Result<()> {
        let pods = Api::<Pod>::namespaced(self.client.clone(), &victim.namespace);
        let patch = json!({"metadata": {"uid": victim.uid}, "status": {"conditions": [self.condition()]}});
        gone_is_fine(
            pods.patch_status(&victim.name, &PatchParams::default(), &Patch::Strategic(patch)).await,
        )?;
        let this_one = Preconditions { uid: Some(victim.uid.to_string()), resource_version: None };
        let how = DeleteParams { preconditions: Some(this_one), ..DeleteParams::default() };
        gone_is_fine(pods.delete(&victim.name, &how).await)?;
        let message = format!("Preempted by pod {} on node {}", self.pod.id.uid, self.victims.node);
        let event = report::event(victim, &self.scheduler, "Normal", "Preempted", &message);
        let events = Api::namespaced(self.client.clone(), &victim.namespace);
        if let Err(error) = events.create(&PostParams::default(), &event).await {
            tracing::warn!(pod = %victim.name, %error, "the event of a preemption could not be written");
        }
        Ok(())
    }

    fn condition(&self) -> Value {
        json!({
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": format!("{}: preempting to accommodate a higher priority pod", self.scheduler),
            "lastTransitionTime": report::seconds(Timestamp::now()),
        })
    }
}

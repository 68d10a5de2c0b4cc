//! Runs one step of a plan: the only place where a pod's worker touches runtimes, images, the network and the disk.
//!
//! In: a [`Job`] that owns all it needs. Out: what came of it, in the words of a pod's status. Every step is idempotent, so
//! that one that was cut short by the agent's end can simply be planned again.

mod container;
mod exit;
mod image;
mod teardown;

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use k8s_openapi::api::core::v1::{Container, Pod};
use naru_network::Attachment;
use naru_runtime::{ContainerId, Task};
use parking_lot::Mutex;

pub(super) use exit::ended;

use super::{
    desired, ids,
    observed::Attempt,
    step::{Done, Prepared, Step, Trouble},
};
use crate::{
    container::{env::Contents, fields::Facts},
    context::{Context, chain},
    events::Severity,
    objects::Key,
    volumes::{self, PodDir},
};

/// How old an object may be when volumes are brought up to date.
const REFRESH_AGE: Duration = Duration::from_secs(10);

/// The tasks a worker holds; a runtime can find each of them again.
pub(super) type Tasks = Arc<Mutex<HashMap<ContainerId, Arc<dyn Task>>>>;

/// A step with all it needs.
pub(super) struct Job {
    /// The node.
    pub(super) context: Arc<Context>,
    /// The pod's uid.
    pub(super) uid: Arc<str>,
    /// The pod; none for one that nobody knows any more.
    pub(super) pod: Option<Arc<Pod>>,
    /// What to do.
    pub(super) step: Step,
    /// The pod's address.
    pub(super) network: Option<Attachment>,
    /// Whether the volumes stood already.
    pub(super) again: bool,
    /// The image, for a creation.
    pub(super) prepared: Option<Prepared>,
    /// The attempt it is about, if it exists.
    pub(super) attempt: Option<Attempt>,
    /// Handles of containers.
    pub(super) tasks: Tasks,
}

impl Job {
    /// Runs it.
    pub(super) async fn run(self) -> Result<Done, Trouble> {
        match self.step.clone() {
            Step::EnsureNetwork => self.ensure_network().await,
            Step::EnsureVolumes => self.ensure_volumes().await,
            Step::PrepareImage { container, attempt, .. } => self.prepare_image(&container, attempt).await,
            Step::Create { container, attempt } => self.create(&container, attempt).await,
            Step::Start { container, attempt } => self.start(&container, attempt).await,
            Step::Watch { container, attempt } => self.watch(&container, attempt).await,
            Step::Signal { container, signal, .. } => self.signal(&container, signal).await,
            Step::Remove { container, attempt, log } => self.remove(&container, attempt, log).await,
            Step::DetachNetwork => self.detach().await,
            Step::RemoveVolumes => self.remove_volumes().await,
            Step::RemoveSandbox => self.remove_sandbox().await,
            Step::RemoveFiles => self.remove_files().await,
            // Told or aborted by the worker itself.
            Step::AbortImage { .. } | Step::TellCrash { .. } | Step::TellPull { .. } | Step::TellDeadline => {
                Ok(Done::Nothing)
            }
        }
    }

    async fn ensure_network(&self) -> Result<Done, Trouble> {
        match self.context.network.attach(&self.uid).await {
            Ok(attachment) => Ok(Done::Network(attachment)),
            Err(error) => {
                let message = format!("Failed to create pod sandbox: {}", chain(&error));
                self.tell(None, Severity::Warning, "FailedCreatePodSandBox", message.clone());
                Err(Trouble::passing("ContainerCreating", message))
            }
        }
    }

    async fn ensure_volumes(&self) -> Result<Done, Trouble> {
        let Some(pod) = self.pod.clone() else { return Ok(Done::Nothing) };
        let failed = |message: String| Trouble::passing("ContainerCreating", message);
        let age = if self.again { REFRESH_AGE } else { Duration::ZERO };
        let result = match self.fetch(volumes::payload::needs(&pod), age).await {
            Ok(contents) => {
                let (context, dir) = (Arc::clone(&self.context), self.dir());
                blocking(move || {
                    let facts = Facts { node_ip: context.node_ip, pod_ip: None, capacity: &context.capacity };
                    volumes::set_up(&pod, &dir, facts, &contents)?;
                    Ok(Done::Volumes { live: volumes::live(&pod), shown: volumes::shown(&pod) })
                })
                .await
            }
            Err(message) => Err(message),
        };
        match result {
            Ok(done) => Ok(done),
            Err(message) => {
                self.tell(None, Severity::Warning, "FailedMount", message.clone());
                Err(failed(message))
            }
        }
    }

    /// The objects of `keys`, each at most `age` old.
    async fn fetch(&self, keys: BTreeSet<Key>, age: Duration) -> Result<Contents, String> {
        let mut contents = Contents::new();
        for key in keys {
            let permit = self.context.requests.acquire().await;
            let result = self.context.objects.get(&key, age).await;
            drop(permit);
            match result {
                Ok(content) => contents.insert(key, content),
                Err(error) => {
                    let kind = key.kind_name().to_lowercase();
                    return Err(format!("failed to get {kind} {:?}: {}", key.name, chain(&error)));
                }
            };
        }
        Ok(contents)
    }

    fn dir(&self) -> PodDir {
        PodDir::new(&self.context.data_dir, &self.uid)
    }

    fn pod_ip(&self) -> Option<IpAddr> {
        match &self.pod {
            Some(pod) if desired::host_network(pod) => Some(self.context.node_ip),
            _ => self.network.as_ref().map(|attachment| IpAddr::V4(attachment.ip)),
        }
    }

    /// The pod and the container of it that the step is about.
    fn find(&self, name: &str) -> Result<(&Arc<Pod>, &Container), Trouble> {
        let missing =
            || Trouble::lasting("CreateContainerError", format!("container {name} is not in the pod"));
        let pod = self.pod.as_ref().ok_or_else(missing)?;
        let (container, _) = desired::find(pod, name).ok_or_else(missing)?;
        Ok((pod, container))
    }

    fn id(&self, container: &str, attempt: u32) -> ContainerId {
        ids::container_id(&self.uid, container, attempt)
    }

    /// Tells an event about the pod or one of its containers.
    fn tell(
        &self,
        container: Option<&str>,
        severity: Severity,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        let Some(pod) = &self.pod else { return };
        let place = container.map(|name| (name, desired::find(pod, name).is_some_and(|(_, init)| init)));
        self.context.events.pod(pod, place, severity, reason, message);
    }
}

/// Runs what blocks beside the reactor; a panic in it is a message like any other failure.
async fn blocking<T, F>(work: F) -> Result<T, String>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, String> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(format!("internal error: {error}")),
    }
}

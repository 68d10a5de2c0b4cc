//! One pod's worker: plans, runs steps, notes results, reports. It sleeps until something changes.
//!
//! In: what the API wants (a watch channel), results of its own jobs, the clock. Out: steps and reports, each a job in the
//! worker's own set, so that a cancelled worker leaves no task behind. It knows nothing that [`super::adopt`] could not
//! find again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    apply::{Job, Tasks},
    backoff::{self, Backoff},
    desired::{self, Desired},
    observed::{ImageState, Observed},
    plan::{End, plan},
    report, status,
    step::{Done, Step, Trouble},
    view::View,
};
use crate::{
    clock::after,
    context::{Context, chain},
    events::Severity,
};

/// How often a worker looks at its pod though nothing has happened.
const PERIOD: Duration = Duration::from_secs(60);
/// Plans in one turn; more means that a plan and its steps disagree.
const MAX_PLANS: usize = 64;

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finished {
    /// The agent stops; the pod stays as it is.
    Cancelled,
    /// Nothing of the pod is left.
    Forgotten,
}

/// What a job brings back.
enum Outcome {
    Step(Step, Result<Done, Trouble>),
    Reported {
        result: kube::Result<Arc<Pod>>,
        /// The version of the object that was to change.
        before: Option<String>,
    },
    Deleted(kube::Result<()>),
}

/// One pod's worker.
pub(super) struct Worker {
    context: Arc<Context>,
    uid: Arc<str>,
    inbox: watch::Receiver<Desired>,
    desired: Desired,
    observed: Observed,
    tasks: Tasks,
    jobs: JoinSet<Outcome>,
    /// Jobs that panicked are found here.
    running: HashMap<tokio::task::Id, Step>,
    preparing: HashMap<String, AbortHandle>,
    reporting: bool,
    report_retry: Backoff,
    deleting: bool,
    deleted: Option<Timestamp>,
}

impl Worker {
    /// A worker for a pod of which `observed` is known.
    pub(super) fn new(context: Arc<Context>, inbox: watch::Receiver<Desired>, observed: Observed) -> Worker {
        let desired = inbox.borrow().clone();
        Worker {
            context,
            uid: observed.uid.as_str().into(),
            inbox,
            desired,
            observed,
            tasks: Tasks::default(),
            jobs: JoinSet::new(),
            running: HashMap::new(),
            preparing: HashMap::new(),
            reporting: false,
            report_retry: Backoff::default(),
            deleting: false,
            deleted: None,
        }
    }

    /// Works until the pod is gone or `cancel`.
    pub(super) async fn run(mut self, cancel: CancellationToken) -> Finished {
        loop {
            let wake = match self.turn() {
                Some(wake) => wake,
                None => return Finished::Forgotten,
            };
            let clock = Arc::clone(&self.context.clock);
            tokio::select! {
                () = cancel.cancelled() => return Finished::Cancelled,
                changed = self.inbox.changed() => match changed {
                    Ok(()) => self.receive(),
                    Err(_) => return Finished::Cancelled, // the supervisor is gone
                },
                Some(joined) = self.jobs.join_next_with_id() => self.joined(joined),
                () = clock.until(wake) => {}
            }
            while let Some(joined) = self.jobs.try_join_next_with_id() {
                self.joined(joined);
            }
        }
    }

    /// Begins everything that can begin now. When to look again; `None` if nothing of the pod is left.
    fn turn(&mut self) -> Option<Timestamp> {
        let now = self.context.clock.now();
        let mut wake = after(now, PERIOD);
        for _ in 0..MAX_PLANS {
            let plan = plan(&self.desired, &self.observed, now);
            if plan.steps.is_empty() {
                wake = plan.wake.map_or(wake, |time| time.min(wake));
                let reported = self.report(now, &mut wake);
                match plan.end {
                    End::Forget => return None,
                    End::Delete if reported => self.delete(now, &mut wake),
                    End::Delete | End::None => {}
                }
                return Some(wake);
            }
            for step in plan.steps {
                self.begin(step, now);
            }
        }
        tracing::error!(pod = %self.uid, "the plan does not come to rest");
        Some(after(now, Duration::from_secs(1)))
    }

    fn receive(&mut self) {
        let next = self.inbox.borrow_and_update().clone();
        self.desired = match (&self.desired, next) {
            (Desired::Pod(known), Desired::Pod(seen)) => Desired::Pod(report::newer(Arc::clone(known), seen)),
            (_, next) => next,
        };
        self.note_phase();
    }

    fn note_phase(&mut self) {
        if let Desired::Pod(pod) = &self.desired {
            self.observed.terminal |= desired::terminal_phase(pod).is_some();
        }
    }

    fn begin(&mut self, step: Step, now: Timestamp) {
        let job = self.job(&step);
        self.observed.begin(&step, now);
        match &step {
            Step::AbortImage { container } => {
                if let Some(handle) = self.preparing.remove(container) {
                    handle.abort();
                }
            }
            Step::TellCrash { container, .. } => self.tell_crash(container),
            Step::TellPull { container } => self.tell_pull(container),
            Step::TellDeadline => self.tell_deadline(),
            _ => {
                tracing::debug!(pod = %self.uid, ?step, "begins");
                let named = step.clone();
                let handle = self.jobs.spawn(async move { Outcome::Step(step, job.run().await) });
                if let Step::PrepareImage { container, .. } = &named {
                    self.preparing.insert(container.clone(), handle.clone());
                }
                self.running.insert(handle.id(), named);
            }
        }
    }

    fn job(&self, step: &Step) -> Job {
        let container = step.container().and_then(|name| self.observed.containers.get(name));
        let number = match step {
            Step::Create { attempt, .. }
            | Step::Start { attempt, .. }
            | Step::Watch { attempt, .. }
            | Step::Signal { attempt, .. }
            | Step::Remove { attempt, .. } => Some(*attempt),
            _ => None,
        };
        let prepared = container.and_then(|container| match &container.image {
            ImageState::Ready { prepared, .. } => Some(prepared.clone()),
            _ => None,
        });
        Job {
            context: Arc::clone(&self.context),
            uid: Arc::clone(&self.uid),
            pod: self.desired.pod().cloned(),
            step: step.clone(),
            network: self.observed.network.standing().cloned(),
            again: self.observed.volumes.standing().is_some(),
            prepared,
            attempt: container.and_then(|container| container.attempt(number?).cloned()),
            tasks: Arc::clone(&self.tasks),
        }
    }

    fn joined(&mut self, joined: Result<(tokio::task::Id, Outcome), tokio::task::JoinError>) {
        let now = self.context.clock.now();
        match joined {
            Ok((id, outcome)) => {
                self.running.remove(&id);
                self.settle(outcome, now);
            }
            Err(error) => {
                let step = self.running.remove(&error.id());
                if error.is_cancelled() {
                    return;
                }
                tracing::error!(pod = %self.uid, ?step, %error, "a step panicked");
                match step {
                    Some(step) => {
                        let trouble =
                            Trouble::passing("CreateContainerError", format!("internal error: {error}"));
                        self.observed.finish(&step, Err(trouble), now);
                    }
                    None => {
                        self.reporting = false;
                        self.deleting = false;
                        self.report_retry.count(backoff::RETRY, now);
                    }
                }
            }
        }
    }

    fn settle(&mut self, outcome: Outcome, now: Timestamp) {
        match outcome {
            Outcome::Step(step, result) => {
                match &result {
                    Ok(_) => tracing::debug!(pod = %self.uid, ?step, "done"),
                    Err(trouble) => {
                        tracing::info!(pod = %self.uid, ?step, reason = trouble.reason, %trouble, "failed")
                    }
                }
                self.observed.finish(&step, result, now);
            }
            Outcome::Reported { result, before } => {
                self.reporting = false;
                match result {
                    Ok(pod) => self.reported(pod, before, now),
                    Err(error) => self.not_reported("status", &error, now),
                }
            }
            Outcome::Deleted(result) => {
                self.deleting = false;
                match result {
                    Ok(()) => self.deleted = Some(now),
                    Err(error) => self.not_reported("deletion", &error, now),
                }
            }
        }
    }

    fn reported(&mut self, pod: Arc<Pod>, before: Option<String>, now: Timestamp) {
        if pod.metadata.resource_version == before {
            // Sent at once again, it would be sent for ever.
            let delay = self.report_retry.count(backoff::RETRY, now);
            tracing::warn!(pod = %self.uid, ?delay, "the API keeps the status that it has; again later");
        } else {
            self.report_retry.reset();
        }
        if pod.metadata.uid.as_deref() != Some(&*self.uid) {
            return; // another pod of this name: the watch will tell that ours is gone
        }
        if let Desired::Pod(known) = &self.desired {
            self.desired = Desired::Pod(report::newer(Arc::clone(known), pod));
        }
        self.note_phase();
    }

    fn not_reported(&mut self, what: &str, error: &kube::Error, now: Timestamp) {
        let delay = self.report_retry.count(backoff::RETRY, now);
        tracing::info!(pod = %self.uid, what, error = chain(error), ?delay, "the API did not take it; again later");
    }

    /// Reports the status if it differs from the API's; whether there is nothing left to report.
    fn report(&mut self, now: Timestamp, wake: &mut Timestamp) -> bool {
        let Desired::Pod(pod) = &self.desired else {
            self.context.views.remove(&self.uid);
            return true;
        };
        let pod = Arc::clone(pod);
        let next = status::status(&self.desired, &self.observed, self.context.node_ip, now);
        let before = pod.status.clone().unwrap_or_default();
        let shown = next.clone().unwrap_or_else(|| before.clone());
        self.context.views.set(&self.uid, View { pod: Arc::clone(&pod), status: Arc::new(shown) });
        let Some(patch) = next.and_then(|next| report::difference(&before, &next)) else { return true };
        if self.reporting {
            return false;
        }
        for due in [self.report_retry.due(), report::held_until(&pod, &self.observed)].into_iter().flatten() {
            if due > now {
                *wake = due.min(*wake);
                return false;
            }
        }
        self.reporting = true;
        let context = Arc::clone(&self.context);
        self.jobs.spawn(async move {
            let result = report::patch(&context, &pod, patch).await.map(Arc::new);
            Outcome::Reported { result, before: pod.metadata.resource_version.clone() }
        });
        false
    }

    /// Asks the API to delete the pod for good, again after a while if it is still there.
    fn delete(&mut self, now: Timestamp, wake: &mut Timestamp) {
        let Desired::Pod(pod) = &self.desired else { return };
        if self.deleting {
            return;
        }
        for due in [self.report_retry.due(), self.deleted.map(|at| after(at, PERIOD))].into_iter().flatten() {
            if due > now {
                *wake = due.min(*wake);
                return;
            }
        }
        self.deleting = true;
        let (context, pod) = (Arc::clone(&self.context), Arc::clone(pod));
        self.jobs.spawn(async move { Outcome::Deleted(report::delete(&context, &pod).await) });
    }

    fn tell_crash(&self, container: &str) {
        let Some(pod) = self.desired.pod() else { return };
        let message =
            format!("Back-off restarting failed container {container} in pod {}", desired::title(pod));
        self.tell(pod, container, Severity::Warning, message);
    }

    fn tell_pull(&self, container: &str) {
        let Some(pod) = self.desired.pod() else { return };
        let Some((spec, _)) = desired::find(pod, container) else { return };
        let image = spec.image.as_deref().unwrap_or_default();
        self.tell(pod, container, Severity::Normal, format!("Back-off pulling image {image:?}"));
        let init = desired::find(pod, container).is_some_and(|(_, init)| init);
        let message = "Error: ImagePullBackOff";
        self.context.events.pod(pod, Some((container, init)), Severity::Warning, "Failed", message);
    }

    fn tell_deadline(&self) {
        let Some(pod) = self.desired.pod() else { return };
        let message = status::DEADLINE_MESSAGE;
        self.context.events.pod(pod, None, Severity::Normal, status::DEADLINE_REASON, message);
    }

    fn tell(&self, pod: &Pod, container: &str, severity: Severity, message: String) {
        let init = desired::find(pod, container).is_some_and(|(_, init)| init);
        self.context.events.pod(pod, Some((container, init)), severity, "BackOff", message);
    }
}

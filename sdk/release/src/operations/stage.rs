//! The middle of every operation: hooks, changes, waiting, hooks.

use super::{Error, Operator};
use crate::{
    cluster::{Course, Done, Writing},
    objects::Identity,
    plan::changes::{self, Change, Method, Placed},
    record::{ApplyMethod, Event, Release},
};

/// A part of an operation that fails in words of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Hooks of an event.
    Hooks(Event),
    /// Waiting until objects are ready.
    Wait,
}

/// What leads from one state of the cluster to another.
pub(super) struct Stage {
    /// What the hooks before and after are called.
    pub(super) events: (Event, Event),
    /// The objects there may be.
    pub(super) old: Vec<Placed>,
    /// The objects there shall be.
    pub(super) wanted: Vec<Placed>,
    /// How they are written.
    pub(super) method: Method,
    /// Whether what was there may have been written by patches, while now the server applies.
    pub(super) was_patched: bool,
}

impl Operator<'_> {
    /// Goes through a stage; the release's hooks get to know how they went. What was made is told in any case.
    pub(super) async fn go(
        &self,
        release: &mut Release,
        stage: &Stage,
        blame: impl Fn(Step, Error) -> Error,
    ) -> (Done, Result<(), Error>) {
        let mut done = Done::default();
        let (name, version) = (release.name.clone(), release.version);
        let work = async {
            let (before, after) = stage.events;
            self.run_hooks(release, before).await.map_err(|error| blame(Step::Hooks(before), error))?;
            let live = self.settled(stage).await?;
            let changes = changes::plan(&stage.old, &stage.wanted, &live, stage.method);
            if stage.was_patched {
                self.take_over_fields(&changes, &live).await?;
            }
            let strict = release.apply_method == ApplyMethod::Server && !self.options.disable_validation;
            let is_install = stage.events.0 == Event::PreInstall;
            let course = if is_install && live.is_empty() { Course::Make } else { Course::Change };
            let writing = Writing { strict, ..Writing::default() };
            let (did, outcome) = self.cluster.perform(&changes, course, writing).await;
            done = did;
            outcome?;
            if self.waits() {
                let identities: Vec<Identity> = stage.wanted.iter().map(|one| one.identity.clone()).collect();
                let ready = self.cluster.wait_ready(&identities, self.rules(), self.options.timeout).await;
                ready.map_err(|error| blame(Step::Wait, error.into()))?;
            }
            self.run_hooks(release, after).await.map_err(|error| blame(Step::Hooks(after), error))
        };
        let outcome = self
            .alive(&name, version, async {
                tokio::select! {
                    outcome = work => outcome,
                    () = self.cancelled.cancelled() => Err(Error::Cancelled),
                }
            })
            .await;
        (done, outcome)
    }
}

impl Operator<'_> {
    /// The objects there are. Those that are wanted but being deleted are waited for until they are gone: what is written
    /// to them would go with them.
    async fn settled(&self, stage: &Stage) -> Result<Vec<Placed>, Error> {
        let all = union(&stage.old, &stage.wanted);
        let live = self.cluster.live(&all).await?;
        let leaving: Vec<Identity> = live
            .iter()
            .filter(|one| one.object["metadata"]["deletionTimestamp"].is_string())
            .filter(|one| changes::find(&stage.wanted, &one.identity).is_some())
            .map(|one| one.identity.clone())
            .collect();
        if leaving.is_empty() {
            return Ok(live);
        }
        for one in &leaving {
            self.say(&format!("{one} is being deleted; waiting until it is gone"));
        }
        self.cluster.wait_gone(&leaving, self.options.timeout).await?;
        Ok(self.cluster.live(&all).await?)
    }

    async fn take_over_fields(&self, changes: &[Change], live: &[Placed]) -> Result<(), Error> {
        for change in changes {
            if let Change::Apply { wanted, .. } = change
                && let Some(found) = changes::find(live, &wanted.identity)
            {
                self.cluster.take_over_fields(&wanted.identity, &found.object).await?;
            }
        }
        Ok(())
    }
}

fn union(a: &[Placed], b: &[Placed]) -> Vec<Placed> {
    let new = b.iter().filter(|one| changes::find(a, &one.identity).is_none());
    a.iter().chain(new).cloned().collect()
}

//! The middle of every operation: hooks, changes, waiting, hooks.

use super::{Error, Operator};
use crate::{
    cluster::{Done, Writing},
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
            let live = self.cluster.live(&union(&stage.old, &stage.wanted)).await?;
            let changes = changes::plan(&stage.old, &stage.wanted, &live, stage.method);
            if stage.was_patched {
                self.take_over_fields(&changes, &live).await?;
            }
            let strict = release.apply_method == ApplyMethod::Server && !self.options.disable_validation;
            let (did, outcome) =
                self.cluster.perform(&changes, Writing { strict, ..Writing::default() }).await;
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
    async fn take_over_fields(&self, changes: &[Change], live: &[Placed]) -> Result<(), Error> {
        for change in changes {
            if let Change::Apply(one, _) = change
                && let Some(found) = changes::find(live, &one.identity)
            {
                self.cluster.take_over_fields(&one.identity, &found.object).await?;
            }
        }
        Ok(())
    }
}

fn union(a: &[Placed], b: &[Placed]) -> Vec<Placed> {
    let new = b.iter().filter(|one| changes::find(a, &one.identity).is_none());
    a.iter().chain(new).cloned().collect()
}

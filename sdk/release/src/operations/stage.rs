//! The middle of every operation: hooks, changes, waiting, hooks.

use super::{Error, Operator};
use crate::{
    cluster::{Done, Writing},
    objects::Identity,
    plan::changes::{self, Method, Placed},
    record::{ApplyMethod, Event, Release},
};

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
}

impl Operator<'_> {
    /// Goes through a stage; the release's hooks get to know how they went. What was made is told in any case.
    pub(super) async fn go(
        &self,
        release: &mut Release,
        stage: &Stage,
        blame: impl Fn(Event, Error) -> Error,
    ) -> (Done, Result<(), Error>) {
        let mut done = Done::default();
        let (name, version) = (release.name.clone(), release.version);
        let work = async {
            let (before, after) = stage.events;
            self.run_hooks(release, before).await.map_err(|error| blame(before, error))?;
            let live = self.cluster.live(&union(&stage.old, &stage.wanted)).await?;
            let changes = changes::plan(&stage.old, &stage.wanted, &live, stage.method);
            let strict = release.apply_method == ApplyMethod::Server && !self.options.disable_validation;
            let (did, outcome) = self.cluster.perform(&changes, Writing { strict }).await;
            done = did;
            outcome?;
            if self.waits() {
                let identities: Vec<Identity> = stage.wanted.iter().map(|one| one.identity.clone()).collect();
                self.cluster.wait_ready(&identities, self.rules(), self.options.timeout).await?;
            }
            self.run_hooks(release, after).await.map_err(|error| blame(after, error))
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

fn union(a: &[Placed], b: &[Placed]) -> Vec<Placed> {
    let new = b.iter().filter(|one| changes::find(a, &one.identity).is_none());
    a.iter().chain(new).cloned().collect()
}

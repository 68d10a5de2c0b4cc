//! A release goes back to a revision that was.

use super::{
    DESCRIPTION_CHARS_MAX, Error, Operator, now,
    stage::{Stage, Step},
    warning_line,
};
use crate::{
    cluster::{Done, chain, storage::History},
    plan::{
        changes::{self, Method, Placed},
        history, name,
    },
    record::{ApplyMethod, Event, Info, Release, Status},
};

/// A rollback that only has to be carried out.
pub(super) struct Prepared {
    pub(super) history: History,
    pub(super) planned: history::Rollback,
    pub(super) current: Release,
    pub(super) release: Release,
    pub(super) method: Method,
}

impl Operator<'_> {
    /// Rolls a release back to a revision (0: the one before the last) and gives the new revision's record.
    pub async fn rollback(&self, name: &str, revision: i64) -> Result<Release, Error> {
        let length = self.options.description.chars().count();
        if length > DESCRIPTION_CHARS_MAX {
            return Err(Error::Description(length));
        }
        let Prepared { history, planned, mut current, mut release, method } =
            self.prepare_rollback(name, revision).await?;
        if self.is_dry() {
            return Ok(release);
        }
        let (old, wanted) = self.rolled_back(&history, &current, &release).await?;
        if planned.interrupted.is_some() {
            self.say(&format!(
                "release {name}: revision {} was interrupted while {}; it is marked as failed and rolled back",
                current.version, current.info.status
            ));
            self.mark_interrupted(&current).await?;
            current.info.status = Status::Failed;
        }
        self.storage.prune(name, &history, self.options.history_max).await?;
        self.storage.create(&release).await?;
        let was_patched = current.apply_method != ApplyMethod::Server;
        let stage =
            Stage { events: (Event::PreRollback, Event::PostRollback), old, wanted, method, was_patched };
        let blame = |step, error| match step {
            Step::Hooks(_) => error,
            Step::Wait => Error::Wait { name: name.into(), source: Box::new(error) },
        };
        match self.go(&mut release, &stage, blame).await {
            (_, Ok(())) => {
                for one in history.0.iter().filter(|one| one.release.info.status == Status::Deployed) {
                    let mut superseded = one.release.clone();
                    superseded.info.status = Status::Superseded;
                    self.storage.update(&superseded).await?;
                }
                release.info.status = Status::Deployed;
                self.storage.update(&release).await?;
                Ok(release)
            }
            (done, Err(error)) => Err(self.fail_rollback(current, release, done, error).await),
        }
    }

    /// Looks, and changes nothing.
    pub(super) async fn prepare_rollback(&self, name: &str, revision: i64) -> Result<Prepared, Error> {
        name::check(name)
            .map_err(|_| Error::Plain(format!("prepareRollback: Release name is invalid: {name}")))?;
        let history = self.storage.history(name).await?;
        let planned = history::rollback(&history.revisions(), revision, history.activity())?;
        let invariant = "the plan names revisions of the history";
        let current = history.get(planned.current).cloned().expect(invariant);
        let target = history.get(planned.target).expect(invariant);
        let (method, apply_method) = self.method(Some(target.apply_method)).await?;
        let info = Info {
            first_deployed: current.info.first_deployed,
            last_deployed: Some(now()),
            status: Status::PendingRollback,
            notes: target.info.notes.clone(),
            rollback_revision: target.version,
            description: self.described(&format!("Rollback to {}", target.version)),
            ..Info::default()
        };
        let release = Release {
            info,
            version: planned.version,
            namespace: current.namespace.clone(),
            apply_method,
            ..target.clone()
        };
        Ok(Prepared { history, planned, current, release, method })
    }

    /// The objects there may be and those there shall be.
    pub(super) async fn rolled_back(
        &self,
        history: &History,
        current: &Release,
        release: &Release,
    ) -> Result<(Vec<Placed>, Vec<Placed>), Error> {
        let mut old = self.had(current).await?;
        let wanted = self.wanted(release).await?;
        if current.info.status != Status::Deployed
            && let Some(deployed) =
                history.0.iter().rev().find(|one| one.release.info.status == Status::Deployed)
        {
            // The last revision did not come about as a whole: what the one before it had may be there as well.
            old = changes::left_behind(&self.had(&deployed.release).await?, &old);
        }
        Ok((old, wanted))
    }

    async fn fail_rollback(
        &self,
        mut current: Release,
        mut release: Release,
        done: Done,
        error: Error,
    ) -> Error {
        release.info.status = Status::Failed;
        if let Error::Wait { name, source } = &error {
            // All objects are as they should be, so the revision before is not what runs; Helm lets it be all the same.
            release.info.description = format!("Release {name:?} failed: {}", chain(source.as_ref()));
            let _ = self.storage.update(&release).await;
            return error;
        }
        let message = format!("Rollback {:?} failed: {}", release.name, chain(&error));
        self.say(&warning_line(&message));
        release.info.description = message;
        // The failure itself counts more than that it cannot be written down.
        let _ = self.storage.update(&release).await;
        if current.info.status == Status::Deployed {
            current.info.status = Status::Superseded;
            let _ = self.storage.update(&current).await;
        }
        if !self.options.cleanup_on_fail {
            return error;
        }
        match self.delete_all(&done.created).await {
            Ok(()) => error,
            Err(source) => Error::NotUndone {
                doing: "cleaning up resources",
                operation: "rollback",
                original: Box::new(error),
                undoing: Box::new(source),
            },
        }
    }
}

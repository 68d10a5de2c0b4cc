//! A release goes back to a revision that was.

use super::{DESCRIPTION_CHARS_MAX, Error, Operator, now, stage::Stage};
use crate::{
    cluster::{Done, chain},
    plan::{changes, history, name},
    record::{Event, Info, Release, Status},
};

impl Operator<'_> {
    /// Rolls a release back to a revision (0: the one before the last) and gives the new revision's record.
    pub async fn rollback(&self, name: &str, revision: i64) -> Result<Release, Error> {
        let length = self.options.description.chars().count();
        if length > DESCRIPTION_CHARS_MAX {
            return Err(Error::Description(length));
        }
        name::check(name)
            .map_err(|_| Error::Plain(format!("prepareRollback: Release name is invalid: {name}")))?;
        let history = self.storage.history(name).await?;
        let planned = history::rollback(&history.revisions(), revision, history.activity())?;
        let invariant = "the plan names revisions of the history";
        let mut current = history.get(planned.current).cloned().expect(invariant);
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
        let mut release = Release {
            info,
            version: planned.version,
            namespace: current.namespace.clone(),
            apply_method,
            ..target.clone()
        };
        if self.is_dry() {
            return Ok(release);
        }
        let mut old = self.had(&current).await?;
        let wanted = self.wanted(&release).await?;
        if planned.interrupted.is_some() {
            self.say(&format!(
                "release {name}: revision {} was interrupted while {}; it is marked as failed and rolled back",
                current.version, current.info.status
            ));
            self.mark_interrupted(&current).await?;
            current.info.status = Status::Failed;
        }
        if current.info.status != Status::Deployed
            && let Some(deployed) =
                history.0.iter().rev().find(|one| one.release.info.status == Status::Deployed)
        {
            // The last revision did not come about as a whole: what the one before it had may be there as well.
            old = changes::left_behind(&self.had(&deployed.release).await?, &old);
        }
        self.storage.prune(name, &history, self.options.history_max).await?;
        self.storage.create(&release).await?;
        let stage = Stage { events: (Event::PreRollback, Event::PostRollback), old, wanted, method };
        match self.go(&mut release, &stage, |_, error| error).await {
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

    async fn fail_rollback(
        &self,
        mut current: Release,
        mut release: Release,
        done: Done,
        error: Error,
    ) -> Error {
        let message = format!("Rollback {:?} failed: {}", release.name, chain(&error));
        self.say(&message);
        release.info.status = Status::Failed;
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
                source: Box::new(source),
            },
        }
    }
}

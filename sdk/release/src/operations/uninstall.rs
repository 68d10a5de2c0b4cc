//! A release ends.

use std::fmt::Write;

use super::{Error, Operator, Wait, now};
use crate::{
    cluster::{self, storage::History},
    objects::{self, Identity, Object, order, ownership},
    plan::{changes::Placed, history, name},
    record::{Event, Release, Status},
};

/// What became of a release.
#[derive(Clone, Debug)]
pub struct Uninstalled {
    /// Its last record.
    pub release: Release,
    /// What stayed, for people; empty if nothing did.
    pub kept: String,
}

impl Operator<'_> {
    /// Removes a release's objects, and its records unless they are to be kept. `None` if there is none and that is fine.
    pub async fn uninstall(&self, name: &str) -> Result<Option<Uninstalled>, Error> {
        name::check(name).map_err(|_| Error::Plain(format!("uninstall: Release name is invalid: {name}")))?;
        let history = self.storage.history(name).await?;
        let planned = history::uninstall(name, &history.revisions(), self.options.keep_history);
        if planned == Err(history::Refusal::NotFound) {
            return match (self.options.ignore_not_found, self.is_dry()) {
                (true, _) => Ok(None),
                (false, true) => Err(Error::Plain("release: not found".into())),
                (false, false) => Err(Error::NotLoaded(name.into())),
            };
        }
        let release = history.last().expect("there is a history").release.clone();
        if self.is_dry() {
            return Ok(Some(Uninstalled { release, kept: String::new() }));
        }
        if !planned? {
            self.forget(name, &history.revisions()).await?;
            return Ok(Some(Uninstalled { release, kept: String::new() }));
        }
        let version = release.version;
        self.alive(name, version, self.remove(name, &history, release)).await.map(Some)
    }

    async fn remove(
        &self,
        name: &str,
        history: &History,
        mut release: Release,
    ) -> Result<Uninstalled, Error> {
        let before = release.info.status;
        if before == Status::Uninstalling {
            self.say(&format!(
                "release {name}: its uninstall was interrupted, or is under way; it is finished"
            ));
        } else if before.is_pending() {
            self.say(&format!(
                "release {name}: revision {} is {before}; it is removed as far as it came",
                release.version
            ));
        }
        release.info.status = Status::Uninstalling;
        release.info.deleted = Some(now());
        release.info.description = "Deletion in progress (or silently failed)".into();
        self.run_hooks(&mut release, Event::PreDelete).await?;
        self.storage.update(&release).await?;
        // A last revision that did not come about as a whole may have left what the one before it had.
        let deployed = history.0.iter().rev().map(|one| &one.release);
        let before_that = deployed.into_iter().find(|one| one.info.status == Status::Deployed);
        let before_that = before_that.filter(|one| one.version != release.version);
        let (gone, kept) = self
            .delete_objects(&release, before_that)
            .await
            .map_err(|source| Error::NotDeleted { name: name.into(), source: Box::new(source) })?;
        let mut errors = Vec::new();
        if self.options.wait != Wait::Hooks
            && let Err(error) = self.cluster.wait_gone(&gone, self.options.timeout).await
        {
            errors.push(error.into());
        }
        if let Err(error) = self.run_hooks(&mut release, Event::PostDelete).await {
            errors.push(error);
        }
        release.info.status = Status::Uninstalled;
        release.info.description = self.described("Uninstallation complete");
        if self.options.keep_history {
            self.storage.update(&release).await?;
            self.supersede(history, release.version).await?;
        } else {
            self.forget(name, &history.revisions()).await?;
        }
        if errors.is_empty() { Ok(Uninstalled { release, kept }) } else { Err(Error::Leftovers(errors)) }
    }

    /// Whatever revision but `last` is deployed is so no more.
    async fn supersede(&self, history: &History, last: u64) -> Result<(), Error> {
        let deployed = history.0.iter().map(|one| &one.release);
        let deployed = deployed.filter(|one| one.info.status == Status::Deployed && one.version != last);
        for one in deployed {
            let mut superseded = one.clone();
            superseded.info.status = Status::Superseded;
            self.storage.update(&superseded).await?;
        }
        Ok(())
    }

    async fn forget(&self, name: &str, revisions: &[history::Revision]) -> Result<(), Error> {
        for revision in revisions {
            self.storage.delete(name, revision.version).await?;
        }
        Ok(())
    }

    /// Deletes what the release has and owns; gives what was deleted and says what stayed.
    async fn delete_objects(
        &self,
        release: &Release,
        before_that: Option<&Release>,
    ) -> Result<(Vec<Identity>, String), Error> {
        let mut objects = objects_of(release, before_that)?;
        order::for_uninstall(&mut objects);
        let (kept, gone): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(Object::is_kept);
        let placed = self.cluster.place_known(gone).await;
        let live = self.cluster.live(&placed).await?;
        let (ours, others): (Vec<_>, Vec<_>) = live
            .into_iter()
            .partition(|one| ownership::problem(&one.object, &release.name, &release.namespace).is_none());
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for one in ours {
            match self.cluster.delete(&one.identity, &self.options.propagation).await {
                Ok(_) => deleted.push(one.identity),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok((deleted, told(&kept, &others)))
        } else {
            Err(cluster::Error::Several(errors).into())
        }
    }
}

/// What the release has, and what the one before it may have left.
fn objects_of(release: &Release, before_that: Option<&Release>) -> Result<Vec<Object>, Error> {
    let what = "corrupted release record. You must manually delete the resources";
    let mut objects = objects::parse(&release.manifest).map_err(|source| Error::Manifest { what, source })?;
    if let Some(before) = before_that {
        let same = |a: &Object, b: &Object| {
            (a.kind(), a.name(), a.namespace()) == (b.kind(), b.name(), b.namespace())
        };
        let left = objects::parse(&before.manifest).map_err(|source| Error::Manifest { what, source })?;
        let left = left.into_iter().filter(|one| objects.iter().all(|other| !same(one, other)));
        let left: Vec<Object> = left.collect();
        objects.extend(left);
    }
    Ok(objects)
}

/// What stayed, and why.
fn told(kept: &[Object], others: &[Placed]) -> String {
    let mut told = String::new();
    if !kept.is_empty() {
        told.push_str("These resources were kept due to the resource policy:\n");
        for one in kept {
            line(&mut told, one.kind(), one.name());
        }
    }
    if !others.is_empty() {
        if !told.is_empty() {
            told.push('\n');
        }
        let count = others.len();
        let words = "resource(s) were not deleted because they are not owned by this release";
        writeln!(told, "{count} {words}:").expect("writing to a string does not fail");
        for one in others {
            line(&mut told, &one.identity.kind, &one.identity.name);
        }
    }
    told
}

fn line(text: &mut String, kind: &str, name: &str) {
    writeln!(text, "[{kind}] {name}").expect("writing to a string does not fail");
}

//! Does what was planned, kind after kind; objects of one kind at the same time.

use futures::{StreamExt, stream};
use http::Method;
use naru_client::api;
use serde_json::{Value, json};

use super::{Cluster, Error, FIELD_MANAGER, PARALLEL_MAX};
use crate::{
    objects::Identity,
    plan::{
        changes::{Change, Placed},
        managers,
        patch::Patch,
    },
};

/// How often a takeover of fields is tried when others write the object at the same time.
const TAKEOVER_TRIES_MAX: usize = 5;

/// How objects are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writing {
    /// Whether fields that the server does not know are errors; otherwise the server's default holds.
    pub strict: bool,
    /// Whether the server only says what it would make.
    pub dry_run: bool,
}

/// What a failure ends; as Helm has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Nothing: everything is new, and all of it is tried.
    Make,
    /// What cannot be made ends it; what cannot be changed does not keep the rest from being changed, but nothing is
    /// deleted then.
    Change,
}

/// What was done, as far as it went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// Objects that were made, or were tried to be.
    pub created: Vec<Identity>,
    /// Objects that were changed.
    pub updated: Vec<Identity>,
    /// Objects that were deleted.
    pub deleted: Vec<Identity>,
}

impl Cluster {
    /// Does the changes in their order, those of one kind at the same time; `course` says what a failure ends.
    pub async fn perform(
        &self,
        changes: &[Change],
        course: Course,
        writing: Writing,
    ) -> (Done, Result<(), Error>) {
        let mut done = Done::default();
        let mut errors = Vec::new();
        let same_kind = |a: &Change, b: &Change| {
            a.identity().kind == b.identity().kind && a.is_deletion() == b.is_deletion()
        };
        let mut deleting = false;
        for group in changes.chunk_by(same_kind) {
            if group[0].is_deletion() && !deleting && !errors.is_empty() {
                break;
            }
            deleting = group[0].is_deletion();
            for change in group {
                let list = match change {
                    _ if change.makes() => &mut done.created,
                    Change::Delete(_) => &mut done.deleted,
                    _ => &mut done.updated,
                };
                list.push(change.identity().clone());
            }
            let tasks: Vec<_> = group.iter().map(|change| self.change(change, writing)).collect();
            let results: Vec<Result<(), Error>> = stream::iter(tasks).buffered(PARALLEL_MAX).collect().await;
            for (change, result) in group.iter().zip(results) {
                match result {
                    Ok(()) => {}
                    Err(source) if course == Course::Change && change.makes() => {
                        let doing = "failed to create resource".into();
                        return (done, Err(Error::Write { doing, source: Box::new(source) }));
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
        let outcome = match (errors.pop(), course) {
            (None, _) => Ok(()),
            (Some(only), _) if errors.is_empty() => Err(only),
            (Some(last), Course::Make) => Err(Error::Unmade(errors.into_iter().chain([last]).collect())),
            (Some(last), Course::Change) => Err(Error::Several(errors.into_iter().chain([last]).collect())),
        };
        (done, outcome)
    }

    /// What the server, with its defaults, would make of an object by patching, applying or replacing it.
    pub async fn try_change(&self, change: &Change) -> Result<Option<Value>, Error> {
        let writing = Writing { dry_run: true, ..Writing::default() };
        match change {
            Change::Apply { wanted, force, .. } => self.apply(wanted, *force, writing).await.map(Some),
            Change::Replace(placed) => self.replace(placed, writing).await.map(Some),
            Change::Patch(identity, patch) => self.patch(identity, patch, writing).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn change(&self, change: &Change, writing: Writing) -> Result<(), Error> {
        let Identity { kind, namespace, name, .. } = change.identity();
        tracing::debug!(kind, namespace, name, "{}", change.word());
        match change {
            Change::Create(placed) => self.create(placed, writing).await,
            // Strictness is for what is sent whole; the server's default holds for patches, as with Helm.
            Change::Patch(identity, patch) => {
                self.patch(identity, patch, Writing { strict: false, ..writing }).await.map(|_| ())
            }
            Change::Apply { wanted, force, .. } => self.apply(wanted, *force, writing).await.map(|_| ()),
            Change::Replace(placed) => self.replace(placed, writing).await.map(|_| ()),
            Change::Keep(_) => Ok(()),
            Change::Delete(identity) => {
                let deleted = self.delete(identity, "Background").await;
                blame(deleted.map(|_| ()), || {
                    let Identity { namespace, name, kind, .. } = identity;
                    format!("failed to delete resource namespace={namespace}, name={name}, kind={kind}")
                })
            }
        }
    }

    /// Makes an object.
    pub async fn create(&self, placed: &Placed, writing: Writing) -> Result<(), Error> {
        let resource = self.resource(&placed.identity).await?;
        let path = resource.path(Some(&placed.identity.namespace), None);
        let path = api::with_query(&path, parameters(writing));
        api::send(&self.client, Method::POST, &path, &placed.object).await?;
        Ok(())
    }

    async fn patch(&self, identity: &Identity, patch: &Patch, writing: Writing) -> Result<Value, Error> {
        let path = api::with_query(&self.path(identity).await?, parameters(writing));
        let sent = api::patch(&self.client, &path, patch.media_type(), patch.body()).await;
        blame(sent.map_err(Error::from), || {
            format!("cannot patch {:?} with kind {}", identity.name, identity.kind)
        })
    }

    async fn apply(&self, placed: &Placed, force: bool, writing: Writing) -> Result<Value, Error> {
        let identity = &placed.identity;
        let mut query = parameters(writing);
        query.push(("force", force.to_string()));
        let path = api::with_query(&self.path(identity).await?, query);
        let sent = api::patch(&self.client, &path, "application/apply-patch+yaml", &placed.object).await;
        let error = match sent {
            Ok(made) => return Ok(made),
            Err(error) => Error::from(error),
        };
        let what = match &error {
            Error::Refused(status) if status.code == 415 => return Err(Error::NoServerSideApply),
            Error::Refused(status) if status.code == 409 => "conflict occurred while applying object",
            _ => "server-side apply failed for object",
        };
        let Identity { namespace, name, .. } = identity;
        blame(Err(error), || format!("{what} {namespace}/{name} {}", identity.kind_of_version()))
    }

    /// Has what our manager wrote by updates count as applied; `live` is the object as it was seen last.
    pub async fn take_over_fields(&self, identity: &Identity, live: &Value) -> Result<(), Error> {
        let mut seen = Some(live.clone());
        for _ in 0..TAKEOVER_TRIES_MAX {
            let Some(object) = seen else { return Ok(()) };
            let managed =
                object["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
            let Some(managed) = managers::applied(managed, FIELD_MANAGER) else { return Ok(()) };
            let body = json!([
                {"op": "replace", "path": "/metadata/managedFields", "value": managed},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": object["metadata"]["resourceVersion"]},
            ]);
            let path = api::with_query(&self.path(identity).await?, parameters(Writing::default()));
            match api::patch(&self.client, &path, "application/json-patch+json", &body).await {
                Err(kube::Error::Api(status)) if status.code == 409 => seen = self.get(identity).await?,
                sent => {
                    return blame(sent.map_err(Error::from), || {
                        format!("failed to upgrade the managed fields of {identity}")
                    })
                    .map(|_| ());
                }
            }
        }
        Ok(())
    }

    async fn replace(&self, placed: &Placed, writing: Writing) -> Result<Value, Error> {
        let path = self.path(&placed.identity).await?;
        let live = self.get_path(&path).await?;
        let mut object = placed.object.clone();
        if let Some(live) = live {
            object["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
        }
        let path = api::with_query(&path, parameters(writing));
        let sent = api::send(&self.client, Method::PUT, &path, &object).await;
        blame(sent.map_err(Error::from), || "failed to replace object".into())
    }

    /// Deletes an object with its dependents as `propagation` says (`Background`, `Foreground`, `Orphan`); `false` if it
    /// was not there.
    pub async fn delete(&self, identity: &Identity, propagation: &str) -> Result<bool, Error> {
        let path = self.path(identity).await?;
        let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation});
        match api::send(&self.client, Method::DELETE, &path, &body).await {
            Err(error) if api::is_not_found(&error) => Ok(false),
            answer => Ok(answer.map(|_: Value| true)?),
        }
    }
}

fn parameters(writing: Writing) -> Vec<(&'static str, String)> {
    let mut query = vec![("fieldManager", FIELD_MANAGER.to_string())];
    if writing.strict {
        query.push(("fieldValidation", "Strict".into()));
    }
    if writing.dry_run {
        query.push(("dryRun", "All".into()));
    }
    query
}

fn blame<T>(result: Result<T, Error>, doing: impl FnOnce() -> String) -> Result<T, Error> {
    result.map_err(|source| Error::Write { doing: doing(), source: Box::new(source) })
}

//! Where records are kept: Secrets in the release's namespace.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use naru_client::api;
use serde_json::{Value, json};

use super::{Cluster, Error};
use crate::{
    plan::{
        history::{self, Activity, Revision},
        holder::{self, Holder, Process},
    },
    record::{Release, secret},
};

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The record.
    pub release: Release,
    /// Who is at work on it, in [`holder`]'s words.
    pub holder: Option<String>,
}

impl Stored {
    /// What planning needs of it.
    pub fn revision(&self) -> Revision {
        Revision { version: self.release.version, status: self.release.info.status }
    }
}

/// All revisions of a release, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History(pub Vec<Stored>);

impl History {
    /// What planning needs of it.
    pub fn revisions(&self) -> Vec<Revision> {
        self.0.iter().map(Stored::revision).collect()
    }

    /// A revision's record.
    pub fn get(&self, version: u64) -> Option<&Release> {
        self.0.iter().map(|one| &one.release).find(|one| one.version == version)
    }

    /// The newest.
    pub fn last(&self) -> Option<&Stored> {
        self.0.last()
    }

    /// Whether the newest is being worked on.
    pub fn activity(&self) -> Activity {
        let holder = self.last().and_then(|last| last.holder.as_deref());
        let boot = super::process::boot();
        holder::activity(holder, Timestamp::now(), &boot, super::process::runs)
    }
}

/// Keeps records in one namespace.
pub struct Storage<'a> {
    cluster: &'a Cluster,
    /// Who writes pending records.
    process: Process,
}

impl<'a> Storage<'a> {
    /// The records of the cluster's namespace.
    pub fn new(cluster: &'a Cluster) -> Self {
        Storage { cluster, process: super::process::own() }
    }

    fn collection(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets", self.cluster.namespace)
    }

    fn path(&self, release: &Release) -> String {
        format!("{}/{}", self.collection(), secret::name(&release.name, release.version))
    }

    async fn select(&self, path: &str, selector: &str) -> Result<Vec<Stored>, Error> {
        let path = api::with_query(path, [("labelSelector", selector.to_string())]);
        let list = api::get(&self.cluster.client, &path, "application/json").await?;
        let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        // A record that cannot be read does not hide the others; Helm passes over it too.
        let mut found: Vec<Stored> = items.iter().filter_map(|item| stored(item).ok()).collect();
        found.sort_by_key(|one| one.release.version);
        Ok(found)
    }

    /// All revisions of a release; none if there is no such release.
    pub async fn history(&self, name: &str) -> Result<History, Error> {
        Ok(History(self.select(&self.collection(), &secret::selector(name)).await?))
    }

    /// All records of the namespace, or of all namespaces.
    pub async fn list(&self, everywhere: bool) -> Result<Vec<Stored>, Error> {
        let path = if everywhere { "/api/v1/secrets".into() } else { self.collection() };
        self.select(&path, secret::OWNER_SELECTOR).await
    }

    /// Stores a new record. Somebody else who makes the same revision has been faster: that is a refusal.
    pub async fn create(&self, release: &Release) -> Result<(), Error> {
        tracing::debug!(key = secret::name(&release.name, release.version), "create the record");
        let body = self.secret(release, "createdAt");
        match api::send(&self.cluster.client, Method::POST, &self.collection(), &body).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Err(Error::RecordExists),
            Err(error) => {
                let source = Box::new(Error::from(error));
                Err(Error::Write { doing: "create: failed to create".into(), source })
            }
            Ok(_) => Ok(()),
        }
    }

    /// Writes a record anew.
    pub async fn update(&self, release: &Release) -> Result<(), Error> {
        tracing::debug!(key = secret::name(&release.name, release.version), "update the record");
        let body = self.secret(release, "modifiedAt");
        api::send(&self.cluster.client, Method::PUT, &self.path(release), &body).await?;
        Ok(())
    }

    /// Forgets a revision.
    pub async fn delete(&self, name: &str, version: u64) -> Result<(), Error> {
        let path = format!("{}/{}", self.collection(), secret::name(name, version));
        match api::send(&self.cluster.client, Method::DELETE, &path, &json!({})).await {
            Err(error) if api::is_not_found(&error) => Ok(()),
            answer => Ok(answer.map(|_| ())?),
        }
    }

    /// Forgets what is too old, so that `max` revisions remain when one more is made.
    pub async fn prune(&self, name: &str, history: &History, max: usize) -> Result<(), Error> {
        for version in history::prune(&history.revisions(), max) {
            self.delete(name, version).await?;
        }
        Ok(())
    }

    /// Says that this process is still at work on a pending revision.
    pub async fn renew(&self, release: &str, version: u64) -> Result<(), Error> {
        let path = format!("{}/{}", self.collection(), secret::name(release, version));
        let body = json!({"metadata": {"annotations": {holder::ANNOTATION: self.holder().text()}}});
        api::patch(&self.cluster.client, &path, "application/merge-patch+json", &body).await?;
        Ok(())
    }

    fn holder(&self) -> Holder {
        Holder { process: self.process.clone(), renewed: Timestamp::now() }
    }

    fn secret(&self, release: &Release, stamp: &str) -> Value {
        let mut annotations = BTreeMap::new();
        if release.info.status.is_under_way() {
            annotations.insert(holder::ANNOTATION.to_string(), self.holder().text());
        }
        secret::of(release, (stamp, Timestamp::now().as_second()), &annotations)
    }
}

fn stored(object: &Value) -> Result<Stored, Error> {
    let release = secret::release(object)?;
    let holder = object["metadata"]["annotations"][holder::ANNOTATION].as_str().map(String::from);
    Ok(Stored { release, holder })
}

//! What the client commands share: a connection to any Kubernetes API server, its resources, and kubectl's words.
//!
//! In: `--kubeconfig`, `--namespace`. Out: a [`Session`] that resolves names like `po` or `pods/web` and sends
//! requests; failures read as kubectl's.

pub mod canonical;
pub mod failure;
pub mod jsonpath;
pub mod manifest;
pub mod output;
pub mod selection;
pub mod table;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use kube::Client;
use naru_client::Overrides;
pub use naru_client::{api, resource};
use resource::{Resource, Resources};
use serde_json::Value;

use crate::args::DEFAULT_DATA_DIR;

/// Flags of every client command.
#[derive(Clone, Debug, Args)]
pub struct ClientArgs {
    /// The kubeconfig; otherwise $KUBECONFIG, ~/.kube/config, or the one `naru up` wrote.
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Option<PathBuf>,
    /// The namespace.
    #[arg(long, short, value_name = "NAME", global = true)]
    pub namespace: Option<String>,
}

/// A connection with its defaults.
pub struct Session {
    /// Sends requests.
    pub client: Client,
    /// The namespace of whatever does not name one.
    pub namespace: String,
    /// Whether the user has asked for that namespace.
    pub namespace_given: bool,
}

impl ClientArgs {
    /// Connects.
    pub async fn session(&self) -> Result<Session> {
        self.session_with(&Overrides::default()).await
    }

    /// Connects, with other things in the place of what the kubeconfig says.
    pub async fn session_with(&self, overrides: &Overrides) -> Result<Session> {
        let fallback = Path::new(DEFAULT_DATA_DIR).join("admin.kubeconfig");
        let (client, default) =
            naru_client::from_kubeconfig_or_default(self.kubeconfig.as_deref(), &fallback, overrides).await?;
        let namespace_given = self.namespace.is_some();
        Ok(Session { client, namespace: self.namespace.clone().unwrap_or(default), namespace_given })
    }
}

impl Session {
    /// GETs one object. What is missing in a namespace that does not exist is the namespace's fault.
    pub async fn object(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        accept: &str,
    ) -> Result<Value, kube::Error> {
        let found = api::get(&self.client, &resource.path(Some(namespace), Some(name)), accept).await;
        if !found.as_ref().is_err_and(failure::is_not_found)
            || !resource.namespaced()
            || namespace == "default"
        {
            return found;
        }
        match api::get(&self.client, &format!("/api/v1/namespaces/{namespace}"), "application/json").await {
            Err(error) if failure::is_not_found(&error) => Err(error),
            _ => found,
        }
    }

    /// What the server serves.
    pub async fn resources(&self) -> Result<Resources> {
        Ok(Resources::discover(&self.client).await?)
    }
}

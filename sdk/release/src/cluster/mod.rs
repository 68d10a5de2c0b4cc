//! A Kubernetes API server as releases need it: objects looked up, written and deleted as JSON, whatever their kinds.
//!
//! In: what [`crate::plan`] decided. Out: what became of it, failures in Helm's words.

mod error;
mod perform;
pub mod process;
pub mod storage;
pub mod wait;

use std::sync::Arc;

pub use error::{Error, chain};
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use naru_client::{
    api,
    resource::{Resource, Resources},
};
pub use perform::{Course, Done, Writing};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use crate::{
    objects::{self, Identity, Object},
    plan::changes::{self, Change, Placed},
};

/// Who writes, for the server's books: Helm's own name, so that either may go on where the other stopped.
pub const FIELD_MANAGER: &str = "helm";
/// How many requests are under way at once.
pub const PARALLEL_MAX: usize = 8;

/// What a server is and serves, as templates see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `v1.37.0`.
    pub version: String,
    /// `1`.
    pub major: String,
    /// `37`.
    pub minor: String,
    /// `apps/v1` and `apps/v1/Deployment`, each once.
    pub api_versions: Vec<String>,
}

/// A connection to a cluster.
pub struct Cluster {
    client: Client,
    /// The namespace of whatever names none.
    namespace: String,
    /// What the server serves; asked anew after kinds were added.
    resources: RwLock<Arc<Resources>>,
}

impl Cluster {
    /// Asks the server what it serves.
    pub async fn connect(client: Client, namespace: &str) -> Result<Self, Error> {
        let resources = Resources::discover(&client).await?;
        let resources = RwLock::new(Arc::new(resources));
        Ok(Cluster { client, namespace: namespace.into(), resources })
    }

    /// The namespace of whatever names none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The client itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Asks again what the server serves.
    pub async fn rediscover(&self) -> Result<(), Error> {
        let found = Resources::discover(&self.client).await?;
        *self.resources.write().await = Arc::new(found);
        Ok(())
    }

    /// What templates may ask about the server.
    pub async fn capabilities(&self) -> Result<Capabilities, Error> {
        let version = self.client.apiserver_version().await?;
        let resources = self.resources.read().await.clone();
        let mut api_versions: Vec<String> = resources
            .iter()
            .flat_map(|one| [one.api_version(), format!("{}/{}", one.api_version(), one.kind)])
            .collect();
        api_versions.sort_unstable();
        api_versions.dedup();
        let (major, minor) = (version.major, version.minor);
        Ok(Capabilities { version: version.git_version, major, minor, api_versions })
    }

    /// Gives each object the place where it lives; the server must know its kind.
    pub async fn place(&self, objects: Vec<Object>) -> Result<Vec<Placed>, Error> {
        let resources = self.resources.read().await.clone();
        objects.into_iter().map(|object| self.place_one(&resources, object)).collect()
    }

    /// The same, passing over what the server does not know (any more).
    pub async fn place_known(&self, objects: Vec<Object>) -> Vec<Placed> {
        let resources = self.resources.read().await.clone();
        objects.into_iter().filter_map(|object| self.place_one(&resources, object).ok()).collect()
    }

    fn place_one(&self, resources: &Resources, object: Object) -> Result<Placed, Error> {
        let resource = resources.of_kind(object.api_version(), object.kind()).map_err(|source| {
            Error::NoKind { name: object.name().into(), namespace: object.namespace().into(), source }
        })?;
        let namespace = match (resource.namespaced(), object.namespace()) {
            (false, _) => String::new(),
            (true, "") => self.namespace.clone(),
            (true, named) => named.into(),
        };
        let identity = Identity {
            api_version: object.api_version().into(),
            kind: object.kind().into(),
            namespace: namespace.clone(),
            name: object.name().into(),
        };
        let mut object = object.value;
        if resource.namespaced() {
            object["metadata"]["namespace"] = json!(namespace);
        }
        Ok(Placed { identity, object })
    }

    async fn resource(&self, identity: &Identity) -> Result<Resource, Error> {
        let resources = self.resources.read().await;
        let found = resources.of_kind(&identity.api_version, &identity.kind);
        let failed = |source| Error::NoKind {
            name: identity.name.clone(),
            namespace: identity.namespace.clone(),
            source,
        };
        Ok(found.map_err(failed)?.clone())
    }

    async fn path(&self, identity: &Identity) -> Result<String, Error> {
        Ok(self.resource(identity).await?.path(Some(&identity.namespace), Some(&identity.name)))
    }

    /// An object, if it exists.
    pub async fn get(&self, identity: &Identity) -> Result<Option<Value>, Error> {
        self.get_path(&self.path(identity).await?).await
    }

    /// An object as the server's table shows it, or as it is where the server has no tables.
    pub async fn table(&self, identity: &Identity) -> Result<Value, Error> {
        Ok(api::get(&self.client, &self.path(identity).await?, api::TABLE).await?)
    }

    /// The Pods of a namespace that have all of `labels`, as a list or as the server's table.
    pub async fn pods(&self, namespace: &str, labels: &Value, table: bool) -> Result<Value, Error> {
        let one = |(name, value): (&String, &Value)| format!("{name}={}", value.as_str().unwrap_or_default());
        let labels: Vec<String> = labels.as_object().into_iter().flatten().map(one).collect();
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let path = api::with_query(&path, [("labelSelector", labels.join(","))]);
        let form = if table { api::TABLE } else { "application/json" };
        Ok(api::get(&self.client, &path, form).await?)
    }

    async fn get_path(&self, path: &str) -> Result<Option<Value>, Error> {
        match api::get(&self.client, path, "application/json").await {
            Err(error) if api::is_not_found(&error) => Ok(None),
            found => Ok(Some(found?)),
        }
    }

    /// Those of `objects` that exist, as they are now; those whose name the server makes up do not count.
    pub async fn live(&self, objects: &[Placed]) -> Result<Vec<Placed>, Error> {
        let look = |one: &Placed| {
            let identity = one.identity.clone();
            async move {
                let object = self.get(&identity).await.map_err(|source| Error::Look {
                    object: identity.to_string(),
                    source: Box::new(source),
                })?;
                Ok::<_, Error>(object.map(|object| Placed { identity, object }))
            }
        };
        let named: Vec<_> = objects.iter().filter(|one| !one.identity.name.is_empty()).map(look).collect();
        let found: Vec<Option<Placed>> = stream::iter(named).buffered(PARALLEL_MAX).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// What `lookup` gives: the object, or the list if no name is given; `None` if there is none. That the server lacks a
    /// kind means that there is none; that it lacks the whole version is an error, as for Helm.
    pub async fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Error> {
        let resources = self.resources.read().await.clone();
        let Ok(resource) = resources.of_kind(api_version, kind) else {
            let has_version = resources.iter().any(|one| one.api_version() == api_version);
            let unknown = || Error::NoVersion(objects::kind_of_version(api_version, kind));
            return if has_version { Ok(None) } else { Err(unknown()) };
        };
        let namespace = (!namespace.is_empty()).then_some(namespace);
        self.get_path(&resource.path(namespace, (!name.is_empty()).then_some(name))).await
    }

    /// Whether the server offers server-side apply: it is asked to try one.
    pub async fn offers_apply(&self) -> bool {
        let name = "naru-probe";
        let path = format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace);
        let query = [("fieldManager", FIELD_MANAGER.to_string()), ("dryRun", "All".into())];
        let path = api::with_query(&path, query);
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let tried = api::patch(&self.client, &path, "application/apply-patch+yaml", &body).await;
        !matches!(tried, Err(kube::Error::Api(status)) if status.code == 415)
    }

    /// Makes the namespace, labelled with its name, as Helm does: by server-side apply also where it exists.
    pub async fn ensure_namespace(&self, method: changes::Method) -> Result<(), Error> {
        let identity = Identity {
            api_version: "v1".into(),
            kind: "Namespace".into(),
            namespace: String::new(),
            name: self.namespace.clone(),
        };
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "spec": {},
            "metadata": {"name": self.namespace, "labels": {"name": self.namespace}}});
        let wanted = Placed { identity, object };
        let change = match method {
            changes::Method::Apply { force } => Change::Apply { wanted, force, is_new: true },
            _ => Change::Create(wanted),
        };
        match self.perform(&[change], Course::Make, Writing::default()).await.1 {
            Err(error) if error.is_already_there() => Ok(()),
            made => made,
        }
    }
}

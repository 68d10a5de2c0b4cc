//! What every active namespace holds: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::StreamExt;
use k8s_openapi::{
    api::core::v1::{ConfigMap, Namespace, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    runtime::{
        controller::{Action, Controller},
        reflector::ObjectRef,
        watcher,
    },
};
use serde_json::json;

use crate::{Context, Error, Result, error::is_conflict, error::is_gone, supervise::chain};

const ACCOUNT: &str = "default";
const ROOT_CA: &str = "kube-root-ca.crt";
const ROOT_CA_KEY: &str = "ca.crt";
/// Looked at again this often, poked or not.
const PERIOD: Duration = Duration::from_secs(600);
const RETRY: Duration = Duration::from_secs(2);

pub(crate) async fn run(context: Context) -> Result<()> {
    let client = context.client.clone();
    let namespace_of = |namespace: Option<String>| namespace.map(|name| ObjectRef::<Namespace>::new(&name));
    let named = |name: &str| watcher::Config::default().fields(&format!("metadata.name={name}"));
    let events = Controller::new(Api::<Namespace>::all(client.clone()), watcher::Config::default())
        .watches(Api::<ServiceAccount>::all(client.clone()), named(ACCOUNT), move |account| {
            namespace_of(account.namespace())
        })
        .watches(Api::<ConfigMap>::all(client), named(ROOT_CA), move |map| namespace_of(map.namespace()))
        .run(reconcile, retry, Arc::new(context));
    events.for_each(|_| std::future::ready(())).await;
    Err(Error::WatchEnded { kind: "namespaces" })
}

fn retry(namespace: Arc<Namespace>, error: &Error, _: Arc<Context>) -> Action {
    tracing::warn!(namespace = namespace.name_any(), error = chain(error), "cannot furnish the namespace");
    Action::requeue(RETRY)
}

async fn reconcile(namespace: Arc<Namespace>, context: Arc<Context>) -> Result<Action> {
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let name = namespace.name_any();
    match furnish(&name, &context).await {
        // The namespace has gone, or is on its way out: nothing is missing any more.
        Err(error) if is_gone(&error) || is_forbidden(&error) => Ok(Action::await_change()),
        Err(error) => Err(Error::api(format!("furnish namespace {name}"))(error)),
        Ok(()) => Ok(Action::requeue(PERIOD)),
    }
}

async fn furnish(namespace: &str, context: &Context) -> Result<(), kube::Error> {
    let metadata = |name: &str| ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
    let accounts = Api::<ServiceAccount>::namespaced(context.client.clone(), namespace);
    if accounts.get_opt(ACCOUNT).await?.is_none() {
        let account = ServiceAccount { metadata: metadata(ACCOUNT), ..ServiceAccount::default() };
        unless_made(accounts.create(&PostParams::default(), &account).await)?;
    }
    let maps = Api::<ConfigMap>::namespaced(context.client.clone(), namespace);
    let wanted = BTreeMap::from([(ROOT_CA_KEY.to_string(), context.options.root_ca.clone())]);
    match maps.get_opt(ROOT_CA).await? {
        None => {
            let map = ConfigMap { metadata: metadata(ROOT_CA), data: Some(wanted), ..ConfigMap::default() };
            unless_made(maps.create(&PostParams::default(), &map).await)
        }
        Some(found) if found.data.as_ref() != Some(&wanted) => {
            let patch = Patch::Merge(json!({"data": wanted}));
            maps.patch(ROOT_CA, &PatchParams::default(), &patch).await.map(|_| ())
        }
        Some(_) => Ok(()),
    }
}

/// Somebody else making it at the same time is as good.
fn unless_made<T>(made: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match made {
        Err(error) if !is_conflict(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

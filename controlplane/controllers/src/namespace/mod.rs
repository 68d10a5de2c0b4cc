//! Emptying and releasing namespaces that are being deleted.
//!
//! Every deletable kind that discovery knows is deleted in the namespace; when nothing is left, the finalizer
//! `kubernetes` goes (kube-controller-manager's namespace controller). Until then [`conditions`] say what keeps it.

mod conditions;

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use http::Request;
use k8s_openapi::{api::core::v1::Namespace, jiff::Timestamp};
use kube::{
    Api, Client, Discovery, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    discovery::{Scope, verbs},
    runtime::{
        controller::{Action, Controller},
        watcher,
    },
};
use serde_json::json;

use self::conditions::{Remains, conditions};
use crate::{
    Context, Error, Result,
    error::{is_conflict, is_gone},
    supervise::chain,
};

const FINALIZER: &str = "kubernetes";
/// How soon to look again at what is still going away.
const RECHECK: Duration = Duration::from_millis(500);
const RETRY: Duration = Duration::from_secs(2);

pub(crate) async fn run(context: Context) -> Result<()> {
    let namespaces = Api::<Namespace>::all(context.client.clone());
    let events =
        Controller::new(namespaces, watcher::Config::default()).run(reconcile, retry, Arc::new(context));
    events.for_each(|_| std::future::ready(())).await;
    Err(Error::WatchEnded { kind: "namespaces" })
}

fn retry(namespace: Arc<Namespace>, error: &Error, _: Arc<Context>) -> Action {
    tracing::warn!(namespace = namespace.name_any(), error = chain(error), "cannot empty the namespace");
    Action::requeue(RETRY)
}

/// Whether the namespace is ours to empty: it is being deleted and still holds our finalizer.
fn is_ours(namespace: &Namespace) -> bool {
    let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_ref());
    namespace.metadata.deletion_timestamp.is_some()
        && finalizers.is_some_and(|all| all.iter().any(|one| one == FINALIZER))
}

async fn reconcile(namespace: Arc<Namespace>, context: Arc<Context>) -> Result<Action> {
    if !is_ours(&namespace) {
        return Ok(Action::await_change());
    }
    let name = namespace.name_any();
    match empty(&context.client, &name).await {
        Ok(remains) if remains.is_empty() => {
            finalize(&context.client, &namespace).await?;
            Ok(Action::await_change())
        }
        Ok(remains) => {
            report(&context.client, &namespace, &remains, None).await?;
            Ok(Action::requeue(RECHECK))
        }
        Err(error) => {
            let failure = chain(&error);
            let said = report(&context.client, &namespace, &Remains::default(), Some(&failure)).await;
            if let Err(error) = said {
                tracing::warn!(
                    namespace = name,
                    error = chain(&error),
                    "cannot say what keeps the namespace"
                );
            }
            Err(error)
        }
    }
}

async fn empty(client: &Client, namespace: &str) -> Result<Remains> {
    let discovery = Discovery::new(client.clone()).run().await.map_err(Error::api("discover kinds"))?;
    let mut remains = Remains::default();
    for group in discovery.groups() {
        for (resource, capabilities) in group.recommended_resources() {
            let deletable = capabilities.supports_operation(verbs::DELETE)
                && capabilities.supports_operation(verbs::LIST)
                && capabilities.scope == Scope::Namespaced;
            if !deletable {
                continue;
            }
            let together = capabilities.supports_operation(verbs::DELETE_COLLECTION);
            empty_of(client, namespace, &resource, together, &mut remains).await?;
        }
    }
    Ok(remains)
}

async fn empty_of(
    client: &Client,
    namespace: &str,
    resource: &ApiResource,
    together: bool,
    remains: &mut Remains,
) -> Result<()> {
    let doing = || format!("delete {} in namespace {namespace}", resource.plural);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, resource);
    let found = api.list_metadata(&ListParams::default()).await.map_err(Error::api(doing()))?;
    if found.items.is_empty() {
        return Ok(());
    }
    if together {
        api.delete_collection(&DeleteParams::background(), &ListParams::default())
            .await
            .map_err(Error::api(doing()))?;
    } else {
        for object in &found.items {
            match api.delete(&object.name_any(), &DeleteParams::background()).await {
                Err(error) if !is_gone(&error) => return Err(Error::api(doing())(error)),
                _ => {}
            }
        }
    }
    let left = api.list_metadata(&ListParams::default()).await.map_err(Error::api(doing()))?;
    for finalizer in left.items.iter().flat_map(ResourceExt::finalizers) {
        *remains.finalizers.entry(finalizer.clone()).or_default() += 1;
    }
    if !left.items.is_empty() {
        remains.kinds.insert((resource.plural.clone(), resource.group.clone()), left.items.len());
    }
    Ok(())
}

/// Takes our finalizer away, by which the namespace goes if it was the last.
async fn finalize(client: &Client, namespace: &Namespace) -> Result<()> {
    let name = namespace.name_any();
    let mut released = namespace.clone();
    if let Some(finalizers) = released.spec.as_mut().and_then(|spec| spec.finalizers.as_mut()) {
        finalizers.retain(|one| one != FINALIZER);
    }
    let body = serde_json::to_vec(&released).expect("a namespace is plain data");
    let request = Request::put(format!("/api/v1/namespaces/{name}/finalize"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body)
        .expect("a namespace's name is valid in a path");
    match client.request::<serde_json::Value>(request).await {
        // Gone already, or changed: then the watch brings the newer one.
        Err(error) if !is_gone(&error) && !is_conflict(&error) => {
            Err(Error::api(format!("finalize namespace {name}"))(error))
        }
        _ => Ok(()),
    }
}

/// Says in the status what keeps the namespace; nothing is written when that has been said.
async fn report(
    client: &Client,
    namespace: &Namespace,
    remains: &Remains,
    failure: Option<&str>,
) -> Result<()> {
    let name = namespace.name_any();
    let old = namespace.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let Some(conditions) = conditions(remains, failure, old, Timestamp::now()) else { return Ok(()) };
    let patch = Patch::Strategic(json!({"status": {"conditions": conditions}}));
    let api = Api::<Namespace>::all(client.clone());
    match api.patch_status(&name, &PatchParams::default(), &patch).await {
        Err(error) if !is_gone(&error) => Err(Error::api(format!("report on namespace {name}"))(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{
        api::core::v1::NamespaceSpec,
        apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    };

    use super::*;

    fn namespace(deleted: bool, finalizers: &[&str]) -> Namespace {
        Namespace {
            metadata: ObjectMeta {
                deletion_timestamp: deleted.then_some(Time(Timestamp::UNIX_EPOCH)),
                ..ObjectMeta::default()
            },
            spec: Some(NamespaceSpec {
                finalizers: Some(finalizers.iter().map(ToString::to_string).collect()),
            }),
            ..Namespace::default()
        }
    }

    #[test]
    fn only_namespaces_that_go_and_wait_for_us() {
        for (deleted, finalizers, ours) in [
            (true, &["kubernetes"][..], true),
            (true, &["other", "kubernetes"], true),
            (true, &["other"], false),
            (true, &[], false),
            (false, &["kubernetes"], false),
        ] {
            assert_eq!(is_ours(&namespace(deleted, finalizers)), ours, "{deleted} {finalizers:?}");
        }
    }
}

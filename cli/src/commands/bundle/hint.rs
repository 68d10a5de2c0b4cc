//! What may help after a failure, beside what Helm says.

use anyhow::Error;
use naru_api::schema;
use naru_client::resource;
use naru_release::{cluster, operations, plan::history::Refusal};

/// A hint, if there is one.
pub fn of(error: &Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<cluster::Error>() {
            return of_cluster(error);
        }
        of_operation(cause.downcast_ref()?)
    })
}

fn of_operation(error: &operations::Error) -> Option<String> {
    match error {
        operations::Error::Refused(refusal) => refused(refusal),
        operations::Error::Build { source, .. } | operations::Error::Cluster(source) => of_cluster(source),
        operations::Error::NameCheck(source)
        | operations::Error::Definition { source, .. }
        | operations::Error::Undone { source, .. } => of_operation(source),
        _ => None,
    }
}

fn of_cluster(error: &cluster::Error) -> Option<String> {
    match error {
        cluster::Error::NoKind { source, .. } => no_kind(source),
        cluster::Error::Unreachable(_) => Some(
            "is the cluster running? `naru up` starts one on this machine, --kubeconfig and --kube-context choose another"
                .into(),
        ),
        cluster::Error::Write { source, .. } => of_cluster(source),
        cluster::Error::Refused(status) if status.code == 404 && status.message.starts_with("namespaces ") => {
            Some("--create-namespace makes the namespace with the release".into())
        }
        _ => None,
    }
}

fn refused(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::InProgress => Some(
            "if nobody is at work on the release any more (a client that was killed leaves it so), `naru bundle rollback` \
             goes back to the last revision and `naru bundle uninstall` removes the release"
                .into(),
        ),
        _ => None,
    }
}

fn no_kind(error: &resource::Error) -> Option<String> {
    let resource::Error::NoKind { kind, version } = error else { return None };
    Some(match schema::by_kind(version, kind) {
        Some(_) => format!(
            "this server does not serve {kind} ({version}); a release that needs it goes to a cluster that does: \
             --kubeconfig FILE or --kube-context NAME"
        ),
        None => format!("{kind} ({version}) is no built-in kind: install its CustomResourceDefinition first"),
    })
}

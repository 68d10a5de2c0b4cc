//! Rendered files into manifests and hooks, in order. Source: Helm's `SortManifests`.

use std::collections::BTreeMap;

use super::{
    Event, Hook, Manifest, RenderError, Text, Unsorted, documents::Document, head::Head,
    order::install_position,
};

const HOOK: &str = "helm.sh/hook";
const WEIGHT: &str = "helm.sh/hook-weight";
const DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const OUTPUT_LOG_POLICY: &str = "helm.sh/hook-output-log-policy";

/// The documents of files (by path), in the order of installation.
pub(super) fn sort(
    files: BTreeMap<String, Vec<Document>>,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Manifest>, Vec<Hook>), RenderError> {
    let (mut manifests, mut hooks) = (Vec::new(), Vec::new());
    let documents = files
        .into_iter()
        .flat_map(|(path, documents)| documents.into_iter().map(move |document| (path.clone(), document)));
    for (path, Document { text: document, head }) in documents {
        let head = match head {
            Ok(head) => head,
            Err((cause, position)) => {
                let rest = Unsorted { document: document.to_string(), hooks, ..Unsorted::default() };
                return Err(RenderError::Document { path, cause, position, rest: Box::new(rest) });
            }
        };
        match head.annotation(HOOK) {
            None => manifests.push(manifest(path, document, head)),
            Some(kinds) => match hook(&path, &document, &head, kinds) {
                Some(hook) => hooks.push(hook),
                None => warnings.push(format!("skipping unknown hooks: {kinds}")),
            },
        }
    }
    manifests.sort_by(|left, right| install_position(&left.kind).cmp(&install_position(&right.kind)));
    hooks.sort_by(|left, right| install_position(&left.kind).cmp(&install_position(&right.kind)));
    Ok((manifests, hooks))
}

fn manifest(path: String, content: Text, head: Head) -> Manifest {
    let Head { api_version, kind, name, .. } = head;
    Manifest { path, content, api_version, kind, name }
}

/// `None` if one of the events is unknown.
fn hook(path: &str, document: &Text, head: &Head, kinds: &str) -> Option<Hook> {
    let events = entries(kinds).iter().map(|kind| Event::parse(kind)).collect::<Option<Vec<_>>>()?;
    let list = |key: &str| head.annotation(key).map(entries).unwrap_or_default();
    Some(Hook {
        name: head.name.clone(),
        kind: head.kind.clone(),
        path: path.to_owned(),
        content: document.clone(),
        events,
        weight: head.annotation(WEIGHT).and_then(|weight| weight.parse().ok()).unwrap_or(0),
        delete_policies: list(DELETE_POLICY),
        output_log_policies: list(OUTPUT_LOG_POLICY),
    })
}

fn entries(list: &str) -> Vec<String> {
    list.split(',').map(|entry| entry.trim().to_lowercase()).collect()
}

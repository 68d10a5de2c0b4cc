//! The old form of discovery: one document for the groups, one for each group and one for each version.

use base64::{Engine, prelude::BASE64_STANDARD};
use naru_api::kinds::{Kind, Subresource};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Paths that are there whatever kinds are served.
const FIXED_PATHS: [&str; 8] =
    ["/api", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"];

/// `/`: all paths that are no resource.
pub(super) fn paths(kinds: &[&Kind]) -> Value {
    let mut paths: Vec<String> = FIXED_PATHS.iter().map(ToString::to_string).collect();
    for kind in kinds {
        match kind.group {
            "" => paths.push(format!("/api/{}", kind.version)),
            group => paths.extend([format!("/apis/{group}"), format!("/apis/{group}/{}", kind.version)]),
        }
    }
    paths.sort();
    paths.dedup();
    json!({"paths": paths})
}

/// `/api`: the versions of the core group, and where the server is.
pub(super) fn core_versions(kinds: &[&Kind], address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": versions(kinds, ""),
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// `/apis`: all groups with a name.
pub(super) fn groups(kinds: &[&Kind]) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for kind in kinds {
        if !kind.group.is_empty() && !names.contains(&kind.group) {
            names.push(kind.group);
        }
    }
    let groups: Vec<Value> = names.into_iter().map(|name| api_group(kinds, name)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/{group}`; `None` if nothing of it is served.
pub(super) fn group(kinds: &[&Kind], name: &str) -> Option<Value> {
    if name.is_empty() || versions(kinds, name).is_empty() {
        return None;
    }
    let mut group = json!({"kind": "APIGroup", "apiVersion": "v1"});
    if let (Some(map), Value::Object(fields)) = (group.as_object_mut(), api_group(kinds, name)) {
        map.extend(fields);
    }
    Some(group)
}

/// `/api/{version}` and `/apis/{group}/{version}`; `None` if nothing of it is served.
pub(super) fn resources(kinds: &[&Kind], group: &str, version: &str) -> Option<Value> {
    let of_version = || kinds.iter().filter(|kind| kind.group == group && kind.version == version);
    let group_version = of_version().next()?.api_version();
    let resources: Vec<Value> = of_version().flat_map(|kind| resource_and_parts(kind)).collect();
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    }))
}

/// The versions of a group in the order of preference.
fn versions(kinds: &[&Kind], group: &str) -> Vec<&'static str> {
    let mut versions = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group) {
        if !versions.contains(&kind.version) {
            versions.push(kind.version);
        }
    }
    versions
}

fn api_group(kinds: &[&Kind], name: &str) -> Value {
    let versions: Vec<Value> = versions(kinds, name)
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

fn resource_and_parts(kind: &Kind) -> Vec<Value> {
    let mut list = vec![resource(kind)];
    list.extend(kind.subresources.iter().map(|part| subresource(kind, part)));
    list
}

fn resource(kind: &Kind) -> Value {
    let mut resource = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced(), "kind": kind.kind,
        "verbs": kind.verbs,
    });
    if !kind.short_names.is_empty() {
        resource["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        resource["categories"] = json!(kind.categories);
    }
    if kind.stored {
        resource["storageVersionHash"] = storage_version_hash(kind).into();
    }
    resource
}

fn subresource(kind: &Kind, part: &Subresource) -> Value {
    json!({
        "name": format!("{}/{}", kind.plural, part.name), "singularName": "", "namespaced": kind.namespaced(),
        "kind": part.kind, "verbs": part.verbs,
    })
}

/// Changes when objects are stored in another version: eight bytes of a hash, as kube-apiserver computes it.
fn storage_version_hash(kind: &Kind) -> String {
    let hash = Sha256::digest(format!("{}/{}/{}", kind.group, kind.version, kind.kind));
    BASE64_STANDARD.encode(&hash[..8])
}

#[cfg(test)]
mod tests {
    use naru_api::kinds::BUILTIN;

    use super::*;

    #[test]
    fn documents_have_the_shapes_that_clients_read() {
        let kinds: Vec<&Kind> = BUILTIN.iter().collect();
        assert_eq!(core_versions(&kinds, "h:1")["versions"], json!(["v1"]));
        let leases = json!({
            "name": "coordination.k8s.io",
            "versions": [{"groupVersion": "coordination.k8s.io/v1", "version": "v1"}],
            "preferredVersion": {"groupVersion": "coordination.k8s.io/v1", "version": "v1"},
        });
        assert_eq!(groups(&kinds)["groups"][0], leases);
        let one = group(&kinds, "coordination.k8s.io").expect("a served group");
        assert_eq!((&one["kind"], &one["name"]), (&json!("APIGroup"), &json!("coordination.k8s.io")));
        assert_eq!(group(&kinds, ""), None);
        assert_eq!(resources(&kinds, "", "v2"), None);
    }

    #[test]
    fn resources_come_with_their_parts() {
        let kinds: Vec<&Kind> = BUILTIN.iter().collect();
        let list = resources(&kinds, "", "v1").expect("a served version");
        let find = |name: &str| {
            let resources = list["resources"].as_array().expect("a list");
            resources.iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
        };
        let pods = find("pods");
        assert_eq!(pods["shortNames"], json!(["po"]));
        assert_eq!(pods["categories"], json!(["all"]));
        // What a real kube-apiserver reports for pods.
        assert_eq!(pods["storageVersionHash"], "xPOwRZ+Yhw8=");
        assert_eq!(find("pods/binding")["kind"], "Binding");
        assert_eq!(find("nodes/status")["namespaced"], false);
    }
}

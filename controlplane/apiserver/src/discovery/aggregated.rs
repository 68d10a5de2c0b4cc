//! The aggregated form of discovery: all groups with all their resources in one document.

use naru_api::kinds::{Kind, Subresource};
use serde_json::{Value, json};

/// An `APIGroupDiscoveryList` of these kinds; groups and versions stand in the order of their first kind.
pub(super) fn groups<'a>(kinds: impl Iterator<Item = &'a Kind>) -> Value {
    let mut groups: Vec<Group> = Vec::new();
    for kind in kinds {
        let at = groups.iter().position(|group| group.name == kind.group);
        let at = at.unwrap_or_else(|| {
            groups.push(Group { name: kind.group, versions: Vec::new() });
            groups.len() - 1
        });
        groups[at].add(kind);
    }
    let items: Vec<Value> = groups.iter().map(Group::to_json).collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    })
}

struct Group<'a> {
    name: &'a str,
    versions: Vec<(&'a str, Vec<Value>)>,
}

impl<'a> Group<'a> {
    fn add(&mut self, kind: &'a Kind) {
        match self.versions.iter_mut().find(|(version, _)| *version == kind.version) {
            Some((_, resources)) => resources.push(resource(kind)),
            None => self.versions.push((kind.version, vec![resource(kind)])),
        }
    }

    fn to_json(&self) -> Value {
        let version = |(version, resources): &(&str, Vec<Value>)| json!({"version": version, "resources": resources, "freshness": "Current"});
        let versions: Vec<Value> = self.versions.iter().map(version).collect();
        // The core group has no name.
        let metadata = if self.name.is_empty() { json!({}) } else { json!({"name": self.name}) };
        json!({"metadata": metadata, "versions": versions})
    }
}

fn resource(kind: &Kind) -> Value {
    let mut resource = json!({
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": if kind.namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": kind.verbs,
    });
    if !kind.short_names.is_empty() {
        resource["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        resource["categories"] = json!(kind.categories);
    }
    if !kind.subresources.is_empty() {
        resource["subresources"] = kind.subresources.iter().map(|part| subresource(kind, part)).collect();
    }
    resource
}

fn subresource(kind: &Kind, part: &Subresource) -> Value {
    json!({
        "subresource": part.name,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": part.kind},
        "verbs": part.verbs,
    })
}

#[cfg(test)]
mod tests {
    use naru_api::kinds::BUILTIN;

    use super::*;

    #[test]
    fn all_kinds_of_a_group_are_in_its_item() {
        let list = groups(BUILTIN.iter());
        assert_eq!(list["items"][0]["metadata"], json!({}));
        assert_eq!(list["items"][1]["metadata"], json!({"name": "coordination.k8s.io"}));
        let core = list["items"][0]["versions"][0]["resources"].as_array().expect("a list");
        let pods = core.iter().find(|one| one["resource"] == "pods").expect("pods");
        assert_eq!(pods["responseKind"], json!({"group": "", "version": "v1", "kind": "Pod"}));
        assert_eq!(pods["scope"], "Namespaced");
        assert_eq!(pods["subresources"][0]["subresource"], "binding");
        assert_eq!(pods["subresources"][0]["responseKind"]["kind"], "Binding");
    }
}

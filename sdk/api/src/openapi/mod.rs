//! OpenAPI v3 documents of the served kinds, one for each group and version.
//!
//! In: rows of the kinds table. Out: paths and component schemas as kubectl reads them to validate, to merge and to explain.
//! Types come from the schema facts; texts for people from k8s-openapi at run time. Source of the forms: the published
//! OpenAPI v3 of kube-apiserver.

mod descriptions;
mod parameters;
mod paths;
mod schemas;

use serde_json::{Value, json};

use crate::VERSION;
use crate::kinds::Kind;

/// The document of `group` (empty: core) and `version` for these kinds, all of which are of that group and version.
/// Takes milliseconds and megabytes: make it once, keep it as bytes.
pub fn document(group: &str, version: &str, kinds: &[&Kind]) -> Value {
    let kinds: Vec<&Kind> =
        kinds.iter().copied().filter(|kind| (kind.group, kind.version) == (group, version)).collect();
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths::of(group, version, &kinds),
        "components": {"schemas": schemas::of(group, version, &kinds)},
    })
}

/// The definition of what a subresource sends and returns.
fn subresource_definition(owner: &Kind, kind: &str) -> Option<&'static crate::schema::Definition> {
    let elsewhere = ["autoscaling/v1", "policy/v1", "authentication.k8s.io/v1"];
    let own = owner.api_version();
    let mut places = std::iter::once(own.as_str()).chain(elsewhere);
    places.find_map(|place| crate::schema::by_kind(place, kind).filter(|found| found.gvk().is_some()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kinds::BUILTIN;
    use crate::schema;

    fn core() -> Value {
        let kinds: Vec<&Kind> = BUILTIN.iter().filter(|kind| kind.group.is_empty()).collect();
        document("", "v1", &kinds)
    }

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for document in [core(), document("coordination.k8s.io", "v1", &BUILTIN.iter().collect::<Vec<_>>())] {
            let mut found = Vec::new();
            references(&document, &mut found);
            assert!(found.len() > 20);
            for reference in found {
                assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            }
        }
    }

    #[test]
    fn what_kubectl_looks_for() {
        let document = core();
        for (path, kind) in [
            ("/api/v1/namespaces/{name}", "Namespace"),
            ("/api/v1/namespaces/{namespace}/pods/{name}", "Pod"),
            ("/api/v1/nodes/{name}", "Node"),
        ] {
            let patch = &document["paths"][path]["patch"];
            let gvk = json!({"group": "", "version": "v1", "kind": kind});
            assert_eq!(patch["x-kubernetes-group-version-kind"], gvk, "{path}");
            assert_eq!(patch["x-kubernetes-action"], "patch");
            let parameters = patch["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|one| one["name"] == "fieldValidation" && one["in"] == "query"));
            let content = patch["requestBody"]["content"].as_object().unwrap();
            assert!(content.contains_key("application/strategic-merge-patch+json"));
            assert!(!content.contains_key("application/apply-patch+yaml"));
        }
        assert_eq!(document["paths"]["/api/v1/pods"]["get"]["x-kubernetes-action"], "list");
        assert!(document["paths"]["/api/v1/namespaces"]["delete"].is_null());
        let binding = &document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/binding"]["post"];
        assert_eq!(binding["x-kubernetes-group-version-kind"]["kind"], "Binding");
    }

    #[test]
    fn a_deletion_of_many_says_which() {
        let document = core();
        let path = &document["paths"]["/api/v1/namespaces/{namespace}/pods"];
        let names = |operation: &str| -> Vec<String> {
            let parameters = path[operation]["parameters"].as_array().unwrap();
            parameters.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        let delete = names("delete");
        for expected in ["labelSelector", "fieldSelector", "propagationPolicy", "gracePeriodSeconds"] {
            assert!(delete.iter().any(|name| name == expected), "{expected}");
        }
        assert!(!delete.iter().any(|name| name == "watch"));
        assert!(names("get").iter().any(|name| name == "watch"));
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let document = core();
        let paths = document["paths"].as_object().unwrap().values();
        let mut names: Vec<&str> = paths
            .flat_map(|path| path.as_object().unwrap().values())
            .filter_map(|one| one["operationId"].as_str())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn schemas_carry_the_facts() {
        let document = core();
        let schemas = &document["components"]["schemas"];
        let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(containers["x-kubernetes-patch-strategy"], "merge");
        assert_eq!(containers["x-kubernetes-list-type"], "map");
        assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
        assert_eq!(containers["items"]["$ref"], "#/components/schemas/io.k8s.api.core.v1.Container");
        assert!(containers["description"].as_str().unwrap().len() > 20);
        let pod = &schemas["io.k8s.api.core.v1.Pod"];
        assert_eq!(
            pod["x-kubernetes-group-version-kind"],
            json!([{"group": "", "version": "v1", "kind": "Pod"}])
        );
        let port = &schemas["io.k8s.api.core.v1.ContainerPort"];
        assert_eq!(port["required"], json!(["containerPort"]));
        assert_eq!(port["properties"]["protocol"]["default"], "TCP");
        assert_eq!(port["properties"]["containerPort"]["format"], "int32");
        assert_eq!(schemas["io.k8s.api.core.v1.LocalObjectReference"]["x-kubernetes-map-type"], "atomic");
        assert!(schemas["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"].is_object());
    }

    #[test]
    fn every_field_of_a_served_kind_has_a_description() {
        let document = core();
        for kind in BUILTIN.iter().filter(|kind| kind.group.is_empty()) {
            for field in schema::definition(kind.definition).unwrap().fields() {
                let property = &document["components"]["schemas"][kind.definition]["properties"][field.name];
                assert!(property["description"].is_string(), "{} {}", kind.kind, field.name);
            }
        }
    }
}

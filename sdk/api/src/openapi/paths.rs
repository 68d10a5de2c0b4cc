//! Paths and operations of the served kinds and their subresources.

use serde_json::{Map, Value, json};

use super::schemas::{PATCH, reference};
use super::{parameters, subresource_definition};
use crate::kinds::{Kind, Subresource};
use crate::schema::Definition;

/// The media types of patches that are served.
const PATCH_TYPES: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

/// All paths of these kinds.
pub(super) fn of(group: &str, version: &str, kinds: &[&Kind]) -> Value {
    let root = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    let mut paths = Map::new();
    for kind in kinds {
        let scope = if kind.namespaced() { "/namespaces/{namespace}" } else { "" };
        let all = format!("{root}{scope}/{}", kind.plural);
        let one = format!("{all}/{{name}}");
        put(&mut paths, &all, collection(kind));
        put(&mut paths, &one, object(kind));
        for subresource in kind.subresources {
            put(&mut paths, &format!("{one}/{}", subresource.name), part(kind, subresource));
        }
        if kind.namespaced() {
            let mut list = operations(kind, &["list"]);
            if let Some(operation) = list.get_mut("get") {
                operation["operationId"] = format!("{}-all-namespaces", target(kind).id("list")).into();
            }
            put(&mut paths, &format!("{root}/{}", kind.plural), list);
        }
    }
    paths.sort_keys();
    Value::Object(paths)
}

fn put(paths: &mut Map<String, Value>, path: &str, mut operations: Map<String, Value>) {
    if operations.is_empty() {
        return;
    }
    operations.insert("parameters".into(), parameters::of_path(path));
    paths.insert(path.into(), Value::Object(operations));
}

fn collection(kind: &Kind) -> Map<String, Value> {
    operations(kind, &["list", "create", "deletecollection"])
}

fn object(kind: &Kind) -> Map<String, Value> {
    operations(kind, &["get", "update", "patch", "delete"])
}

/// The operations of the object itself for those of these verbs that the kind has.
fn operations(kind: &Kind, verbs: &[&str]) -> Map<String, Value> {
    let served = verbs.iter().filter(|verb| kind.verbs.contains(verb));
    served.map(|verb| (method(verb).into(), target(kind).operation(verb))).collect()
}

fn target(kind: &Kind) -> Target<'_> {
    Target { gvk: (kind.group, kind.version, kind.kind), definition: kind.definition, owner: kind, part: "" }
}

fn part(kind: &Kind, subresource: &Subresource) -> Map<String, Value> {
    let sent: Option<&'static Definition> = subresource_definition(kind, subresource.kind);
    let gvk = sent.and_then(Definition::gvk).unwrap_or((kind.group, kind.version, subresource.kind));
    let definition = sent.map_or(kind.definition, |definition| definition.name);
    let target = Target { gvk, definition, owner: kind, part: subresource.name };
    subresource.verbs.iter().map(|verb| (method(verb).into(), target.operation(verb))).collect()
}

fn method(verb: &str) -> &'static str {
    match verb {
        "create" => "post",
        "update" => "put",
        "patch" => "patch",
        "delete" | "deletecollection" => "delete",
        _ => "get",
    }
}

/// What an operation is about.
struct Target<'a> {
    gvk: (&'a str, &'a str, &'a str),
    definition: &'a str,
    owner: &'a Kind,
    /// The subresource, empty for the object itself.
    part: &'a str,
}

impl Target<'_> {
    fn operation(&self, verb: &str) -> Value {
        let (group, version, kind) = self.gvk;
        let action = match verb {
            "create" => "post",
            "update" => "put",
            other => other,
        };
        let text = match self.part {
            "" => format!("{verb} {}", self.owner.plural),
            part => format!("{verb} {part} of {}", self.owner.plural),
        };
        let mut operation = json!({
            "description": text,
            "operationId": self.id(verb),
            "parameters": self.parameters(verb),
            "responses": {
                "200": {"description": "OK", "content": self.response(verb)},
                "401": {"description": "Unauthorized"},
            },
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        });
        if let Some(body) = self.body(verb) {
            operation["requestBody"] = body;
        }
        operation
    }

    /// A name that no other operation of this document has.
    fn id(&self, verb: &str) -> String {
        let group = self.owner.group.split('.').next().unwrap_or_default();
        let words = [verb, group, self.owner.version, self.owner.kind, self.part];
        words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join("-")
    }

    fn parameters(&self, verb: &str) -> Value {
        match (verb, self.part) {
            ("get", "log") => parameters::log(),
            ("list", _) => parameters::list(),
            ("create" | "update" | "patch", _) => parameters::write(),
            ("delete", _) => parameters::delete(),
            ("deletecollection", _) => parameters::delete_collection(),
            _ => json!([]),
        }
    }

    fn body(&self, verb: &str) -> Option<Value> {
        let content: Map<String, Value> = match verb {
            "create" | "update" => {
                [("*/*".into(), json!({"schema": reference(self.definition)}))].into_iter().collect()
            }
            "patch" => {
                PATCH_TYPES.iter().map(|one| ((*one).into(), json!({"schema": reference(PATCH)}))).collect()
            }
            "delete" | "deletecollection" => {
                let options = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
                return Some(json!({"content": {"*/*": {"schema": reference(options)}}}));
            }
            _ => return None,
        };
        Some(json!({"content": content, "required": true}))
    }

    fn response(&self, verb: &str) -> Value {
        if self.part == "log" {
            return json!({"text/plain": {"schema": {"type": "string"}}});
        }
        let definition = match verb {
            "list" => format!("{}List", self.definition),
            "delete" | "deletecollection" => "io.k8s.apimachinery.pkg.apis.meta.v1.Status".into(),
            _ => self.definition.into(),
        };
        let content = json!({"schema": reference(&definition)});
        json!({"application/json": content, "application/yaml": content})
    }
}

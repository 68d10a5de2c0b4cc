//! `-o`: the forms an object can be printed in.

use std::str::FromStr;

use anyhow::Result;
use serde_json::{Value, json};

use super::{canonical, jsonpath::Template, resource::Resource};

/// A form of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The table with every column.
    Wide,
    /// JSON, indented.
    Json,
    /// YAML.
    Yaml,
    /// `pod/web`.
    Name,
    /// A JSONPath template.
    JsonPath(Template),
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=').unwrap_or((text, "")) {
            ("wide", "") => Ok(Output::Wide),
            ("json", "") => Ok(Output::Json),
            ("yaml", "") => Ok(Output::Yaml),
            ("name", "") => Ok(Output::Name),
            ("jsonpath", template) if !template.is_empty() => {
                Template::parse(template).map(Output::JsonPath).map_err(|error| error.to_string())
            }
            ("jsonpath", _) => Err("jsonpath needs a template: -o jsonpath='{.metadata.name}'".into()),
            ("jsonpath-file", path) if !path.is_empty() => {
                let template =
                    std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
                Template::parse(template.trim_end_matches('\n'))
                    .map(Output::JsonPath)
                    .map_err(|error| error.to_string())
            }
            _ => Err(format!(
                "{text:?} is none of: wide, json, yaml, name, jsonpath=TEMPLATE, jsonpath-file=FILE"
            )),
        }
    }
}

impl Output {
    /// The text of one object, or of the only list. `None` for the table forms.
    pub fn render(&self, resource: &Resource, object: &Value) -> Result<Option<String>> {
        Ok(Some(match self {
            Output::Wide => return Ok(None),
            Output::Json => format!("{}\n", canonical::indented(object)),
            Output::Yaml => serde_saphyr::to_string(&canonical::sorted(object))?,
            Output::Name => names(resource, object),
            Output::JsonPath(template) => template.render(object)?,
        }))
    }
}

/// `pod/web` for an object, and for each of a list. An object says itself what it is.
fn names(resource: &Resource, object: &Value) -> String {
    let name = |one: &Value| {
        let name = one["metadata"]["name"].as_str().unwrap_or_default();
        let Some(kind) = one["kind"].as_str() else { return format!("{}\n", resource.object(name)) };
        let group = one["apiVersion"].as_str().and_then(|version| version.split_once('/'));
        let group = group.map(|(group, _)| format!(".{group}")).unwrap_or_default();
        format!("{}{group}/{name}\n", kind.to_lowercase())
    };
    match object["items"].as_array() {
        Some(items) => items.iter().map(name).collect(),
        None => name(object),
    }
}

/// Several objects as one `List`, as kubectl prints them.
pub fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use kube::discovery::Scope;

    use super::*;

    fn pods() -> Resource {
        Resource {
            group: String::new(),
            version: "v1".into(),
            kind: "Pod".into(),
            plural: "pods".into(),
            singular: "pod".into(),
            short_names: Vec::new(),
            categories: Vec::new(),
            scope: Scope::Namespaced,
        }
    }

    fn render(form: &str, object: &Value) -> String {
        form.parse::<Output>().unwrap().render(&pods(), object).unwrap().unwrap()
    }

    #[test]
    fn forms() {
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "labels": {"b": "1", "a": "x: y"}}});
        assert_eq!(
            render("yaml", &pod),
            "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    a: \"x: y\"\n    b: \"1\"\n  name: web\n"
        );
        assert!(render("json", &pod).starts_with("{\n    \"apiVersion\": \"v1\",\n    \"kind\""));
        assert_eq!(render("name", &pod), "pod/web\n");
        assert_eq!(render("jsonpath={.metadata.labels}", &pod), r#"{"a":"x: y","b":"1"}"#);
        let lease =
            json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "l"}});
        assert_eq!(render("name", &list(vec![pod, lease])), "pod/web\nlease.coordination.k8s.io/l\n");
        assert!("jsonpath={.a".parse::<Output>().is_err());
        assert!("custom".parse::<Output>().is_err());
    }
}

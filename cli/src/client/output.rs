//! `-o`: the forms an object can be printed in.

use std::str::FromStr;

use anyhow::Result;
use serde_json::{Value, json};

use super::{jsonpath::Template, resource::Resource};

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
            _ => Err(format!("{text:?} is none of: wide, json, yaml, name, jsonpath=TEMPLATE")),
        }
    }
}

impl Output {
    /// The text of one object, or of the only list. `None` for the table forms.
    pub fn render(&self, resource: &Resource, object: &Value) -> Result<Option<String>> {
        Ok(Some(match self {
            Output::Wide => return Ok(None),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(object)?),
            Output::Yaml => serde_saphyr::to_string(object)?,
            Output::Name => names(resource, object),
            Output::JsonPath(template) => template.render(object)?,
        }))
    }
}

fn names(resource: &Resource, object: &Value) -> String {
    let name =
        |one: &Value| format!("{}\n", resource.object(one["metadata"]["name"].as_str().unwrap_or_default()));
    match object["items"].as_array() {
        Some(items) => items.iter().map(name).collect(),
        None => name(object),
    }
}

/// Several objects as one `List`, as kubectl prints them.
pub fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

//! Rendered texts into documents, as lint looks at them.

use crate::{chart::decode, value::Value, yaml};

/// What lint looks at.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// `apiVersion`.
    pub(super) api_version: String,
    /// `kind`.
    pub(super) kind: String,
    /// `metadata.name`.
    pub(super) name: String,
    /// The annotations' keys of the items of a `List`.
    pub(super) item_annotations: Vec<String>,
}

/// The documents of a text; `None` for one that is empty.
pub(super) fn read(text: &[u8]) -> impl Iterator<Item = Result<Option<Document>, String>> {
    yaml::documents(text).map(|document| {
        let document = document.map_err(|error| error.to_string())?;
        let value = yaml::read_exact(&document).map_err(|error| error.to_string())?;
        match value {
            Value::Nil => Ok(None),
            value => one(&value).map(Some).map_err(|mismatch| mismatch.to_string()),
        }
    })
}

fn one(value: &Value) -> Result<Document, decode::Mismatch> {
    let mut document = Document::default();
    decode::object(value, |field, value| match field {
        "apiversion" => decode::string(value, &mut document.api_version),
        "kind" => decode::string(value, &mut document.kind),
        "metadata" => decode::object(value, |field, value| match field {
            "name" => decode::string(value, &mut document.name),
            _ => Ok(()),
        }),
        "items" => {
            document.item_annotations = item_annotations(value);
            Ok(())
        }
        _ => Ok(()),
    })?;
    Ok(document)
}

fn item_annotations(items: &Value) -> Vec<String> {
    let Value::List(items) = items else { return Vec::new() };
    let inner = |value: &Value, key: &str| match value {
        Value::Map(map) => map.get(key.as_bytes()).unwrap_or_default(),
        _ => Value::Nil,
    };
    let annotations = items.iter().map(|item| inner(&inner(item, "metadata"), "annotations"));
    annotations
        .flat_map(|annotations| match annotations {
            Value::Map(map) => map.entries().keys().map(ToString::to_string).collect::<Vec<_>>(),
            _ => Vec::new(),
        })
        .collect()
}

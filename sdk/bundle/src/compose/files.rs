//! `configs` and `secrets`: their content becomes a ConfigMap or a Secret with one key, `content`.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Converted, Error, Surroundings,
    model::{Project, Source},
    object_name,
};

/// The key that holds the content.
pub(super) const KEY: &str = "content";

/// Adds the objects of all configs and secrets that are not external.
pub(super) fn add(
    project: &Project,
    surroundings: &dyn Surroundings,
    converted: &mut Converted,
) -> Result<(), Error> {
    for (name, source) in &project.configs {
        if let Some(content) = content("configs", name, source, surroundings)? {
            converted.objects.push(config_map(&object(name, source), &content));
        }
    }
    for (name, source) in &project.secrets {
        if let Some(content) = content("secrets", name, source, surroundings)? {
            converted.objects.push(json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": object(name, source)},
                "type": "Opaque", "data": {KEY: STANDARD.encode(&content)},
            }));
        }
    }
    Ok(())
}

/// The object's name: the source's own `name`, else its key.
pub(super) fn object(key: &str, source: &Source) -> String {
    object_name(source.name.as_deref().unwrap_or(key))
}

/// A ConfigMap with one key; content that is no text goes into `binaryData`.
pub(super) fn config_map(name: &str, content: &[u8]) -> Value {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    match std::str::from_utf8(content) {
        Ok(text) => map["data"] = json!({KEY: text}),
        Err(_) => map["binaryData"] = json!({KEY: STANDARD.encode(content)}),
    }
    map
}

fn content(
    section: &str,
    name: &str,
    source: &Source,
    surroundings: &dyn Surroundings,
) -> Result<Option<Vec<u8>>, Error> {
    let field = format!("{section}.{name}");
    match (&source.file, &source.environment, &source.content) {
        _ if source.external => Ok(None),
        (Some(path), None, None) => read(&format!("{field}.file"), path, surroundings).map(Some),
        (None, Some(variable), None) => match surroundings.variable(variable) {
            Some(value) => Ok(Some(value.into_bytes())),
            None => Err(Error::Variable {
                name: variable.clone(),
                problem: format!("must be set: {field} takes its content from it"),
            }),
        },
        (None, None, Some(text)) => Ok(Some(text.clone().into_bytes())),
        _ => Err(Error::Form {
            path: field,
            problem: "needs exactly one of file, environment, content, or external: true".into(),
        }),
    }
}

/// A file that the Compose file names.
pub(super) fn read(field: &str, path: &str, surroundings: &dyn Surroundings) -> Result<Vec<u8>, Error> {
    let failed = |problem| Error::File { field: field.into(), path: path.into(), problem };
    surroundings.file(path).map_err(failed)
}

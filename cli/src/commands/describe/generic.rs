//! The description of any other kind: its metadata, then every field, with names as words.

use serde_json::Value;

use super::text::{Text, plain};
use crate::client::resource::Resource;

/// What metadata says that people do not ask for.
const HIDDEN: &[&str] = &["name", "namespace", "labels", "annotations", "managedFields"];

pub(super) fn describe(text: &mut Text, resource: &Resource, object: &Value) {
    let meta = &object["metadata"];
    text.field(0, "Name", &plain(&meta["name"]));
    if resource.namespaced() {
        text.field(0, "Namespace", &plain(&meta["namespace"]));
    }
    text.map(0, "Labels", &meta["labels"]);
    text.map(0, "Annotations", &meta["annotations"]);
    text.field(0, "API Version", &resource.api_version());
    text.field(0, "Kind", &resource.kind);
    text.line(0, "Metadata:");
    for (key, value) in
        meta.as_object().into_iter().flatten().filter(|(key, _)| !HIDDEN.contains(&key.as_str()))
    {
        field(text, 2, key, value);
    }
    let own = |key: &str| !["apiVersion", "kind", "metadata"].contains(&key);
    for (key, value) in object.as_object().into_iter().flatten().filter(|(key, _)| own(key)) {
        match (resource.kind.as_str(), key.as_str()) {
            // A secret's values are not for screens.
            ("Secret", "data") => sizes(text, value),
            _ => field(text, 0, key, value),
        }
    }
}

fn sizes(text: &mut Text, data: &Value) {
    text.line(0, "Data:");
    for (key, value) in data.as_object().into_iter().flatten() {
        let encoded = value.as_str().unwrap_or_default();
        let bytes = encoded.trim_end_matches('=').len() * 3 / 4;
        text.field(2, key, &format!("{bytes} bytes"));
    }
}

fn field(text: &mut Text, indent: usize, key: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            text.line(indent, &format!("{}:", words(key)));
            map.iter().for_each(|(key, value)| field(text, indent + 2, key, value));
        }
        Value::Array(items) => {
            text.line(indent, &format!("{}:", words(key)));
            for item in items {
                match item {
                    Value::Object(map) => {
                        map.iter().for_each(|(key, value)| field(text, indent + 2, key, value))
                    }
                    other => text.line(indent + 2, &plain(other)),
                }
            }
        }
        other if other.as_str().is_some_and(|lines| lines.contains('\n')) => {
            text.line(indent, &format!("{}:", words(key)));
            plain(other).lines().for_each(|line| text.line(indent + 2, line));
        }
        other => text.field(indent, &words(key), &plain(other)),
    }
}

/// `renewTime` as `Renew Time`.
fn words(key: &str) -> String {
    // Keys of data are names, not words.
    if key.contains(['.', '/', '-', '_']) {
        return key.into();
    }
    let mut out = String::with_capacity(key.len() + 4);
    let mut last_lower = false;
    for (index, character) in key.chars().enumerate() {
        if character.is_uppercase() && last_lower {
            out.push(' ');
        }
        last_lower = character.is_lowercase();
        out.extend(if index == 0 { character.to_uppercase().collect::<Vec<_>>() } else { vec![character] });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (key, expected) in
            [("renewTime", "Renew Time"), ("uid", "Uid"), ("clusterIP", "Cluster IP"), ("ca.crt", "ca.crt")]
        {
            assert_eq!(words(key), expected);
        }
    }
}

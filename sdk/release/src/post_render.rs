//! What is rendered goes through somebody else's hands before it is sorted: files as one stream of YAML documents, each
//! with an annotation that names its file, and back again. Pure; who changes the stream is the caller's affair.

use std::collections::BTreeMap;

use naru_bundle::{json, yaml};
use serde_json::{Value, json};

/// Names the file of a document while it is away; Helm 4's own.
pub const FILE_ANNOTATION: &str = "postrenderer.helm.sh/postrender-filename";

/// All documents of `files` as one stream. Partials and empty files are left out.
///
/// # Errors
/// A file that is no YAML; the error names it.
pub fn merge(files: &BTreeMap<String, String>) -> Result<String, String> {
    let mut stream = Vec::new();
    for (name, text) in files {
        let base = name.rsplit('/').next().unwrap_or(name);
        if base.starts_with('_') || text.trim().is_empty() {
            continue;
        }
        for mut document in documents(text).map_err(|error| format!("parsing {name}: {error}"))? {
            if !document.is_object() {
                return Err(format!("annotating {name}: a document is no map"));
            }
            let metadata = &mut document["metadata"];
            if !metadata["annotations"].is_object() {
                metadata["annotations"] = json!({});
            }
            metadata["annotations"][FILE_ANNOTATION] = json!(name);
            stream.push(write(&document)?);
        }
    }
    Ok(stream.join("---\n"))
}

/// A stream as files again, without the annotation. A document that has none gets a file of its own.
///
/// # Errors
/// A stream that is no YAML.
pub fn split(stream: &str) -> Result<BTreeMap<String, String>, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let all =
        documents(stream).map_err(|error| format!("error while parsing post-rendered output: {error}"))?;
    for (at, mut document) in all.into_iter().enumerate() {
        let annotations = document.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
        let named = annotations.and_then(|all| {
            let name = all.remove(FILE_ANNOTATION)?.as_str().map(String::from);
            name.map(|name| (name, all.is_empty()))
        });
        let name = match named {
            Some((name, nothing_left)) => {
                if nothing_left && let Some(metadata) = document["metadata"].as_object_mut() {
                    metadata.remove("annotations");
                }
                name
            }
            None => format!("generated-by-postrender-{at}.yaml"),
        };
        let file = files.entry(name).or_default();
        if !file.is_empty() {
            file.push_str("---\n");
        }
        file.push_str(&write(&document)?);
    }
    Ok(files)
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for document in yaml::documents(text.as_bytes()) {
        let document = document.map_err(|error| error.to_string())?;
        let value = yaml::read_exact(&document).map_err(|error| error.to_string())?;
        let text = json::write(&value, json::Style::Raw).map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if !value.is_null() {
            all.push(value);
        }
    }
    Ok(all)
}

fn write(document: &Value) -> Result<String, String> {
    let value = yaml::read_exact(document.to_string().as_bytes()).map_err(|error| error.to_string())?;
    yaml::write(&value).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
    }

    #[test]
    fn files_go_and_come_back() {
        let before = files(&[
            ("c/templates/_helpers.tpl", "x"),
            ("c/templates/a.yaml", "kind: A\nmetadata:\n  name: a\n---\nkind: B\n"),
            ("c/templates/b.yaml", "kind: C\nmetadata:\n  annotations:\n    x: \"1\"\n"),
            ("c/templates/empty.yaml", " \n"),
        ]);
        let stream = merge(&before).unwrap();
        assert_eq!(stream.matches(FILE_ANNOTATION).count(), 3, "{stream}");
        let after = split(&format!("{stream}---\nkind: New\n")).unwrap();
        let expected = files(&[
            ("c/templates/a.yaml", "kind: A\nmetadata:\n  name: a\n---\nkind: B\nmetadata: {}\n"),
            ("c/templates/b.yaml", "kind: C\nmetadata:\n  annotations:\n    x: \"1\"\n"),
            ("generated-by-postrender-3.yaml", "kind: New\n"),
        ]);
        assert_eq!(after, expected);
    }

    #[test]
    fn what_is_no_yaml_is_named() {
        for (text, expected) in [("a: [", "parsing c/a.yaml: "), ("- 1\n", "annotating c/a.yaml: ")] {
            let error = merge(&files(&[("c/a.yaml", text)])).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        assert!(split("a: [").unwrap_err().starts_with("error while parsing post-rendered output: "));
    }
}

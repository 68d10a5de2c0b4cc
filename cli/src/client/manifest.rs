//! Manifests from files, directories and standard input: YAML or JSON, several documents, `List`s taken apart.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use naru_api::decode;
use serde_json::Value;

/// What a manifest file's name ends in.
const EXTENSIONS: &[&str] = &["json", "yaml", "yml"];

/// Where manifests come from.
#[derive(Clone, Debug, Args)]
pub struct FileArgs {
    /// A manifest file, a directory of them, or - for standard input; may be given several times.
    #[arg(long = "filename", short, value_name = "FILE")]
    pub filename: Vec<PathBuf>,
    /// Take directories with all below them.
    #[arg(long, short = 'R')]
    pub recursive: bool,
}

/// Why manifests cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that is not there.
    #[error("the path {0:?} does not exist")]
    Missing(String),
    /// A file that cannot be read.
    #[error("the path {path:?} cannot be read")]
    Read {
        /// Which.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A document that is no YAML or JSON.
    #[error("error parsing {path}")]
    Parse {
        /// Which file.
        path: String,
        /// What is wrong, and where.
        #[source]
        source: decode::Error,
    },
    /// A document that is no Kubernetes object.
    #[error("error validating {path:?}: error validating data: {problem} not set")]
    NoObject {
        /// Which file.
        path: String,
        /// What is missing.
        problem: &'static str,
    },
    /// A field of an object's identity that is of another type.
    #[error("unable to decode {path:?}: {field} is {found}")]
    Mistyped {
        /// Which file.
        path: String,
        /// The field.
        field: String,
        /// What it is, what it must be, and how.
        found: String,
    },
    /// Nothing was found.
    #[error("no objects in {0}: it takes files ending in .yaml, .yml or .json")]
    Empty(String),
}

/// An object and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The file, for messages.
    pub path: String,
    /// The object.
    pub object: Value,
}

/// Every object of every file, in order.
pub fn read(args: &FileArgs) -> Result<Vec<Manifest>, Error> {
    let mut objects = Vec::new();
    for path in &args.filename {
        let before = objects.len();
        for file in files(path, args.recursive)? {
            let content = content(&file)?;
            let name = if file.as_os_str() == "-" { "STDIN".into() } else { file.display().to_string() };
            parse(&name, &content, &mut objects)?;
        }
        if objects.len() == before {
            return Err(Error::Empty(path.display().to_string()));
        }
    }
    Ok(objects)
}

fn files(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, Error> {
    if path.as_os_str() == "-" || !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let failed = |source| Error::Read { path: path.display().to_string(), source };
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        let manifest = entry.extension().is_some_and(|end| EXTENSIONS.iter().any(|one| end == *one));
        if entry.is_dir() && recursive {
            found.extend(files(&entry, true)?);
        } else if manifest && !entry.is_dir() {
            found.push(entry);
        }
    }
    Ok(found)
}

fn content(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => Error::Missing(path.display().to_string()),
        _ => Error::Read { path: path.display().to_string(), source },
    };
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(failed);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn parse(path: &str, content: &[u8], objects: &mut Vec<Manifest>) -> Result<(), Error> {
    let documents = decode::yaml_documents(content);
    for document in documents.map_err(|source| Error::Parse { path: path.into(), source })? {
        match document.value {
            // An empty document between separators.
            Value::Null => {}
            object => flatten(path, object, objects)?,
        }
    }
    Ok(())
}

fn flatten(path: &str, mut object: Value, objects: &mut Vec<Manifest>) -> Result<(), Error> {
    if let Some((field, found)) = mistyped(&object) {
        return Err(Error::Mistyped { path: path.into(), field, found });
    }
    for problem in ["apiVersion", "kind"] {
        let given = object[problem].as_str().is_some_and(|text| !text.is_empty());
        if !given {
            return Err(Error::NoObject { path: path.into(), problem });
        }
    }
    let is_list =
        object["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && object["items"].is_array();
    if !is_list {
        objects.push(Manifest { path: path.into(), object });
        return Ok(());
    }
    let Value::Array(items) = object["items"].take() else { return Ok(()) };
    items.into_iter().try_for_each(|item| flatten(path, item, objects))
}

/// The first field that says what an object is and has another type than that has, and what it is instead. All else is the
/// server's to judge.
fn mistyped(object: &Value) -> Option<(String, String)> {
    if !object.is_object() {
        return Some(("the document".into(), instead(object, "an object")));
    }
    let metadata = &object["metadata"];
    if !metadata.is_null() && !metadata.is_object() {
        return Some(("metadata".into(), instead(metadata, "an object")));
    }
    let texts = [
        ("apiVersion", &object["apiVersion"]),
        ("kind", &object["kind"]),
        ("metadata.name", &metadata["name"]),
        ("metadata.generateName", &metadata["generateName"]),
        ("metadata.namespace", &metadata["namespace"]),
    ];
    let no_text = |value: &Value| !value.is_null() && !value.is_string();
    if let Some((field, value)) = texts.into_iter().find(|(_, value)| no_text(value)) {
        return Some((field.into(), instead(value, "a string")));
    }
    ["labels", "annotations"].into_iter().find_map(|field| {
        let map = &metadata[field];
        let Value::Object(entries) = map else {
            let wrong = !map.is_null();
            return wrong.then(|| (format!("metadata.{field}"), instead(map, "an object of strings")));
        };
        let (key, value) = entries.iter().find(|(_, value)| no_text(value))?;
        Some((format!("metadata.{field}[{key}]"), instead(value, "a string")))
    })
}

/// What a value is instead of what it must be, and what to do about it.
fn instead(value: &Value, wanted: &str) -> String {
    const QUOTES: &str = "put it in quotes";
    let found = match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the string {value:?}"),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    };
    let remedy = match value {
        Value::Bool(_) if wanted == "a string" => {
            format!(": {QUOTES} (without them, YAML reads y, yes, on, n, no and off as booleans, too)")
        }
        Value::Number(_) if wanted == "a string" => format!(": {QUOTES}"),
        _ => String::new(),
    };
    format!("{found}, and must be {wanted}{remedy}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(content: &str) -> Result<Vec<String>, String> {
        let mut objects = Vec::new();
        parse("x.yaml", content.as_bytes(), &mut objects).map_err(|error| error.to_string())?;
        Ok(objects.iter().map(|one| one.object["metadata"]["name"].as_str().unwrap().into()).collect())
    }

    #[test]
    fn documents_and_lists_become_objects() {
        let text = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: List\nitems:\n\
                    - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n";
        assert_eq!(names(text), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(
            names("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"j\"}}"),
            Ok(vec!["j".into()])
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            names("kind: Pod"),
            Err("error validating \"x.yaml\": error validating data: apiVersion not set".into())
        );
        assert_eq!(
            names("apiVersion: v1"),
            Err("error validating \"x.yaml\": error validating data: kind not set".into())
        );
        assert!(names("a: [").unwrap_err().starts_with("error parsing x.yaml"));
    }

    #[test]
    fn what_is_of_another_type_is_said_to_be_so() {
        const BOOLEAN: &str = "and must be a string: put it in quotes (without them, YAML reads y, yes, on, n, no and off as \
                               booleans, too)";
        let named = |metadata: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {metadata}");
        for (text, expected) in [
            (named("{name: y}"), format!("metadata.name is the boolean true, {BOOLEAN}")),
            (
                named("{name: a, namespace: no}"),
                format!("metadata.namespace is the boolean false, {BOOLEAN}"),
            ),
            (
                named("{name: a, labels: {b: on}}"),
                format!("metadata.labels[b] is the boolean true, {BOOLEAN}"),
            ),
            (
                named("{name: 1.5}"),
                "metadata.name is the number 1.5, and must be a string: put it in quotes".into(),
            ),
            (named("{name: [a]}"), "metadata.name is a list, and must be a string".into()),
            (named("x"), "metadata is the string \"x\", and must be an object".into()),
            (
                named("{name: a, annotations: x}"),
                "metadata.annotations is the string \"x\", and must be an object of strings".into(),
            ),
            (
                "apiVersion: 1".into(),
                "apiVersion is the number 1, and must be a string: put it in quotes".into(),
            ),
            ("just text".into(), "the document is the string \"just text\", and must be an object".into()),
        ] {
            assert_eq!(names(&text), Err(format!("unable to decode \"x.yaml\": {expected}")), "{text}");
        }
    }

    #[test]
    fn directories_are_read_in_order_and_only_manifests() {
        let dir = tempfile::tempdir().unwrap();
        for (name, object) in [("b.yaml", "b"), ("a.json", "a"), ("note.txt", "no")] {
            let text = format!(
                "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"{object}\"}}}}"
            );
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let args = FileArgs { filename: vec![dir.path().into()], recursive: false };
        let found: Vec<String> = read(&args)
            .unwrap()
            .iter()
            .map(|one| one.object["metadata"]["name"].as_str().unwrap().into())
            .collect();
        assert_eq!(found, ["a", "b"]);
    }
}

//! YAML bodies and manifests, read as Kubernetes reads them: YAML 1.1 booleans and octal numbers, merge keys, no tags.

use serde::de::{Deserialize, DeserializeSeed, Deserializer};
use serde_json::Value;
use serde_saphyr::Error as YamlError;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::value::{Duplicates, Seed};
use super::{Decoded, Error};

/// Most documents in one manifest.
const DOCUMENTS_MAX: usize = 100_000;
/// Deepest nesting.
const DEPTH_MAX: usize = 128;
/// Most values in one manifest, aliases counted once.
const NODES_MAX: usize = 5_000_000;
/// Most values that aliases may repeat: a small manifest must not become a large object.
const REPEATED_MAX: usize = 100_000;
/// Most bytes of text in one manifest, in bytes.
const TEXT_BYTES_MAX: usize = 32 << 20;

/// Decodes a YAML body of one document. JSON is YAML too. A repeated key is given without its path.
///
/// # Errors
/// Malformed YAML, with the line.
pub fn yaml(bytes: &[u8]) -> Result<Decoded, Error> {
    let mut documents = yaml_documents(bytes)?;
    match documents.len() {
        0 => Ok(Decoded::default()),
        1 => Ok(documents.remove(0)),
        _ => Err(Error::Yaml("expected a single document in the stream".into())),
    }
}

/// Decodes a manifest: any number of documents, without the empty ones. A manifest that is one JSON object is read as JSON,
/// so its repeated keys have paths.
///
/// # Errors
/// Malformed YAML, with the line.
pub fn yaml_documents(bytes: &[u8]) -> Result<Vec<Decoded>, Error> {
    if bytes.trim_ascii_start().starts_with(b"{")
        && let Ok(decoded) = super::json(bytes)
    {
        return Ok(vec![decoded]);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Yaml("invalid UTF-8".into()))?;
    let mut duplicates = Vec::new();
    let documents = match parse(text, DuplicateKeyPolicy::Error) {
        Err(error) if duplicate(&error).is_some() => {
            duplicates.extend(duplicate(&error));
            parse(text, DuplicateKeyPolicy::LastWins)
        }
        other => other,
    };
    let documents = documents.map_err(|error| Error::Yaml(message(&error)))?;
    let documents = documents.into_iter().map(|document| document.0).filter(|value| !value.is_null());
    let mut list: Vec<Decoded> = documents.map(|value| Decoded { value, duplicates: Vec::new() }).collect();
    if let Some(first) = list.first_mut() {
        first.duplicates = duplicates;
    }
    Ok(list)
}

struct Document(Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed(&Duplicates::default()).deserialize(deserializer).map(Document)
    }
}

fn parse(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Vec<Document>, YamlError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: DOCUMENTS_MAX,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 2 * NODES_MAX,
            max_total_scalar_bytes: TEXT_BYTES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: REPEATED_MAX,
        },
        duplicate_keys: duplicate_keys,
        legacy_octal_numbers: true,
        with_snippet: false,
        emit_comments: false,
    };
    serde_saphyr::from_multiple_with_options(text, options)
}

/// The key, when this is about a repeated one.
fn duplicate(error: &YamlError) -> Option<String> {
    match error.without_snippet() {
        YamlError::DuplicateMappingKey { key, .. } => Some(key.clone().unwrap_or_default()),
        _ => None,
    }
}

fn message(error: &YamlError) -> String {
    let text = error.without_snippet().to_string();
    // The parser repeats the place at the end of its message; Kubernetes users look for it in front.
    let text = text.split(" at line ").next().unwrap_or(&text).trim_end_matches([':', ',']);
    match error.location() {
        Some(location) if location.line() > 0 => format!("line {}: {text}", location.line()),
        _ => text.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_as_kubernetes_reads_them() {
        let text = "a: yes\nb: 0644\nc: \"yes\"\nd: 1.5\ne: ~\nf: off\ng: 1e3\n1: x\ntrue: y1\nh: 2024-01-01\ni: 0x10\n";
        let expected = json!({
            "a": true, "b": 420, "c": "yes", "d": 1.5, "e": null, "f": false, "g": 1000.0, "1": "x", "true": "y1",
            "h": "2024-01-01", "i": 16,
        });
        assert_eq!(yaml(text.as_bytes()).unwrap().value, expected);
    }

    #[test]
    fn anchors_merge_keys_and_blocks() {
        let text = "x: &x {a: 1, b: 2}\nv:\n  <<: *x\n  b: 3\nz: |\n  one\n  two\nw: >-\n  one\n  two\n";
        let decoded = yaml(text.as_bytes()).unwrap().value;
        assert_eq!(decoded["v"]["a"], json!(1));
        assert_eq!(decoded["v"]["b"], json!(3));
        assert_eq!(decoded["z"], json!("one\ntwo\n"));
        assert_eq!(decoded["w"], json!("one two"));
    }

    #[test]
    fn json_is_yaml() {
        let text = "{\"a\": [1, true, null, \"x\\n\"], \"b\": {}}";
        assert_eq!(yaml(text.as_bytes()).unwrap().value, json!({"a": [1, true, null, "x\n"], "b": {}}));
        assert_eq!(yaml(b" {\"a\": {\"b\": 1, \"b\": 2}}").unwrap().duplicates, ["a.b"]);
        assert_eq!(yaml_documents(b"{a: 1}\n---\n{\"b\": 2}\n").unwrap().len(), 2);
    }

    #[test]
    fn documents() {
        let text = "---\na: 1\n---\n# nothing\n---\nb: 2\n...\n";
        let all = yaml_documents(text.as_bytes()).unwrap();
        assert_eq!(
            all.iter().map(|one| one.value.clone()).collect::<Vec<_>>(),
            [json!({"a": 1}), json!({"b": 2})]
        );
        assert!(yaml(text.as_bytes()).is_err());
        assert_eq!(yaml(b"").unwrap().value, Value::Null);
    }

    #[test]
    fn repeated_keys() {
        let decoded = yaml(b"a: 1\nb:\n  c: 1\n  c: 2\n").unwrap();
        assert_eq!(decoded.value, json!({"a": 1, "b": {"c": 2}}));
        assert_eq!(decoded.duplicates, ["c"]);
    }

    #[test]
    fn malformed() {
        let error = yaml(b"a: 1\nb: [\n").unwrap_err().to_string();
        assert!(error.starts_with("error converting YAML to JSON: yaml: line "), "{error}");
        let error = yaml(b"a: b: c\n").unwrap_err().to_string();
        assert!(error.starts_with("error converting YAML to JSON: yaml: line 1: "), "{error}");
        assert!(yaml("[".repeat(10_000).as_bytes()).is_err());
    }

    #[test]
    fn aliases_cannot_make_a_small_manifest_large() {
        let lists: String = (1..12)
            .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(",")))
            .collect();
        assert!(yaml(format!("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{lists}").as_bytes()).is_err());
        let anchors: String = (0..200).map(|n| format!("b{n}: &b{n} x\n")).collect();
        let texts = format!("a: &a {}\n{anchors}c: [{}]\n", "x".repeat(100_000), vec!["*a"; 400].join(","));
        let error = yaml(texts.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("scalar"), "{error}");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}\"':,\\-a-c0-9&*!|>\n #%?~.]{0,60}") {
            let _ = yaml_documents(text.as_bytes());
        }
    }
}

//! The stored form of an object, and how its resourceVersion gets into it without parsing.
//!
//! The stored form is compact JSON whose first members are `apiVersion`, `kind` and `metadata`, and whose metadata has no
//! resourceVersion: the store's revision is the version. Reading puts `"resourceVersion":"N",` right behind the opening brace of
//! `metadata`, a place found in the first bytes. Objects written by others in another order are brought into this form when they are read.

use bytes::Bytes;
use naru_store::Revision;
use serde_json::Value;

/// The member that may be carried over as bytes.
pub(crate) const CARRIED: &str = "spec";
/// Room that is made at once; most objects fit.
const STORED_BYTES: usize = 4 << 10;

/// The members that open the stored form.
const HEAD: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// An object's bytes with its resourceVersion, and where the version's digits are.
pub(crate) struct Versioned {
    /// The JSON document.
    pub(crate) bytes: Bytes,
    /// The document and a comma.
    pub(crate) followed: Bytes,
    /// Offset and length of the version's digits.
    pub(crate) digits: (u32, u8),
}

impl Versioned {
    fn new(mut document: Vec<u8>, digits: (u32, u8)) -> Self {
        document.push(b',');
        let followed = Bytes::from(document);
        Versioned { bytes: followed.slice(..followed.len() - 1), followed, digits }
    }
}

/// The stored form of `object`; its `metadata.resourceVersion` is left out.
pub(crate) fn stored(object: &Value) -> Vec<u8> {
    stored_with(object, None)
}

/// The stored form of `object`, whose [`CARRIED`] member is replaced by what is given for it.
pub(crate) fn stored_with(object: &Value, carried: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(STORED_BYTES + carried.map_or(0, <[u8]>::len));
    out.push(b'{');
    for name in HEAD {
        match object.get(name) {
            Some(Value::Object(metadata)) if name == "metadata" => {
                let members = metadata.iter().filter(|(key, _)| *key != "resourceVersion");
                member(&mut out, name);
                out.push(b'{');
                members.for_each(|(key, value)| {
                    member(&mut out, key);
                    append(&mut out, value);
                });
                out.push(b'}');
            }
            Some(value) => {
                member(&mut out, name);
                append(&mut out, value);
            }
            None => {}
        }
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        if HEAD.contains(&name.as_str()) {
            continue;
        }
        member(&mut out, name);
        match carried {
            Some(carried) if name == CARRIED => out.extend_from_slice(carried),
            _ => append(&mut out, value),
        }
    }
    out.push(b'}');
    out
}

/// Puts the resourceVersion into stored bytes. `None` if they are no JSON object.
pub(crate) fn versioned(stored_bytes: &[u8], revision: Revision) -> Option<Versioned> {
    if let Some(at) = inside_metadata(stored_bytes) {
        return Some(splice(stored_bytes, at, revision));
    }
    let mut object: Value = serde_json::from_slice(stored_bytes).ok()?;
    if !object.is_object() {
        return None;
    }
    naru_api::meta::metadata_mut(&mut object);
    let bytes = stored(&object);
    let at = inside_metadata(&bytes)?;
    Some(splice(&bytes, at, revision))
}

/// The same object at another version (the last state of a deleted object has the version of its deletion).
pub(crate) fn at_revision(bytes: &[u8], digits: (u32, u8), revision: Revision) -> Versioned {
    let (start, length) = (digits.0 as usize, digits.1 as usize);
    let text = revision.to_string();
    let mut out = Vec::with_capacity(bytes.len() + text.len() + 1);
    out.extend_from_slice(&bytes[..start]);
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(&bytes[start + length..]);
    Versioned::new(out, (digits.0, text.len() as u8))
}

fn splice(bytes: &[u8], at: usize, revision: Revision) -> Versioned {
    const OPEN: &[u8] = br#""resourceVersion":""#;
    let text = revision.to_string();
    let mut out = Vec::with_capacity(bytes.len() + OPEN.len() + text.len() + 3);
    out.extend_from_slice(&bytes[..at]);
    out.extend_from_slice(OPEN);
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    if bytes.get(at) != Some(&b'}') {
        out.push(b',');
    }
    out.extend_from_slice(&bytes[at..]);
    // 3 MiB of body at most, so offsets fit; a u64 has at most 20 digits.
    Versioned::new(out, (start as u32, text.len() as u8))
}

/// The offset right behind `"metadata":{` if the document opens with plain string members and then metadata that has no
/// resourceVersion as its first member.
fn inside_metadata(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    eat(bytes, &mut at, b"{")?;
    for _ in 0..HEAD.len() {
        if eat(bytes, &mut at, br#""metadata":{"#).is_some() {
            return (!bytes[at..].starts_with(br#""resourceVersion""#)).then_some(at);
        }
        plain_string(bytes, &mut at)?;
        eat(bytes, &mut at, b":")?;
        plain_string(bytes, &mut at)?;
        eat(bytes, &mut at, b",")?;
    }
    None
}

fn eat(bytes: &[u8], at: &mut usize, token: &[u8]) -> Option<()> {
    bytes.get(*at..)?.starts_with(token).then(|| *at += token.len())
}

/// Steps over a string without escapes.
fn plain_string(bytes: &[u8], at: &mut usize) -> Option<()> {
    eat(bytes, at, b"\"")?;
    let length = bytes[*at..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    *at += length;
    eat(bytes, at, b"\"")
}

fn member(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    serde_json::to_writer(&mut *out, name).expect("invariant: strings always serialise into memory");
    out.push(b':');
}

fn append(out: &mut Vec<u8>, value: &Value) {
    serde_json::to_writer(out, value).expect("invariant: JSON values always serialise into memory");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn stored_form_has_a_fixed_head_and_no_version() {
        let object = json!({"data": {"a": "b"}, "metadata": {"name": "x", "resourceVersion": "4", "labels": {}},
            "kind": "ConfigMap", "apiVersion": "v1"});
        let expected =
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{}},"data":{"a":"b"}}"#;
        assert_eq!(String::from_utf8(stored(&object)).unwrap(), expected);
    }

    #[test]
    fn versions_are_spliced_in_and_replaced() {
        for raw in [
            r#"{"apiVersion":"v1","kind":"X","metadata":{"name":"x"},"a":1}"#,
            r#"{"metadata":{"name":"x"},"a":1}"#,
            r#"{"a":1,"metadata":{"name":"x","resourceVersion":"3"}}"#,
            r#"{"metadata":{"resourceVersion":"3","name":"x"},"a":1}"#,
            r#" { "metadata" : {"name":"x"}, "a":1}"#,
            r#"{"metadata":{},"a":1}"#,
            r#"{"a":1}"#,
        ] {
            let got = versioned(raw.as_bytes(), Revision(77)).unwrap();
            let value: Value = serde_json::from_slice(&got.bytes).unwrap();
            assert_eq!(value["metadata"]["resourceVersion"], "77", "{raw}");
            assert_eq!(value["a"], if raw.contains("\"a\"") { json!(1) } else { Value::Null });
            let next = at_revision(&got.bytes, got.digits, Revision(1234));
            let value: Value = serde_json::from_slice(&next.bytes).unwrap();
            assert_eq!(value["metadata"]["resourceVersion"], "1234", "{raw}");
            let (start, length) = (next.digits.0 as usize, next.digits.1 as usize);
            assert_eq!(&next.bytes[start..start + length], b"1234");
        }
        assert!(versioned(b"[1]", Revision(1)).is_none());
        assert!(versioned(b"{", Revision(1)).is_none());
    }
}

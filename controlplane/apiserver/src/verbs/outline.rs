//! An object of which only what a small change looks at is built; the rest stays bytes.
//!
//! A change of status and a deletion look at `metadata`, at `status` and at a few members of `spec`, which the kind's strategy names. To build
//! the rest of a pod, to copy it and to write it again costs more than the change itself, so `spec` is carried over as it is.

use std::fmt;

use bytes::Bytes;
use naru_api::Object;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};

use crate::cache::encode::CARRIED;

/// An object, or the part of it that a change looks at.
#[derive(Debug)]
pub(super) struct Outline {
    /// Whole but for `spec`, of which only the wanted members are there.
    pub(super) object: Object,
    /// The whole `spec` as JSON; `None`: it is in `object`.
    pub(super) carried: Option<Bytes>,
}

/// Reads a document; of `spec` only the `wanted` members. The error says why the document cannot be read that way.
pub(super) fn read(bytes: &Bytes, wanted: &'static [&'static str]) -> Result<Outline, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let (object, raw) = Document { wanted }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(Outline {
        object: Value::Object(object),
        carried: raw.map(|raw| bytes.slice_ref(raw.get().as_bytes())),
    })
}

struct Document {
    wanted: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Document {
    type Value = (Map<String, Value>, Option<&'de RawValue>);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document {
    type Value = (Map<String, Value>, Option<&'de RawValue>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let (mut object, mut carried) = (Map::with_capacity(5), None);
        while let Some(name) = access.next_key::<String>()? {
            let value = if name == CARRIED {
                let raw: &RawValue = access.next_value()?;
                carried = Some(raw);
                let mut parser = serde_json::Deserializer::from_str(raw.get());
                let part = Part { wanted: self.wanted }.deserialize(&mut parser);
                Value::Object(part.map_err(serde::de::Error::custom)?)
            } else {
                access.next_value()?
            };
            object.insert(name, value);
        }
        Ok((object, carried))
    }
}

/// Some members of a map.
struct Part {
    wanted: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut part = Map::new();
        while let Some(name) = access.next_key::<std::borrow::Cow<'de, str>>()? {
            if self.wanted.contains(&&*name) {
                part.insert(name.into_owned(), access.next_value()?);
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::cache::encode;

    #[test]
    fn an_outline_is_written_back_whole() {
        let wanted: &[&str] = &["nodeName"];
        for whole in [
            json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {"x": [1, {"y": "\"}"}], "nodeName": "n"}, "status": {"z": 1}}),
            json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {}, "status": {}}),
            json!({"kind": "Pod", "metadata": {"name": "a"}, "status": {"z": 1}}),
        ] {
            let bytes = Bytes::from(encode::stored(&whole));
            let Outline { mut object, carried } = read(&bytes, wanted).unwrap();
            assert_eq!(object["spec"].get("nodeName"), whole["spec"].get("nodeName"));
            assert!(object["spec"].get("x").is_none());
            assert_eq!(object["status"], whole["status"]);
            object["status"] = json!("new");
            let written: Value =
                serde_json::from_slice(&encode::stored_with(&object, carried.as_deref())).unwrap();
            assert_eq!((&written["spec"], &written["status"]), (&whole["spec"], &json!("new")), "{whole}");
        }
        for odd in ["[]", "{", r#"{"spec":[]}"#, r#"{"spec":null}"#, r#"{} {}"#] {
            assert!(read(&Bytes::from(odd), wanted).is_err(), "{odd}");
        }
    }
}

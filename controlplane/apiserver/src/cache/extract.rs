//! Reading labels and selectable fields out of an object's bytes in one pass, without building the object.
//!
//! A [`Plan`] is made once a kind: a tree of the member names that lead to something wanted. Everything off the tree is
//! skipped by the parser.

use std::{borrow::Cow, fmt};

use naru_api::kinds::Kind;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What selectors read of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extract {
    /// `metadata.labels`.
    pub(crate) labels: Box<[(Box<str>, Box<str>)]>,
    /// The values of the kind's selectable fields, in the order of its row.
    pub(crate) fields: Box<[Box<str>]>,
    /// `metadata.creationTimestamp` as it is written; empty if there is none.
    pub(crate) created: Box<str>,
}

/// What to read of the objects of one kind.
#[derive(Debug)]
pub(crate) struct Plan {
    root: Node,
    absent: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Node {
    members: Vec<(&'static str, Node)>,
    wanted: Option<Wanted>,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Field(usize),
    Labels,
    Created,
}

impl Plan {
    /// The plan of a kind's selectable fields.
    pub(crate) fn new(kind: &'static Kind) -> Self {
        let mut root = Node::default();
        root.at(["metadata", "labels"].into_iter()).wanted = Some(Wanted::Labels);
        root.at(["metadata", "creationTimestamp"].into_iter()).wanted = Some(Wanted::Created);
        for (index, field) in kind.selectable_fields.iter().enumerate() {
            let path = field.pointer.trim_start_matches('/').split('/');
            root.at(path).wanted = Some(Wanted::Field(index));
        }
        Plan { root, absent: kind.selectable_fields.iter().map(|field| field.absent).collect() }
    }

    /// Reads `bytes`; the error says why they are no JSON object.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<Extract, serde_json::Error> {
        let mut found = Found { labels: Vec::new(), fields: vec![None; self.absent.len()], created: None };
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        Walk { node: &self.root, found: &mut found }.deserialize(&mut parser)?;
        parser.end()?;
        let fields = found.fields.into_iter().zip(&self.absent);
        Ok(Extract {
            labels: found.labels.into(),
            fields: fields.map(|(value, absent)| value.unwrap_or_else(|| Box::from(*absent))).collect(),
            created: found.created.unwrap_or_default(),
        })
    }
}

impl Node {
    fn at(&mut self, mut path: impl Iterator<Item = &'static str>) -> &mut Node {
        let Some(name) = path.next() else { return self };
        let index = match self.members.iter().position(|(member, _)| *member == name) {
            Some(index) => index,
            None => {
                self.members.push((name, Node::default()));
                self.members.len() - 1
            }
        };
        self.members[index].1.at(path)
    }
}

struct Found {
    labels: Vec<(Box<str>, Box<str>)>,
    fields: Vec<Option<Box<str>>>,
    created: Option<Box<str>>,
}

impl Found {
    fn put(&mut self, wanted: Option<Wanted>, value: &str) {
        match wanted {
            Some(Wanted::Field(index)) if !value.is_empty() => self.fields[index] = Some(value.into()),
            Some(Wanted::Created) => self.created = Some(value.into()),
            _ => {}
        }
    }
}

/// Walks one value along its node of the plan.
struct Walk<'a> {
    node: &'a Node,
    found: &'a mut Found,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let labels = matches!(self.node.wanted, Some(Wanted::Labels));
        while let Some(name) = map.next_key_seed(Name)? {
            if labels {
                if let Some(value) = map.next_value_seed(Text)? {
                    self.found.labels.push((name.into(), value));
                }
                continue;
            }
            match self.node.members.iter().find(|(member, _)| *member == name) {
                Some((_, node)) => map.next_value_seed(Walk { node, found: &mut *self.found })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.found.put(self.node.wanted, value);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.found.put(self.node.wanted, if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.found.put(self.node.wanted, &value.to_string());
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.found.put(self.node.wanted, &value.to_string());
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.found.put(self.node.wanted, &value.to_string());
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }
}

/// A string; anything else is nothing.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Box<str>>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        use serde::Deserialize;
        let value = serde_json::Value::deserialize(from)?;
        Ok(value.as_str().map(Box::from))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use naru_api::kinds::by_kind;

    use super::*;

    fn read(kind: &str, json: &str) -> Extract {
        Plan::new(by_kind("v1", kind).unwrap()).read(json.as_bytes()).unwrap()
    }

    #[test]
    fn finds_labels_and_fields_and_defaults() {
        let got = read(
            "Pod",
            r#"{"kind":"Pod","metadata":{"name":"x","labels":{"a":"b","c\u0064":"e","n":3},"creationTimestamp":"T"},
                "spec":{"containers":[{"nodeName":"no"}],"nodeName":"n1","hostNetwork":true,"restartPolicy":null},
                "status":{"phase":"Running","podIPs":[{"ip":"1"}]}}"#,
        );
        let labels: Vec<(&str, &str)> = got.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(labels, [("a", "b"), ("cd", "e")]);
        assert_eq!(&*got.created, "T");
        let fields: Vec<&str> = got.fields.iter().map(|one| &**one).collect();
        assert_eq!(fields, ["n1", "", "", "", "true", "Running", "", "", ""]);
    }

    #[test]
    fn absent_and_odd_values_select_as_the_row_says() {
        assert_eq!(&*read("Node", "{}").fields[0], "false");
        assert_eq!(&*read("Node", r#"{"spec":"odd"}"#).fields[0], "false");
        assert_eq!(&*read("Node", r#"{"spec":[{"unschedulable":true}]}"#).fields[0], "false");
        assert_eq!(&*read("Node", r#"{"spec":{"unschedulable":true}}"#).fields[0], "true");
        assert!(Plan::new(by_kind("v1", "Node").unwrap()).read(b"{\"a\":").is_err());
    }
}

//! The Table form: what `kubectl get` prints, made from a kind's columns and its strategy's cells.
//!
//! In: objects as JSON values. Out: the bytes of a `meta.k8s.io/v1 Table`. Every column is sent, also those of
//! `-o wide`; clients choose by priority.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::Status};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use crate::kinds::{Strategy, strategy};

/// The version of `meta.k8s.io` that a client asks tables and metadata in. Both look the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetaVersion {
    /// What everybody asks for today.
    #[default]
    V1,
    /// What clients before Kubernetes 1.15 ask for, and some still do.
    V1beta1,
}

impl MetaVersion {
    /// The `apiVersion` of what is sent.
    pub fn api_version(self) -> &'static str {
        match self {
            MetaVersion::V1 => "meta.k8s.io/v1",
            MetaVersion::V1beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

/// What a table shows of its objects, and in which version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableForm {
    /// Of the object in each row.
    pub include: IncludeObject,
    /// Of the table and of the metadata in it.
    pub version: MetaVersion,
}

/// What a row carries of its object (`?includeObject=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata, as `PartialObjectMetadata`.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl IncludeObject {
    /// Reads the query parameter; absent and empty are `Metadata`. 400 for an unknown word.
    pub fn parse(parameter: Option<&str>) -> Result<Self, Status> {
        match parameter {
            None | Some("" | "Metadata") => Ok(IncludeObject::Metadata),
            Some("None") => Ok(IncludeObject::None),
            Some("Object") => Ok(IncludeObject::Object),
            Some(other) => Err(Status::bad_request(format!("unrecognized includeObject value: {other:?}"))),
        }
    }
}

/// The metadata of a list, or of the one object that a table shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListMeta {
    /// The point in history that is shown; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// The token for the next page; empty on the last.
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    pub continue_token: String,
    /// How many objects follow after this page, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_item_count: Option<u64>,
}

/// A table that grows row by row, straight into bytes.
pub struct TableWriter {
    strategy: &'static dyn Strategy,
    kind: &'static Kind,
    form: TableForm,
    now: Timestamp,
    rows: usize,
    bytes: Vec<u8>,
}

impl TableWriter {
    /// An empty table. Watches send `column_definitions` with their first event only.
    pub fn new(
        kind: &'static Kind,
        meta: &ListMeta,
        column_definitions: bool,
        form: TableForm,
        now: Timestamp,
    ) -> Self {
        let mut bytes = Vec::with_capacity(4096);
        open(&mut bytes, "Table", form.version);
        append(&mut bytes, meta);
        bytes.extend_from_slice(br#","columnDefinitions":"#);
        append(&mut bytes, &if column_definitions { definitions(kind) } else { Value::Null });
        bytes.extend_from_slice(br#","rows":["#);
        TableWriter { strategy: strategy(kind), kind, form, now, rows: 0, bytes }
    }

    /// Adds the row of `object`.
    pub fn row(&mut self, object: &Object) {
        if self.rows > 0 {
            self.bytes.push(b',');
        }
        self.rows += 1;
        self.bytes.extend_from_slice(br#"{"cells":"#);
        append(&mut self.bytes, &self.strategy.cells(self.kind, object, self.now));
        let conditions = self.strategy.row_conditions(object);
        if !conditions.is_empty() {
            self.bytes.extend_from_slice(br#","conditions":"#);
            append(&mut self.bytes, &conditions);
        }
        // Null, not absent, when nothing is included: that is what clients have always seen.
        self.bytes.extend_from_slice(br#","object":"#);
        match self.form.include {
            IncludeObject::None => self.bytes.extend_from_slice(b"null"),
            IncludeObject::Metadata => append_partial_value(&mut self.bytes, self.form.version, object),
            IncludeObject::Object => append(&mut self.bytes, object),
        }
        self.bytes.push(b'}');
    }

    /// The finished JSON document, without a line end.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(b"]}");
        self.bytes
    }
}

/// The table of one object, for GET and for the answer to a write.
pub fn of_object(kind: &'static Kind, object: &Object, form: TableForm, now: Timestamp) -> Vec<u8> {
    let meta = ListMeta {
        resource_version: naru_api::meta::resource_version(object).unwrap_or_default().to_string(),
        ..ListMeta::default()
    };
    let mut table = TableWriter::new(kind, &meta, true, form, now);
    table.row(object);
    table.finish()
}

/// The `columnDefinitions` of a kind.
pub fn definitions(kind: &Kind) -> Value {
    let definition = |column: &naru_api::kinds::Column| {
        json!({
            "name": column.name, "type": column.kind, "format": column.format,
            "description": column.description, "priority": column.priority,
        })
    };
    kind.columns.iter().map(definition).collect()
}

/// Appends an object, given as JSON, as `PartialObjectMetadata`: its metadata as they are written there, and nothing else.
pub fn append_partial(bytes: &mut Vec<u8>, version: MetaVersion, json: &[u8]) -> Result<(), Status> {
    /// All that is read of an object.
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        metadata: Option<&'a RawValue>,
    }
    let outer: Outer<'_> =
        serde_json::from_slice(json).map_err(|error| Status::internal(error.to_string()))?;
    open(bytes, "PartialObjectMetadata", version);
    bytes.extend_from_slice(outer.metadata.map_or("{}", RawValue::get).as_bytes());
    bytes.push(b'}');
    Ok(())
}

/// The same for an object that is at hand as a value.
pub fn append_partial_value(bytes: &mut Vec<u8>, version: MetaVersion, object: &Object) {
    open(bytes, "PartialObjectMetadata", version);
    match object.get("metadata") {
        Some(metadata) => append(bytes, metadata),
        None => bytes.extend_from_slice(b"{}"),
    }
    bytes.push(b'}');
}

/// Appends the beginning of a document of `meta.k8s.io`, up to the value of its metadata.
fn open(bytes: &mut Vec<u8>, kind: &str, version: MetaVersion) {
    for text in [r#"{"kind":""#, kind, r#"","apiVersion":""#, version.api_version(), r#"","metadata":"#] {
        bytes.extend_from_slice(text.as_bytes());
    }
}

fn append(bytes: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(bytes, value).expect("invariant: JSON values always serialise into memory");
}

#[cfg(test)]
mod tests {
    use naru_api::kinds::by_kind;

    use super::*;

    fn config_map() -> Object {
        json!({
            "kind": "ConfigMap", "apiVersion": "v1",
            "metadata": {"name": "a", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "data": {"k": "v"},
        })
    }

    fn table(include: IncludeObject) -> Value {
        let kind = by_kind("v1", "ConfigMap").expect("a built-in kind");
        let now = "2026-01-01T00:00:05Z".parse().expect("a timestamp");
        let form = TableForm { include, version: MetaVersion::V1beta1 };
        serde_json::from_slice(&of_object(kind, &config_map(), form, now)).expect("JSON")
    }

    #[test]
    fn metadata_are_the_same_from_bytes_and_from_values() {
        for object in
            [config_map(), json!({"kind": "A"}), json!({"metadata": {"annotations": {"a": "\u{7f}\"\n"}}})]
        {
            let (mut bytes, mut value) = (Vec::new(), Vec::new());
            append_partial(&mut bytes, MetaVersion::V1, object.to_string().as_bytes()).expect("an object");
            append_partial_value(&mut value, MetaVersion::V1, &object);
            assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&value));
        }
        assert!(append_partial(&mut Vec::new(), MetaVersion::V1, b"[").is_err());
    }

    #[test]
    fn a_row_has_cells_and_what_was_asked_of_the_object() {
        let got = table(IncludeObject::Metadata);
        assert_eq!((&got["kind"], &got["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1beta1")));
        assert_eq!(got["metadata"], json!({"resourceVersion": "7"}));
        assert_eq!(got["rows"][0]["object"]["apiVersion"], "meta.k8s.io/v1beta1");
        assert_eq!(got["rows"][0]["cells"], json!(["a", 1, "5s"]));
        assert_eq!(got["rows"][0]["object"]["kind"], "PartialObjectMetadata");
        assert_eq!(got["rows"][0]["object"]["metadata"]["name"], "a");
        assert_eq!(table(IncludeObject::None)["rows"][0]["object"], Value::Null);
        assert_eq!(table(IncludeObject::Object)["rows"][0]["object"], config_map());
    }

    #[test]
    fn every_kind_has_as_many_cells_as_columns() {
        let now = Timestamp::UNIX_EPOCH;
        for kind in naru_api::kinds::BUILTIN {
            let cells = strategy(kind).cells(kind, &json!({"metadata": {"name": "x"}}), now);
            assert_eq!(cells.len(), kind.columns.len(), "{}", kind.kind);
        }
    }

    #[test]
    fn include_object_words() {
        assert_eq!(IncludeObject::parse(None), Ok(IncludeObject::Metadata));
        assert_eq!(IncludeObject::parse(Some("None")), Ok(IncludeObject::None));
        assert!(IncludeObject::parse(Some("Half")).is_err());
    }
}

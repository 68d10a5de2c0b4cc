//! A chart as Helm's records and indexes keep it: JSON, the fields in the order in which Helm writes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use naru_bundle::{
    chart::{Chart, File, METADATA_FIELDS, Metadata},
    json,
    value::Value as BundleValue,
};
use serde_json::{Map, Value, json};

const MAINTAINER: &[&str] = &["name", "email", "url"];
const DEPENDENCY: &[&str] =
    &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
const LOCK: &[&str] = &["generated", "digest", "dependencies"];

/// Why a chart cannot be written as JSON.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that JSON cannot hold.
    #[error("cannot write the chart as JSON")]
    Json(#[from] json::Error),
    /// What was written is no JSON.
    #[error("cannot write the chart as JSON")]
    Text(#[from] serde_json::Error),
}

/// A chart as records keep it.
pub fn record(chart: &Chart) -> Result<String, Error> {
    let files = |files: &[File]| -> Value {
        let one = |file: &File| json!({"name": file.name, "data": STANDARD.encode(&**file.data)});
        // Helm writes null where there are none.
        if files.is_empty() { Value::Null } else { files.iter().map(one).collect() }
    };
    let mut lock = chart.lock.as_ref().map(|lock| plain(&lock.document())).transpose()?;
    if let Some(lock) = &mut lock {
        order(lock, LOCK);
        order_each(lock, "dependencies", DEPENDENCY);
    }
    let values = chart.values.as_ref().map(|values| plain(&BundleValue::Map(values.clone()))).transpose()?;
    let text = json!({
        "metadata": metadata(&chart.metadata)?,
        "lock": lock,
        "templates": files(&chart.templates),
        "values": values,
        "schema": chart.schema.as_ref().map(|schema| STANDARD.encode(&**schema)),
        "schemamodtime": "0001-01-01T00:00:00Z",
        "files": files(&chart.files),
    });
    Ok(text.to_string())
}

/// A chart's metadata.
pub fn metadata(metadata: &Metadata) -> Result<Value, Error> {
    let mut value = plain(&metadata.document())?;
    order(&mut value, &METADATA_FIELDS);
    order_each(&mut value, "maintainers", MAINTAINER);
    order_each(&mut value, "dependencies", DEPENDENCY);
    Ok(value)
}

fn plain(value: &BundleValue) -> Result<Value, Error> {
    Ok(serde_json::from_str(&json::write(value, json::Style::Compact)?)?)
}

/// Puts an object's fields in an order; others come last.
fn order(value: &mut Value, names: &[&str]) {
    let Value::Object(fields) = value else { return };
    let mut ordered = Map::new();
    for name in names {
        if let Some((name, value)) = fields.remove_entry(*name) {
            ordered.insert(name, value);
        }
    }
    ordered.append(fields);
    *fields = ordered;
}

fn order_each(value: &mut Value, field: &str, names: &[&str]) {
    for one in value.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
        order(one, names);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use naru_bundle::chart::plain_files;

    use super::*;

    #[test]
    fn fields_stand_in_helms_order() {
        let mut value = json!({"version": "1", "zzz": 1, "apiVersion": "v2", "maintainers": [{"url": "u", "name": "m"}], "name": "a"});
        order(&mut value, &METADATA_FIELDS);
        order_each(&mut value, "maintainers", MAINTAINER);
        let expected =
            r#"{"name":"a","version":"1","maintainers":[{"name":"m","url":"u"}],"apiVersion":"v2","zzz":1}"#;
        assert_eq!(value.to_string(), expected);
    }

    #[test]
    fn charts_become_records() {
        let files = plain_files("web", [("a.yaml", "kind: A\n")]);
        let chart = Chart::from_files(files, &mut Vec::new()).unwrap();
        let text = record(&chart).unwrap();
        assert!(text.starts_with(r#"{"metadata":{"name":"web","#), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["templates"][0]["data"], STANDARD.encode("kind: A\n"));
    }
}

//! `values.schema.json` of a chart and its subcharts. A schema may refer only to itself: nothing is fetched.

use std::error::Error;

use jsonschema::{Retrieve, Uri};
use serde_json::{Number, Value as Json};

use crate::{
    chart::Chart,
    value::{Map, Value},
};

/// How many faults of one schema are told.
const MAX_FAULTS: usize = 50;

/// Values that a schema refuses, or a schema that is none: the text per chart, as Helm words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
pub struct SchemaError(String);

/// Checks the coalesced `values` of a chart against its schema, and its subcharts' against theirs.
///
/// # Errors
/// Everything that is wrong, chart by chart.
pub fn validate(chart: &Chart, values: &Map) -> Result<(), SchemaError> {
    let mut faults = String::new();
    check(chart, values, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(SchemaError(faults)) }
}

fn check(chart: &Chart, values: &Map, faults: &mut String) {
    if let Some(schema) = &chart.schema
        && let Err(text) = validate_one(schema, values)
    {
        faults.extend([chart.name(), ":\n", &text]);
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name().as_bytes()) {
            None | Some(Value::Nil) => {}
            Some(Value::Map(inner)) => check(subchart, &inner, faults),
            Some(other) => {
                let (name, found) = (subchart.name(), other.type_name());
                let text = format!("{name}:\ninvalid type for values: expected object (map), got {found}\n");
                faults.push_str(&text);
            }
        }
    }
}

/// Checks `values` against one schema.
///
/// # Errors
/// Everything that is wrong, a line each.
pub fn validate_one(schema: &[u8], values: &Map) -> Result<(), String> {
    let schema: Json = serde_json::from_slice(schema).map_err(|error| error.to_string())?;
    let validator = jsonschema::options().with_retriever(Nothing).build(&schema).map_err(|error| {
        format!("\"file:///values.schema.json#\" is not valid against metaschema: {error}\n")
    })?;
    let values = json(&Value::Map(values.clone()));
    let faults = validator.iter_errors(&values).take(MAX_FAULTS);
    let lines: Vec<String> =
        faults.map(|fault| format!("- at '{}': {fault}\n", fault.instance_path())).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.concat()) }
}

/// Refuses every reference to another document, but for `urn:` ones, which Helm lets everything pass.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn Error + Send + Sync>> {
        if uri.scheme().as_str() == "urn" {
            return Ok(Json::Bool(true));
        }
        Err(format!("failing loading {:?}: schemas are not fetched", uri.as_str()).into())
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) | Value::Int64(number) => Json::from(*number),
        Value::Byte(number) => Json::from(*number),
        Value::Uint64(number) => Json::from(*number),
        Value::Float(number) => json_number(*number),
        Value::Str(text) | Value::Bytes(text) => Json::String(text.text().into_owned()),
        Value::List(list) => list.iter().map(json).collect(),
        Value::Map(map) => {
            map.entries().iter().map(|(key, value)| (key.text().into_owned(), json(value))).collect()
        }
        Value::Object(object) => json(&object.plain()),
    }
}

/// A number without fraction counts as an integer, whatever it was written as.
fn json_number(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Json::from(number as i64);
    }
    Number::from_f64(number).map_or(Json::Null, Json::Number)
}

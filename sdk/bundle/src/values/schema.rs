//! `values.schema.json` of a chart and its subcharts. A schema may refer only to itself: nothing is fetched.

use std::{collections::HashMap, error::Error};

use jsonschema::{Retrieve, Uri, ValidationOptions, Validator, error::ValidationErrorKind};
use serde_json::{Number, Value as Json};

use super::{
    formats, metaschema,
    origin::{self, Origins},
    patterns, references,
    violation::{Violation, violations},
};
use crate::{
    chart::Chart,
    functions::urls,
    json,
    parallel::{Ahead, Identity, identity},
    stack::deep,
    value::{Map, Str, Value},
};

/// How many faults of one schema are told.
pub(super) const MAX_FAULTS: usize = 50;
/// What Helm calls a chart's schema.
pub(super) const URL: &str = "file:///values.schema.json";

/// Nesting of values, in levels, up to which any thread's stack is large enough to validate them.
const MAX_PLAIN_DEPTH: usize = 100;
/// The stack for deeper ones, in bytes: as much of it is touched as the values are deep.
const DEEP_STACK_BYTES: usize = 1 << 30;

/// Values that a schema refuses, or a schema that is none: the text per chart, as Helm words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
pub struct SchemaError(String);

/// Schemas that are compiled while their chart is still being read.
#[derive(Clone, Debug)]
pub(crate) struct Schemas(Ahead<Compiled>);

/// A schema and what checks values against it, or why it is none.
type Compiled = Result<Schema, String>;

struct Schema {
    /// As it was compiled.
    json: Json,
    validator: Validator,
}

impl Default for Schemas {
    fn default() -> Self {
        // One that is nested deeper takes a larger stack than a helping thread has.
        Self(Ahead::urgent(|text| (brackets(&text) <= MAX_PLAIN_DEPTH).then(|| compile(&text))))
    }
}

impl Schemas {
    /// Begins with a schema.
    pub(crate) fn add(&self, text: &Str) {
        self.0.add(text);
    }
}

/// Checks the coalesced `values` of a chart against its schema, and its subcharts' against theirs. `given` is what of them
/// was given from outside, by `origins` if they are known.
///
/// # Errors
/// Everything that is wrong, chart by chart, with the places that it comes from.
pub fn validate(
    chart: &Chart,
    values: &Map,
    given: &Map,
    origins: Option<&Origins>,
) -> Result<(), SchemaError> {
    let mut schemas = Vec::new();
    collect(chart, &mut schemas);
    let compiled = chart.ahead.schemas.0.finish(&schemas);
    let mut check = Check { given, origins, compiled, faults: String::new() };
    check.chart(&mut vec![chart], &mut Vec::new(), values);
    if check.faults.is_empty() { Ok(()) } else { Err(SchemaError(check.faults)) }
}

/// The schemas of a chart and its subcharts.
fn collect<'a>(chart: &'a Chart, schemas: &mut Vec<&'a Str>) {
    schemas.extend(&chart.schema);
    chart.dependencies.iter().for_each(|subchart| collect(subchart, schemas));
}

struct Check<'a> {
    given: &'a Map,
    origins: Option<&'a Origins>,
    compiled: HashMap<Identity, Compiled>,
    faults: String,
}

impl Check<'_> {
    /// The last of `charts`, each the parent of the next, whose values lie at `path`.
    fn chart(&mut self, charts: &mut Vec<&Chart>, path: &mut Vec<String>, values: &Map) {
        let Some(&chart) = charts.last() else { return };
        if let Some(schema) = &chart.schema
            && let Err(faults) = faults(schema, self.compiled.get(&identity(schema)), values)
        {
            self.faults.extend([chart.name(), ":\n"]);
            let (given, origins) = (self.given, self.origins);
            let mut place =
                |inner: &[String]| origin::place(charts, &[path.as_slice(), inner].concat(), given, origins);
            match faults {
                Refusal::Schema(text) => self.faults.push_str(&text),
                Refusal::Values(faults) => {
                    faults.iter().for_each(|fault| fault.tell(&mut self.faults, &mut place));
                }
            }
        }
        for subchart in &chart.dependencies {
            let name = subchart.name();
            match values.get(name.as_bytes()) {
                None | Some(Value::Nil) => {}
                Some(Value::Map(inner)) => {
                    charts.push(subchart);
                    path.push(name.to_owned());
                    self.chart(charts, path, &inner);
                    charts.pop();
                    path.pop();
                }
                Some(other) => {
                    let found = other.type_name();
                    let text =
                        format!("{name}:\ninvalid type for values: expected object (map), got {found}\n");
                    self.faults.push_str(&text);
                }
            }
        }
    }
}

/// Checks `values` against one schema.
///
/// # Errors
/// Everything that is wrong, a line each.
pub fn validate_one(schema: &[u8], values: &Map) -> Result<(), String> {
    faults(schema, None, values).map_err(|refusal| match refusal {
        Refusal::Schema(text) => text,
        Refusal::Values(faults) => {
            let mut text = String::new();
            faults.iter().for_each(|fault| fault.tell(&mut text, &mut |_| None));
            text
        }
    })
}

/// Why values cannot be accepted.
enum Refusal {
    /// The schema is none.
    Schema(String),
    /// It refuses them.
    Values(Vec<Violation>),
}

fn faults(schema: &[u8], compiled: Option<&Compiled>, values: &Map) -> Result<(), Refusal> {
    let values = Value::Map(values.clone());
    let check = || match compiled {
        Some(compiled) => check(schema, compiled, &values),
        None => check(schema, &compile(schema), &values),
    };
    // The reader's recursion, the validator's, and the end of what they read, is on the stack.
    match depth(&values).max(brackets(schema)) > MAX_PLAIN_DEPTH {
        true => stacker::grow(DEEP_STACK_BYTES, check),
        false => check(),
    }
}

fn check(text: &[u8], compiled: &Compiled, values: &Value) -> Result<(), Refusal> {
    let schema = compiled.as_ref().map_err(|why| Refusal::Schema(why.clone()))?;
    let values = plain(values);
    let errors = schema.validator.iter_errors(&values).take(MAX_FAULTS);
    let faults = violations(&schema.json, text, &values, errors);
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Values(faults)) }
}

fn compile(text: &[u8]) -> Compiled {
    let mut schema = read(text)?;
    let is_oldest = schema["$schema"].as_str().is_some_and(|draft| draft.contains("draft-04"));
    let id = schema[if is_oldest { "id" } else { "$id" }].as_str();
    if id.is_some_and(|id| urls::place(id).is_err()) {
        return Err(format!("error in parsing id at \"{URL}#\"\n"));
    }
    if !patterns::fit(&schema) {
        return Err(metaschema::explain(&schema, None));
    }
    let mut built = options().with_base_uri(URL).build(&schema);
    if built.as_ref().is_err_and(|error| !matches!(error.kind(), ValidationErrorKind::Referencing(_))) {
        let plain = patterns::plain(schema.clone());
        if plain != schema {
            built = options().with_base_uri(URL).build(&plain);
            schema = plain;
        }
    }
    if built.is_err() {
        let encoded = references::encoded(schema.clone());
        if encoded != schema {
            built = options().with_base_uri(URL).build(&encoded);
            schema = encoded;
        }
    }
    match built {
        Ok(validator) => Ok(Schema { json: schema, validator }),
        Err(error) => Err(metaschema::explain(&schema, Some(&error))),
    }
}

/// How schemas are read: nothing is fetched, encoded content is not looked at, as with Helm.
pub(super) fn options<'a>() -> ValidationOptions<'a> {
    let options = jsonschema::options()
        .with_retriever(Nothing)
        .without_content_encoding_support("base64")
        .without_content_media_type_support("application/json");
    formats::all().fold(options, |options, (name, fits)| options.with_format(name, fits))
}

/// A schema, nested as deep as Go reads it.
fn read(schema: &[u8]) -> Result<Json, String> {
    match serde_json::from_slice(schema) {
        // That reader stops at a depth of its own.
        Err(error) if brackets(schema) > MAX_PLAIN_DEPTH && !error.is_eof() => {
            json::read(schema).map(|value| plain(&value)).map_err(|error| syntax(schema, &error))
        }
        Err(error) => Err(json::read(schema).err().map_or(error.to_string(), |error| syntax(schema, &error))),
        read => read.map_err(|error| error.to_string()),
    }
}

/// What is wrong with JSON, in the words of Go's decoder of streams.
fn syntax(schema: &[u8], error: &json::Error) -> String {
    let text = error.to_string();
    let text = match text.as_str() {
        "unexpected end of JSON input" if schema.trim_ascii().is_empty() => "EOF",
        "unexpected end of JSON input" => "unexpected EOF",
        text if text.ends_with("after top-level value") => "invalid character after top-level value",
        text => text,
    };
    format!("{text}\n")
}

/// At least how deep JSON is nested: how many brackets are open at once, those in strings too.
fn brackets(text: &[u8]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text {
        match byte {
            b'[' | b'{' => {
                open += 1;
                most = most.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Refuses every reference to another document, but for `urn:` ones, which Helm lets everything pass.
pub(super) struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn Error + Send + Sync>> {
        if uri.scheme().as_str() == "urn" {
            return Ok(Json::Bool(true));
        }
        Err(format!("failing loading {:?}: schemas are not fetched", uri.as_str()).into())
    }
}

/// How many levels of lists and maps a value has.
fn depth(value: &Value) -> usize {
    let below = match value {
        Value::List(list) => deep(|| list.iter().map(depth).max()),
        Value::Map(map) => deep(|| map.entries().values().map(depth).max()),
        _ => return 0,
    };
    below.unwrap_or(0) + 1
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) | Value::Int64(number) => Json::from(*number),
        Value::Byte(number) => Json::from(*number),
        Value::Uint64(number) => Json::from(*number),
        Value::Float(number) => json_number(*number),
        Value::Str(text) | Value::Bytes(text) => Json::String(text.text().into_owned()),
        Value::List(list) => list.iter().map(plain).collect(),
        Value::Map(map) => {
            map.entries().iter().map(|(key, value)| (key.text().into_owned(), plain(value))).collect()
        }
        Value::Object(object) => plain(&object.plain()),
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

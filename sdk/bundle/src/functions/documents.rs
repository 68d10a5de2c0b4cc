//! YAML, JSON and TOML, both ways. Plain readers put the error into their result (`Error` in a map, the only item
//! of a list) and plain writers give empty text; those with `must` fail.
//! Source of the behaviour: Helm 4, `pkg/engine/funcs.go`; sprig 3.3.0, `defaults.go`.

use super::{
    Call, Function,
    Parameter::{Any, Str},
};
use crate::{
    fault::Fault,
    json::{self, Style},
    time::{Instant, Zone},
    toml,
    value::{Element, List, Map, MapType, Value},
    yaml,
};

/// Readers and writers of documents.
pub const FUNCTIONS: &[Function] = &[
    Function::new("toYaml", &[Any], |call| forgiving(to_yaml(call))),
    Function::new("mustToYaml", &[Any], |call| Ok(Value::string(to_yaml(call)?))),
    Function::new("toYamlPretty", &[Any], to_yaml_pretty),
    Function::new("fromYaml", &[Str], from_yaml),
    Function::new("fromYamlArray", &[Str], from_yaml_array),
    Function::new("toJson", &[Any], |call| forgiving(to_json(call, Style::Compact))),
    Function::new("mustToJson", &[Any], |call| Ok(Value::string(to_json(call, Style::Compact)?))),
    Function::new("toPrettyJson", &[Any], |call| forgiving(to_json(call, Style::Pretty))),
    Function::new("mustToPrettyJson", &[Any], |call| Ok(Value::string(to_json(call, Style::Pretty)?))),
    // sprig's `toRawJson` panics where the others give empty text.
    Function::new("toRawJson", &[Any], |call| Ok(Value::string(to_json(call, Style::Raw)?))),
    Function::new("mustToRawJson", &[Any], |call| Ok(Value::string(to_json(call, Style::Raw)?))),
    Function::new("fromJson", &[Str], from_json),
    Function::new("fromJsonArray", &[Str], from_json_array),
    Function::new("mustFromJson", &[Str], must_from_json),
    Function::new("toToml", &[Any], to_toml),
    Function::new("mustToToml", &[Any], must_to_toml),
    Function::new("fromToml", &[Str], from_toml),
];

fn fault(error: impl std::error::Error) -> Fault {
    Fault::new(error.to_string())
}

/// Why YAML was not written; a document that is too long is a limit of ours.
fn unwritable(error: yaml::Error) -> Fault {
    match error {
        yaml::Error::Size | yaml::Error::Json(json::Error::Size) => Fault::limit(error.to_string()),
        error => fault(error),
    }
}

/// A text; empty if it could not be written, unless a limit of ours stopped it.
fn forgiving(text: Result<String, Fault>) -> Result<Value, Fault> {
    match text {
        Err(fault) if fault.limit => Err(fault),
        text => Ok(Value::string(text.unwrap_or_default())),
    }
}

/// A map that holds nothing but the error.
fn error_map(error: impl std::error::Error) -> Value {
    Value::map([("Error", Value::from(error.to_string()))])
}

/// A list that holds nothing but the error.
fn error_list(error: impl std::error::Error) -> Value {
    Value::list([Value::from(error.to_string())])
}

/// Without the last line end.
fn trimmed(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

fn to_yaml(call: &Call<'_>) -> Result<String, Fault> {
    yaml::write(call.value(0)).map(trimmed).map_err(unwritable)
}

fn to_yaml_pretty(call: &Call<'_>) -> Result<Value, Fault> {
    forgiving(yaml::write_pretty(call.value(0)).map(trimmed).map_err(unwritable))
}

fn from_yaml(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(yaml::read_map(call.text(0)?).map_or_else(error_map, Value::Map))
}

fn from_yaml_array(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(yaml::read_list(call.text(0)?).map_or_else(error_list, Value::List))
}

fn to_json(call: &Call<'_>, style: Style) -> Result<String, Fault> {
    json::write(call.value(0), style).map_err(|error| match error {
        json::Error::Size => Fault::limit(error.to_string()),
        error => fault(error),
    })
}

fn from_json(call: &Call<'_>) -> Result<Value, Fault> {
    // `null` leaves Go's nil map; of YAML's `null` Helm makes an empty one.
    if matches!(json::read(call.text(0)?), Ok(Value::Nil)) {
        return Ok(Value::Map(Map::nil(MapType::Any)));
    }
    Ok(json::read_map(call.text(0)?).map_or_else(error_map, Value::Map))
}

fn from_json_array(call: &Call<'_>) -> Result<Value, Fault> {
    // `null` leaves Go's nil slice, which is `null` again as JSON.
    if matches!(json::read(call.text(0)?), Ok(Value::Nil)) {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    Ok(json::read_list(call.text(0)?).map_or_else(error_list, Value::List))
}

fn must_from_json(call: &Call<'_>) -> Result<Value, Fault> {
    json::read(call.text(0)?).map_err(fault)
}

/// Helm gives the error as the result, except for nil, over which the library panics.
fn to_toml(call: &Call<'_>) -> Result<Value, Fault> {
    match toml::write(call.value(0)) {
        Ok(text) => Ok(Value::string(text)),
        Err(error @ (toml::TomlError::Nil | toml::TomlError::Depth)) => Err(fault(error)),
        Err(error) => Ok(Value::from(error.to_string())),
    }
}

fn must_to_toml(call: &Call<'_>) -> Result<Value, Fault> {
    toml::write(call.value(0)).map(Value::string).map_err(fault)
}

fn from_toml(call: &Call<'_>) -> Result<Value, Fault> {
    let now = call.environment.now();
    let offset = Zone::local(now.time_zone().clone()).offset(Instant::now(&now).seconds());
    Ok(toml::read(&call.text(0)?.text(), offset).map_or_else(error_map, Value::Map))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::{call, text};

    fn json_of(name: &str, input: &str) -> String {
        let value = call(FUNCTIONS, name, &[Value::from(input)]).expect("no failure");
        text(FUNCTIONS, "toJson", &[value])
    }

    // Expected values: the stock helm 4.3.1; the words about bad TOML are ours.
    #[test]
    fn readers() {
        for (name, input, expected) in [
            (
                "fromYaml",
                "- a",
                r#"{"Error":"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"}"#,
            ),
            ("fromYaml", "", "{}"),
            (
                "fromYamlArray",
                "a: 1",
                r#"["error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []interface {}"]"#,
            ),
            ("fromYamlArray", "null", "[]"),
            ("fromJson", "x", r#"{"Error":"invalid character 'x' looking for beginning of value"}"#),
            (
                "fromJson",
                "[1]",
                r#"{"Error":"json: cannot unmarshal array into Go value of type map[string]interface {}"}"#,
            ),
            (
                "fromJsonArray",
                "{}",
                r#"["json: cannot unmarshal object into Go value of type []interface {}"]"#,
            ),
            ("fromJson", "null", "null"),
            ("fromYaml", "null", "{}"),
            ("fromJsonArray", "null", "null"),
            ("mustFromJson", "[1]", "[1]"),
            (
                "fromToml",
                "a = 1\nb = 1.5\nc = [1,2]\nd = 1979-05-27T07:32:00Z\n[e]\nf='x'\n[[g]]\nh=1\n[[g]]\n",
                r#"{"a":1,"b":1.5,"c":[1,2],"d":"1979-05-27T07:32:00Z","e":{"f":"x"},"g":[{"h":1},{}]}"#,
            ),
            ("fromToml", "a = {b = 1,\n c=2,}", r#"{"a":{"b":1,"c":2}}"#),
            ("fromToml", r#"a = "\e \x41""#, r#"{"a":"\u001b A"}"#),
            (
                "fromToml",
                "d = 1979-05-27\ne = 07:32:00",
                r#"{"d":"1979-05-27T00:00:00+01:00","e":"0000-01-01T07:32:00+01:00"}"#,
            ),
        ] {
            assert_eq!(json_of(name, input), expected, "{name} {input:?}");
        }
        for bad in ["a = ", "a = 1\na = 2", "x", "a = 07", "a = 99999999999999999999", "\u{e9} = 1"] {
            assert!(json_of("fromToml", bad).starts_with(r#"{"Error":"toml: line "#), "{bad:?}");
        }
    }

    #[test]
    fn toml_text() {
        let toml_of = |json: &str| {
            let value = json::read(json.as_bytes()).expect("JSON");
            text(FUNCTIONS, "toToml", &[value])
        };
        for (json, expected) in [
            (r#""x""#, "\"x\""),
            ("[1.5]", "[1.5]"),
            ("[{}]", "toml: top-level values must be Go maps or structs"),
            (r#"{"a":[null]}"#, "toml: cannot encode array with nil element"),
            (r#"{"a":[{"b":null,"c":{"d":1.5},"e":null},"x"]}"#, "a = [{c = {d = 1.5}}, \"x\"]\n"),
            (r#"{"a":[{"b":null,"c":1.5,"e":null},"x"]}"#, "a = [{c = 1.5, }, \"x\"]\n"),
            (
                r#"{"b":{"c":"1","d":{"e":[1,true]}},"z":null,"l":[{"x":"1","y":{"z":"2"}},{}],"m":[],"n":{},"k y":"q\"\u0001\u007f\u00e9","":"2","ml":[[{"a":"1"}]]}"#,
                "\"\" = \"2\"\n\"k y\" = \"q\\\"\\u0001\\u007f\u{e9}\"\nm = []\nml = [[{a = \"1\"}]]\n\n[b]\n  c = \"1\"\n  [b.d]\n    e = [1.0, true]\n\n[[l]]\n  x = \"1\"\n  [l.y]\n    z = \"2\"\n\n[[l]]\n\n[n]\n",
            ),
        ] {
            assert_eq!(toml_of(json), expected, "{json}");
        }
        assert!(toml_of("null").starts_with("error: "));
    }

    #[test]
    fn toml_of_a_map_that_holds_itself_fails() {
        let map = crate::value::Map::new::<&str>(crate::value::MapType::Any, []);
        map.set("self", Value::Map(map.clone()));
        assert!(text(FUNCTIONS, "toToml", &[Value::Map(map.clone())]).starts_with("error: "));
        map.remove(b"self");
    }
}

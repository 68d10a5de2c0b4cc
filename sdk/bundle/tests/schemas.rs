//! What schemas refuse: in the words of the stock helm, live, and with the place that each value comes from.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod schemas {
    pub(crate) mod formats;
}

use std::{fs, process::Command};

use naru_bundle::{
    chart::{Chart, File},
    value::Map,
    values::{Nulls, Origins, ValueOptions, coalesce, validate},
    yaml,
};
use serde_json::json;

/// A schema, and values that it refuses.
const REFUSED: &[(&str, &str)] = &[
    (r#"{"properties": {"a": {"type": "integer"}}}"#, "a: x"),
    (r#"{"properties": {"a": {"type": ["integer", "null"]}}}"#, "a: x"),
    (r#"{"properties": {"a": {"type": "string"}}}"#, "a: 1.5"),
    (r#"{"properties": {"a": {"type": "object"}}}"#, "a: [1]"),
    (r#"{"properties": {"a": {"type": "string"}, "b": {"type": "array"}}}"#, "a: 1\nb: {c: 1}"),
    (r#"{"required": ["x", "y"]}"#, "a: 1"),
    (r#"{"properties": {"a": {"required": ["x"]}}}"#, "a: {b: 1}"),
    (r#"{"additionalProperties": false, "properties": {"a": {}}}"#, "a: 1\nb: 2\nc: 3"),
    (r#"{"unevaluatedProperties": false, "properties": {"a": {}}}"#, "b: 1"),
    (r#"{"properties": {"a": {"enum": ["x", 1, null]}}}"#, "a: z"),
    (r#"{"properties": {"a": {"enum": ["x"]}}}"#, "a: z"),
    (r#"{"properties": {"a": {"enum": [{"x": 1}, [1]]}}}"#, "a: z"),
    (r#"{"properties": {"a": {"const": 1}}}"#, "a: 2"),
    (r#"{"properties": {"a": {"const": {"x": [1]}}}}"#, "a: 2"),
    (r#"{"properties": {"a": {"pattern": "^x"}}}"#, "a: it's"),
    (r#"{"properties": {"a": {"minLength": 3}}}"#, "a: é"),
    (r#"{"properties": {"a": {"maxLength": 3}}}"#, "a: zzzz"),
    (r#"{"properties": {"a": {"minimum": 3}}}"#, "a: 1"),
    (r#"{"properties": {"a": {"maximum": 3}}}"#, "a: 10.5"),
    (r#"{"properties": {"a": {"exclusiveMinimum": 3}}}"#, "a: 3"),
    (r#"{"properties": {"a": {"exclusiveMaximum": 3}}}"#, "a: 3"),
    (r#"{"properties": {"a": {"multipleOf": 3}}}"#, "a: 4"),
    (r#"{"properties": {"a": {"minItems": 3}}}"#, "a: [1]"),
    (r#"{"properties": {"a": {"maxItems": 1}}}"#, "a: [1, 2]"),
    (r#"{"properties": {"a": {"uniqueItems": true}}}"#, "a: [1, 2, 1]"),
    (r#"{"properties": {"a": {"items": {"type": "string"}}}}"#, "a: [x, 1, 2]"),
    (r#"{"properties": {"a": {"minProperties": 2}}}"#, "a: {b: 1}"),
    (r#"{"properties": {"a": {"maxProperties": 1}}}"#, "a: {b: 1, c: 2}"),
    (r#"{"properties": {"a": {"propertyNames": {"pattern": "^x"}}}}"#, "a: {b: 1}"),
    (r#"{"properties": {"a": {"not": {"type": "string"}}}}"#, "a: x"),
    (r#"{"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}"#, "a: x"),
    (r#"{"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "null"}]}}}"#, "a: x"),
    (r#"{"properties": {"a": {"oneOf": [{"type": "string"}, {"minLength": 1}]}}}"#, "a: x"),
    (r#"{"properties": {"a": false}}"#, "a: x"),
    (r#"{"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}}"#, "a: 1"),
    (
        r##"{"properties": {"a": {"$ref": "#/definitions/x"}}, "definitions": {"x": {"type": "integer"}}}"##,
        "a: x",
    ),
    (r#"{"properties": {"a": {"patternProperties": {"^x": {"type": "integer"}}}}}"#, "a: {xa: b}"),
    (r#"{"properties": {"a/b~c d": {"type": "integer"}}}"#, "\"a/b~c d\": x"),
    (r#"{"type": "string"}"#, "a: 1"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1000"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1000"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 12345.678"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 12345.678"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1e21"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1e21"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 0.000001"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 0.000001"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1234567890123"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1234567890123"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: -1234567.25"),
    (r#"{"properties":{"a":{"minimum":1234}}}"#, "a: -1234567.25"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 0.1234567891234"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 0.1234567891234"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1e-7"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1e-7"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1e20"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1e20"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 123456789012345678"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 123456789012345678"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 99999.5"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 99999.5"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1e15"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1e15"),
    (r#"{"properties":{"a":{"const":"x","minimum":3}}}"#, "a: 1.5e300"),
    (r#"{"properties":{"a":{"maximum":-3e3}}}"#, "a: 1.5e300"),
    (r#"{"properties":{"a":{"minLength":3,"pattern":"^x"}}}"#, "a: b"),
    (
        r#"{"properties":{"a":{"properties":{"b":{"type":"integer"},"c":{"type":"integer"}}}}}"#,
        "a: {b: x, c: y}",
    ),
    (
        r#"{"properties":{"a":{"required":["x"],"properties":{"b":{"type":"integer"},"c":{"type":"integer"}}}}}"#,
        "a: {b: x, c: y}",
    ),
    (
        r#"{"allOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"a":{"type":"boolean"}}}]}"#,
        "a: x",
    ),
    (r#"{"allOf":[{"properties":{"a":{"type":"integer"}}}]}"#, "a: x"),
    (
        r#"{"allOf":[{"required":["x","y"]},{"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}]}"#,
        "a: x\nb: y",
    ),
    (
        r##"{"properties":{"a":{"allOf":[{"minLength":3},{"$ref":"#/$defs/x"}]}},"$defs":{"x":{"pattern":"^x","maxLength":0}}}"##,
        "a: b",
    ),
    (r#"{"dependentRequired":{"a":["x","y"],"b":["z"]}}"#, "a: 1\nb: 2"),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["x","y"],"b":{"required":["q"]}}}"#,
        "a: 1\nb: 2",
    ),
    (r#"{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["x"]}}"#, "a: 1"),
    (
        r#"{"dependentSchemas":{"a":{"required":["q","r"],"properties":{"b":{"type":"string"}}}}}"#,
        "a: 1\nb: 2",
    ),
    (r#"{"if":{"required":["a"]},"then":{"required":["b"],"properties":{"a":{"type":"string"}}}}"#, "a: 1"),
    (r#"{"if":{"required":["z"]},"else":{"properties":{"a":{"type":"string"}}}}"#, "a: 1"),
    (r#"{"properties":{"a":{"type":"integer","enum":[1],"minimum":4}}}"#, "a: x"),
    (r#"{"properties":{"a":{"enum":[1],"minimum":4}}}"#, "a: 2"),
    (
        r#"{"properties":{"a":{"anyOf":[{"type":"integer","minimum":4},{"properties":{"b":{"type":"string"},"c":{"type":"string"}}}]}}}"#,
        "a: {b: 1, c: 2}",
    ),
    (
        r#"{"properties":{"a":{"oneOf":[{"allOf":[{"type":"string"},{"type":"null"}]},{"required":["x","y"]}]}}}"#,
        "a: {b: 1, c: 2}",
    ),
    (r#"{"properties":{"a":{"items":{"type":"string","minLength":2}}}}"#, "a: [1, b, ccc, 2]"),
    (
        r#"{"properties":{"a":{"items":{"properties":{"n":{"type":"string"},"m":{"type":"string"}}}}}}"#,
        "a: [{n: 1, m: 2}, {n: 1}]",
    ),
    (
        r#"{"properties":{"a":{"prefixItems":[{"type":"string"},{"type":"string"}],"items":false}}}"#,
        "a: [1, 2, 3]",
    ),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"items":[{"type":"string"}],"additionalItems":false}}}"#,
        "a: [1, 2, 3]",
    ),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"items":[{"type":"string"}],"additionalItems":{"type":"string"}}}}"#,
        "a: [1, 2, 3]",
    ),
    (r#"{"properties":{"a":{"additionalProperties":{"type":"string"}}}}"#, "a: {b: 1, c: 2}"),
    (r#"{"properties":{"a":{"additionalProperties":false}}}"#, "a: {b: 1}"),
    (r#"{"properties":{"a":{"propertyNames":{"pattern":"^x","minLength":4}}}}"#, "a: {b: 1}"),
    (r#"{"properties":{"a":{"propertyNames":{"enum":["q"]}}}}"#, "a: {b: 1, c: 1}"),
    (
        r##"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"$ref":"#/definitions/x","minLength":9}},"definitions":{"x":{"type":"integer"}}}"##,
        "a: x",
    ),
    (
        r##"{"properties":{"a":{"$ref":"#/definitions/x","minLength":9}},"definitions":{"x":{"type":"integer"}}}"##,
        "a: x",
    ),
    (
        r#"{"properties":{"a":{"unevaluatedProperties":false,"allOf":[{"properties":{"b":{"type":"string"}}}]}}}"#,
        "a: {b: x, c: 1, d: 2}",
    ),
    (r#"{"patternProperties":{"^a":{"type":"integer"},"a$":{"type":"boolean"}}}"#, "a: x"),
    (r#"{"properties":{"a":{"enum":["it's","b\"q","c\\d","e\nf"]}}}"#, "a: z"),
    (r#"{"properties":{"a":{"pattern":"^\\d+$"}}}"#, "a: \"q\\\"\\n\\u00e9\\t\""),
    (r#"{"properties":{"a":{"not":{"type":"string"},"allOf":[{"maxLength":0}]}}}"#, "a: x"),
    (r#"{"properties":{"a":{"uniqueItems":true,"maxItems":1}}}"#, "a: [1, 1]"),
    (r#"{"properties":{"a":{"required":["x%y","%d"]}}}"#, "a: {b: 1}"),
    (
        r##"{"$ref":"#/$defs/r","$defs":{"r":{"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}}}"##,
        "a: x\nb: y",
    ),
    (r##"{"$ref":"#/$defs/r","$defs":{"r":{"properties":{"a":{"type":"integer"}}}}}"##, "a: x"),
    (r#"{"properties":{"a":{"multipleOf":1000}}}"#, "a: 1500"),
    (r#"{"properties":{"a":{"multipleOf":0.01}}}"#, "a: 1.005"),
    (r#"{"properties":{"a":{"const":1000}}}"#, "a: 2000"),
    (
        r#"{"type":"object","properties":{"a":{"type":"object","required":["k"],"additionalProperties":false,"properties":{"k":{}}}}}"#,
        "a: {z: 1}",
    ),
    (r#"{"properties":{"a":{"type":["string","integer","object"]}}}"#, "a: [1]"),
    (r#"{"properties":{"a":{"minItems":1000}}}"#, "a: [1]"),
    (
        r#"{"oneOf":[{"required":["x"]},{"required":["y"]}],"anyOf":[{"required":["p"]},{"required":["q"]}]}"#,
        "a: 1",
    ),
    (r#"{"properties":{"a":{"contains":{"type":"string"}}}}"#, "a: [1, 2]"),
    (r#"{"properties":{"a":{"contains":{"type":"string"},"minContains":2}}}"#, "a: [1, x]"),
    (r#"{"properties":{"a":{"contains":{"type":"string"},"minContains":2}}}"#, "a: [1]"),
    (r#"{"properties":{"a":{"contains":{"type":"string"},"maxContains":1}}}"#, "a: [x, y, z]"),
    (
        r#"{"properties":{"a":{"contains":{"type":"string"},"minContains":0,"maxContains":1}}}"#,
        "a: [x, y, z]",
    ),
    (r#"{"properties":{"a":{"contains":{"type":"string","minLength":3}}}}"#, "a: []"),
    (r#"{"properties":{"a":{"contains":{"required":["x"]},"minItems":3}}}"#, "a: [1, {}]"),
    (r#"{"properties":{"a":{"contains":{"minLength":3,"pattern":"^x"}}}}"#, "a: [ab]"),
    (
        r#"{"$schema":"http://json-schema.org/draft-06/schema#","properties":{"a":{"contains":{"const":5}}}}"#,
        "a: [1, 2]",
    ),
    (r#"{"properties":{"a":{"prefixItems":[{"type":"integer"}],"unevaluatedItems":false}}}"#, "a: [1, 2, 3]"),
    (
        r#"{"properties":{"a":{"prefixItems":[{"type":"integer"}],"unevaluatedItems":{"type":"string"}}}}"#,
        "a: [1, 2, x, 3]",
    ),
    (r#"{"properties":{"a":{"contains":{"type":"string"},"unevaluatedItems":false}}}"#, "a: [x, 1]"),
    (
        r#"{"$schema":"https://json-schema.org/draft/2019-09/schema","properties":{"a":{"items":[{"type":"integer"}],"unevaluatedItems":false}}}"#,
        "a: [1, 2]",
    ),
    (
        r#"{"properties":{"a":{"unevaluatedProperties":{"type":"string"},"properties":{"b":{}}}}}"#,
        "a: {b: 1, c: 2, d: x}",
    ),
    (r#"{"unevaluatedProperties":{"type":"string"}}"#, "a: 1\nb: 2"),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"regex"}}}"#,
        "a: '['",
    ),
    (r#"{"type":["object"],"properties":[]}"#, "a: x"),
    (r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"obj"}"#, "a: x"),
    (r#"{"properties":{"a":{"pattern":"["}}}"#, "a: x"),
    (r#"{"properties":{"a":{"pattern":"(?=x)"}}}"#, "a: x"),
    (r#"{"patternProperties":{"[":{}}}"#, "a: x"),
    (r#"{"properties":{"a":{"type":"nope"}}}"#, "a: x"),
    (r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"type":"nope"}}}"#, "a: x"),
    (r#"{"properties":{"a":{"minLength":-1}}}"#, "a: x"),
    (r#"{"properties":{"a":{"enum":"x"}}}"#, "a: x"),
    (r#"{"properties":{"a":{"items":1}}}"#, "a: x"),
    (r#"{"$ref":"%zz"}"#, "a: x"),
    (r#"{"$schema":"http://json-schema.org/draft-07/schema#","$ref":":x"}"#, "a: x"),
    ("[]", "a: x"),
    ("null", "a: x"),
    (r#"{"properties":{"a":{"enum":[1.0,2.50,-0,1E2,12345678901234567890123]}}}"#, "a: z"),
    (r#"{"properties":{"a":{"const":1E+2}}}"#, "a: z"),
    (r#"{"properties":{"a":{"pattern":"[\\w-.]"}}}"#, "a: ' '"),
    (
        r##"{"properties":{"a":{"contains":{"$ref":"#/$defs/q"},"minContains":2}},"$defs":{"q":{"type":"string"}}}"##,
        "a: [1, x]",
    ),
    (
        r#"{"properties":{"a":{"items":{"required":["x"],"properties":{"m":{"type":"string"}}}}}}"#,
        "a: [{m: 1}, {}]",
    ),
    (
        r#"{"properties":{"b":{"type":"string"},"a":{"properties":{"c":{"required":["x"],"minProperties":3}}}}}"#,
        "a: {c: {m: 1}}\nb: 1",
    ),
    (
        r#"{"required":["z"],"if":{"required":["a"]},"then":{"required":["b"],"properties":{"a":{"type":"string"}}}}"#,
        "a: 1",
    ),
    (
        r#"{"required":["z"],"dependentSchemas":{"a":{"required":["b"],"properties":{"a":{"type":"string"}}}}}"#,
        "a: 1",
    ),
    (
        r##"{"properties":{"a":{"$ref":"#/$defs/r"}},"$defs":{"r":{"properties":{"b":{"required":["x"],"minProperties":3}}}}}"##,
        "a: {b: {m: 1}}",
    ),
    (
        r#"{"properties":{"a":{"unevaluatedProperties":{"required":["x"],"minProperties":3}}},"required":["z"]}"#,
        "a: {b: {m: 1}}",
    ),
];

/// Schemas and values that both refuse or both take, whatever is said of them.
const JUDGED: &[(&str, &str, bool)] = &[
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"uuid"}}}"#,
        "a: x",
        false,
    ),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"duration"}}}"#,
        "a: P",
        false,
    ),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"duration"}}}"#,
        "a: P1DT2H",
        true,
    ),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"email"}}}"#,
        "a: x",
        false,
    ),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"nothing"}}}"#,
        "a: x",
        true,
    ),
    (r#"{"properties":{"a":{"format":"uuid"}}}"#, "a: x", true),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"contentEncoding":"base64","contentMediaType":"application/json"}}}"#,
        "a: '!!'",
        true,
    ),
    (r#"{"properties":{"pattern":{"default":"("},"default":{"pattern":"[a-z]{2}"}}}"#, "a: x", true),
    (r#"{"properties":{"default":{"pattern":"(?!x)"}}}"#, "a: x", false),
    (r#"{"properties":{"a":{"pattern":"^({{.*}}|[0-9]+)$"}}}"#, "a: '{{ x }}'", true),
    (r#"{"properties":{"a":{"pattern":"^({{.*}}|[0-9]+)$"}}}"#, "a: x", false),
    (r#"{"properties":{"a":{"pattern":"^\\$\\{[a-z]{2}}\\b.?$"}}}"#, "a: '${ab}'", false),
    (r#"{"properties":{"a":{"pattern":"^\\d{,2}\\w[^\\s]$"}}}"#, "a: '1{,2}xy'", true),
    (r#"{"patternProperties":{"^{a":{"type":"string"}}}"#, "'{a': 1", false),
    (r#"{"$ref":"http://127.0.0.1:1/x.json"}"#, "a: 1", false),
    (r#"{"properties":{"a":{"$ref":"other.json"}}}"#, "a: 1", false),
    (r#"{"properties":{"a":{"$ref":"file:///etc/passwd"}}}"#, "a: 1", false),
    (r##"{"properties":{"a":{"$ref":"#/nope"}}}"##, "a: 1", false),
    (r#"{"properties":{"a":{"$ref":"urn:x"}}}"#, "a: 1", true),
    (r#"{"$id":"My chart, its values","properties":{"a":{"type":"integer"}}}"#, "a: 1", true),
    (
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","$id":"My chart","properties":{"a":{"type":"integer"}}}"#,
        "a: 1",
        true,
    ),
    (r##"{"$defs":{"q":{"$id":"a b","type":"integer"}},"properties":{"a":{"$ref":"a b"}}}"##, "a: x", false),
    (r#"{"$id":"http://a b/"}"#, "a: 1", false),
    (r#"{"$schema":"http://json-schema.org/draft-04/schema#","id":"%zz"}"#, "a: 1", false),
    ("{", "a: 1", false),
    ("", "a: 1", false),
    ("{} {}", "a: 1", false),
    ("true", "a: 1", true),
];

/// The faults in a report, without places, in any order.
fn faults(report: &str) -> Vec<String> {
    let lines = report.lines().filter(|line| line.trim_start().starts_with("- at "));
    let mut faults: Vec<String> = lines.map(in_order).collect();
    faults.sort_unstable();
    faults
}

/// Helm names properties that are too many in any order.
fn in_order(line: &str) -> String {
    const MANY: &str = "additional properties ";
    let Some((before, rest)) = line.split_once(MANY) else { return line.to_owned() };
    let (names, after) = rest.split_once(" not allowed").unwrap();
    let mut names: Vec<&str> = names.split(", ").collect();
    names.sort_unstable();
    format!("{before}{MANY}{} not allowed{after}", names.join(", "))
}

fn chart(files: &[(&str, &str)]) -> Chart {
    let named = [("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")];
    let files =
        named.iter().chain(files).map(|(name, text)| File { name: (*name).into(), data: (*text).into() });
    Chart::from_files(files.collect(), &mut Vec::new()).unwrap()
}

/// What is said of a chart's values.
fn told(chart: &Chart, given: &Map, origins: Option<&Origins>) -> String {
    let values = coalesce(chart, given, Nulls::Remove, &mut Vec::new()).unwrap();
    let schema = chart.schema.as_deref().map(|schema| String::from_utf8_lossy(schema).into_owned());
    validate(chart, &values, given, origins).expect_err(&schema.unwrap_or_default()).to_string()
}

/// What the stock helm says of a chart of these files.
fn told_by_helm(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let own = ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    for (name, text) in files.iter().chain([&own]) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(naru_tests::tools::helm()).args(["template", "r"]).arg(folder.path()).output();
    String::from_utf8(output.unwrap().stderr).unwrap()
}

#[test]
fn faults_are_told_in_helms_words() {
    let none = yaml::read_map(b"").unwrap();
    let mut differences = Vec::new();
    for (schema, values) in REFUSED {
        let files = [("values.yaml", *values), ("values.schema.json", *schema)];
        let helms = told_by_helm(&files);
        let ours = told(&chart(&files), &none, None);
        if faults(&ours) != faults(&helms) {
            differences.push(format!("{schema} {values}\n  helm: {helms}\n  ours: {ours}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn schemas_are_judged_as_by_helm() {
    let none = yaml::read_map(b"").unwrap();
    for (schema, values, expected) in JUDGED {
        let folder = tempfile::tempdir().unwrap();
        let files = [("values.yaml", *values), ("values.schema.json", *schema)];
        for (name, text) in
            files.into_iter().chain([("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")])
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let helm =
            Command::new(naru_tests::tools::helm()).args(["template", "r"]).arg(folder.path()).output();
        assert_eq!(helm.unwrap().status.success(), *expected, "{schema}");
        let chart = chart(&files);
        let values = coalesce(&chart, &none, Nulls::Remove, &mut Vec::new()).unwrap();
        let ours = validate(&chart, &values, &none, None);
        assert_eq!(ours.is_ok(), *expected, "{schema}: {ours:?}");
    }
}

#[test]
fn faults_name_the_place_of_the_value() {
    let integer = r#"{"properties": {"k": {"type": "integer"}, "m": {"properties": {"l": {"items": {"type": "integer"}}}}, "global": {"properties": {"g": {"type": "integer"}}}}}"#;
    let files = [
        ("values.yaml", "a: 1\nk: x\nsub:\n  k: y\nglobal:\n  g: z\n"),
        ("values.schema.json", integer),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", "k: 1\nm:\n  l:\n  - 1\n  - two\n"),
        ("charts/sub/values.schema.json", integer),
    ];
    let read = |name: &str| match name {
        "given.yaml" => Ok(b"# given\nm: {l: [1, w]}\n".to_vec()),
        other => Err(other.to_owned()),
    };
    let given = ValueOptions {
        files: vec!["given.yaml".into()],
        set: vec!["a=1,sub.k=w".into()],
        ..ValueOptions::default()
    };
    let values = given.merge(&mut |name| read(name)).unwrap();
    let expected = "values don't meet the specifications of the schema(s) in the following chart(s):\n\
        web:\n\
        - at '/k': got string, want integer\n  web/values.yaml:2:4:\n  1 | a: 1\n  2 | k: x\n    |    ^\n\
        - at '/m/l/1': got string, want integer\n  given.yaml:2:12:\n  1 | # given\n  2 | m: {l: [1, w]}\n    |            ^\n\
        - at '/global/g': got string, want integer\n  web/values.yaml:6:6:\n  4 |   k: y\n  5 | global:\n  6 |   g: z\n    |      ^\n\
        sub:\n\
        - at '/k': got string, want integer\n  --set a=1,sub.k=w\n\
        - at '/m/l/1': got string, want integer\n  web/charts/sub/values.yaml:5:5:\n  3 |   l:\n  4 |   - 1\n  5 |   - two\n    |     ^\n\
        - at '/global/g': got string, want integer\n  web/values.yaml:6:6:\n  4 |   k: y\n  5 | global:\n  6 |   g: z\n    |      ^\n";
    let ours = told(&chart(&files), &values, Some(&Origins { given, read }));
    let paragraphs = |text: &str| {
        let mut parts: Vec<String> = text
            .replace("\n- at", "\n\0- at")
            .replace("\nsub:", "\n\0sub:")
            .split('\0')
            .map(str::to_owned)
            .collect();
        parts.sort_unstable();
        parts
    };
    assert_eq!(paragraphs(&ours), paragraphs(expected));
}

#[test]
fn schemas_nest_deep() {
    const LEVELS: usize = 300;
    let none = yaml::read_map(b"").unwrap();
    for (open, close, refused) in [
        ("{\"allOf\": [", "]}", "  - at '': 'allOf' failed"),
        ("{\"properties\": {\"a\": ", "}}", "got string, want integer"),
        ("{\"not\": {\"items\": ", "}}", "'not' failed"),
    ] {
        let nested = [&open.repeat(LEVELS), "{\"type\": \"integer\"}", &close.repeat(LEVELS)].concat();
        let values = ["{a: ".repeat(LEVELS), "x".into(), "}".repeat(LEVELS)].concat();
        let said = told(&chart(&[("values.yaml", &values), ("values.schema.json", &nested)]), &none, None);
        assert!(said.contains(refused), "{}", &said[..said.len().min(1_000)]);
    }
}

#[test]
fn formats_are_judged_in_helms_words() {
    let none = yaml::read_map(b"").unwrap();
    let mut differences = Vec::new();
    for (format, texts) in schemas::formats::FORMATS {
        for draft in ["draft-04", "draft-06", "draft-07"] {
            let properties = (0..texts.len()).map(|at| (format!("p{at}"), json!({"format": format})));
            let schema = json!({"$schema": format!("http://json-schema.org/{draft}/schema#"),
                "properties": properties.collect::<serde_json::Map<_, _>>()});
            let values = texts.iter().enumerate().map(|(at, text)| (format!("p{at}"), json!(text)));
            let (schema, values) =
                (schema.to_string(), json!(values.collect::<serde_json::Map<_, _>>()).to_string());
            let files = [("values.yaml", values.as_str()), ("values.schema.json", schema.as_str())];
            let helms = told_by_helm(&files);
            let chart = chart(&files);
            let values = coalesce(&chart, &none, Nulls::Remove, &mut Vec::new()).unwrap();
            let ours = validate(&chart, &values, &none, None).err().map(|error| error.to_string());
            let ours = ours.unwrap_or_default();
            if faults(&ours) != faults(&helms) {
                differences.push(format!("{format} {draft}\n  helm: {helms}\n  ours: {ours}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

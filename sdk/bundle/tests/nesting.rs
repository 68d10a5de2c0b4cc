//! Values, documents and templates as deep as Go reads them, and a level more: read, written, merged, printed, checked
//! and dropped on a test's small stack.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod nowhere;
mod rendering;

use naru_bundle::{
    json, toml,
    value::{Map, MapType, Value},
    yaml,
};

use nowhere::Nowhere;
use rendering::rendered;

/// Go's limit.
const LIMIT: usize = 10_000;

fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    [&open.repeat(levels), inner, &close.repeat(levels)].concat()
}

/// Blocks, a column further right each.
fn blocks(levels: usize) -> String {
    (0..levels).map(|level| format!("{}a:\n", " ".repeat(level))).collect()
}

#[test]
fn documents_are_read_as_deep_as_go_reads_them() {
    const CONVERTED: &str = "error converting YAML to JSON: exceeded max depth";
    const DECODED: &str = "error unmarshaling JSON: while decoding JSON: exceeded max depth";
    const SCANNED: &str = "error converting YAML to JSON: yaml: exceeded max depth of 10000";
    let rows = [
        (nested("[", "", "]", LIMIT), ""),
        (nested("[", "", "]", LIMIT + 1), SCANNED),
        (nested("{a: ", "1", "}", LIMIT), ""),
        (nested("{a: ", "1", "}", LIMIT + 1), SCANNED),
        (format!("a: {}", nested("[", "", "]", LIMIT - 1)), ""),
        (format!("a: {}", nested("[", "", "]", LIMIT)), DECODED),
        (format!("a: {}", nested("[", "1", "]", LIMIT)), CONVERTED),
        (
            format!("\n\na: {}", nested("[", "1", "]", LIMIT + 1)),
            "error converting YAML to JSON: yaml: line 3: exceeded max depth of 10000",
        ),
        (nested("- ", "x", "", LIMIT - 1), ""),
        (nested("- ", "x", "", LIMIT + 1), SCANNED),
        (format!("a:\n{}", nested("- ", "x", "", LIMIT)), CONVERTED),
        (format!("a: &a {}\nb: [*a]", nested("[", "1", "]", LIMIT - 2)), ""),
        (format!("a: &a {}\nb: [[*a]]", nested("[", "1", "]", LIMIT - 2)), CONVERTED),
        (blocks(2_000), ""),
    ];
    for (text, failure) in rows {
        let start = &text[..text.len().min(20)];
        let told =
            |result: Result<(), yaml::Error>| result.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(told(yaml::read(text.as_bytes()).map(drop)), failure, "{start:?}");
        assert_eq!(told(yaml::check(text.as_bytes())), failure, "checked: {start:?}");
        assert_eq!(told(yaml::read_some(text.as_bytes(), |key| key == b"b").map(drop)), failure, "{start:?}");
    }
    for (open, inner, close) in [("[", "", "]"), ("{\"a\":", "1", "}")] {
        assert!(json::read(nested(open, inner, close, LIMIT).as_bytes()).is_ok());
        assert_eq!(
            json::read(nested(open, inner, close, LIMIT + 1).as_bytes()).err(),
            Some(json::Error::Depth)
        );
    }
}

#[test]
fn values_are_written_as_deep_as_go_writes_them() {
    let list = |levels: usize, inner: Value| (0..levels).fold(inner, |value, _| Value::list([value]));
    let rows = [
        (list(LIMIT, Value::from("x")), true, true),
        (list(LIMIT + 1, Value::from("x")), false, false),
        // An empty list is no level more, but for a reader.
        (list(LIMIT, Value::list([])), true, false),
        (list(LIMIT + 1, Value::list([])), false, false),
    ];
    for (index, (value, text, document)) in rows.into_iter().enumerate() {
        assert_eq!(json::write(&value, json::Style::Compact).is_ok(), text, "row {index}");
        assert_eq!(json::write(&value, json::Style::Raw).is_ok(), text, "row {index}");
        assert_eq!(yaml::write(&value).is_ok(), document, "row {index}");
        assert!(yaml::write_pretty(&value).is_ok(), "row {index}");
    }
    // A table's name is as long as it is deep, so TOML has a limit of its own.
    assert!(toml::write(&Value::map([("a", list(200, Value::from("x")))])).is_ok());
    assert!(toml::write(&Value::map([("a", list(300, Value::from("x")))])).is_err());
}

#[test]
fn charts_with_deep_values_are_rendered() {
    let defaults = format!("v: {}", nested("{a: ", "1", "}", LIMIT - 1));
    let given = format!("v: {}", nested("{a: ", "null", "}", LIMIT - 2));
    let schema = r##"{"additionalProperties": {"$ref": "#"}, "not": {"const": 2}}"##;
    let template = "x: {{ toJson .Values | len }} {{ .Values.v | toString | len }} {{ deepEqual .Values (deepCopy .Values) }}\ny: \
                    {{ merge (dict) .Values.v (deepCopy .Values.v) | toJson | fromJson | toRawJson | len }}\n";
    let files =
        [("values.yaml", defaults.as_str()), ("values.schema.json", schema), ("templates/a.yaml", template)];
    let given = yaml::read_map(given.as_bytes()).unwrap();
    let told = rendered("deep", &files, &given, &Nowhere).unwrap();
    assert!(told.contains(" true\ny: 59984\n"), "{told}");
    let manifest = format!("x: {}", nested("[", "", "]", LIMIT - 1));
    let none = Map::new::<&str>(MapType::Any, []);
    assert!(
        rendered("deep", &[("templates/a.yaml", &manifest)], &none, &Nowhere).unwrap().contains(&manifest)
    );
}

#[test]
fn templates_nest_as_deep_as_go_parses_them() {
    let none = Map::new::<&str>(MapType::Any, []);
    let parentheses = |levels: usize| format!("x: {{{{ {} }}}}", nested("(", "1", ")", levels));
    let branches = |levels: usize| format!("x: {}", nested("{{ if 1 }}", "1", "{{ end }}", levels));
    let chain = |links: usize| format!("x: {{{{ if 0 }}}}{}1{{{{ end }}}}", "{{ else if 0 }}".repeat(links));
    let rows = [
        (parentheses(LIMIT), ""),
        (parentheses(LIMIT + 1), "max expression depth exceeded"),
        (branches(LIMIT + 1), ""),
        (chain(LIMIT + 1), ""),
        (branches(2 * LIMIT + 1), "blocks are nested deeper than the limit of 20000 levels"),
    ];
    for (template, failure) in rows {
        match rendered("deep", &[("templates/a.yaml", &template)], &none, &Nowhere) {
            Ok(text) => assert!(failure.is_empty(), "{text}"),
            Err(told) => {
                assert!(!failure.is_empty() && told.contains(failure), "{}", told.get(..300).unwrap_or(&told))
            }
        }
    }
}

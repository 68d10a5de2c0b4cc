//! JSON as kubectl writes it: keys in order, `<`, `>` and `&` escaped (Go's encoding).
//!
//! Equal objects give equal text, so that an annotation written by one tool is not changed by the other.

use serde::Serialize;
use serde_json::{
    Value,
    ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer},
};

/// The value with the keys of all its objects in order.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// In one line.
pub fn compact(value: &Value) -> String {
    write(&sorted(value), Escaping(CompactFormatter))
}

/// Over several lines, indented by four spaces.
pub fn indented(value: &Value) -> String {
    write(&sorted(value), Escaping(PrettyFormatter::with_indent(b"    ")))
}

/// In one line, fields in their own order: as Go writes structs.
pub fn ordered(value: &impl Serialize) -> String {
    write(value, Escaping(CompactFormatter))
}

fn write(value: &impl Serialize, formatter: impl Formatter) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, formatter);
    value.serialize(&mut serializer).expect("what is written has string keys only");
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// A formatter that escapes what a browser might take for HTML, in strings.
struct Escaping<F>(F);

/// Passes calls on that need no change.
macro_rules! pass {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $name<W: ?Sized + std::io::Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> std::io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        }
    )*};
}

impl<F: Formatter> Formatter for Escaping<F> {
    fn write_string_fragment<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let special = rest[at..].chars().next().expect("something was found there");
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", special as u32)?;
            rest = &rest[at + special.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    pass! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn as_go_writes_it() {
        let value = json!({"b": [1, {"d": null, "c": "x<y>&é\"\n"}], "a": {}, "e": []});
        assert_eq!(compact(&value), r#"{"a":{},"b":[1,{"c":"x\u003cy\u003e\u0026é\"\n","d":null}],"e":[]}"#);
        let expected = "{\n    \"a\": {},\n    \"b\": [\n        true\n    ]\n}";
        assert_eq!(indented(&json!({"b": [true], "a": {}})), expected);
    }
}

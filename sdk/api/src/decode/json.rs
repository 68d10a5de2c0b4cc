//! JSON bodies.

use serde::de::DeserializeSeed;

use super::value::{Duplicates, Seed};
use super::{Decoded, Error, wording};

/// Decodes a JSON body. Depth is limited to 128 levels by the parser.
///
/// # Errors
/// Malformed JSON, in the words of Go's scanner.
pub fn json(bytes: &[u8]) -> Result<Decoded, Error> {
    let duplicates = Duplicates::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let decoded = Seed(&duplicates)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Error::Json(wording::explain(bytes).unwrap_or_else(|| error.to_string())))?;
    Ok(Decoded { value: decoded, duplicates: duplicates.into_paths() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn duplicates_have_paths_in_document_order() {
        let body = br#"{"a":1,"a":2,"b":{"c":[{"d":1,"d":{"x":1,"x":2}},[{"e":1,"e":1}]]},"b":3}"#;
        let decoded = super::json(body).unwrap();
        assert_eq!(decoded.value, json!({"a": 2, "b": 3}));
        assert_eq!(decoded.duplicates, ["a", "b.c[0].d", "b.c[0].d.x", "b.c[1][0].e", "b"]);
    }

    #[test]
    fn wording() {
        for (body, expected) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("{\"a\":", "unexpected end of JSON input"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{\"a\":}", "invalid character '}' looking for beginning of value"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("tru ", "invalid character ' ' in literal true (expecting 'e')"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("1.a", "invalid character 'a' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
        ] {
            let Err(Error::Json(message)) = super::json(body.as_bytes()) else { panic!("{body} decoded") };
            assert_eq!(message, expected, "{body}");
        }
    }

    #[test]
    fn depth_is_limited() {
        assert!(super::json("[".repeat(100_000).as_bytes()).is_err());
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(super::json(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = super::json(&bytes);
        }

        #[test]
        fn near_json_never_panics(text in "[\\[\\]{}\",:0-9a-e\\\\. \\-tfnu]{0,60}") {
            let ours = super::json(text.as_bytes());
            let theirs = serde_json::from_str::<Value>(&text);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok());
        }
    }
}

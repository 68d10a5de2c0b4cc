//! The names of a schema and what refers to them. Go takes characters in a URL that URLs do not have, as the space of
//! `"$id": "My chart"`. In: a schema; out: the same with those characters encoded, which every reader takes.

use serde_json::Value as Json;

use super::patterns::{NAMING, VALUES};

/// The fields that name a schema, or refer to one.
const KEYWORDS: [&str; 5] = ["$id", "id", "$ref", "$recursiveRef", "$dynamicRef"];

/// The schema with names and references as URLs are written.
pub(super) fn encoded(schema: Json) -> Json {
    match schema {
        Json::Array(all) => all.into_iter().map(encoded).collect(),
        Json::Object(fields) => {
            let field = |(keyword, value): (String, Json)| {
                let value = match value {
                    Json::String(text) if KEYWORDS.contains(&keyword.as_str()) => Json::String(url(&text)),
                    Json::Object(inner) if NAMING.contains(&keyword.as_str()) => {
                        inner.into_iter().map(|(name, schema)| (name, encoded(schema))).collect()
                    }
                    value if VALUES.contains(&keyword.as_str()) => value,
                    value => encoded(value),
                };
                (keyword, value)
            };
            fields.into_iter().map(field).collect()
        }
        other => other,
    }
}

fn url(text: &str) -> String {
    let has_address = text.contains("://[");
    let mut out = String::with_capacity(text.len());
    let mut in_fragment = false;
    for character in text.chars() {
        let fits = match character {
            '#' => !std::mem::replace(&mut in_fragment, true),
            '[' | ']' => has_address,
            _ => character.is_ascii_alphanumeric() || "-._~:/?@!$&'()*+,;=%".contains(character),
        };
        if fits {
            out.push(character);
        } else {
            let mut bytes = [0; 4];
            character.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_are_encoded_where_they_stand() {
        for (text, expected) in [
            ("My chart", "My%20chart"),
            ("http://x/y#/a b#c", "http://x/y#/a%20b%23c"),
            ("http://[::1]/é", "http://[::1]/%C3%A9"),
            ("a[0]", "a%5B0%5D"),
            ("#/$defs/x~1y", "#/$defs/x~1y"),
        ] {
            assert_eq!(url(text), expected);
        }
        let schema = json!({"$id": "a b", "properties": {"$id": {"$ref": "a b"}}, "enum": [{"$id": "a b"}], "title": "a b"});
        let expected = json!({"$id": "a%20b", "properties": {"$id": {"$ref": "a%20b"}}, "enum": [{"$id": "a b"}], "title": "a b"});
        assert_eq!(encoded(schema), expected);
    }
}

//! The patterns of a schema. In: a schema; out: whether Go takes them all, and the schema with patterns that every engine
//! reads as Go does.

use serde_json::Value as Json;

use crate::functions::regex;

/// Fields whose fields have names of their own, not keywords'.
pub(super) const NAMING: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
/// Fields that hold values, no schemas.
pub(super) const VALUES: [&str; 4] = ["enum", "const", "default", "examples"];

/// Whether every pattern of a schema is one that Go takes; others, such as those that look ahead, Helm refuses.
pub(super) fn fit(schema: &Json) -> bool {
    match schema {
        Json::Array(all) => all.iter().all(fit),
        Json::Object(fields) => fields.iter().all(|(keyword, value)| match (keyword.as_str(), value) {
            ("pattern", Json::String(pattern)) => regex::check(pattern).is_ok(),
            (naming, Json::Object(inner)) if NAMING.contains(&naming) => {
                let are_patterns = naming == "patternProperties";
                inner
                    .iter()
                    .all(|(name, schema)| (!are_patterns || regex::check(name).is_ok()) && fit(schema))
            }
            (values, _) if VALUES.contains(&values) => true,
            (_, value) => fit(value),
        }),
        _ => true,
    }
}

/// The schema with its patterns spelt out: `{` that begins no repetition, which only Go takes, and the like.
pub(super) fn plain(schema: Json) -> Json {
    let spelt = |pattern: String| regex::spelt_out(&pattern).unwrap_or(pattern);
    match schema {
        Json::Array(all) => all.into_iter().map(plain).collect(),
        Json::Object(fields) => {
            let field = |(keyword, value): (String, Json)| {
                let value = match (keyword.as_str(), value) {
                    ("pattern", Json::String(pattern)) => Json::String(spelt(pattern)),
                    (naming, Json::Object(inner)) if NAMING.contains(&naming) => {
                        let are_patterns = naming == "patternProperties";
                        let name = |name| if are_patterns { spelt(name) } else { name };
                        inner.into_iter().map(|(key, schema)| (name(key), plain(schema))).collect()
                    }
                    (values, value) if VALUES.contains(&values) => value,
                    (_, value) => plain(value),
                };
                (keyword, value)
            };
            fields.into_iter().map(field).collect()
        }
        other => other,
    }
}

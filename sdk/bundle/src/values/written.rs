//! What a schema's `enum` and `const` allow, with numbers as they are written there: `1e3` is not told as `1000`. In: the text of
//! the schema and where in it the keyword is; out: its values as people are told.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::words::scalar;

/// The scalars at a JSON pointer, a list of them or one; `None` if there are others, or if that place is in no such text.
pub(super) fn choices(schema: &[u8], pointer: &str) -> Option<Vec<String>> {
    let mut here: &RawValue = serde_json::from_slice(schema).ok()?;
    for step in pointer.strip_prefix('/')?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        here = match serde_json::from_str::<BTreeMap<String, &RawValue>>(here.get()) {
            Ok(fields) => *fields.get(&step)?,
            Err(_) => *list(here)?.get(step.parse::<usize>().ok()?)?,
        };
    }
    list(here).unwrap_or_else(|| vec![here]).into_iter().map(shown).collect()
}

fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

fn shown(value: &RawValue) -> Option<String> {
    let text = value.get();
    match text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        true => Some(text.to_owned()),
        false => scalar(&serde_json::from_str(text).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_they_are_written() {
        let schema = br#"{"properties": {"a/b": {"enum": [1e3, 2.50, "x", null, true, -0]}, "c": {"const": 1E2}, "d": {"enum": [[1]]}}}"#;
        let told = |pointer: &str| choices(schema, pointer);
        let all = ["1e3", "2.50", "'x'", "<nil>", "true", "-0"].map(str::to_owned).to_vec();
        assert_eq!(told("/properties/a~1b/enum"), Some(all));
        assert_eq!(told("/properties/c/const"), Some(vec!["1E2".to_owned()]));
        assert_eq!(told("/properties/d/enum"), None);
        assert_eq!(told("/properties/z/enum"), None);
        assert_eq!(choices(b"", "/enum"), None);
    }
}

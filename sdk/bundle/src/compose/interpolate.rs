//! `${VARIABLE}` in a Compose file's strings: `$V`, `${V}`, `${V:-default}`, `${V-default}`, `${V:?message}`,
//! `${V?message}`, `${V:+other}`, `${V+other}`, and `$$` for a dollar sign.

use serde_json::Value;

use super::{Error, Surroundings};

/// Deepest nesting of defaults within defaults.
const MAX_DEPTH: usize = 32;

/// Replaces the variables in all strings of `document`, but not in its keys.
pub(super) fn document(document: &mut Value, surroundings: &dyn Surroundings) -> Result<(), Error> {
    match document {
        Value::String(text) if text.contains('$') => *text = expand(text, surroundings, 0)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| self::document(item, surroundings))?,
        Value::Object(fields) => {
            fields.values_mut().try_for_each(|field| self::document(field, surroundings))?;
        }
        _ => {}
    }
    Ok(())
}

fn bad(name: &str, problem: impl Into<String>) -> Error {
    Error::Variable { name: name.into(), problem: problem.into() }
}

fn expand(text: &str, surroundings: &dyn Surroundings, depth: usize) -> Result<String, Error> {
    if depth > MAX_DEPTH {
        return Err(bad(text, format!("defaults are nested more than {MAX_DEPTH} levels deep")));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing(after).ok_or_else(|| bad(text, "a \"${\" without its \"}\""))?;
            out.push_str(&braced(&after[..end], surroundings, depth)?);
            rest = &after[end + 1..];
        } else {
            let length = name_length(rest);
            if length == 0 {
                return Err(bad(
                    text,
                    "a \"$\" must be followed by a name or a brace; write \"$$\" for a dollar",
                ));
            }
            out.push_str(&surroundings.variable(&rest[..length]).unwrap_or_default());
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The length of the name at the start of `text`, in bytes.
fn name_length(text: &str) -> usize {
    let name = |(at, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit());
    text.char_indices().take_while(|one| name(*one)).count()
}

/// Where the brace that was opened before `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn braced(inside: &str, surroundings: &dyn Surroundings, depth: usize) -> Result<String, Error> {
    let (name, rest) = inside.split_at(name_length(inside));
    if name.is_empty() {
        return Err(bad(inside, "no name in the braces"));
    }
    let value = surroundings.variable(name);
    let (set, rest) = match rest.strip_prefix(':') {
        Some(rest) => (value.clone().filter(|text| !text.is_empty()), rest),
        None => (value.clone(), rest),
    };
    let Some(kind) = rest.chars().next() else { return Ok(value.unwrap_or_default()) };
    let word = || expand(&rest[kind.len_utf8()..], surroundings, depth + 1);
    match kind {
        '-' => set.map_or_else(word, Ok),
        '+' => set.map_or_else(|| Ok(String::new()), |_| word()),
        '?' => match set {
            Some(value) => Ok(value),
            None => Err(bad(name, format!("must be set: {}", word()?))),
        },
        other => Err(bad(name, format!("unexpected {other:?} after the name"))),
    }
}

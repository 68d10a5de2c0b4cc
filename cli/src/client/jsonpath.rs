//! `-o jsonpath=TEMPLATE` (kubectl's JSONPath templates): text with `{expressions}`, `{range}...{end}` and quoted text.
//!
//! Expressions are evaluated by the `jsonpath_rust` crate (RFC 9535); kubectl's shorter forms are completed first.

use jsonpath_rust::JsonPath;
use serde_json::Value;

use super::canonical;

/// Why a template cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A brace that is not closed.
    #[error("unclosed action in jsonpath template {0:?}")]
    Unclosed(String),
    /// `{range}` without `{end}`, or the other way round.
    #[error("{{range}} and {{end}} do not match in jsonpath template {0:?}")]
    Range(String),
    /// An expression that is none.
    #[error("cannot read jsonpath expression {expression:?}: {reason}")]
    Expression {
        /// Which.
        expression: String,
        /// Why.
        reason: String,
    },
}

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Path(String),
    Range(String, Vec<Part>),
}

impl Template {
    /// Reads a template; one without braces is an expression.
    pub fn parse(template: &str) -> Result<Self, Error> {
        if !template.contains('{') {
            return Ok(Template(vec![Part::Path(complete(template))]));
        }
        let mut stack: Vec<(String, Vec<Part>)> = Vec::new();
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                parts.push(Part::Text(rest[..open].into()));
            }
            let close = closing(&rest[open..]).ok_or_else(|| Error::Unclosed(template.into()))? + open;
            let action = rest[open + 1..close].trim();
            rest = &rest[close + 1..];
            if let Some(path) = action.strip_prefix("range ") {
                stack.push((complete(path.trim()), std::mem::take(&mut parts)));
            } else if action == "end" {
                let (path, outer) = stack.pop().ok_or_else(|| Error::Range(template.into()))?;
                let inner = std::mem::replace(&mut parts, outer);
                parts.push(Part::Range(path, inner));
            } else if let Some(text) = quoted(action) {
                parts.push(Part::Text(text));
            } else {
                parts.push(Part::Path(complete(action)));
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        if stack.is_empty() { Ok(Template(parts)) } else { Err(Error::Range(template.into())) }
    }

    /// The text for a value. What is not there is nothing.
    pub fn render(&self, value: &Value) -> Result<String, Error> {
        let mut out = String::new();
        render(&self.0, value, &mut out)?;
        Ok(out)
    }
}

fn render(parts: &[Part], value: &Value, out: &mut String) -> Result<(), Error> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Path(path) => {
                let found: Vec<String> = query(value, path)?.into_iter().map(text).collect();
                out.push_str(&found.join(" "));
            }
            Part::Range(path, inner) => {
                for one in query(value, path)? {
                    render(inner, one, out)?;
                }
            }
        }
    }
    Ok(())
}

fn query<'a>(value: &'a Value, path: &str) -> Result<Vec<&'a Value>, Error> {
    value
        .query(path)
        .map_err(|error| Error::Expression { expression: path.into(), reason: error.to_string() })
}

/// `.a.b` and `a.b` are `$.a.b`; kubectl escapes dots in names with a backslash.
fn complete(expression: &str) -> String {
    let expression = bracket_escapes(expression);
    match expression.chars().next() {
        None => "$".into(),
        Some('$') => expression,
        Some('@') => format!("${}", &expression[1..]),
        Some('.' | '[') if expression == "." => "$".into(),
        Some('.' | '[') => format!("${expression}"),
        Some(_) => format!("$.{expression}"),
    }
}

/// `.metadata.labels.a\.b/c` as `.metadata.labels['a.b/c']`.
fn bracket_escapes(expression: &str) -> String {
    if !expression.contains("\\.") {
        return expression.into();
    }
    let marked = expression.replace("\\.", "\u{0}");
    let segments = marked.split('.').map(|segment| match segment.contains('\u{0}') {
        true => format!("['{}']", segment.replace('\u{0}', ".")),
        false => segment.to_string(),
    });
    let mut out = String::new();
    for (index, segment) in segments.enumerate() {
        if index > 0 && !segment.starts_with('[') {
            out.push('.');
        }
        out.push_str(&segment);
    }
    out
}

/// The index of the brace that closes the one `text` begins with, outside quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match (quote, character) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '}') => return Some(index),
            (None, _) => {}
        }
    }
    None
}

fn quoted(action: &str) -> Option<String> {
    let quote = action.chars().next().filter(|first| *first == '"' || *first == '\'')?;
    let inner = action.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => canonical::compact(other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kubectls_templates() {
        let value = json!({
            "status": {"podIP": "10.0.0.1"},
            "metadata": {"labels": {"a.b/c": "d"}},
            "items": [{"name": "x", "n": 1}, {"name": "y", "n": 2}],
        });
        for (template, expected) in [
            ("{.status.podIP}", "10.0.0.1"),
            (".status.podIP", "10.0.0.1"),
            ("status.podIP", "10.0.0.1"),
            ("{$.status.podIP}", "10.0.0.1"),
            ("ip={.status.podIP};", "ip=10.0.0.1;"),
            ("{.items[*].name}", "x y"),
            ("{.items[0].n}", "1"),
            ("{.missing.field}", ""),
            (r"{.metadata.labels.a\.b/c}", "d"),
            ("{range .items[*]}{.name}{\"\\t\"}{.n}{\"\\n\"}{end}", "x\t1\ny\t2\n"),
            ("{.items[?(@.name==\"y\")].n}", "2"),
            ("{.status}", "{\"podIP\":\"10.0.0.1\"}"),
        ] {
            assert_eq!(Template::parse(template).unwrap().render(&value).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Template::parse("{.a"), Err(Error::Unclosed("{.a".into())));
        assert_eq!(Template::parse("{range .a}{.b}"), Err(Error::Range("{range .a}{.b}".into())));
        assert!(Template::parse("{.a[}").unwrap().render(&json!({})).is_err());
    }
}

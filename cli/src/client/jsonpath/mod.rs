//! `-o jsonpath=TEMPLATE`: text with `{expressions}`, `{range}...{end}` and quoted text. In: a template and a value; out:
//! the text that Kubernetes' Go clients print. Source of the behaviour: kubectl and helm, run beside ours.

mod compare;
mod evaluate;
mod parse;
mod unquote;

use std::fmt::Write as _;

use naru_bundle::{printf, value::Value as GoValue};
use serde_json::Value;

use super::canonical;
use evaluate::Found;
use parse::Action;

/// Why a template cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Text that is no template.
    #[error("error parsing jsonpath {template}: {reason}")]
    Syntax {
        /// Which.
        template: String,
        /// Why.
        reason: String,
    },
    /// A template that does not fit the value.
    #[error("error executing jsonpath: {0}")]
    Evaluation(String),
}

/// Whose results a template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// kubectl's: whole numbers are integers, what is not there is nothing.
    Kubectl,
    /// helm's: every number of a chart's values is a float, what is not there is a mistake.
    Helm,
}

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Action>);

// No number of a template is NaN: they are read from digits.
impl Eq for Template {}

impl Template {
    /// Reads a template; one without braces is an expression.
    ///
    /// # Errors
    /// Text that is no template.
    pub fn parse(template: &str) -> Result<Self, Error> {
        if template.contains('{') {
            return Self::parse_exactly(template);
        }
        let dot = if template.starts_with(['.', '[', '$', '@']) || template.is_empty() { "" } else { "." };
        Self::parse_exactly(&format!("{{{dot}{template}}}"))
    }

    /// Reads a template; what is outside braces is text.
    ///
    /// # Errors
    /// Text that is no template.
    pub fn parse_exactly(template: &str) -> Result<Self, Error> {
        let syntax = |reason| Error::Syntax { template: template.into(), reason };
        parse::actions(template, 0).map(Template).map_err(syntax)
    }

    /// The text for a value, as kubectl prints it.
    ///
    /// # Errors
    /// A template that does not fit the value.
    pub fn render(&self, value: &Value) -> Result<String, Error> {
        self.render_as(value, Manner::Kubectl)
    }

    /// The text for a value.
    ///
    /// # Errors
    /// A template that does not fit the value.
    pub fn render_as(&self, value: &Value, manner: Manner) -> Result<String, Error> {
        let mut out = String::new();
        for found in evaluate::evaluate(&self.0, value, manner).map_err(Error::Evaluation)? {
            for (at, one) in found.iter().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                print(&mut out, one, manner);
            }
        }
        Ok(out)
    }
}

fn print(out: &mut String, found: &Found<'_>, manner: Manner) {
    let float = |out: &mut String, number| {
        out.push_str(&String::from_utf8_lossy(&printf::sprint(&GoValue::Float(number))));
    };
    // Writing to a text cannot fail.
    let _ = match found {
        Found::Nothing => write!(out, "<nil>"),
        Found::Text(text) => write!(out, "{text}"),
        Found::Bool(flag) => write!(out, "{flag}"),
        Found::Int(number) => write!(out, "{number}"),
        Found::Float(number) => {
            float(out, *number);
            Ok(())
        }
        Found::Value(Value::String(text)) => write!(out, "{text}"),
        Found::Value(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) if manner == Manner::Kubectl => write!(out, "{whole}"),
            (_, Some(number)) => {
                float(out, number);
                Ok(())
            }
            _ => write!(out, "{number}"),
        },
        Found::Value(other) => write!(out, "{}", canonical::compact(other)),
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use serde_json::json;

    use super::*;

    #[test]
    fn kubectls_templates() {
        let value = json!({
            "status": {"podIP": "10.0.0.1"},
            "metadata": {"labels": {"a.b/c": "d"}},
            "items": [{"name": "x", "n": 1}, {"name": "y", "n": 2}],
            "big": 10_000_000,
        });
        for (template, expected) in [
            ("{.status.podIP}", "10.0.0.1"),
            (".status.podIP", "10.0.0.1"),
            ("status.podIP", "10.0.0.1"),
            ("{$.status.podIP}", "10.0.0.1"),
            ("ip={.status.podIP};", "ip=10.0.0.1;"),
            ("{.items[*].name}", "x y"),
            ("{.items[0].n}", "1"),
            ("{.big}", "10000000"),
            ("{.missing.field}", ""),
            (r"{.metadata.labels.a\.b/c}", "d"),
            ("{range .items[*]}{.name}{\"\\t\"}{.n}{\"\\n\"}{end}", "x\t1\ny\t2\n"),
            ("{range .items[*]}{.name}{\" \"}", "x y  "),
            ("{.items[?(@.name==\"y\")].n}", "2"),
            ("{.items[?(@.n>1)].name}", "y"),
            ("{.items[?(@.missing>1)].name}", ""),
            ("{.status}", "{\"podIP\":\"10.0.0.1\"}"),
        ] {
            assert_eq!(Template::parse(template).unwrap().render(&value).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (template, reason) in [
            ("{.a", "unclosed action"),
            ("{.a[}", "unterminated array"),
            ("{.a]}", "unrecognized character in action: U+005D ']'"),
            ("{.a\t}", "unrecognized character in action: U+0009"),
        ] {
            let error = Template::parse(template).unwrap_err().to_string();
            assert_eq!(error, format!("error parsing jsonpath {template}: {reason}"));
        }
        let value = json!({"a": ["x"]});
        for template in ["{end}", "{nope}", "{.a[7]}", "{.a[0][0]}", "{.a[?(@<1)]}"] {
            assert!(Template::parse(template).unwrap().render(&value).is_err(), "{template}");
        }
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let template = "{range .a[*]}".repeat(40);
        let value = json!({"a": [1, 2, 3]});
        assert!(Template::parse(&template).unwrap().render_as(&value, Manner::Kubectl).is_err());
        assert!(Template::parse(&format!("{{{}}}", "[?(".repeat(500))).is_err());
        let nested = format!("{{{}@.a{}}}", "[?(".repeat(200), ")]".repeat(200));
        assert!(Template::parse(&nested).is_err());
    }
}

//! What a fault is about, and what its reader can do: read from the cause's words and the failing operand.

use super::{Fault, Place};

/// The beginning of a cause, and what helps.
const HELP: &[(&str, &str)] = &[
    ("unclosed action", "an action ends with }} on the same line or, inside an expression, on a later one"),
    ("unexpected EOF", "an {{ if }}, {{ with }}, {{ range }} or {{ define }} lacks its {{ end }}"),
    ("unexpected {{end}}", "there is one {{ end }} too many before this line"),
    ("unexpected {{else}}", "an {{ else }} stands outside {{ if }}, {{ with }} and {{ range }}"),
    ("undefined variable", "declare it first with :=, in this block or one around it"),
    ("wrong number of args", "what comes through a pipe counts as the last argument"),
    (
        "can't give argument to non-function",
        "only functions and methods take arguments: is a pipe or a parenthesis missing?",
    ),
    ("range can't iterate over", "range takes a list, a map or an integer: splitList makes a list of a text"),
    ("incompatible types for comparison", "convert one side: int, float64 or toString"),
    ("invalid value; expected", "the value is not there: give it one with default"),
    ("expected string; found", "convert it with toString, or put it in quotes"),
    ("expected integer; found", "convert it with int"),
    ("index out of range", "ask for the length first: {{ if gt (len LIST) N }}"),
    ("rendering template has a nested reference name", "the template includes itself without end"),
];

/// As [`HELP`], for what a function says after `error calling NAME: `.
const HELP_OF_FUNCTIONS: &[(&str, &str)] = &[
    ("incompatible types for comparison", "convert one side: int, float64 or toString"),
    ("index out of range", "ask for the length first: {{ if gt (len LIST) N }}"),
    ("runtime error: integer divide by zero", "ask first whether the divisor is 0"),
    ("cannot parse template", "the text given to tpl is no template: see the value it comes from"),
    ("rendering template has a nested reference name", "the template includes itself without end"),
    ("index of untyped nil", "the map or list is not there: give it a default, or ask first with {{ with }}"),
];

/// What may help.
pub(super) fn remedy(fault: &Fault, place: &Place) -> Option<String> {
    if fault.limit {
        return Some(
            "the template asks for more than any chart needs: look for a loop without end".to_owned(),
        );
    }
    let operand = operand(&place.excerpt);
    if let Some(field) = fault.cause.strip_prefix("nil pointer evaluating interface {}.") {
        let owner = owner(operand, field)?;
        return Some(format!(
            "set {owner}, or ask first: {{{{ with {owner} }}}}...{{{{ end }}}}, or ({owner}).{field}, which is empty then"
        ));
    }
    if let Some((_, got)) = mismatch(&fault.cause) {
        return Some(match got {
            "float64" | "int" | "int64" | "bool" => {
                "convert it with toString, or put it in quotes in the values".to_owned()
            }
            "interface {}" | "<nil>" => "it is not there: give it one with default".to_owned(),
            _ => "take a part of it, or write it with toYaml or toJson".to_owned(),
        });
    }
    if fault.cause.starts_with("can't evaluate field") {
        return Some(
            "only maps have fields: look at the indentation of its value, and at what . is here".to_owned(),
        );
    }
    let called = fault.cause.strip_prefix("error calling ").and_then(|rest| rest.split_once(": "));
    let (table, cause) = match called {
        Some((_, cause)) => (HELP_OF_FUNCTIONS, cause),
        None => (HELP, fault.cause.as_str()),
    };
    table.iter().find(|(start, _)| cause.starts_with(start)).map(|(_, help)| (*help).to_owned())
}

/// The path of the value that the fault is about, and what the value is.
pub(super) fn value(fault: &Fault, place: &Place) -> Option<String> {
    let operand = operand(&place.excerpt);
    if let Some(field) = fault.cause.strip_prefix("nil pointer evaluating interface {}.") {
        return Some(format!("{} is null or not there", owner(operand, field)?));
    }
    if let Some(rest) = fault.cause.strip_prefix("can't evaluate field ") {
        let (field, found) = rest.split_once(" in type ")?;
        return Some(format!("{} is {}", owner(operand, field)?, in_words(found)));
    }
    let is_path = operand.starts_with(['.', '$']) && !operand.contains(' ');
    let (expected, got) = mismatch(&fault.cause).filter(|_| is_path)?;
    Some(format!("{operand} is {}, not {}", in_words(got), in_words(expected)))
}

/// What was expected and what was got, of a cause that says so.
fn mismatch(cause: &str) -> Option<(&str, &str)> {
    cause.strip_prefix("wrong type for value; expected ")?.split_once("; got ")
}

fn in_words(type_name: &str) -> String {
    match type_name {
        "string" => "a text".into(),
        "bool" => "true or false".into(),
        "int" | "int64" | "float64" => "a number".into(),
        "map[string]interface {}" | "common.Values" => "a map".into(),
        "[]interface {}" | "[]string" => "a list".into(),
        "interface {}" | "<nil>" => "null or not there".into(),
        other => format!("of type {other}"),
    }
}

/// The operand that an excerpt begins with: `.Values.a`, `$x.y`, `(expression).z`, a text, a word.
pub(super) fn operand(excerpt: &str) -> &str {
    let in_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '$' | '_');
    let mut depth = 0_usize;
    let mut quote = None;
    for (index, letter) in excerpt.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') if depth > 0 => depth -= 1,
            (None, _) if depth > 0 || in_path(letter) => {}
            (None, _) => return &excerpt[..index],
        }
    }
    excerpt.trim_end()
}

/// What `field` is asked of, in an operand.
fn owner<'a>(operand: &'a str, field: &str) -> Option<&'a str> {
    let wanted = format!(".{field}");
    let ends = |at: &usize| {
        let rest = &operand[at + wanted.len()..];
        rest.is_empty() || rest.starts_with('.')
    };
    let at = operand.match_indices(&wanted).map(|(at, _)| at).find(ends)?;
    Some(if at == 0 { "." } else { &operand[..at] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_end_where_the_next_begins() {
        let cases = [
            (".Values.a.b | quote", ".Values.a.b"),
            ("$x.y)", "$x.y"),
            ("(index .a \"b)\").c | d", "(index .a \"b)\").c"),
            ("\"a text\" | upper", "\"a text\""),
            ("include \"x\" .", "include"),
            ("", ""),
        ];
        for (excerpt, expected) in cases {
            assert_eq!(operand(excerpt), expected, "{excerpt}");
        }
    }

    #[test]
    fn owners_are_what_stands_before_a_field() {
        let cases = [
            (".Values.a.b", "b", Some(".Values.a")),
            (".Values.ab.a.c", "a", Some(".Values.ab")),
            (".a", "a", Some(".")),
            ("$x.a", "a", Some("$x")),
            ("(.x).y.z", "z", Some("(.x).y")),
            ("(.x).y", "q", None),
        ];
        for (path, field, expected) in cases {
            assert_eq!(owner(path, field), expected, "{path}");
        }
    }
}

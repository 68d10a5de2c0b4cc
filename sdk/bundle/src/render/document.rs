//! A document that is no YAML, for the chart's author: the lines as they were rendered, the template's line they came
//! from, and what to do.

use crate::{fault::Excerpt, yaml::Position};

/// Lines shown before the bad one.
const LINES_BEFORE: usize = 2;

/// The beginning of what the reader says after its line, and what helps.
const HELP: &[(&str, &str)] = &[
    (
        "mapping values are not allowed",
        "a text with \": \" needs quotes (| quote), or the line above is indented too little or too much",
    ),
    (
        "did not find expected key",
        "this line or the one above is indented wrongly: look at indent, nindent and what {{- takes away",
    ),
    ("did not find expected '-' indicator", "this line is indented less than the list's first entry"),
    (
        "found character that cannot start any token",
        "a tab, %, @ or ` cannot begin a value: put it in quotes (| quote)",
    ),
    (
        "could not find expected ':'",
        "a key lacks its colon, or a line of a longer text is indented too little (| nindent N)",
    ),
    (
        "did not find expected ',' or",
        "a [ or { is not closed, or a text that begins with one needs quotes (| quote)",
    ),
    ("found unexpected end of stream", "a quote, [ or { is not closed"),
    ("unknown anchor", "a value that begins with * needs quotes (| quote)"),
    (
        "did not find expected alphabetic or numeric character",
        "a value that begins with * or & needs quotes (| quote)",
    ),
    ("control characters", "a text has control characters: write it with toJson or b64enc"),
    ("invalid trailing UTF-8", "a character was cut in two: trunc, substr and abbrev count bytes"),
    ("incomplete UTF-8", "a character was cut in two: trunc, substr and abbrev count bytes"),
    (
        "invalid leading UTF-8",
        "a character was cut in two, or bytes were printed as text: write them with b64enc",
    ),
];

/// What to add to the cause: lines that begin with a newline each, or nothing.
pub(super) fn told(
    document: &str,
    cause: &str,
    position: Option<Position>,
    template: Option<&str>,
) -> String {
    let mut told = String::new();
    if let Some(position) = position {
        told.push_str("\n  rendered:\n");
        told.push_str(excerpt(document, position).trim_end_matches('\n'));
        let line = document.lines().nth(position.line.saturating_sub(1)).unwrap_or_default();
        if let Some(number) = template.and_then(|template| origin(template, line)) {
            told.push_str(&format!("\n  from: line {number} of the template"));
        }
    }
    let said = cause.rsplit("yaml: ").next().unwrap_or(cause);
    let said =
        said.split_once(": ").filter(|(line, _)| line.starts_with("line ")).map_or(said, |(_, said)| said);
    if let Some((_, help)) = HELP.iter().find(|(start, _)| said.starts_with(start)) {
        told.push_str(&format!("\n  help: {help}"));
    }
    told
}

/// The lines of a text around a place, as lines that begin with a newline each.
pub(crate) fn told_of_lines(text: &str, position: Position) -> String {
    format!("\n{}", excerpt(text, position).trim_end_matches('\n'))
}

fn excerpt(document: &str, position: Position) -> String {
    let lines: Vec<&str> = document.lines().collect();
    let number = position.line.clamp(1, lines.len().max(1));
    let first = number.saturating_sub(1 + LINES_BEFORE);
    let shown = lines.get(first..number).unwrap_or_default();
    Excerpt { lines: shown, number, mark: Some((position.column.saturating_sub(1), 1)) }.to_string()
}

/// The only line of a template that begins as a rendered line does.
fn origin(template: &str, rendered: &str) -> Option<usize> {
    let rendered = rendered.trim();
    let literal = |line: &str| line.split("{{").next().unwrap_or_default().trim().to_owned();
    let alike = |line: &str| {
        let literal = literal(line);
        literal.len() > 1 && rendered.starts_with(&literal)
    };
    let mut found = template.lines().enumerate().filter(|(_, line)| alike(line));
    let (index, _) = found.next()?;
    found.next().is_none().then_some(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_line_and_what_helps() {
        let document = "kind: A\ndata:\n  a: x: y\n";
        let cause =
            "error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context";
        let template = "kind: A\ndata:\n  {{- if true }}\n  a: {{ .Values.text }}\n  {{- end }}\n";
        let told = told(document, cause, Some(Position { line: 3, column: 7 }), Some(template));
        let expected = "\n  rendered:\n  1 | kind: A\n  2 | data:\n  3 |   a: x: y\n    |       ^\n  from: line 4 of the template\n  help: a text with";
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn tells_nothing_that_it_does_not_know() {
        assert_eq!(told("a", "some other cause", None, None), "");
        assert_eq!(origin("a: 1\nb: {{ x }}\nb: {{ y }}", "b: z"), None);
    }
}

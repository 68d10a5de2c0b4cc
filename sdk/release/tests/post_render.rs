//! Files that go through a program and come back: the stream that the program gets, and the file afterwards, as observed
//! with the stock helm. `post_render/table.txt` has the rows.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;

use naru_release::post_render::change;
use proptest::{collection::vec, prelude::*, sample::select};

const TABLE: &str = include_str!("post_render/table.txt");

/// The file of the rows.
const NAME: &str = "s/templates/a.yaml";

/// One row: what a file says, and what becomes of it.
#[derive(Default)]
struct Row {
    input: String,
    stream: Option<String>,
    /// The file afterwards, if it has one document only.
    output: Option<String>,
    error: Option<String>,
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for section in TABLE.split("@@ ").skip(1) {
        let (name, text) = section.split_once('\n').unwrap();
        if name == "input" {
            rows.push(Row::default());
        }
        let row = rows.last_mut().unwrap();
        match name {
            "input" => row.input = text.to_owned(),
            "stream" => row.stream = Some(text.to_owned()),
            "output" => row.output = Some(text.to_owned()),
            "error" => row.error = Some(text.trim_end().to_owned()),
            other => panic!("{other}"),
        }
    }
    rows
}

/// What the program gets, and the files afterwards, of a program that changes nothing.
fn pass(text: &str) -> (Option<String>, Result<BTreeMap<String, String>, String>) {
    let files = BTreeMap::from([(NAME.to_owned(), text.to_owned())]);
    let mut seen = None;
    let changed = change(&files, |stream| {
        seen = Some(stream.to_owned());
        Ok(stream.to_owned())
    });
    (seen, changed)
}

#[test]
fn files_go_and_come_back_as_with_helm() {
    let rows = rows();
    assert!(rows.len() > 100, "only {} rows", rows.len());
    for row in rows {
        let (stream, changed) = pass(&row.input);
        let input = &row.input;
        if let Some(expected) = &row.error {
            assert_eq!(changed.unwrap_err().trim_end(), expected, "{input}");
            continue;
        }
        assert_eq!(stream, row.stream, "{input}");
        if let Some(expected) = &row.output {
            let files = changed.unwrap();
            // helm trims what it prints.
            assert_eq!(files[NAME].trim_end(), expected.trim_end(), "{input}");
        }
    }
}

#[test]
fn a_comment_may_end_without_a_line_break() {
    let (stream, _) = pass("x:\n      a: 1 # l\n# é45");
    let expected = "x:\n  a: 1 # l\n# é45\n\nmetadata:\n  annotations:\n    \
        postrenderer.helm.sh/postrender-filename: 's/templates/a.yaml'\n";
    assert_eq!(stream.as_deref(), Some(expected));
}

fn files(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn programs_add_move_and_break_documents() {
    let before = files(&[
        ("c/templates/_helpers.tpl", "x"),
        ("c/templates/a.yaml", "kind: A # a\n---\nkind: B\n"),
        ("c/templates/b.yaml", "kind: C\n"),
        ("c/templates/empty.yaml", " \n"),
    ]);
    let turned = |stream: &str| {
        let mut documents: Vec<&str> = stream.split("---\n").collect();
        documents.reverse();
        Ok(format!("# new\nkind: New\n---\n{}", documents.join("---\n")))
    };
    let expected = files(&[
        ("c/templates/a.yaml", "kind: B\n---\nkind: A # a\n"),
        ("c/templates/b.yaml", "kind: C\n"),
        ("generated-by-postrender-0.yaml", "# new\nkind: New\n"),
    ]);
    assert_eq!(change(&before, turned), Ok(expected));
    let parsing = "error while parsing post rendered output: error parsing YAML: ";
    let rows = [
        ("a: [", format!("{parsing}MalformedYAMLError: yaml: line 1: did not find expected node content")),
        ("a: 1\n---b\n", format!("{parsing}invalid document separator: ---b")),
        (
            "- a\n",
            format!(
                "{parsing}wrong node kind: expected MappingNode but got SequenceNode: node contents:\n- a\n"
            ),
        ),
        (
            "kind: List\nitems: [{a: b}]\n",
            "error while parsing post rendered output: getting metadata: missing Resource metadata".into(),
        ),
    ];
    for (made, expected) in rows {
        assert_eq!(change(&before, |_| Ok(made.to_owned())), Err(expected), "{made}");
    }
    let failed = change(&before, |_| Err("it is ill".to_owned()));
    assert_eq!(failed, Err("error while running post render on files: it is ill".to_owned()));
}

/// Pieces of YAML, most of them with a meaning of their own.
const PIECES: &[&str] = &[
    "a",
    "b",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "\n\n",
    " ",
    "\t",
    "# c",
    "#",
    " # d\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "|\n",
    ">-\n",
    "|2",
    "'",
    "\"",
    "\\n",
    "<<",
    "null",
    "~",
    "5",
    "---",
    "---\n",
    "\n---\n",
    "...\n",
    "%YAML 1.1\n",
    "\r\n",
    "é",
    "\u{feff}",
    "\u{2028}",
    "😀",
    "metadata:\n",
    "annotations:\n",
    "kind: List\nitems:\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever a file says, it is refused, or comes back as something that comes back unchanged from then on.
    #[test]
    fn nothing_panics(pieces in vec(select(PIECES), 0..40)) {
        let (_, changed) = pass(&pieces.concat());
        if let Ok(files) = changed {
            for text in files.values() {
                let _ = pass(text);
            }
        }
    }
}

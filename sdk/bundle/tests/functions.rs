//! The functions that templates may call: exactly the names that the stock helm 4.3.1 knows.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, process::Command};

use naru_bundle::functions::all;

/// The names, one a line, in order.
const NAMES: &str = include_str!("functions.txt");
/// Functions of sprig's that Helm takes away.
const REMOVED: [&str; 2] = ["env", "expandenv"];

#[test]
fn exactly_helms_functions_are_registered() {
    let mut ours: Vec<&str> = all().map(|function| function.name).collect();
    ours.sort_unstable();
    assert_eq!(ours, NAMES.lines().collect::<Vec<_>>());
    assert_eq!(ours.len(), 251);
}

#[test]
fn helm_knows_each_name_and_not_those_it_took_away() {
    // An unknown function is an error of parsing, even where it is never called.
    let (known, message) = parses(NAMES.lines());
    assert!(known, "helm does not know a name: {message}");
    for name in REMOVED {
        assert!(!parses([name].into_iter()).0, "helm knows {name}");
    }
}

/// Whether helm parses a template that mentions each of `names`, and what it says otherwise.
fn parses<'a>(names: impl Iterator<Item = &'a str>) -> (bool, String) {
    let mentions: String =
        names.map(|name| format!("{{{{ if false }}}}{{{{ {name} }}}}{{{{ end }}}}\n")).collect();
    let chart = tempfile::tempdir().unwrap();
    fs::create_dir(chart.path().join("templates")).unwrap();
    fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    fs::write(chart.path().join("templates/names.yaml"), mentions).unwrap();
    let output =
        Command::new(naru_tests::tools::helm()).args(["template", "r"]).arg(chart.path()).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

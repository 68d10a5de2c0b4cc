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

#[test]
fn the_example_charts_use_every_function() {
    let charts = naru_tests::tools::repository("manifests/charts");
    let mut templates = Vec::new();
    collect(&charts, &mut templates);
    let mut named: Vec<String> = templates.iter().flat_map(|template| identifiers(template)).collect();
    named.sort_unstable();
    named.dedup();
    let unused: Vec<&str> =
        NAMES.lines().filter(|name| named.binary_search(&(*name).to_owned()).is_err()).collect();
    assert!(unused.is_empty(), "manifests/charts do not use {unused:?}");
}

/// The texts of all templates below a folder.
fn collect(folder: &std::path::Path, templates: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, templates);
        } else if path.components().any(|part| part.as_os_str() == "templates") {
            templates.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// What stands in a template's actions outside texts and comments and is neither field nor variable.
fn identifiers(template: &str) -> Vec<String> {
    let mut found = Vec::new();
    for action in template.split("{{").skip(1) {
        let action = action.trim_start_matches(['-', ' ', '\n']);
        if action.starts_with("/*") {
            continue;
        }
        let mut word = String::new();
        let mut text = None;
        let mut characters = action.split("}}").next().unwrap_or(action).chars();
        while let Some(character) = characters.next() {
            match text {
                Some(quote) if quote == character => text = None,
                Some('"') if character == '\\' => drop(characters.next()),
                Some(_) => {}
                None if matches!(character, '"' | '`') => text = Some(character),
                None if character.is_alphanumeric() || matches!(character, '_' | '.' | '$') => {
                    word.push(character)
                }
                None => found.push(std::mem::take(&mut word)),
            }
        }
        found.push(word);
    }
    found
}

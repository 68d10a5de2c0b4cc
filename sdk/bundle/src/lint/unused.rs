//! Values that no template reads: mistyped or left over. Told only where it is sure: a key counts as read as soon as
//! its name occurs in an action anywhere, and what is below a key counts as read unless every use of the key goes on
//! with a dot.

use std::collections::HashMap;

use super::{Findings, Severity};
use crate::{
    chart::Chart,
    value::{Map, Value},
};

/// Most keys that are told.
const MAX_TOLD: usize = 50;

/// How deep values are looked at.
const MAX_DEPTH: usize = 32;

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Always with a dot after it.
    Path,
    /// At least once as it is.
    Whole,
}

/// Tells the given values and the chart's defaults that no template of the chart or its subcharts reads.
pub(super) fn check(chart: &Chart, given: &Map, findings: &mut Findings) {
    let mut uses = HashMap::new();
    collect(chart, &mut uses);
    let mut unread = Vec::new();
    look(given, "", chart, &uses, 0, &mut unread);
    if let Some(defaults) = &chart.values {
        look(defaults, "", chart, &uses, 0, &mut unread);
    }
    unread.sort();
    unread.dedup();
    for path in unread.iter().take(MAX_TOLD) {
        let _ = findings.check::<()>(Severity::Info, "values.yaml", Err(format!("no template reads {path}")));
    }
}

fn collect(chart: &Chart, uses: &mut HashMap<String, Use>) {
    for template in &chart.templates {
        let text = template.data.text();
        for action in text.split("{{").skip(1) {
            words(action.split("}}").next().unwrap_or_default(), uses);
        }
    }
    // Values may hold templates for `tpl`.
    for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
        let text = file.data.text();
        for action in text.split("{{").skip(1) {
            words(action.split("}}").next().unwrap_or_default(), uses);
        }
    }
    for subchart in &chart.dependencies {
        collect(subchart, uses);
    }
}

/// Every name of an action, and every word of its strings.
fn words(action: &str, uses: &mut HashMap<String, Use>) {
    let is_inner = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-' || letter == '/';
    let mut rest = action;
    while let Some(start) = rest.find(is_inner) {
        let word = &rest[start..];
        let end = word.find(|letter| !is_inner(letter)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let how = if after.starts_with('.') { Use::Path } else { Use::Whole };
        let known = uses.entry(word.to_owned()).or_insert(how);
        if how == Use::Whole {
            *known = Use::Whole;
        }
        rest = after;
    }
}

fn look(
    values: &Map,
    path: &str,
    chart: &Chart,
    uses: &HashMap<String, Use>,
    depth: usize,
    unread: &mut Vec<String>,
) {
    if depth > MAX_DEPTH || uses.get("Values") == Some(&Use::Whole) {
        return;
    }
    for (key, value) in values.snapshot() {
        let key = key.text().into_owned();
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let is_special = path.is_empty()
            && (matches!(key.as_str(), "global" | "tags")
                || chart.dependencies.iter().any(|subchart| subchart.name() == key)
                || is_dependency(chart, &key));
        match (uses.get(&key), &value) {
            _ if is_special => {}
            (None, _) if !is_condition(chart, &full) => unread.push(full),
            (Some(Use::Path), Value::Map(inner)) => look(inner, &full, chart, uses, depth + 1, unread),
            _ => {}
        }
    }
}

fn is_dependency(chart: &Chart, key: &str) -> bool {
    chart.metadata.dependencies.iter().flatten().any(|named| named.name == key || named.alias == key)
}

/// Whether a path, or one below it, switches a dependency.
fn is_condition(chart: &Chart, path: &str) -> bool {
    let conditions =
        chart.metadata.dependencies.iter().flatten().flat_map(|named| named.condition.split(','));
    let mut conditions = conditions.map(str::trim);
    conditions.any(|condition| {
        condition.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

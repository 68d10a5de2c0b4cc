//! Which pods a pod wants near and which far: `affinity.podAffinity` and `affinity.podAntiAffinity`.
//!
//! Source of the behaviour: kube-apiserver's `validatePodAffinityTerm` and what calls it.

use std::collections::{HashMap, HashSet};

use naru_api::names;
use serde_json::Value;

use crate::kinds::{
    fields::{entries, int, items, text},
    path::{Path, Problems},
    selector::check_label_selector,
};

/// Why keys without a selector make no sense.
const NO_SELECTOR: &str = "must not be specified when labelSelector is not set";

/// One of the two sides.
pub(super) fn check(side: &Value, path: &Path<'_>, problems: &mut Problems) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let list = path.child(REQUIRED);
    for (index, term) in items(&side[REQUIRED]).iter().enumerate() {
        check_term(term, &list.index(index), problems);
    }
    let list = path.child(PREFERRED);
    for (index, weighted) in items(&side[PREFERRED]).iter().enumerate() {
        let path = list.index(index);
        let weight = int(&weighted["weight"]);
        if !(1..=100).contains(&weight) {
            problems.invalid(&path.child("weight"), weight, "must be in the range 1-100");
        }
        check_term(&weighted["podAffinityTerm"], &path.child("podAffinityTerm"), problems);
    }
}

fn check_term(term: &Value, path: &Path<'_>, problems: &mut Problems) {
    for selector in ["labelSelector", "namespaceSelector"] {
        check_label_selector(&term[selector], &path.child(selector), problems);
    }
    for name in items(&term["namespaces"]) {
        let name = text(name);
        problems.invalid_all(&path.child("namespace"), name, names::dns1123_label(name));
    }
    let selector = &term["labelSelector"];
    for keys in ["matchLabelKeys", "mismatchLabelKeys"] {
        check_keys(items(&term[keys]), selector, &path.child(keys), problems);
    }
    let (same, other) = (items(&term["matchLabelKeys"]), items(&term["mismatchLabelKeys"]));
    for (index, key) in twice(same, selector) {
        problems.invalid(&path.index(index), key, "exists in both matchLabelKeys and labelSelector");
    }
    let list = path.child("matchLabelKeys");
    let other: HashSet<&str> = other.iter().map(text).collect();
    for (index, key) in same.iter().map(text).enumerate().filter(|(_, key)| other.contains(key)) {
        const WHY: &str = "exists in both matchLabelKeys and mismatchLabelKeys";
        problems.invalid(&list.index(index), key, WHY);
    }
    let key = text(&term["topologyKey"]);
    if key.is_empty() {
        problems.required(&path.child("topologyKey"), "can not be empty");
    }
    problems.invalid_all(&path.child("topologyKey"), key, names::qualified_name(key));
}

fn check_keys(keys: &[Value], selector: &Value, path: &Path<'_>, problems: &mut Problems) {
    if keys.is_empty() {
        return;
    }
    if selector.is_null() {
        return problems.forbidden(path, NO_SELECTOR);
    }
    for (index, key) in keys.iter().enumerate() {
        let key = text(key);
        problems.invalid_all(&path.index(index), key, names::qualified_name(key));
    }
}

/// The keys that a selector has beside what was merged into it: with their places in the list of keys.
pub(super) fn twice<'a>(keys: &'a [Value], selector: &'a Value) -> Vec<(usize, &'a str)> {
    // Of keys that are there twice the last place counts.
    let places: HashMap<&str, usize> =
        keys.iter().enumerate().map(|(place, key)| (text(key), place)).collect();
    let mut seen: HashSet<&str> = entries(&selector["matchLabels"]).map(|(key, _)| key.as_str()).collect();
    let mut found = Vec::new();
    for expression in items(&selector["matchExpressions"]) {
        let key = text(&expression["key"]);
        if let (false, Some(place)) = (seen.insert(key), places.get(key)) {
            found.push((*place, key));
        }
    }
    found
}

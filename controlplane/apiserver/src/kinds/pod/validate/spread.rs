//! How a pod spreads over the cluster with its like: `topologySpreadConstraints`.
//!
//! Source of the behaviour: kube-apiserver's `validateTopologySpreadConstraints`.

use std::collections::HashMap;

use naru_api::names;
use serde_json::Value;

use super::pod_affinity::twice;
use crate::kinds::{
    fields::{int, items, text},
    path::{Path, Problems},
    selector::check_label_selector,
};

const ACTIONS: &[&str] = &["DoNotSchedule", "ScheduleAnyway"];
const POLICIES: &[&str] = &["Honor", "Ignore"];
const NOT_POSITIVE: &str = "must be greater than zero";

/// All constraints of a pod.
pub(super) fn check(constraints: &Value, path: &Path<'_>, problems: &mut Problems) {
    let all = items(constraints);
    let last: HashMap<_, _> = all.iter().enumerate().map(|(index, one)| (kind(one), index)).collect();
    for (index, constraint) in all.iter().enumerate() {
        let path = path.index(index);
        let (key, action) = kind(constraint);
        let skew = int(&constraint["maxSkew"]);
        if skew <= 0 {
            problems.invalid(&path.child("maxSkew"), skew, NOT_POSITIVE);
        }
        if key.is_empty() {
            problems.required(&path.child("topologyKey"), "can not be empty");
        }
        if !ACTIONS.contains(&action) {
            problems.not_supported(&path.child("whenUnsatisfiable"), action, ACTIONS);
        }
        // Of several that are alike the last is good.
        if last.get(&(key, action)) != Some(&index) {
            let path = path.child("{topologyKey, whenUnsatisfiable}");
            problems.duplicate(&path, format!("{{{key}, {action}}}"));
        }
        check_domains(&constraint["minDomains"], action, &path.child("minDomains"), problems);
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let found = text(&constraint[policy]);
            if !constraint[policy].is_null() && !POLICIES.contains(&found) {
                problems.not_supported(&path.child(policy), found, POLICIES);
            }
        }
        check_keys(constraint, &path.child("matchLabelKeys"), problems);
        check_label_selector(&constraint["labelSelector"], &path.child("labelSelector"), problems);
    }
}

/// What no two constraints may have in common.
fn kind(constraint: &Value) -> (&str, &str) {
    (text(&constraint["topologyKey"]), text(&constraint["whenUnsatisfiable"]))
}

fn check_domains(least: &Value, action: &str, path: &Path<'_>, problems: &mut Problems) {
    let Some(least) = least.as_i64() else { return };
    if least <= 0 {
        problems.invalid(path, least, NOT_POSITIVE);
    }
    if action != "DoNotSchedule" {
        let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        problems.invalid(path, least, &why);
    }
}

fn check_keys(constraint: &Value, path: &Path<'_>, problems: &mut Problems) {
    let (keys, selector) = (items(&constraint["matchLabelKeys"]), &constraint["labelSelector"]);
    if keys.is_empty() {
        return;
    }
    if selector.is_null() {
        problems.forbidden(path, "must not be specified when labelSelector is not set");
    }
    for (index, key) in keys.iter().enumerate() {
        let key = text(key);
        problems.invalid_all(&path.index(index), key, names::qualified_name(key));
    }
    for (index, key) in twice(keys, selector) {
        problems.invalid(&path.index(index), key, "exists in both matchLabelKeys and labelSelector");
    }
}

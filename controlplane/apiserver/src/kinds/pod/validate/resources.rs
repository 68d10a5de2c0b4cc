//! Limits and requests of a container.

use naru_api::{names, quantity::Quantity};
use serde_json::Value;

use crate::kinds::{
    fields::{entries, text},
    path::{Path, Problems},
};

/// Resources of containers without a domain in their name; huge pages beside them.
const STANDARD: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// `resources` of a container: names, amounts, and requests within limits.
pub(super) fn check(resources: &Value, path: &Path<'_>, problems: &mut Problems) {
    let (limits_path, requests_path) = (path.child("limits"), path.child("requests"));
    let limits = &resources["limits"];
    for (name, amount) in entries(limits) {
        check_one(name, amount, &limits_path.key(name), problems);
    }
    for (name, amount) in entries(&resources["requests"]) {
        check_one(name, amount, &requests_path.key(name), problems);
        let limit = Quantity::parse(text(&limits[name.as_str()]));
        let (Ok(request), limit) = (Quantity::parse(text(amount)), limit.ok()) else { continue };
        match limit {
            Some(limit) if !may_overcommit(name) && request != limit => {
                let reason = format!("must be equal to {name} limit of {limit}");
                problems.invalid(&requests_path, request.to_string(), &reason);
            }
            Some(limit) if request > limit => {
                let reason = format!("must be less than or equal to {name} limit of {limit}");
                problems.invalid(&requests_path, request.to_string(), &reason);
            }
            None if !may_overcommit(name) => {
                problems.required(&limits_path, "Limit must be set for non overcommitable resources");
            }
            _ => {}
        }
    }
}

/// Whether more may be asked for than there is: only of the resources without a domain, except huge pages.
fn may_overcommit(name: &str) -> bool {
    (!name.contains('/') || name.starts_with("kubernetes.io/")) && !name.starts_with("hugepages-")
}

fn check_one(name: &str, amount: &Value, path: &Path<'_>, problems: &mut Problems) {
    let reasons = names::qualified_name(name);
    if !reasons.is_empty() {
        problems.invalid_all(path, name, reasons);
    } else if !name.contains('/') && !STANDARD.contains(&name) {
        if name.starts_with("hugepages-") {
            problems.forbidden(path, "huge pages are not supported by naru yet");
        } else {
            problems.invalid(path, name, "must be a standard resource type or fully qualified");
            problems.invalid(path, name, "must be a standard resource for containers");
        }
    }
    check_amount(name, amount, path, problems);
}

/// A quantity that is not negative, and whole where parts make no sense. Also for a node's capacity.
pub(crate) fn check_amount(name: &str, amount: &Value, path: &Path<'_>, problems: &mut Problems) {
    let quantity = match Quantity::from_value(amount) {
        Ok(quantity) => quantity,
        Err(error) => return problems.invalid(path, amount.clone(), &error.to_string()),
    };
    if quantity.is_negative() {
        problems.invalid(path, quantity.to_string(), "must be greater than or equal to 0");
    }
    let whole = name.contains('/') || name.starts_with("hugepages-") || name == "pods";
    if whole && quantity.to_milli() % 1000 != 0 {
        problems.invalid(path, quantity.to_string(), "must be an integer");
    }
}

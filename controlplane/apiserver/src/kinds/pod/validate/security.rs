//! Security contexts of pods and containers.

use serde_json::Value;

use crate::kinds::{
    fields::{items, text},
    path::{Path, Problems},
    words,
};

const CHANGE_POLICIES: &[&str] = &["Always", "OnRootMismatch"];

/// The pod's own.
pub(super) fn check_pod(context: &Value, path: &Path<'_>, problems: &mut Problems) {
    check_ids(context, &["fsGroup", "runAsUser", "runAsGroup"], path, problems);
    let list = path.child("supplementalGroups");
    for (index, group) in items(&context["supplementalGroups"]).iter().enumerate() {
        check_id(group, &list.index(index), problems);
    }
    let policy = text(&context["fsGroupChangePolicy"]);
    if !policy.is_empty() {
        problems.check_one_of(&path.child("fsGroupChangePolicy"), policy, CHANGE_POLICIES);
    }
    check_profiles(context, path, problems);
}

/// A container's.
pub(super) fn check_container(context: &Value, path: &Path<'_>, problems: &mut Problems) {
    check_ids(context, &["runAsUser", "runAsGroup"], path, problems);
    check_profiles(context, path, problems);
    if context["allowPrivilegeEscalation"] == false {
        if context["privileged"] == true {
            const WHY: &str = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            problems.invalid(path, context.clone(), WHY);
        }
        if items(&context["capabilities"]["add"]).iter().any(|one| one == "CAP_SYS_ADMIN") {
            const WHY: &str =
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            problems.invalid(path, context.clone(), WHY);
        }
    }
}

fn check_ids(context: &Value, fields: &[&str], path: &Path<'_>, problems: &mut Problems) {
    for field in fields {
        check_id(&context[*field], &path.child(field), problems);
    }
}

fn check_id(id: &Value, path: &Path<'_>, problems: &mut Problems) {
    if let Some(id) = id.as_i64() {
        problems.invalid_all(path, id, words::user_or_group(id));
    }
}

fn check_profiles(context: &Value, path: &Path<'_>, problems: &mut Problems) {
    const TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
    for profile in ["seccompProfile", "appArmorProfile"] {
        if context[profile].is_object() {
            let path = path.child(profile);
            match text(&context[profile]["type"]) {
                "" => problems.required(&path.child("type"), "type is required when a profile is set"),
                kind if TYPES.contains(&kind) => {}
                kind => problems.not_supported(&path.child("type"), kind, TYPES),
            }
        }
    }
}

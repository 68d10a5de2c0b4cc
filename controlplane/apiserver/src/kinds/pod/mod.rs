//! Pod: containers that share a network and volumes on one node.

mod cells;
pub(crate) mod defaults;
mod gated;
mod label_keys;
mod qos;
mod unsupported;
mod update;
pub(crate) mod validate;
mod warnings;

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta, status::FieldError};
use serde_json::{Value, json};

use super::{
    Strategy,
    fields::{carry_over, items, set_default, text},
    path::{Path, Problems},
};

/// How long containers have to stop when neither the pod nor the request says so.
const DEFAULT_GRACE_SECONDS: u64 = 30;

pub(super) struct Rules;

impl Strategy for Rules {
    fn default(&self, object: &mut Object) {
        defaults::complete(object);
    }

    fn prepare_create(&self, object: &mut Object) {
        label_keys::merge(object);
        let mut status = json!({"phase": "Pending", "qosClass": qos::class(object)});
        if !items(&object["spec"]["schedulingGates"]).is_empty() {
            status["conditions"] = json!([{
                "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
                "lastProbeTime": null, "lastTransitionTime": null,
            }]);
        }
        object["status"] = status;
    }

    fn prepare_update(&self, subresource: Option<&str>, object: &mut Object, old: &Object) {
        if subresource != Some("status") {
            // What admission set at the beginning, and a manifest does not repeat.
            let spec = meta::child_mut(object, "spec");
            for field in ["priority", "preemptionPolicy"] {
                if let Some(value) = old["spec"].get(field) {
                    set_default(spec, field, || value.clone());
                }
            }
            return carry_over(object, old, "status");
        }
        carry_over(object, old, "spec");
        carry_over(&mut object["metadata"], &old["metadata"], "ownerReferences");
        if let Some(class) = old["status"].get("qosClass") {
            set_default(meta::child_mut(object, "status"), "qosClass", || class.clone());
        }
    }

    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        validate::check(object, &mut problems);
        unsupported::check(object, &mut problems);
        let spec = &object["spec"];
        if !text(&spec["nodeName"]).is_empty() && !items(&spec["schedulingGates"]).is_empty() {
            const WHY: &str = "cannot be set until all schedulingGates have been cleared";
            problems.forbidden(&Path::root("spec").child("nodeName"), WHY);
        }
        problems.into_errors()
    }

    fn validate_update(&self, subresource: Option<&str>, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        match subresource {
            None => {
                validate::check(object, &mut problems);
                update::check(object, old, &mut problems);
            }
            Some("status") => update::check_status(object, old, &mut problems),
            Some(_) => {}
        }
        problems.into_errors()
    }

    fn warnings(&self, object: &Object) -> Vec<String> {
        warnings::of(object)
    }

    fn outline(&self) -> Option<&'static [&'static str]> {
        Some(&["nodeName", "restartPolicy", "terminationGracePeriodSeconds"])
    }

    /// A pod that no node runs, or that has ended, goes at once; else its containers get time to stop.
    fn grace_seconds(&self, object: &Object, asked: Option<u64>) -> Option<u64> {
        let ended = matches!(text(&object["status"]["phase"]), "Succeeded" | "Failed");
        if ended || text(&object["spec"]["nodeName"]).is_empty() {
            return Some(0);
        }
        let own = object["spec"]["terminationGracePeriodSeconds"].as_u64();
        Some(asked.or(own).unwrap_or(DEFAULT_GRACE_SECONDS))
    }

    fn returns_deleted(&self) -> bool {
        true
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        cells::cells(object, now)
    }

    fn row_conditions(&self, object: &Object) -> Vec<Value> {
        let (reason, message) = match text(&object["status"]["phase"]) {
            "Succeeded" => ("Succeeded", "The pod has completed successfully."),
            "Failed" => ("Failed", "The pod failed."),
            _ => return Vec::new(),
        };
        vec![json!({"type": "Completed", "status": "True", "reason": reason, "message": message})]
    }
}

#[cfg(test)]
mod scheduling_tests;
#[cfg(test)]
mod tests;

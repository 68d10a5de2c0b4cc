//! Pod: containers that share a network and volumes on one node.

mod cells;

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::{Value, json};

use super::{
    Strategy,
    fields::{carry_over, text},
};

/// How long containers have to stop when neither the pod nor the request says so.
const DEFAULT_GRACE_SECONDS: u64 = 30;

pub(super) struct Rules;

impl Strategy for Rules {
    fn prepare_create(&self, object: &mut Object) {
        object["status"] = json!({"phase": "Pending"});
    }

    fn prepare_update(&self, subresource: Option<&str>, object: &mut Object, old: &Object) {
        let kept = if subresource == Some("status") { "spec" } else { "status" };
        carry_over(object, old, kept);
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

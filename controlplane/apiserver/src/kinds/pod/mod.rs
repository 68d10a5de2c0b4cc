//! Pod: containers that share a network and volumes on one node.

mod cells;

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::{Value, json};

use super::{
    Strategy,
    fields::{carry_over, text},
};

pub(super) struct Rules;

impl Strategy for Rules {
    fn prepare_create(&self, object: &mut Object) {
        object["status"] = json!({"phase": "Pending"});
    }

    fn prepare_update(&self, subresource: Option<&str>, object: &mut Object, old: &Object) {
        let kept = if subresource == Some("status") { "spec" } else { "status" };
        carry_over(object, old, kept);
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

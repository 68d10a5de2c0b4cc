//! Lease: who holds a role, renewed while they live.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::Value;

use super::{Strategy, age_cell, fields::text, name_cell};

pub(super) struct Rules;

impl Strategy for Rules {
    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        vec![name_cell(object), text(&object["spec"]["holderIdentity"]).into(), age_cell(object, now)]
    }
}

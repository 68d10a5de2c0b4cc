//! ServiceAccount: an identity for pods. It has no rules beyond its metadata.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::Value;

use super::{Strategy, age_cell, name_cell};

pub(super) struct Rules;

impl Strategy for Rules {
    fn returns_deleted(&self) -> bool {
        true
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        vec![name_cell(object), age_cell(object, now)]
    }
}

//! ConfigMap: small settings, by key.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::Value;

use super::{Strategy, age_cell, fields::count, name_cell};

pub(super) struct Rules;

impl Strategy for Rules {
    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let keys = count(&object["data"]) + count(&object["binaryData"]);
        vec![name_cell(object), keys.to_string().into(), age_cell(object, now)]
    }
}

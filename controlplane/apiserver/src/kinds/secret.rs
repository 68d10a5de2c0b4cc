//! Secret: settings that must not be seen, by key, base64 encoded.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::Value;

use super::{Strategy, age_cell, fields::count, name_cell};

pub(super) struct Rules;

impl Strategy for Rules {
    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let keys = count(&object["data"]);
        vec![name_cell(object), object["type"].clone(), keys.to_string().into(), age_cell(object, now)]
    }
}

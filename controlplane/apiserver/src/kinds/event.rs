//! Event: something that happened to an object, for people to read.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind};
use serde_json::Value;

use super::{Strategy, age, fields::text, name_cell};

pub(super) struct Rules;

impl Strategy for Rules {
    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let seen = Seen::of(object, now);
        vec![
            seen.last.into(),
            text(&object["type"]).into(),
            text(&object["reason"]).into(),
            target(&object["involvedObject"]).into(),
            text(&object["involvedObject"]["fieldPath"]).into(),
            source(object).into(),
            text(&object["message"]).trim().into(),
            seen.first.into(),
            seen.count.into(),
            name_cell(object),
        ]
    }
}

/// When and how often it happened; the core and the newer events API keep this in different fields.
struct Seen {
    first: String,
    last: String,
    count: i64,
}

impl Seen {
    fn of(object: &Object, now: Timestamp) -> Seen {
        let first = match &object["firstTimestamp"] {
            Value::Null => age::since(&object["eventTime"], now),
            time => age::since(time, now),
        };
        let last = match &object["lastTimestamp"] {
            Value::Null => first.clone(),
            time => age::since(time, now),
        };
        match &object["series"] {
            Value::Null => {
                Seen { first, last, count: object["count"].as_i64().filter(|n| *n != 0).unwrap_or(1) }
            }
            series => Seen {
                first,
                last: age::since(&series["lastObservedTime"], now),
                count: series["count"].as_i64().unwrap_or_default(),
            },
        }
    }
}

/// `pod/web`: the kind in lower case and the name.
fn target(involved: &Value) -> String {
    let kind = text(&involved["kind"]).to_lowercase();
    match text(&involved["name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

/// The component that reported it, and its host.
fn source(object: &Object) -> String {
    let either = |old: &Value, new: &Value| match text(old) {
        "" => text(new).to_string(),
        old => old.to_string(),
    };
    let component = either(&object["source"]["component"], &object["reportingComponent"]);
    let host = either(&object["source"]["host"], &object["reportingInstance"]);
    if host.is_empty() { component } else { format!("{component}, {host}") }
}

//! Event: something that happened to an object, for people to read.
//!
//! Source of the behaviour: kube-apiserver's `legacyValidateEvent` (the core group's form) and its event printer.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta, names, status::FieldError};
use serde_json::Value;

use super::{
    NameRule, Strategy, age,
    fields::text,
    name_cell,
    path::{Path, Problems},
};

/// Most bytes of `action`, `reason` and `reportingInstance` of the newer form.
const MAX_WORD_BYTES: usize = 128;
/// Most bytes of `message` of the newer form.
const MAX_NOTE_BYTES: usize = 1024;

pub(super) struct Rules;

impl Strategy for Rules {
    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        check(object)
    }

    fn validate_update(&self, _subresource: Option<&str>, object: &Object, _old: &Object) -> Vec<FieldError> {
        check(object)
    }

    /// kube-apiserver does not look at the names of core events: they end in a time in hexadecimal digits, after the
    /// name of an object of any kind.
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

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

fn check(event: &Object) -> Vec<FieldError> {
    const NAMESPACE: &str = "does not match event.namespace";
    let mut problems = Problems::default();
    let own = meta::namespace(event).unwrap_or_default();
    let involved = text(&event["involvedObject"]["namespace"]);
    // Events about objects without a namespace live in the default one.
    let agree = if event["eventTime"].is_null() {
        involved == own || (involved.is_empty() && own == "default")
    } else {
        !involved.is_empty() || matches!(own, "default" | "kube-system")
    };
    if !agree {
        let path = Path::root("involvedObject");
        problems.invalid(&path.child("namespace"), involved, NAMESPACE);
    }
    if !event["eventTime"].is_null() {
        check_new_form(event, &mut problems);
    }
    problems.into_errors()
}

/// Events with an `eventTime` say who reports and what was done.
fn check_new_form(event: &Object, problems: &mut Problems) {
    let controller = text(&event["reportingComponent"]);
    let path = Path::root("reportingComponent");
    if controller.is_empty() {
        problems.required(&path, "");
    }
    problems.invalid_all(&path, controller, names::qualified_name(controller));
    for field in ["reportingInstance", "action", "reason"] {
        let word = text(&event[field]);
        if word.is_empty() {
            problems.required(&Path::root(field), "");
        }
        check_length(field, word, MAX_WORD_BYTES, problems);
    }
    check_length("message", text(&event["message"]), MAX_NOTE_BYTES, problems);
}

fn check_length(field: &str, text: &str, limit: usize, problems: &mut Problems) {
    if text.len() > limit {
        problems.invalid(&Path::root(field), "", &format!("can have at most {limit} characters"));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(event: Value) -> Vec<String> {
        check(&event).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn events_live_with_what_they_are_about() {
        let event = |own: &str, involved: &str| {
            found(json!({"metadata": {"namespace": own}, "involvedObject": {"namespace": involved}}))
        };
        assert_eq!(event("a", "a"), [""; 0]);
        assert_eq!(event("default", ""), [""; 0]);
        let expected = "involvedObject.namespace: Invalid value: \"b\": does not match event.namespace";
        assert_eq!(event("a", "b"), [expected]);
    }

    #[test]
    fn the_newer_form_needs_its_words() {
        let mut event = json!({
            "metadata": {"namespace": "a"}, "involvedObject": {"namespace": "a"},
            "eventTime": "2026-01-01T00:00:00.000000Z", "reportingComponent": "naru.dev/x",
            "reportingInstance": "x-1", "action": "Bind", "reason": "Bound",
        });
        assert_eq!(found(event.clone()), [""; 0]);
        event["action"] = "".into();
        assert_eq!(found(event), ["action: Required value"]);
    }

    #[test]
    fn lines_of_kubectl_get_events() {
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().expect("a timestamp");
        let cells = |event: Value| {
            let kind = naru_api::kinds::by_kind("v1", "Event").expect("a built-in kind");
            let cells = Rules.cells(kind, &event, now);
            cells
                .iter()
                .map(|cell| cell.as_str().map_or(cell.to_string(), str::to_string))
                .collect::<Vec<_>>()
        };
        let old = cells(json!({
            "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec"},
            "type": "Normal", "reason": "Pulled", "message": " text\n", "count": 3,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:09:00Z",
            "source": {"component": "kubelet", "host": "n"},
        }));
        let expected = ["60s", "Normal", "Pulled", "pod/p", "spec", "kubelet, n", "text", "10m", "3", "e"];
        assert_eq!(old, expected);
        let new = cells(json!({
            "metadata": {"name": "e"}, "involvedObject": {"kind": "Node"}, "type": "Warning", "reason": "R",
            "eventTime": "2026-01-01T00:08:00.000000Z", "reportingComponent": "c", "message": "m",
            "firstTimestamp": null, "lastTimestamp": null,
            "series": {"count": 5, "lastObservedTime": "2026-01-01T00:09:59.000000Z"},
        }));
        assert_eq!(new, ["1s", "Warning", "R", "node", "", "c", "m", "2m", "5", "e"]);
    }
}

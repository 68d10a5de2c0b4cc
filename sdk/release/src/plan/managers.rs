//! Who manages which fields, when a release goes from patches to server-side apply: what our manager has written by
//! updates becomes what it has applied, else its fields would stay when a chart drops them.

use serde_json::{Map, Value, json};

/// An object's `managedFields` once `manager`'s updates count as applied; `None` if there is nothing to change. Entries
/// for subresources stay as they are.
pub fn applied(managed: &[Value], manager: &str) -> Option<Vec<Value>> {
    let is = |entry: &Value, operation: &str| {
        entry["manager"] == manager
            && entry["operation"] == operation
            && entry["subresource"].as_str().unwrap_or_default().is_empty()
    };
    let first_update = managed.iter().position(|entry| is(entry, "Update"))?;
    let mut all = managed.to_vec();
    // The newest comes first.
    let target = managed.iter().position(|entry| is(entry, "Apply")).unwrap_or(first_update);
    all[target]["operation"] = json!("Apply");
    let version = managed[target]["apiVersion"].clone();
    let other = managed.iter().find(|entry| is(entry, "Update") && entry["apiVersion"] == version);
    if let Some(other) = other {
        let both = union(&managed[target]["fieldsV1"], &other["fieldsV1"]);
        all[target]["fieldsV1"] = both;
    }
    let mut at = 0;
    all.retain(|entry| {
        at += 1;
        at - 1 == target || !is(entry, "Update")
    });
    Some(all)
}

/// Two sets of fields as one.
fn union(a: &Value, b: &Value) -> Value {
    let (Value::Object(first), Value::Object(second)) = (a, b) else {
        return if a.is_null() { b.clone() } else { a.clone() };
    };
    let mut both: Map<String, Value> = first.clone();
    for (name, fields) in second {
        let merged = match first.get(name) {
            Some(own) => union(own, fields),
            None => fields.clone(),
        };
        both.insert(name.clone(), merged);
    }
    Value::Object(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    #[test]
    fn updates_become_applied() {
        let a = json!({"f:data": {"f:a": {}}});
        let b = json!({"f:data": {"f:b": {}}});
        let both = json!({"f:data": {"f:b": {}, "f:a": {}}});
        let status =
            json!({"manager": "helm", "operation": "Update", "apiVersion": "v1", "subresource": "status"});
        for (before, after) in [
            (vec![], None),
            (vec![entry("other", "Update", a.clone())], None),
            (vec![entry("helm", "Apply", a.clone())], None),
            (vec![status.clone()], None),
            (
                vec![entry("helm", "Update", a.clone()), status.clone()],
                Some(vec![entry("helm", "Apply", a.clone()), status]),
            ),
            (
                vec![
                    entry("helm", "Update", a.clone()),
                    entry("other", "Update", a.clone()),
                    entry("helm", "Apply", b),
                ],
                Some(vec![entry("other", "Update", a), entry("helm", "Apply", both)]),
            ),
        ] {
            assert_eq!(applied(&before, "helm"), after, "{before:?}");
        }
    }
}

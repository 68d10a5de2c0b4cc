//! JSON patch (RFC 6902) with the limits and errors of kube-apiserver.

use serde_json::Value;

use crate::status::{Details, Status};

/// Most operations in one patch.
pub const OPERATIONS_MAX: usize = 10_000;

/// `document` with all operations of `patch` applied, or nothing of it.
///
/// # Errors
/// 400 for a malformed patch, 413 for too many operations, 422 when an operation does not apply.
pub fn json(document: &Value, patch: &Value) -> Result<Value, Status> {
    if let Some(operations) = patch.as_array().map(Vec::len).filter(|count| *count > OPERATIONS_MAX) {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {operations}"
        );
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    }
    let patch: json_patch::Patch = serde::Deserialize::deserialize(patch)
        .map_err(|error: serde_json::Error| Status::bad_request(format!("error decoding patch: {error}")))?;
    let mut patched = document.clone();
    // The document is ours: a failure half way throws the copy away, so undo is not needed.
    json_patch::patch_unsafe(&mut patched, &patch).map_err(|_| {
        const WHAT: &str = "the server rejected our request due to an error in our request";
        Status::new(422, "Invalid", WHAT).with_details(Details::default())
    })?;
    Ok(patched)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations() {
        let document = json!({"a": [1, 2], "b": {"c": 1}, "d/e": 1});
        for (patch, expected) in [
            (json!([]), document.clone()),
            (
                json!([{"op": "add", "path": "/a/-", "value": 3}]),
                json!({"a": [1,2,3], "b": {"c": 1}, "d/e": 1}),
            ),
            (
                json!([{"op": "add", "path": "/a/0", "value": 0}]),
                json!({"a": [0,1,2], "b": {"c": 1}, "d/e": 1}),
            ),
            (json!([{"op": "remove", "path": "/d~1e"}]), json!({"a": [1,2], "b": {"c": 1}})),
            (
                json!([{"op": "replace", "path": "/b/c", "value": 2}]),
                json!({"a": [1,2], "b": {"c": 2}, "d/e": 1}),
            ),
            (json!([{"op": "test", "path": "/b/c", "value": 1}]), document.clone()),
            (
                json!([{"op": "move", "from": "/b/c", "path": "/b/x"}]),
                json!({"a": [1,2], "b": {"x": 1}, "d/e": 1}),
            ),
            (
                json!([{"op": "copy", "from": "/a", "path": "/f"}]),
                json!({"a": [1,2], "b": {"c": 1}, "d/e": 1, "f": [1,2]}),
            ),
        ] {
            assert_eq!(super::json(&document, &patch).unwrap(), expected, "{patch}");
        }
    }

    #[test]
    fn failures() {
        let document = json!({"a": 1});
        for (patch, code, reason) in [
            (json!([{"op": "test", "path": "/a", "value": 2}]), 422, "Invalid"),
            (json!([{"op": "remove", "path": "/b"}]), 422, "Invalid"),
            (json!([{"op": "replace", "path": "/b/c", "value": 1}]), 422, "Invalid"),
            (json!({"a": 1}), 400, "BadRequest"),
            (json!([{"op": "nonsense", "path": "/a"}]), 400, "BadRequest"),
            (
                Value::Array(vec![json!({"op": "test", "path": "/a", "value": 1}); OPERATIONS_MAX + 1]),
                413,
                "RequestEntityTooLarge",
            ),
        ] {
            let status = super::json(&document, &patch).unwrap_err();
            assert_eq!((status.code, status.reason), (code, reason));
        }
    }
}

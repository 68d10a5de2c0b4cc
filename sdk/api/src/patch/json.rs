//! JSON patch (RFC 6902) with the limits and errors of kube-apiserver.

use serde_json::Value;

use super::growth::Growth;
use crate::status::{Details, Status};

/// Most operations in one patch.
pub const OPERATIONS_MAX: usize = 10_000;

/// `document` with all operations of `patch` applied, or nothing of it.
///
/// # Errors
/// 400 for a malformed patch, 413 for too many operations, 422 when an operation does not apply or lets the document grow
/// beyond [`super::DEPTH_MAX`] or [`super::COPIED_BYTES_MAX`].
pub fn json(document: &Value, patch: &Value) -> Result<Value, Status> {
    if let Some(operations) = patch.as_array().map(Vec::len).filter(|count| *count > OPERATIONS_MAX) {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {operations}"
        );
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    }
    let patch: json_patch::Patch = serde::Deserialize::deserialize(patch)
        .map_err(|error: serde_json::Error| Status::bad_request(format!("error decoding patch: {error}")))?;
    let refused = || {
        const WHAT: &str = "the server rejected our request due to an error in our request";
        Status::new(422, "Invalid", WHAT).with_details(Details::default())
    };
    let (mut patched, mut growth) = (document.clone(), Growth::of(document));
    for operation in &patch.0 {
        if !growth.admits(&patched, operation) {
            return Err(refused());
        }
        // The document is ours: a failure half way throws the copy away, so undo is not needed.
        json_patch::patch_unsafe(&mut patched, std::slice::from_ref(operation)).map_err(|_| refused())?;
    }
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

    #[test]
    fn what_grows_without_end_is_refused() {
        let add = json!({"op": "add", "path": "/x", "value": {"a": ["y"]}});
        let doubled = json!({"op": "copy", "from": "/x", "path": "/x/a/-"});
        let nested = json!({"op": "copy", "from": "/x", "path": "/x/a"});
        let aside = json!({"op": "move", "from": "/x", "path": "/y"});
        let back = json!({"op": "move", "from": "/y", "path": "/x/a"});
        let patch = |first: &[&Value], repeated: &[&Value], count: usize| -> Value {
            let all = first.iter().chain(repeated.iter().cycle().take(repeated.len() * count));
            all.map(|operation| (*operation).clone()).collect()
        };
        for (repeated, few, many) in
            [(&[&doubled][..], 10, 40), (&[&nested], 100, 5000), (&[&aside, &add, &back], 100, 3000)]
        {
            assert!(super::json(&json!({}), &patch(&[&add], repeated, few)).is_ok(), "{repeated:?}");
            let refused = super::json(&json!({}), &patch(&[&add], repeated, many)).unwrap_err();
            assert_eq!(refused.code, 422, "{repeated:?}");
        }
    }
}

//! Whose an object is: the label and annotations by which Helm knows its own.

use serde_json::{Value, json};

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const HELM: &str = "Helm";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// Marks an object as a release's own.
pub fn mark(object: &mut Value, release: &str, namespace: &str) {
    let metadata = &mut object["metadata"];
    for (field, entries) in [
        ("labels", &[(MANAGED_BY, HELM)][..]),
        ("annotations", &[(RELEASE_NAME, release), (RELEASE_NAMESPACE, namespace)][..]),
    ] {
        if !metadata[field].is_object() {
            metadata[field] = json!({});
        }
        for (key, value) in entries {
            metadata[field][*key] = json!(value);
        }
    }
}

/// Why a live object is not this release's; `None` if it is.
pub fn problem(object: &Value, release: &str, namespace: &str) -> Option<String> {
    let metadata = &object["metadata"];
    let require = |field: &str, what: &str, key: &str, wanted: &str| {
        let problem = match metadata[field][key].as_str() {
            Some(found) if found == wanted => return None,
            Some(found) => format!("key {key:?} must equal {wanted:?}: current value is {found:?}"),
            None => format!("missing key {key:?}: must be set to {wanted:?}"),
        };
        Some(format!("{what} validation error: {problem}"))
    };
    let problems: Vec<String> = [
        require("labels", "label", MANAGED_BY, HELM),
        require("annotations", "annotation", RELEASE_NAME, release),
        require("annotations", "annotation", RELEASE_NAMESPACE, namespace),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!problems.is_empty()).then(|| format!("invalid ownership metadata; {}", problems.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_object_is_owned_by_its_release_only() {
        let mut object = json!({"metadata": {"labels": {"a": "b", MANAGED_BY: "me"}}});
        mark(&mut object, "web", "prod");
        assert_eq!(object["metadata"]["labels"], json!({"a": "b", MANAGED_BY: "Helm"}));
        assert_eq!(problem(&object, "web", "prod"), None);
        assert_eq!(
            problem(&object, "other", "prod").as_deref(),
            Some(
                "invalid ownership metadata; annotation validation error: key \"meta.helm.sh/release-name\" must equal \
                 \"other\": current value is \"web\""
            )
        );
    }

    #[test]
    fn a_strangers_object_lacks_everything() {
        let found = problem(&json!({"metadata": {"name": "a"}}), "web", "prod");
        assert_eq!(
            found.as_deref(),
            Some(
                "invalid ownership metadata; label validation error: missing key \"app.kubernetes.io/managed-by\": must be \
                 set to \"Helm\"; annotation validation error: missing key \"meta.helm.sh/release-name\": must be set to \
                 \"web\"; annotation validation error: missing key \"meta.helm.sh/release-namespace\": must be set to \"prod\""
            )
        );
    }
}

//! Runtime classes of new pods. A container's image decides what runs it here, and RuntimeClass is no kind of this server:
//! a pod that names a class names one that is not there.
//!
//! Source of the behaviour: kube-apiserver's admission step RuntimeClass.

use naru_api::{Object, kinds::Kind, meta, status::Status};

use crate::kinds::fields::text;

/// 403 for a new pod that names a class.
pub(super) fn admit_new(row: &Kind, object: &Object) -> Result<(), Status> {
    let class = text(&object["spec"]["runtimeClassName"]);
    if (row.group, row.kind) != ("", "Pod") || class.is_empty() {
        return Ok(());
    }
    let why = format!("pod rejected: RuntimeClass {class:?} not found");
    Err(Status::forbidden(row.group, row.plural, meta::name(object).unwrap_or_default(), &why))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use naru_api::kinds::by_kind;
    use serde_json::json;

    use super::*;

    #[test]
    fn no_class_is_known() {
        let pod = |class| json!({"metadata": {"name": "a"}, "spec": {"runtimeClassName": class}});
        let row = by_kind("v1", "Pod").unwrap();
        assert!(admit_new(row, &json!({"metadata": {"name": "a"}})).is_ok());
        assert!(admit_new(row, &pod("")).is_ok());
        assert!(admit_new(by_kind("v1", "ConfigMap").unwrap(), &pod("gvisor")).is_ok());
        let refused = admit_new(row, &pod("gvisor")).unwrap_err();
        assert_eq!(refused.code, 403);
        assert_eq!(
            refused.message,
            r#"pods "a" is forbidden: pod rejected: RuntimeClass "gvisor" not found"#
        );
    }
}

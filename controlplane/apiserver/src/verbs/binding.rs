//! `pods/binding`: the scheduler's decision. It sets the node once, and never again.

use axum::body::Body;
use naru_api::{
    Object, meta,
    status::{FieldError, Status},
};
use serde_json::{Value, json};

use super::{
    Call,
    body::{self, Expected, Received},
    change::{self, Change, Decision},
    metadata,
    update::check_name,
};
use crate::{
    admission::{Operation, Request},
    kinds::fields::{items, text},
    request::WriteOptions,
    response::{self, Response},
};

const EXPECTED: Expected<'static> =
    Expected { api_version: "v1", kind: "Binding", definition: "io.k8s.api.core.v1.Binding" };

/// Binds the pod that the path names to the node in the body.
pub(super) async fn create(call: &Call, body: &mut Body) -> Result<Response, Status> {
    let options = WriteOptions::parse(&call.query, "CreateOptions")?;
    let Received { object, warnings } = body::object(call, body, EXPECTED, options.validation).await?;
    check_name(call, &object)?;
    validate(call, &object)?;
    let mut bind = Bind { binding: object };
    let outcome = change::change(call, call.name(), options.dry_run, &mut bind).await?;
    outcome.ok_or_else(|| call.not_found())?;
    let mut status = response::success(None);
    status["code"] = 201.into();
    let mut answer = response::json_document(201, status.to_string());
    response::warn(answer.headers_mut(), &warnings);
    Ok(answer)
}

fn validate(call: &Call, binding: &Object) -> Result<(), Status> {
    let target = &binding["target"];
    let mut wrong = Vec::new();
    if !matches!(text(&target["kind"]), "" | "Node") {
        wrong.push(FieldError::not_supported("target.kind", text(&target["kind"]), &["Node", "<empty>"]));
    }
    if text(&target["name"]).is_empty() {
        wrong.push(FieldError::required("target.name", ""));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Status::invalid("", "Binding", call.name(), &wrong)) }
}

/// The change of a binding.
struct Bind {
    binding: Object,
}

#[async_trait::async_trait]
impl Change for Bind {
    async fn decide(&mut self, call: &Call, mut pod: Object) -> Result<Decision, Status> {
        let request = Request {
            operation: Operation::Create,
            kind: call.row(),
            subresource: Some("binding"),
            namespace: Some(call.namespace()),
            identity: &call.identity,
            old: Some(&pod),
        };
        crate::admission::run(&call.server.options.admission, &request, &mut self.binding).await?;
        let name = call.name();
        let conflict = |why: &str| Err(Status::conflict("", "pods/binding", name, why));
        if let Some(uid) = meta::uid(&self.binding)
            && Some(uid) != meta::uid(&pod)
        {
            let found = meta::uid(&pod).unwrap_or_default();
            return conflict(&format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {found}"
            ));
        }
        if meta::deletion_timestamp(&pod).is_some() {
            return conflict(&format!("pod {name} is being deleted, cannot be assigned to a host"));
        }
        let bound = text(&pod["spec"]["nodeName"]);
        if !bound.is_empty() {
            return conflict(&format!("pod {name} is already assigned to node {bound:?}"));
        }
        if !items(&pod["spec"]["schedulingGates"]).is_empty() {
            return conflict(&format!("pod {name} has non-empty .spec.schedulingGates"));
        }
        // The generation stays: it counts what users change of the spec.
        bind(&mut pod, &self.binding, &metadata::time(call.now()));
        Ok(Decision::Put(pod))
    }
}

/// Sets the node, the binding's annotations and the condition; a nomination ends.
fn bind(pod: &mut Object, binding: &Object, now: &str) {
    meta::child_mut(pod, "spec").insert("nodeName".into(), binding["target"]["name"].clone());
    if let Some(annotations) = binding["metadata"].get("annotations").and_then(Value::as_object) {
        let of_pod = meta::child_mut(&mut pod["metadata"], "annotations");
        of_pod.extend(annotations.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let condition = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
    });
    let status = meta::child_mut(pod, "status");
    // Nothing needs to be kept free for it any more.
    status.shift_remove("nominatedNodeName");
    let conditions = status.entry("conditions").or_insert_with(|| json!([]));
    if let Value::Array(list) = conditions {
        match list.iter_mut().find(|one| one["type"] == "PodScheduled") {
            Some(one) => *one = condition,
            None => list.push(condition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_sets_node_annotations_and_condition() {
        let mut pod = json!({"metadata": {"name": "a"}, "spec": {}, "status": {"phase": "Pending", "nominatedNodeName": "n2",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}, {"type": "X"}]}});
        let binding = json!({"metadata": {"name": "a", "annotations": {"k": "v"}}, "target": {"name": "n1"}});
        bind(&mut pod, &binding, "T");
        assert_eq!(pod["spec"]["nodeName"], "n1");
        assert_eq!(pod["status"].get("nominatedNodeName"), None);
        assert_eq!(pod["metadata"]["annotations"], json!({"k": "v"}));
        let condition = &pod["status"]["conditions"][0];
        assert_eq!((&condition["status"], condition.get("reason")), (&json!("True"), None));
        assert_eq!(pod["status"]["conditions"][1], json!({"type": "X"}));
    }
}

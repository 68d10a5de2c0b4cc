//! Reviews: questions in the shape of objects, answered at once and never stored. May somebody do something, what may I do, and
//! who am I?
//!
//! Source of the behaviour: Kubernetes' registries of `authorization.k8s.io` and `authentication.k8s.io`, as observed on a real
//! kube-apiserver.

use axum::body::Body;
use bytes::Bytes;
use naru_api::{
    Object, meta,
    status::{FieldError, Status},
};
use serde_json::{Value, json};

use super::{
    Call,
    body::{self, Expected, Received},
    create, metadata, object_response,
};
use crate::{
    auth::{ANONYMOUS, Attributes, Identity},
    kinds::fields::{items, text},
    request::WriteOptions,
    response::{Form, Response},
};

/// What answers can be sent as: a review has no columns.
const MADE: &str = "application/json, application/yaml";

/// Answers the question in the body.
pub(super) async fn create(call: &Call, body: &mut Body) -> Result<Response, Status> {
    if !matches!(call.form, Form::Object(_)) {
        return Err(Status::not_acceptable(MADE));
    }
    let options = WriteOptions::parse(&call.query, "CreateOptions")?;
    let row = call.row();
    let api_version = row.api_version();
    let expected = Expected { api_version: &api_version, kind: row.kind, definition: row.definition };
    let Received { mut object, warnings } = body::object(call, body, expected, options.validation).await?;
    create::set_namespace(call, &mut object)?;
    let answered = match row.kind {
        "SelfSubjectReview" => who(call),
        "SelfSubjectRulesReview" => what(call, &object)?,
        _ => may(call, &object)?,
    };
    let mut answer = json!({"kind": row.kind, "apiVersion": api_version});
    if let (Some(answer), Value::Object(parts)) = (answer.as_object_mut(), answered) {
        answer.extend(parts);
    }
    object_response(call, 201, Bytes::from(answer.to_string()), &warnings)
}

/// Who asks.
fn who(call: &Call) -> Value {
    let Identity { user, groups } = &*call.identity;
    json!({
        "metadata": {"creationTimestamp": metadata::time(call.now())},
        "status": {"userInfo": {"username": user, "groups": groups}},
    })
}

/// What whoever asks may do in a namespace.
fn what(call: &Call, review: &Object) -> Result<Value, Status> {
    let namespace = text(&review["spec"]["namespace"]);
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let rules = call.server.options.authorizer.rules(&call.identity, namespace);
    let resources = rules
        .resources
        .iter()
        .map(|rule| json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources}));
    let paths = rules.paths.iter().map(|rule| json!({"verbs": rule.verbs, "nonResourceURLs": rule.paths}));
    Ok(json!({
        "metadata": {}, "spec": {},
        "status": {
            "resourceRules": resources.collect::<Vec<_>>(),
            "nonResourceRules": paths.collect::<Vec<_>>(),
            "incomplete": rules.incomplete,
        },
    }))
}

/// Whether somebody may do something.
fn may(call: &Call, review: &Object) -> Result<Value, Status> {
    let wrong = mistakes(call, review);
    if !wrong.is_empty() {
        // kube-apiserver leaves the kind out.
        return Err(Status::invalid(call.row().group, "", "", &wrong));
    }
    let spec = &review["spec"];
    let somebody = (!is_about_self(call)).then(|| subject(spec));
    let identity = somebody.as_ref().unwrap_or(&call.identity);
    // The authorizer knows nobody by having no name.
    let known = Some(identity).filter(|identity| identity.user != ANONYMOUS);
    let decision = call.server.options.authorizer.authorize(known, &attributes(spec));
    let status = match decision {
        Ok(()) => json!({"allowed": true}),
        Err(refusal) => json!({"allowed": false, "reason": refusal.message}),
    };
    Ok(
        json!({"metadata": review.get("metadata").cloned().unwrap_or_else(|| json!({})), "spec": spec, "status": status}),
    )
}

fn is_about_self(call: &Call) -> bool {
    call.row().kind == "SelfSubjectAccessReview"
}

/// Whom a review of another's access is about: in these groups and no others.
fn subject(spec: &Value) -> Identity {
    let groups = items(&spec["groups"]).iter().map(|group| text(group).to_owned()).collect();
    Identity { user: text(&spec["user"]).to_owned(), groups }
}

/// What it is about.
fn attributes(spec: &Value) -> Attributes<'_> {
    if let Some(path) = spec.get("nonResourceAttributes").filter(|path| !path.is_null()) {
        return Attributes::NonResource { verb: text(&path["verb"]), path: text(&path["path"]) };
    }
    let wanted = &spec["resourceAttributes"];
    let some = |name: &str| Some(text(&wanted[name])).filter(|text| !text.is_empty());
    Attributes::Resource {
        verb: text(&wanted["verb"]),
        group: text(&wanted["group"]),
        resource: text(&wanted["resource"]),
        subresource: some("subresource"),
        namespace: some("namespace"),
        name: some("name"),
    }
}

fn mistakes(call: &Call, review: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let spec = &review["spec"];
    let set = |name: &str| spec.get(name).filter(|value| !value.is_null());
    let (resource, path) = (set("resourceAttributes"), set("nonResourceAttributes"));
    // As Go prints the type that has no names for JSON.
    let shown = |path: &Value| json!({"Path": text(&path["path"]), "Verb": text(&path["verb"])});
    match (resource, path) {
        (Some(_), Some(path)) => {
            let why = "cannot be specified in combination with resourceAttributes";
            wrong.push(FieldError::invalid("spec.nonResourceAttributes", shown(path), why));
        }
        (None, None) => {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            wrong.push(FieldError::invalid("spec.resourceAttributes", Value::Null, why));
        }
        _ => {}
    }
    if !is_about_self(call) && text(&spec["user"]).is_empty() && items(&spec["groups"]).is_empty() {
        wrong.push(FieldError::invalid("spec.user", "", "at least one of user or group must be specified"));
    }
    let metadata = review["metadata"].as_object();
    if metadata.is_some_and(|all| all.keys().any(|name| name != "namespace")) {
        wrong.push(FieldError::invalid("metadata", review["metadata"].clone(), "must be empty"));
    }
    if call.row().namespaced() {
        let namespace = text(&spec["resourceAttributes"]["namespace"]);
        if resource.is_some() && Some(namespace) != meta::namespace(review) {
            let field = "spec.resourceAttributes.namespace";
            wrong.push(FieldError::invalid(field, namespace, "must match metadata.namespace"));
        }
        if let Some(path) = path {
            let why = "disallowed on this kind of request";
            wrong.push(FieldError::invalid("spec.nonResourceAttributes", shown(path), why));
        }
    }
    wrong
}

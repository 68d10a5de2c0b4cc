//! UPDATE of an object or of one of its subresources, and what every change of an object goes through ([`finish`]).

use axum::body::Body;
use bytes::Bytes;
use naru_api::{
    Object, meta,
    status::{FieldError, Status},
};
use serde_json::{Map, Value};

use super::{
    Call,
    body::{self, Expected, Received},
    change::{self, Change, Decision},
    create, metadata, object_response, priority, warned,
};
use crate::{
    admission::{Operation, Request},
    auth::Attributes,
    request::WriteOptions,
    response::Response,
};

/// Replaces the object that the path names by the one in the body.
pub(super) async fn update(call: &Call, body: &mut Body) -> Result<Response, Status> {
    let options = WriteOptions::parse(&call.query, "UpdateOptions")?;
    let row = call.row();
    let api_version = row.api_version();
    let expected = Expected { api_version: &api_version, kind: row.kind, definition: row.definition };
    let Received { mut object, warnings } = body::object(call, body, expected, options.validation).await?;
    check_name(call, &object)?;
    create::set_namespace(call, &mut object)?;
    let replaced = replace(call, object, options.dry_run).await;
    match replaced {
        Ok((code, bytes)) => object_response(call, code, bytes, &warnings),
        Err(status) => Ok(warned(&status, &warnings)),
    }
}

/// Replaces what is there, or makes it anew where the kind allows; the code to answer with, and the object as JSON.
async fn replace(call: &Call, object: Object, dry_run: bool) -> Result<(u16, Bytes), Status> {
    let mut replace = Replace { object };
    match change::change(call, call.name(), dry_run, &mut replace).await? {
        Some(outcome) => Ok((200, outcome.into_bytes()?)),
        None if call.row().create_on_update && call.path.subresource.is_none() => {
            may_create(call)?;
            Ok((201, create::store_new(call, replace.object, dry_run).await?))
        }
        None => Err(call.not_found()),
    }
}

/// An update that creates needs the right to create.
fn may_create(call: &Call) -> Result<(), Status> {
    let attributes = Attributes::Resource {
        verb: "create",
        group: call.row().group,
        resource: call.row().plural,
        subresource: None,
        namespace: call.path.namespace.as_deref(),
        name: Some(call.name()),
    };
    call.server.options.authorizer.authorize(Some(&call.identity), &attributes)
}

/// 400 if the object has another name than the path.
pub(super) fn check_name(call: &Call, object: &Object) -> Result<(), Status> {
    let (given, expected) = (meta::name(object).unwrap_or_default(), call.name());
    if given == expected {
        return Ok(());
    }
    if given.is_empty() {
        let why = "was undeterminable: name must be provided";
        return Err(Status::bad_request(format!("the name of the object ({expected} based on URL) {why}")));
    }
    let why = format!("the name of the object ({given}) does not match the name on the URL ({expected})");
    Err(Status::bad_request(why))
}

/// The change of a PUT.
struct Replace {
    object: Object,
}

#[async_trait::async_trait]
impl Change for Replace {
    fn is_about_all(&self, call: &Call) -> bool {
        call.path.subresource.as_deref() != Some("status")
    }

    async fn decide(&mut self, call: &Call, current: Object) -> Result<Decision, Status> {
        let row = call.row();
        check_identity(call, &self.object, &current)?;
        if seen_version(&self.object).is_none() && !row.unconditional_update {
            let error = FieldError::invalid("metadata.resourceVersion", 0, "must be specified for an update");
            return Err(Status::invalid(row.group, row.kind, call.name(), &[error]));
        }
        finish(call, self.object.clone(), current).await
    }
}

/// What every changed object goes through: conflicts, defaults, admission, what may not change, validation, generation.
/// `new` has the version its sender saw, if any; `old` is what is stored.
pub(super) async fn finish(call: &Call, mut new: Object, old: Object) -> Result<Decision, Status> {
    let (row, strategy) = (call.row(), call.row.strategy);
    let subresource = call.path.subresource.as_deref();
    check_version(call, &new, &old)?;
    if subresource.is_some() {
        keep_main_fields(&mut new, &old, subresource);
    }
    // With an outline the rest of the spec is as it was, and the rules see little of it.
    if subresource != Some("status") || strategy.outline().is_none() {
        strategy.default(&mut new);
    }
    priority::admit_changed(call, &new).await?;
    let request = Request {
        operation: Operation::Update,
        kind: row,
        subresource,
        namespace: Some(call.namespace()).filter(|namespace| !namespace.is_empty()),
        identity: &call.identity,
        old: Some(&old),
    };
    crate::admission::run(&call.server.options.admission, &request, &mut new).await?;
    let mut wrong = metadata::changed_marks(&new, &old);
    metadata::prepare_update(&mut new, &old);
    strategy.prepare_update(subresource, &mut new, &old);
    wrong.extend(metadata::validate_update(&new, &old));
    wrong.extend(strategy.validate_update(subresource, &new, &old));
    if !wrong.is_empty() {
        return Err(Status::invalid(row.group, row.kind, call.name(), &wrong));
    }
    if row.generation && spec_changed(&new, &old) {
        metadata::next_generation(&mut new);
    }
    Ok(decision(call, new, &old))
}

/// Whether the change is one, and whether it was the last thing that held up a removal.
pub(super) fn decision(call: &Call, new: Object, old: &Object) -> Decision {
    let going = metadata::deletion_grace(&new) == Some(0);
    let held = meta::finalizers(&new).next().is_some() || call.row.strategy.is_held(&new);
    if going && !held {
        Decision::Remove(new)
    } else if new == *old {
        Decision::Keep
    } else {
        Decision::Put(new)
    }
}

/// The version that the sender has seen; 0 says nothing, as none does.
fn seen_version(object: &Object) -> Option<&str> {
    meta::resource_version(object).filter(|version| *version != "0")
}

/// 409 if a PUT means another object than the one of this name, which may have been made anew.
fn check_identity(call: &Call, new: &Object, old: &Object) -> Result<(), Status> {
    match (meta::uid(new), meta::uid(old)) {
        (Some(new), Some(old)) if new != old => {
            let key = call.kind.key(call.namespace(), call.name());
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: \
                 Precondition failed: UID in precondition: {new}, UID in object meta: {old}"
            );
            let row = call.row();
            Err(Status::conflict(row.group, row.plural, call.name(), &why))
        }
        _ => Ok(()),
    }
}

/// 409 if the sender has seen another version than this.
fn check_version(call: &Call, new: &Object, old: &Object) -> Result<(), Status> {
    match seen_version(new) {
        Some(version) if Some(version) != meta::resource_version(old) => {
            let row = call.row();
            Err(Status::modified(row.group, row.plural, call.name()))
        }
        _ => Ok(()),
    }
}

/// A subresource changes its own part and some metadata; everything else stays.
fn keep_main_fields(new: &mut Object, old: &Object, subresource: Option<&str>) {
    let own = if subresource == Some("status") { "status" } else { "spec" };
    let changes = |name: &str| name == own || name == "metadata";
    if let (Some(new), Some(old)) = (new.as_object_mut(), old.as_object()) {
        new.retain(|name, _| changes(name) || old.contains_key(name));
        for (name, value) in old.iter().filter(|(name, _)| !changes(name)) {
            keep(new, name, value);
        }
    }
    let metadata = meta::metadata_mut(new);
    match old["metadata"].get("ownerReferences") {
        Some(owners) => keep(metadata, "ownerReferences", owners),
        None => {
            metadata.shift_remove("ownerReferences");
        }
    }
}

/// Makes a member what it was; mostly it still is, and then nothing is copied.
fn keep(map: &mut Map<String, Value>, name: &str, value: &Value) {
    if map.get(name) != Some(value) {
        map.insert(name.into(), value.clone());
    }
}

/// Whether anything beside metadata and status differs.
fn spec_changed(new: &Object, old: &Object) -> bool {
    let counts = |name: &&String| !matches!(name.as_str(), "metadata" | "status");
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return new != old };
    new.keys().filter(counts).count() != old.keys().filter(counts).count()
        || new.iter().filter(|(name, _)| counts(name)).any(|(name, value)| old.get(name) != Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_spec_counts_as_a_new_generation() {
        let old = json!({"metadata": {"a": 1}, "spec": {"b": 1}, "status": {"c": 1}});
        for (new, expected) in [
            (json!({"metadata": {"a": 2}, "spec": {"b": 1}, "status": {"c": 2}}), false),
            (json!({"metadata": {"a": 2}, "spec": {"b": 1}}), false),
            (json!({"metadata": {"a": 1}, "spec": {"b": 2}, "status": {"c": 1}}), true),
            (json!({"metadata": {"a": 1}, "status": {"c": 1}}), true),
            (json!({"metadata": {"a": 1}, "spec": {"b": 1}, "data": 1}), true),
        ] {
            assert_eq!(spec_changed(&new, &old), expected, "{new}");
        }
    }

    #[test]
    fn a_status_update_leaves_the_rest() {
        let old = json!({"kind": "Pod", "metadata": {"name": "a", "ownerReferences": [1]}, "spec": {"b": 1}, "status": {"c": 1}});
        let mut new = json!({"kind": "Pod", "metadata": {"name": "a", "labels": {"x": "y"}}, "spec": {"b": 2}, "status": {"c": 2}});
        keep_main_fields(&mut new, &old, Some("status"));
        let expected = json!({"kind": "Pod", "metadata": {"name": "a", "labels": {"x": "y"}, "ownerReferences": [1]},
            "spec": {"b": 1}, "status": {"c": 2}});
        assert_eq!(new, expected);
        let mut empty = json!({"kind": "Pod", "metadata": {"name": "a"}});
        keep_main_fields(&mut empty, &old, Some("status"));
        assert_eq!((empty.get("status"), &empty["spec"]), (None, &json!({"b": 1})));
    }
}

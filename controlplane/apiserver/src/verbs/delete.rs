//! DELETE of one object: at once, or by a mark that its finalizers, its grace period or its content hold up.

use axum::body::Body;
use naru_api::{
    Object, meta, schema,
    status::{Details, FieldError, Status},
};
use serde_json::{Value, json};

use super::{
    Call,
    body::{self, Media},
    change::{self, Change, Decision, Outcome},
    metadata::{self, FOREGROUND, ORPHAN},
    object_response,
    update::decision,
};
use crate::{
    admission::{Operation, Request},
    request::{Query, dry_run},
    response::{self, Response},
};

/// What becomes of the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// DeleteOptions of meta/v1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeleteOptions {
    grace_seconds: Option<u64>,
    propagation: Option<Propagation>,
    uid: Option<String>,
    resource_version: Option<String>,
    pub(super) dry_run: bool,
}

/// Deletes the object that the path names.
pub(super) async fn delete(call: &Call, body: &mut Body) -> Result<Response, Status> {
    let options = options(call, body).await?;
    let dry_run = options.dry_run;
    if call.row.strategy.immortal(call.name()) {
        let row = call.row();
        let why = "this namespace may not be deleted";
        return Err(Status::forbidden(row.group, row.plural, call.name(), why));
    }
    let outcome = change::change(call, call.name(), dry_run, &mut Delete { options }).await?;
    let outcome = outcome.ok_or_else(|| call.not_found())?;
    let last = match outcome {
        Outcome::Gone { last, .. } if !call.row.strategy.returns_deleted() => last.object,
        there_or_returned => return object_response(call, 200, there_or_returned.into_bytes()?, &[]),
    };
    let row = call.row();
    let details = Details {
        name: call.name().into(),
        group: row.group.into(),
        kind: row.plural.into(),
        uid: meta::uid(&last).unwrap_or_default().into(),
        ..Details::default()
    };
    Ok(response::json_document(200, response::success(Some(&details)).to_string()))
}

/// Reads the options from the body, or from the query if there is none.
pub(super) async fn options(call: &Call, body: &mut Body) -> Result<DeleteOptions, Status> {
    let bytes = body::read(call, body).await?;
    if bytes.is_empty() {
        return DeleteOptions::of_query(&call.query);
    }
    let media = body::media(&call.headers)?;
    let decoded = body::decoded(&bytes, media).map_err(|error| error.to_status("DeleteOptions", &bytes))?;
    // An envelope without content is how Go sends options that say nothing.
    if media == Media::Protobuf && decoded.value.is_null() {
        return DeleteOptions::of_query(&call.query);
    }
    check_body(&decoded.value)?;
    let mut options = DeleteOptions::of_body(&decoded.value)?;
    options.dry_run |= DeleteOptions::of_query(&call.query)?.dry_run;
    Ok(options)
}

/// 400 for a body that is no DeleteOptions: what is misread would delete more than was meant.
fn check_body(body: &Value) -> Result<(), Status> {
    const DEFINITION: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
    if body.is_null() {
        return Ok(());
    }
    let kind = body.get("kind").unwrap_or(&Value::Null);
    let named = kind.is_null() || kind == "" || kind == "DeleteOptions";
    if !body.is_object() || !named {
        let what = if named { "no object" } else { "of another kind" };
        return Err(Status::bad_request(format!(
            "the body of the request is {what}, DeleteOptions are expected"
        )));
    }
    match schema::check(DEFINITION, body).mistyped.into_iter().next() {
        Some(why) => Err(Status::bad_request(why)),
        None => Ok(()),
    }
}

impl DeleteOptions {
    fn of_query(query: &Query) -> Result<Self, Status> {
        let fields = json!({
            "gracePeriodSeconds": query.number("gracePeriodSeconds")?,
            "propagationPolicy": query.text("propagationPolicy"),
            "orphanDependents": query.optional_flag("orphanDependents"),
            "dryRun": query.all("dryRun").collect::<Vec<_>>(),
        });
        DeleteOptions::of_body(&fields)
    }

    fn of_body(body: &Value) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        let text = |pointer: &str| {
            let text = body.pointer(pointer).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_string)
        };
        let policy = match text("/propagationPolicy").as_deref() {
            None => None,
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                let supported = ["Background", "Foreground", "Orphan"];
                wrong.push(FieldError::not_supported("propagationPolicy", other, &supported));
                None
            }
        };
        let orphan = body.get("orphanDependents").and_then(Value::as_bool);
        if orphan.is_some() && policy.is_some() {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            wrong.push(FieldError::invalid("propagationPolicy", text("/propagationPolicy"), why));
        }
        let orphan = orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background });
        // A negative period is one second, as kube-apiserver has it.
        let grace = body.get("gracePeriodSeconds").and_then(Value::as_i64);
        let dry_runs = body.get("dryRun").and_then(Value::as_array).into_iter().flatten();
        let dry_run = dry_run(dry_runs.filter_map(Value::as_str), &mut wrong);
        if !wrong.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &wrong));
        }
        Ok(DeleteOptions {
            grace_seconds: grace.map(|grace| u64::try_from(grace).unwrap_or(1)),
            propagation: policy.or(orphan),
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
            dry_run,
        })
    }

    /// 409 if the object is not the one that is meant.
    fn check(&self, call: &Call, current: &Object) -> Result<(), Status> {
        let row = call.row();
        let name = meta::name(current).unwrap_or_default();
        let conflict = |what: &str, asked: &str, found: &str| {
            let why = format!(
                "the {what} in the precondition ({asked}) does not match the {what} in record ({found}). \
                 The object might have been deleted and then recreated"
            );
            Err(Status::conflict(row.group, row.kind, name, &why))
        };
        match (&self.uid, meta::uid(current).unwrap_or_default()) {
            (Some(asked), found) if asked != found => return conflict("UID", asked, found),
            _ => {}
        }
        match (&self.resource_version, meta::resource_version(current).unwrap_or_default()) {
            (Some(asked), found) if asked != found => {
                let why = format!(
                    "the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record \
                     ({found}). The object might have been modified"
                );
                Err(Status::conflict(row.group, row.kind, name, &why))
            }
            _ => Ok(()),
        }
    }
}

/// The change of a DELETE.
pub(super) struct Delete {
    pub(super) options: DeleteOptions,
}

#[async_trait::async_trait]
impl Change for Delete {
    fn is_about_all(&self, _: &Call) -> bool {
        false
    }

    async fn decide(&mut self, call: &Call, current: Object) -> Result<Decision, Status> {
        self.options.check(call, &current)?;
        let request = Request {
            operation: Operation::Delete,
            kind: call.row(),
            subresource: None,
            namespace: Some(call.namespace()).filter(|namespace| !namespace.is_empty()),
            identity: &call.identity,
            old: Some(&current),
        };
        crate::admission::run(&call.server.options.admission, &request, &mut Value::Null).await?;
        if self.options.take_effect_at_once(call, &current) {
            return Ok(Decision::Remove(current));
        }
        let new = self.options.begun(call, &current);
        Ok(decision(call, new, &current))
    }
}

impl DeleteOptions {
    /// Whether nothing holds the object up: no grace period, no finalizer that it has or will get, no content.
    fn take_effect_at_once(&self, call: &Call, current: &Object) -> bool {
        let strategy = call.row.strategy;
        let period = strategy.grace_seconds(current, self.grace_seconds);
        let no_period = match metadata::deletion_grace(current) {
            None => period.unwrap_or_default() == 0,
            Some(_) => period == Some(0),
        };
        let kept = matches!(self.propagation, Some(Propagation::Foreground | Propagation::Orphan));
        no_period && !kept && meta::finalizers(current).next().is_none() && !strategy.is_held(current)
    }

    /// The object with its deletion begun, or brought forward if it has begun already.
    fn begun(&self, call: &Call, current: &Object) -> Object {
        let strategy = call.row.strategy;
        let mut new = current.clone();
        self.mark_dependents(&mut new);
        let period = strategy.grace_seconds(current, self.grace_seconds);
        match metadata::deletion_grace(current) {
            None => {
                metadata::mark_deleting(&mut new, call.now(), period.unwrap_or_default());
                strategy.mark_deleting(&mut new);
                if call.row().generation {
                    metadata::next_generation(&mut new);
                }
            }
            // Only an explicit wish, or an object that has ended meanwhile, shortens a period; nothing lengthens it.
            Some(left) => {
                let wish = period.filter(|period| self.grace_seconds.is_some() || *period == 0);
                if let Some(shorter) = wish.filter(|wish| *wish < left) {
                    metadata::mark_deleting(&mut new, call.now(), shorter);
                }
            }
        }
        new
    }

    /// Puts the finalizer that tells the garbage collector what to do with dependents.
    fn mark_dependents(&self, object: &mut Object) {
        let wanted = match self.propagation {
            None => return,
            Some(Propagation::Background) => None,
            Some(Propagation::Foreground) => Some(FOREGROUND),
            Some(Propagation::Orphan) => Some(ORPHAN),
        };
        let had: Vec<&str> = meta::finalizers(object).collect();
        let mut kept: Vec<Value> =
            had.iter().filter(|one| ![ORPHAN, FOREGROUND].contains(one)).map(|one| json!(one)).collect();
        kept.extend(wanted.map(Value::from));
        let metadata = meta::metadata_mut(object);
        if kept.is_empty() {
            metadata.shift_remove("finalizers");
        } else {
            metadata.insert("finalizers".into(), kept.into());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn options_from_body_and_query() {
        let body = json!({"kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": "Foreground",
            "preconditions": {"uid": "u", "resourceVersion": "4"}, "dryRun": ["All"]});
        let expected = DeleteOptions {
            grace_seconds: Some(0),
            propagation: Some(Propagation::Foreground),
            uid: Some("u".into()),
            resource_version: Some("4".into()),
            dry_run: true,
        };
        assert_eq!(DeleteOptions::of_body(&body).unwrap(), expected);
        let query = Query::parse("gracePeriodSeconds=-1&propagationPolicy=Orphan");
        let options = DeleteOptions::of_query(&query).unwrap();
        assert_eq!((options.grace_seconds, options.propagation), (Some(1), Some(Propagation::Orphan)));
        assert_eq!(DeleteOptions::of_query(&Query::parse("")).unwrap(), DeleteOptions::default());
        for body in [
            json!({"propagationPolicy": "Odd"}),
            json!({"dryRun": ["Some"]}),
            json!({"propagationPolicy": "Orphan", "orphanDependents": true}),
        ] {
            assert_eq!(DeleteOptions::of_body(&body).unwrap_err().code, 422, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_misread_deletes_nothing() {
        for (body, good) in [
            (json!(null), true),
            (json!({}), true),
            (
                json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 5, "unknown": 1}),
                true,
            ),
            (json!({"kind": "Pod", "apiVersion": "v1"}), false),
            (json!({"gracePeriodSeconds": "5"}), false),
            (json!({"preconditions": {"uid": 5}}), false),
            (json!({"dryRun": "All"}), false),
            (json!([]), false),
        ] {
            assert_eq!(check_body(&body).is_ok(), good, "{body}");
        }
    }

    #[test]
    fn dependents_are_marked() {
        for (policy, before, after) in [
            (None, json!({"finalizers": ["orphan"]}), json!({"finalizers": ["orphan"]})),
            (Some(Propagation::Background), json!({"finalizers": ["orphan"]}), json!({})),
            (Some(Propagation::Orphan), json!({}), json!({"finalizers": ["orphan"]})),
            (
                Some(Propagation::Foreground),
                json!({"finalizers": ["a/b", "orphan"]}),
                json!({"finalizers": ["a/b", "foregroundDeletion"]}),
            ),
        ] {
            let mut object = json!({ "metadata": before });
            DeleteOptions { propagation: policy, ..DeleteOptions::default() }.mark_dependents(&mut object);
            assert_eq!(object["metadata"], after, "{policy:?}");
        }
    }
}

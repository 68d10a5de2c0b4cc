//! Strategic merge patch: merges by the merge keys and strategies of the schema facts, with the `$` directives.
//!
//! Behaviour, order of list items and errors follow apimachinery `pkg/util/strategicpatch` as the server calls it: lists of
//! scalars merge in parallel, and nulls for what is not there are dropped.

mod error;
mod list;
mod map;
mod order;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::schema::{self, Definition, Field, Shape, Type};
use crate::status::Status;

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM_PRIMITIVE_LIST: &str = "$deleteFromPrimitiveList/";

/// `document` with `patch` merged into it by the facts of the definition; without facts maps merge and lists are replaced.
///
/// # Errors
/// 400 for malformed directives, 422 for lists of lists, 500 for what kube-apiserver answers with 500, for example a list
/// item without its merge key.
pub fn strategic(definition: &str, document: &Value, patch: &Value) -> Result<Value, Status> {
    let Value::Object(patch) = patch else {
        return Err(Status::bad_request("error decoding patch: the patch must be an object"));
    };
    let mut merged = match document {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    let schema = schema::definition(definition).map_or(Schema::Unknown, Schema::Object);
    map::merge(schema, &mut merged, patch)?;
    Ok(Value::Object(merged))
}

/// What is known of a map's fields.
#[derive(Clone, Copy)]
enum Schema {
    Object(&'static Definition),
    MapOf(Type),
    Unknown,
}

/// What is known of one field.
#[derive(Clone, Copy)]
struct FieldFacts {
    ty: Option<Type>,
    field: Option<&'static Field>,
}

impl Schema {
    fn of(ty: Option<Type>) -> Schema {
        match ty.map(Type::shape) {
            Some(Shape::Object(id)) => Schema::Object(id.get()),
            Some(Shape::Map(value)) => Schema::MapOf(value),
            _ => Schema::Unknown,
        }
    }

    fn field(self, name: &str) -> FieldFacts {
        let field = match self {
            Schema::Object(definition) => definition.field(name),
            Schema::MapOf(value) => return FieldFacts { ty: Some(value), field: None },
            Schema::Unknown => None,
        };
        FieldFacts { ty: field.map(|field| field.ty), field }
    }

    fn name(self) -> &'static str {
        match self {
            Schema::Object(definition) => definition.short_name(),
            Schema::MapOf(_) | Schema::Unknown => "map",
        }
    }
}

impl FieldFacts {
    /// The schema of the map that is the field's value.
    fn as_map(self) -> Schema {
        Schema::of(self.ty)
    }

    /// The schema of the list's items.
    fn items(self) -> Schema {
        match self.ty.map(Type::shape) {
            Some(Shape::List(item) | Shape::WrappedList(item)) => Schema::of(Some(item)),
            _ => Schema::Unknown,
        }
    }

    fn merge_key(self) -> Option<&'static str> {
        self.field.and_then(Field::patch_merge_key)
    }

    fn merges(self) -> bool {
        self.field.is_some_and(Field::patch_merges)
    }

    fn replaces(self) -> bool {
        self.field
            .and_then(Field::patch_strategy)
            .is_some_and(|all| all.split(',').any(|one| one == "replace"))
    }
}

/// A value that has no counterpart in the document: without nulls and directives; `None` when it is only a directive.
fn fresh(value: &Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(PATCH) => None,
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, value)| !value.is_null() && !is_directive(key));
            let kept = kept.filter_map(|(key, value)| Some((key.clone(), fresh(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(Value::Array(items.iter().filter_map(fresh).collect())),
        scalar => Some(scalar.clone()),
    }
}

fn is_directive(key: &str) -> bool {
    key == PATCH
        || key == RETAIN_KEYS
        || key.starts_with(SET_ELEMENT_ORDER)
        || key.starts_with(DELETE_FROM_PRIMITIVE_LIST)
}

//! Why a schema is none: what the schema of schemas says of it, in the words of the validator that Helm uses.

use jsonschema::{ReferencingError, ValidationError, error::ValidationErrorKind as Kind};
use serde_json::{Value as Json, json};

use super::{
    formats,
    schema::{MAX_FAULTS, Nothing, URL},
    violation::violations,
};

/// The schemas of schemas: what is in the name of a draft, and its own name.
const DRAFTS: [(&str, &str); 4] = [
    ("draft-04", "http://json-schema.org/draft-04/schema"),
    ("draft-06", "http://json-schema.org/draft-06/schema"),
    ("draft-07", "http://json-schema.org/draft-07/schema"),
    ("2019-09", "https://json-schema.org/draft/2019-09/schema"),
];
/// The schema of schemas that say nothing of it.
const NEWEST: &str = "https://json-schema.org/draft/2020-12/schema";

/// What is wrong with a schema; `error` is what its reader says.
pub(super) fn explain(schema: &Json, error: Option<&ValidationError<'_>>) -> String {
    match error.map(ValidationError::kind) {
        // The schema of schemas says more of what is no URL.
        Some(Kind::Referencing(ReferencingError::InvalidUri(_))) => {}
        Some(Kind::Referencing(error)) => return unresolved(error),
        _ => {}
    }
    let own = schema["$schema"].as_str().unwrap_or_default();
    let draft = DRAFTS.iter().find(|(part, _)| own.contains(part)).map_or(NEWEST, |(_, draft)| draft);
    let top = json!({"$schema": draft, "$ref": draft});
    let options = jsonschema::options().with_retriever(Nothing).should_validate_formats(true);
    let options = formats::all().fold(options, |options, (name, fits)| options.with_format(name, fits));
    let validator = options.build(&top);
    let mut told = format!("\"{URL}#\" is not valid against metaschema: ");
    let faults = validator
        .map(|validator| violations(&top, b"", schema, validator.iter_errors(schema).take(MAX_FAULTS)));
    match faults.unwrap_or_default() {
        faults if faults.is_empty() => {
            let error = error.map_or_else(|| "a pattern is none of Go's".into(), ToString::to_string);
            told.push_str(&format!("{error}\n"));
        }
        faults => {
            told.push_str(&format!("jsonschema validation failed with '{draft}#'\n"));
            faults.iter().for_each(|fault| fault.tell(&mut told, &mut |_| None));
        }
    }
    told
}

/// A reference that leads nowhere.
fn unresolved(error: &ReferencingError) -> String {
    match error {
        ReferencingError::Unretrievable { uri, .. }
        | ReferencingError::UnknownSpecification { specification: uri } => {
            format!("failing loading {uri:?}: schemas are not fetched\n")
        }
        ReferencingError::PointerToNowhere { pointer } => {
            format!("json-pointer in \"{URL}#{pointer}\" not found\n")
        }
        ReferencingError::NoSuchAnchor { anchor } => {
            format!("anchor in \"{URL}#{anchor}\" not found in schema \"{URL}\"\n")
        }
        other => format!("{other}\n"),
    }
}

//! What a schema refuses, in the words of the validator that Helm uses.

use std::fmt::Write;

use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value as Json;

/// One fault: where it is in the values, as steps from their root, and what is said of it.
pub(super) struct Violation {
    /// The steps to the value.
    pub(super) path: Vec<String>,
    /// Lines, each with its newline.
    pub(super) text: String,
}

/// The faults in order; what one value lacks is one fault.
pub(super) fn violations<'a>(faults: impl Iterator<Item = ValidationError<'a>>) -> Vec<Violation> {
    let faults: Vec<ValidationError<'_>> = faults.collect();
    let mut found = Vec::new();
    let mut rest = faults.as_slice();
    while let Some(first) = rest.first() {
        let alike = |fault: &&ValidationError<'_>| {
            missing(fault).is_some() && fault.instance_path() == first.instance_path()
        };
        let count = rest.iter().take_while(alike).count().max(1);
        let (these, others) = rest.split_at(count);
        found.push(violation(these));
        rest = others;
    }
    found
}

/// One fault, or several properties that one value lacks.
fn violation(faults: &[ValidationError<'_>]) -> Violation {
    let first = &faults[0];
    let mut path: Vec<String> = first.instance_path().iter().map(|step| step.to_string()).collect();
    let mut text = String::new();
    let names: Vec<&str> = faults.iter().filter_map(missing).collect();
    match first.kind() {
        Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                text += &format!("- at '{}/{name}': false schema\n", first.instance_path());
            }
        }
        Kind::Required { .. } => {
            let list = quoted_list(&names);
            let words = match names.len() {
                1 => format!("missing property {list}"),
                _ => format!("missing properties {list}"),
            };
            line(&mut text, first, &words, 0);
        }
        _ => tell(&mut text, first, 0),
    }
    // The place is the first name's that should not be there.
    if let Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } =
        first.kind()
    {
        path.extend(unexpected.first().cloned());
    }
    Violation { path, text }
}

fn missing<'f>(fault: &'f ValidationError<'_>) -> Option<&'f str> {
    match fault.kind() {
        Kind::Required { property } => property.as_str(),
        _ => None,
    }
}

fn line(text: &mut String, fault: &ValidationError<'_>, words: &str, indent: usize) {
    let blank = "  ".repeat(indent);
    writeln!(text, "{blank}- at '{}': {words}", fault.instance_path())
        .expect("invariant: writing to a String cannot fail");
}

/// A fault, and those that it is made of.
fn tell(text: &mut String, fault: &ValidationError<'_>, indent: usize) {
    line(text, fault, &words(fault), indent);
    match fault.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            context.iter().flatten().for_each(|inner| tell(text, inner, indent + 1));
        }
        Kind::PropertyNames { error } => {
            let blank = "  ".repeat(indent + 1);
            text.push_str(&format!("{blank}- at '': {}\n", words(error)));
        }
        _ => {}
    }
}

fn words(fault: &ValidationError<'_>) -> String {
    let instance = fault.instance();
    let compared =
        |name: &str, limit: &dyn std::fmt::Display| format!("{name}: got {instance}, want {limit}");
    let counted = |name: &str, limit: u64| format!("{name}: got {}, want {limit}", size(instance));
    match fault.kind() {
        Kind::AdditionalItems { limit } => {
            format!("last {} additionalItem(s) not allowed", size(instance).saturating_sub(*limit))
        }
        Kind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", quoted_list(unexpected))
        }
        Kind::AnyOf { .. } => "'anyOf' failed".into(),
        Kind::OneOfNotValid { .. } => "'oneOf' failed, none matched".into(),
        Kind::OneOfMultipleValid { context } => {
            let valid = context.iter().enumerate().filter(|(_, faults)| faults.is_empty());
            let valid: Vec<_> = valid.take(2).map(|(index, _)| index.to_string()).collect();
            format!("'oneOf' failed, subschemas {} matched", valid.join(", "))
        }
        Kind::Not { .. } => "'not' failed".into(),
        Kind::FalseSchema => "false schema".into(),
        Kind::Constant { expected_value } => match scalar(expected_value) {
            Some(wanted) => format!("value must be {wanted}"),
            None => "'const' failed".into(),
        },
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            match options.iter().map(scalar).collect::<Option<Vec<_>>>() {
                Some(one) if one.len() == 1 => format!("value must be {}", one[0]),
                Some(options) => format!("value must be one of {}", options.join(", ")),
                None => "'enum' failed".into(),
            }
        }
        Kind::Contains => "no items match contains schema".into(),
        Kind::ExclusiveMaximum { limit } => compared("exclusiveMaximum", limit),
        Kind::ExclusiveMinimum { limit } => compared("exclusiveMinimum", limit),
        Kind::Maximum { limit } => compared("maximum", limit),
        Kind::Minimum { limit } => compared("minimum", limit),
        Kind::MultipleOf { multiple_of } => compared("multipleOf", multiple_of),
        Kind::MaxItems { limit } => counted("maxItems", *limit),
        Kind::MinItems { limit } => counted("minItems", *limit),
        Kind::MaxLength { limit } => counted("maxLength", *limit),
        Kind::MinLength { limit } => counted("minLength", *limit),
        Kind::MaxProperties { limit } => counted("maxProperties", *limit),
        Kind::MinProperties { limit } => counted("minProperties", *limit),
        Kind::Pattern { pattern } => {
            format!(
                "{} does not match pattern {}",
                quoted(instance.as_str().unwrap_or_default()),
                quoted(pattern)
            )
        }
        Kind::PropertyNames { error } => {
            format!("invalid propertyName {}", quoted(error.instance().as_str().unwrap_or_default()))
        }
        Kind::Type { kind } => format!("got {}, want {}", kind_of(instance), wanted(kind)),
        Kind::UniqueItems => match repeated(instance) {
            Some((first, second)) => format!("items at {first} and {second} are equal"),
            None => "items are equal".into(),
        },
        _ => fault.to_string(),
    }
}

/// The first items of a list that are equal.
fn repeated(list: &Json) -> Option<(usize, usize)> {
    let items = list.as_array()?;
    (1..items.len()).find_map(|second| {
        let first = items[..second].iter().position(|item| *item == items[second])?;
        Some((first, second))
    })
}

fn size(value: &Json) -> usize {
    match value {
        Json::String(text) => text.chars().count(),
        Json::Array(items) => items.len(),
        Json::Object(fields) => fields.len(),
        _ => 0,
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// The types that were wanted, in the order in which Helm's validator names them.
fn wanted(kind: &TypeKind) -> String {
    const ORDER: [(JsonType, &str); 7] = [
        (JsonType::Null, "null"),
        (JsonType::Boolean, "boolean"),
        (JsonType::Number, "number"),
        (JsonType::Integer, "integer"),
        (JsonType::String, "string"),
        (JsonType::Array, "array"),
        (JsonType::Object, "object"),
    ];
    let names = ORDER.iter().filter(|(one, _)| match kind {
        TypeKind::Single(single) => one == single,
        TypeKind::Multiple(several) => several.contains(*one),
    });
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(" or ")
}

/// A scalar as Go prints it; `None` for lists and objects.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some("<nil>".into()),
        Json::String(text) => Some(quoted(text)),
        Json::Array(_) | Json::Object(_) => None,
        other => Some(other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn quoted_list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

//! What a schema refuses, one fault, in the words of the validator that Helm uses: numbers as in English, names in single quotes.

use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value as Json;

use super::formats;
use crate::printf::{self, float};

/// What is said of one fault, without its place.
pub(super) fn words(fault: &ValidationError<'_>) -> String {
    let instance = fault.instance();
    let compared = |name: &str, limit: f64| {
        let got = instance.as_f64().unwrap_or_default();
        format!("{name}: got {}, want {}", english(got), english(limit))
    };
    let limited = |name: &str, limit: &Json| compared(name, limit.as_f64().unwrap_or_default());
    let counted = |name: &str, limit: u64| {
        format!("{name}: got {}, want {}", grouped(&size(instance).to_string()), grouped(&limit.to_string()))
    };
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
            choices(options.iter().map(scalar).collect())
        }
        Kind::Format { format } => {
            let text = instance.as_str().unwrap_or_default();
            let why = formats::refusal(format, text).map(|why| format!(": {why}")).unwrap_or_default();
            format!("{} is not valid {format}{why}", quoted(text))
        }
        Kind::Contains => "no items match contains schema".into(),
        Kind::ExclusiveMaximum { limit } => limited("exclusiveMaximum", limit),
        Kind::ExclusiveMinimum { limit } => limited("exclusiveMinimum", limit),
        Kind::Maximum { limit } => limited("maximum", limit),
        Kind::Minimum { limit } => limited("minimum", limit),
        Kind::MultipleOf { multiple_of } => compared("multipleOf", *multiple_of),
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

/// What values must be, each as it is shown; `None` if some cannot be.
pub(super) fn choices(choices: Option<Vec<String>>) -> String {
    match choices {
        Some(one) if one.len() == 1 => format!("value must be {}", one[0]),
        Some(several) => format!("value must be one of {}", several.join(", ")),
        None => "'enum' failed".into(),
    }
}

/// A scalar as Go prints it; `None` for lists and objects.
pub(super) fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some("<nil>".into()),
        Json::String(text) => Some(quoted(text)),
        Json::Array(_) | Json::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// A text in single quotes, with Go's escapes.
pub(super) fn quoted(text: &str) -> String {
    let quoted = printf::quote(text.as_bytes()).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", &quoted[1..quoted.len() - 1])
}

/// Texts in single quotes.
pub(super) fn quoted_list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A number with a comma after each three digits of its whole part, or with a power of ten.
fn english(number: f64) -> String {
    let text = float::format(number, b'g', None);
    match text.split_once('e') {
        None => grouped(&text),
        Some((digits, power)) => {
            format!("{digits}×10{}", power.chars().filter_map(raised).collect::<String>())
        }
    }
}

fn raised(character: char) -> Option<char> {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match character {
        '-' => Some('⁻'),
        other => DIGITS.get(usize::try_from(other.to_digit(10)?).ok()?).copied(),
    }
}

/// The digits of a number, with commas.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.find('.').map_or((number, ""), |point| number.split_at(point));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_english() {
        for (number, expected) in [
            (0.0, "0"),
            (3.0, "3"),
            (-3000.0, "-3,000"),
            (12345.678, "12,345.678"),
            (99999.5, "99,999.5"),
            (0.1234567891234, "0.1234567891234"),
            (0.000001, "1×10⁻⁰⁶"),
            (-1234567.25, "-1.23456725×10⁰⁶"),
            (1.5e300, "1.5×10³⁰⁰"),
        ] {
            assert_eq!(english(number), expected, "{number}");
        }
        assert_eq!(["1", "999", "1000", "1234567"].map(grouped), ["1", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn names_are_quoted_as_go_does() {
        assert_eq!(quoted("it's \"é\"\\\n"), "'it\\'s \"é\"\\\\\\n'");
    }
}

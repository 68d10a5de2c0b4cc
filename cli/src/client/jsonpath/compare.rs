//! Comparisons in filters: only what is of one kind can be compared, as in Go.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Manner, evaluate::Found};

/// What can be compared.
#[derive(Clone, Copy, Debug)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn basic<'a>(found: &'a Found<'_>, manner: Manner) -> Result<Basic<'a>, String> {
    let unfit = || Err("invalid type for comparison".to_string());
    Ok(match found {
        Found::Bool(flag) | Found::Value(Value::Bool(flag)) => Basic::Bool(*flag),
        Found::Int(number) => Basic::Int(*number),
        Found::Float(number) => Basic::Float(*number),
        Found::Text(text) => Basic::Text(text),
        Found::Value(Value::String(text)) => Basic::Text(text),
        Found::Value(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) if manner == Manner::Kubectl => Basic::Int(whole),
            (_, Some(number)) => Basic::Float(number),
            _ => return unfit(),
        },
        Found::Nothing | Found::Value(_) => return unfit(),
    })
}

/// Whether `left OPERATOR right`.
pub(super) fn holds(
    operator: &str,
    left: &Found<'_>,
    right: &Found<'_>,
    manner: Manner,
) -> Result<bool, String> {
    let (left, right) = (basic(left, manner)?, basic(right, manner)?);
    let ordering = match (left, right) {
        (Basic::Bool(left), Basic::Bool(right)) => match operator {
            "==" | "!=" => Some(left.cmp(&right)),
            _ => return Err("invalid type for comparison".into()),
        },
        (Basic::Int(left), Basic::Int(right)) => Some(left.cmp(&right)),
        (Basic::Float(left), Basic::Float(right)) => left.partial_cmp(&right),
        (Basic::Text(left), Basic::Text(right)) => Some(left.cmp(right)),
        _ => return Err("incompatible types for comparison".into()),
    };
    Ok(match operator {
        "==" => ordering == Some(Ordering::Equal),
        "!=" => ordering != Some(Ordering::Equal),
        "<" => ordering == Some(Ordering::Less),
        "<=" => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        ">" => ordering == Some(Ordering::Greater),
        ">=" => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        other => return Err(format!("unrecognized filter operator {other}")),
    })
}

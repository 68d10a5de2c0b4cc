//! Sequences of whole numbers: `until`, `untilStep`, `seq`.

use crate::{
    fault::Fault,
    functions::{Call, argument::limit_items},
    value::{Element, List, Value},
};

/// `until COUNT`: from 0 up, or down for a negative count.
pub(super) fn until(call: &Call<'_>) -> Result<Value, Fault> {
    let count = call.int(0)?;
    list(&steps(0, count, if count < 0 { -1 } else { 1 })?)
}

/// `untilStep START STOP STEP`: nothing if the step leads away from the stop.
pub(super) fn until_step(call: &Call<'_>) -> Result<Value, Fault> {
    list(&steps(call.int(0)?, call.int(1)?, call.int(2)?)?)
}

fn list(numbers: &[i64]) -> Result<Value, Fault> {
    Ok(Value::List(List::new(Element::Int, numbers.iter().map(|number| Value::Int(*number)))))
}

/// From `start` by `step` as long as `stop` is not reached.
fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Fault> {
    let leads_away = if stop < start { step >= 0 } else { step <= 0 };
    if leads_away || start == stop {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop).div_ceil(step.unsigned_abs());
    limit_items(usize::try_from(count).unwrap_or(usize::MAX))?;
    let numbers = std::iter::successors(Some(start), |number| number.checked_add(step));
    Ok(numbers.take(usize::try_from(count).unwrap_or(usize::MAX)).collect())
}

/// `seq END`, `seq START END`, `seq START STEP END`: as the shell's, parted by spaces.
pub(super) fn text(call: &Call<'_>) -> Result<Value, Fault> {
    let given: Vec<i64> = (0..call.arguments.len()).map(|index| call.int(index)).collect::<Result<_, _>>()?;
    let (start, step, end) = match given[..] {
        [end] => (1, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return Ok(Value::from("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if end < start && step.is_some_and(|step| step > 0) {
        return Ok(Value::from(""));
    }
    let numbers = steps(start, end.wrapping_add(direction), step.unwrap_or(direction))?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(Value::from(texts.join(" ")))
}

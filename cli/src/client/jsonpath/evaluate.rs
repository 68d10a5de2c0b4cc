//! What the steps of a template find in a value. In: actions and a value; out: for each action what it finds, blocks of
//! `range` repeated.

use serde_json::Value;

use super::{
    Manner, compare,
    parse::{Action, Slice, Step, To},
};

/// How many steps a template may take in all, each for one value; ranges without an end in each other multiply.
const MAX_STEPS: usize = 1 << 20;

/// Something that was found, or stands in the template.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    Value(&'a Value),
    Text(&'a str),
    Bool(bool),
    Int(i64),
    Float(f64),
    /// What the block of a range over nothing is tried with.
    Nothing,
}

/// Why a step finds nothing.
#[derive(Debug)]
struct Fault {
    reason: String,
    /// Whether what was there before the step counts as there; a filter may ask only that.
    stays: bool,
}

impl Fault {
    fn new(reason: impl Into<String>) -> Self {
        Fault { reason: reason.into(), stays: true }
    }
}

/// What each action finds.
pub(super) fn evaluate<'a>(
    actions: &'a [Action],
    value: &'a Value,
    manner: Manner,
) -> Result<Vec<Vec<Found<'a>>>, String> {
    let mut run = Run { actions, manner, steps: 0, begins: false, ends: false, found: Vec::new() };
    run.block(0, Found::Value(value), 0).map_err(|fault| fault.reason)?;
    Ok(run.found)
}

struct Run<'a> {
    actions: &'a [Action],
    manner: Manner,
    steps: usize,
    /// What the action says that is being walked: a range begins, or ends.
    begins: bool,
    ends: bool,
    found: Vec<Vec<Found<'a>>>,
}

impl<'a> Run<'a> {
    /// The actions from `start` on, to the end of the range that is `depth` deep. Gives where that end is, if it is there.
    fn block(&mut self, start: usize, data: Found<'a>, depth: usize) -> Result<Option<usize>, Fault> {
        let mut at = start;
        while at < self.actions.len() {
            let actions = self.actions;
            let results = match &actions[at] {
                Action::Text(text) => vec![Found::Text(text)],
                Action::Steps(steps) => self.walk(vec![data], steps)?,
            };
            let (begins, ends) = (std::mem::take(&mut self.begins), std::mem::take(&mut self.ends));
            if ends && depth == 0 {
                return Err(Fault::new("not in range, nothing to end"));
            }
            if ends {
                return Ok(Some(at));
            }
            if begins {
                let end = self.range(at + 1, &results, depth + 1)?;
                at = end.unwrap_or(at);
            } else {
                self.found.push(results);
            }
            at += 1;
        }
        Ok(None)
    }

    /// The block from `start` on for each of `results`; for nothing, in silence, if there are none.
    fn range(&mut self, start: usize, results: &[Found<'a>], depth: usize) -> Result<Option<usize>, Fault> {
        if results.is_empty() {
            let before = self.found.len();
            let end = self.block(start, Found::Nothing, depth)?;
            self.found.truncate(before);
            return Ok(end);
        }
        let mut end = None;
        for one in results {
            end = self.block(start, *one, depth)?;
        }
        Ok(end)
    }

    fn walk(&mut self, mut found: Vec<Found<'a>>, steps: &'a [Step]) -> Result<Vec<Found<'a>>, Fault> {
        for step in steps {
            self.steps = self.steps.saturating_add(found.len().max(1));
            if self.steps > MAX_STEPS {
                return Err(Fault::new(format!("the template takes more than {MAX_STEPS} steps")));
            }
            found = self.step(found, step)?;
        }
        Ok(found)
    }

    fn step(&mut self, found: Vec<Found<'a>>, step: &'a Step) -> Result<Vec<Found<'a>>, Fault> {
        let each = |constant: Found<'a>| vec![constant; found.len()];
        Ok(match step {
            Step::Field(name) => return self.field(&found, name),
            Step::Wildcard => found.into_iter().flat_map(children).collect(),
            Step::Recursive => self.descend(found)?,
            Step::Slice(slice) => sliced(&found, slice)?,
            Step::Union(all) => {
                let mut union = Vec::new();
                for steps in all {
                    union.extend(self.walk(found.clone(), steps)?);
                }
                union
            }
            Step::Exists(steps) => self.filter(&found, |run, item| match run.walk(vec![item], steps) {
                Ok(found) => Ok(!found.is_empty()),
                Err(fault) => Ok(fault.stays),
            })?,
            Step::Filter { left, operator, right } => self.filter(&found, |run, item| {
                let Some(left) = one(run.walk(vec![item], left)?)? else { return Ok(false) };
                let Some(right) = one(run.walk(vec![item], right)?)? else { return Ok(false) };
                compare::holds(operator, &left, &right, run.manner).map_err(Fault::new)
            })?,
            Step::Text(text) => vec![Found::Text(text)],
            Step::Int(number) => each(Found::Int(*number)),
            Step::Float(number) => each(Found::Float(*number)),
            Step::Bool(flag) => each(Found::Bool(*flag)),
            Step::Word(word) => match word.as_str() {
                "range" => {
                    self.begins = true;
                    found
                }
                "end" => {
                    self.ends = true;
                    Vec::new()
                }
                other => return Err(Fault::new(format!("unrecognized identifier {other}"))),
            },
        })
    }

    fn field(&self, found: &[Found<'a>], name: &str) -> Result<Vec<Found<'a>>, Fault> {
        let of = |one: &Found<'a>| match one {
            Found::Value(Value::Object(map)) => map.get(name).map(Found::Value),
            _ => None,
        };
        let results: Vec<_> = found.iter().filter_map(of).collect();
        if results.is_empty() && !found.is_empty() && self.manner == Manner::Helm {
            return Err(Fault { reason: format!("{name} is not found"), stays: false });
        }
        Ok(results)
    }

    /// Everything that has something in it, and what is in that.
    fn descend(&mut self, found: Vec<Found<'a>>) -> Result<Vec<Found<'a>>, Fault> {
        let mut all = Vec::new();
        for one in found {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(Fault::new(format!("the template takes more than {MAX_STEPS} steps")));
            }
            let within = children(one);
            if !within.is_empty() {
                all.push(one);
                all.extend(self.descend(within)?);
            }
        }
        Ok(all)
    }

    /// The items of lists for which `wanted` holds.
    fn filter(
        &mut self,
        found: &[Found<'a>],
        wanted: impl Fn(&mut Self, Found<'a>) -> Result<bool, Fault>,
    ) -> Result<Vec<Found<'a>>, Fault> {
        let mut kept = Vec::new();
        for one in found {
            let Found::Value(Value::Array(items)) = one else {
                return Err(Fault::new("what is not array or slice cannot be filtered"));
            };
            for item in items.iter().map(Found::Value) {
                if wanted(self, item)? {
                    kept.push(item);
                }
            }
        }
        Ok(kept)
    }
}

/// What is compared: one value, or none.
fn one(found: Vec<Found<'_>>) -> Result<Option<Found<'_>>, Fault> {
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(Fault::new("can only compare one element at a time")),
    }
}

/// What is in a value; in a text its bytes, as numbers.
fn children(found: Found<'_>) -> Vec<Found<'_>> {
    let bytes = |text: &str| text.bytes().map(|byte| Found::Int(byte.into())).collect();
    match found {
        Found::Value(Value::Object(map)) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries.into_iter().map(|(_, value)| Found::Value(value)).collect()
        }
        Found::Value(Value::Array(items)) => items.iter().map(Found::Value).collect(),
        Found::Value(Value::String(text)) => bytes(text),
        Found::Text(text) => bytes(text),
        _ => Vec::new(),
    }
}

fn sliced<'a>(found: &[Found<'a>], slice: &Slice) -> Result<Vec<Found<'a>>, Fault> {
    let mut results = Vec::new();
    for one in found {
        let items = match one {
            Found::Value(Value::Array(items)) => items,
            Found::Value(Value::Null) => continue,
            _ => return Err(Fault::new("what is indexed is not array or slice")),
        };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let from = slice.from.unwrap_or(0);
        let from = if from < 0 { from.saturating_add(length) } else { from };
        let to = match slice.to {
            To::End => length,
            To::At(at) if at < 0 => at.saturating_add(length),
            // After the last item, which is -1, comes 0.
            To::After(at) if at <= 0 => at.saturating_add(length),
            To::At(at) | To::After(at) => at,
        };
        if from == to {
            return Ok(results);
        }
        let outside =
            |index| Err(Fault::new(format!("array index out of bounds: index {index}, length {length}")));
        if !(0..length).contains(&from) {
            return outside(from);
        }
        if !(0..=length).contains(&to) {
            return outside(to - 1);
        }
        if from > to {
            return Err(Fault::new(format!("starting index {from} is greater than ending index {to}")));
        }
        let step = match slice.step {
            None => 1,
            Some(step) => usize::try_from(step)
                .ok()
                .filter(|step| *step > 0)
                .ok_or_else(|| Fault::new("step must be > 0"))?,
        };
        let range = usize::try_from(from).unwrap_or_default()..usize::try_from(to).unwrap_or_default();
        results.extend(items[range].iter().step_by(step).map(Found::Value));
    }
    Ok(results)
}

//! Merging a list: items of maps by their merge key, scalars as a set.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::error::{Error, go_list};
use super::{FieldFacts, PATCH, fresh, map, order};

/// The merged list, ordered: the patch's items in the patch's order, the others where they were among them.
pub(super) fn merge(facts: FieldFacts, original: Vec<Value>, patch: &[Value]) -> Result<Vec<Value>, Error> {
    if patch.is_empty() {
        return Ok(original);
    }
    let key = facts.merge_key();
    let was = order::Order::of(&original, key);
    let (merged, replaced) = combine(facts, original, patch)?;
    if replaced {
        return Ok(merged);
    }
    let wanted = order::Order::of(patch, key);
    order::arrange(merged, &wanted, &was, key)
}

/// The merged list in the order of `$setElementOrder`; an `original` of `None` was not there.
pub(super) fn merge_ordered(
    facts: FieldFacts,
    original: Option<Vec<Value>>,
    patch: &[Value],
    order: &[Value],
) -> Result<Vec<Value>, Error> {
    let key = facts.merge_key();
    check_order(patch, order, key)?;
    let was = order::Order::of(original.as_deref().unwrap_or_default(), key);
    let merged = match original {
        Some(original) if patch.is_empty() => original,
        Some(original) if facts.merges() => combine(facts, original, patch)?.0,
        // The list is not one that merges: the patch's replaces it.
        _ => patch.iter().filter_map(fresh).collect(),
    };
    order::arrange(merged, &order::Order::of(order, key), &was, key)
}

/// Both lists' items without order, and whether the patch replaced the list.
fn combine(facts: FieldFacts, original: Vec<Value>, patch: &[Value]) -> Result<(Vec<Value>, bool), Error> {
    let mut all = original.iter().chain(patch);
    if all.clone().any(Value::is_array) {
        return Err(Error::ListOfLists);
    }
    if !all.any(Value::is_object) {
        return Ok((union(original, patch), false));
    }
    if !original.iter().chain(patch).all(Value::is_object) {
        return Err(Error::MixedList(go_list(&[Value::Array(original), patch.to_vec().into()])));
    }
    let key = facts.merge_key().ok_or(Error::WithoutMergeKey(facts.items().name()))?;
    if patch.iter().any(|item| directive(item) == Some("replace")) {
        // As they are: items of equal keys do not merge with each other.
        return Ok((patch.iter().filter_map(fresh).collect(), true));
    }
    let base = without_deleted(original, patch, key)?;
    merge_items(facts, base, patch, key).map(|merged| (merged, false))
}

fn union(mut original: Vec<Value>, patch: &[Value]) -> Vec<Value> {
    let mut seen = HashSet::new();
    original.retain(|item| seen.insert(item.clone()));
    original.extend(patch.iter().filter(|item| seen.insert((*item).clone())).cloned());
    original
}

fn directive(item: &Value) -> Option<&str> {
    item.get(PATCH).and_then(Value::as_str)
}

/// The original's items but those that the patch deletes. Checks the patch's directives.
fn without_deleted(mut original: Vec<Value>, patch: &[Value], key: &str) -> Result<Vec<Value>, Error> {
    let mut deleted = HashSet::new();
    for item in patch.iter().filter_map(Value::as_object) {
        match item.get(PATCH).map(|directive| (directive, directive.as_str())) {
            None => {}
            Some((_, Some("delete"))) => {
                deleted.insert(item.get(key).ok_or_else(|| Error::no_merge_key(item, key))?);
            }
            Some((_, Some("merge"))) => return Err(Error::MergeDirective),
            Some((directive, _)) => return Err(Error::patch_type(directive, item)),
        }
    }
    original.retain(|item| item.get(key).is_none_or(|value| !deleted.contains(value)));
    Ok(original)
}

/// Merges the patch's items into the items of the same key, or appends them.
fn merge_items(
    facts: FieldFacts,
    mut items: Vec<Value>,
    patch: &[Value],
    key: &str,
) -> Result<Vec<Value>, Error> {
    let mut places: HashMap<Value, usize> = HashMap::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        if let Some(value) = item.get(key) {
            places.entry(value.clone()).or_insert(at);
        }
    }
    let plain = |item: &&Map<String, Value>| !item.contains_key(PATCH);
    for change in patch.iter().filter_map(Value::as_object).filter(plain) {
        let value = change.get(key).ok_or_else(|| Error::no_merge_key(change, key))?;
        match places.get(value).and_then(|at| items.get_mut(*at)) {
            Some(Value::Object(item)) => map::merge(facts.items(), item, change)?,
            _ => {
                places.insert(value.clone(), items.len());
                items.extend(fresh(&Value::Object(change.clone())));
            }
        }
    }
    Ok(items)
}

/// The patch's items must all be in the order's list, in its order.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), Error> {
    let places = order::Order::of(order, key);
    let mut last = None;
    for item in patch.iter().filter(|item| directive(item).is_none()) {
        let place = places.place(item, key);
        if place.is_none() || place < last {
            return Err(Error::OrderMismatch { patch: go_list(patch), order: go_list(order) });
        }
        last = place;
    }
    Ok(())
}

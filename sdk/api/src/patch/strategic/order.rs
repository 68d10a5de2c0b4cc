//! The order of a merged list's items.

use std::collections::HashMap;

use serde_json::Value;

use super::error::Error;

/// The places of items in a list, found by their merge key or, for scalars, themselves.
pub(super) struct Order(HashMap<Value, usize>);

impl Order {
    pub(super) fn of(list: &[Value], key: Option<&str>) -> Order {
        let mut places = HashMap::with_capacity(list.len());
        for (at, item) in list.iter().enumerate() {
            if let Some(identity) = identity(item, key) {
                places.entry(identity.clone()).or_insert(at);
            }
        }
        Order(places)
    }

    pub(super) fn place(&self, item: &Value, key: Option<&str>) -> Option<usize> {
        self.0.get(identity(item, key)?).copied()
    }
}

fn identity<'a>(item: &'a Value, key: Option<&str>) -> Option<&'a Value> {
    match key {
        Some(key) => item.get(key),
        None => Some(item),
    }
}

/// Puts the items that `wanted` names in that order. The others keep the order they had, and each goes in front of the first
/// wanted one that it was in front of. (So what is new comes first: the server has always done so.)
pub(super) fn arrange(
    merged: Vec<Value>,
    wanted: &Order,
    was: &Order,
    key: Option<&str>,
) -> Result<Vec<Value>, Error> {
    if let Some(name) = key
        && let Some(Value::Object(item)) = merged.iter().find(|item| identity(item, key).is_none())
    {
        return Err(Error::no_merge_key(item, name));
    }
    let mut named: Vec<Value> = Vec::with_capacity(merged.len());
    let mut others: Vec<Value> = Vec::new();
    for item in merged {
        if wanted.place(&item, key).is_some() { named.push(item) } else { others.push(item) }
    }
    named.sort_by_key(|item| wanted.place(item, key));
    others.sort_by_key(|item| was.place(item, key));
    Ok(interleave(others, named, was, key))
}

fn interleave(others: Vec<Value>, named: Vec<Value>, was: &Order, key: Option<&str>) -> Vec<Value> {
    let mut result = Vec::with_capacity(others.len() + named.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        let limit = was.place(&item, key);
        let before = |other: &Value| matches!((was.place(other, key), limit), (Some(other), Some(limit)) if other < limit);
        while let Some(other) = others.next_if(before) {
            result.push(other);
        }
        result.push(item);
    }
    result.extend(others);
    result
}

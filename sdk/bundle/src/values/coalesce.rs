//! Coalescing: a chart's own values, and those of its subcharts, under the values given from above.
//! Source: Helm's `CoalesceValues`, `MergeValues` and the tables' merge.

use super::merge::deep_copy_map;
use crate::{
    chart::Chart,
    stack::deep,
    value::{Map, MapType, Str, Value},
};

/// The key of the values that every subchart sees too.
const GLOBAL: &str = "global";

/// What becomes of nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// A null given from above removes a chart's default; a chart's own nulls are dropped.
    Remove,
    /// Nulls stay, for a later pass.
    Keep,
}

/// The values of `chart` and of all its subcharts, under `given`, which is left as it is. Warnings are Helm's.
///
/// # Errors
/// If what is given for a subchart is no map.
pub fn coalesce(chart: &Chart, given: &Map, nulls: Nulls, warnings: &mut Vec<String>) -> Result<Map, String> {
    let values = deep_copy_map(given).seen_as(MapType::Any);
    let mut pass = Pass { nulls, warnings };
    pass.chart(chart, &values, "")?;
    Ok(values)
}

/// Merges `source` under `target`, which wins; changes both.
pub fn coalesce_tables(target: &Map, source: &Map, nulls: Nulls, warnings: &mut Vec<String>) {
    Pass { nulls, warnings }.tables(target, source, "", nulls);
}

struct Pass<'a> {
    nulls: Nulls,
    warnings: &'a mut Vec<String>,
}

impl Pass<'_> {
    fn chart(&mut self, chart: &Chart, values: &Map, prefix: &str) -> Result<(), String> {
        self.own(chart, values, prefix);
        let inner = join(prefix, chart.name());
        for subchart in &chart.dependencies {
            let name = subchart.name();
            let table = match values.get(name.as_bytes()) {
                None => {
                    let empty = Map::new::<Str>(MapType::Any, []);
                    values.set(name, Value::Map(empty.clone()));
                    empty
                }
                Some(Value::Map(table)) => table,
                Some(other) => return Err(format!("type mismatch on {name}: {}", other.type_name())),
            };
            self.globals(&table, values, &inner);
            self.chart(subchart, &table, &inner)?;
        }
        Ok(())
    }

    /// A chart's own defaults under `values`.
    fn own(&mut self, chart: &Chart, values: &Map, prefix: &str) {
        let Some(defaults) = chart.values.as_ref() else { return };
        let inner = join(prefix, chart.name());
        for (key, default) in deep_copy_map(defaults).snapshot() {
            match values.get(&key) {
                None => self.adopt(values, key, default),
                Some(Value::Nil) if self.nulls == Nulls::Remove => {
                    values.remove(&key);
                }
                Some(Value::Map(given)) => match default {
                    Value::Map(default) => {
                        let is_subchart = chart.dependencies.iter().any(|sub| sub.name().as_bytes() == &*key);
                        let nulls = if is_subchart { Nulls::Keep } else { self.nulls };
                        if nulls == Nulls::Remove {
                            drop_nulls(&default);
                        }
                        self.tables(&given, &default, &join(&inner, &key.text()), nulls);
                    }
                    Value::Nil => {}
                    _ => {
                        self.warnings.push(format!("warning: skipped value for {inner}.{key}: Not a table."))
                    }
                },
                Some(_) => {}
            }
        }
    }

    /// A default that nothing was given for.
    fn adopt(&mut self, values: &Map, key: Str, default: Value) {
        if self.nulls == Nulls::Remove {
            match &default {
                Value::Nil => return,
                Value::Map(table) => drop_nulls(table),
                _ => {}
            }
        }
        values.set(key, default);
    }

    /// The globals of `from` over those of a subchart's `values`.
    fn globals(&mut self, values: &Map, from: &Map, prefix: &str) {
        let empty = || Some(Map::new::<Str>(MapType::Any, []));
        let table = |map: &Map| match map.get(GLOBAL.as_bytes()) {
            None => empty(),
            Some(Value::Map(table)) => Some(table),
            Some(_) => None,
        };
        let mut skip = |side| {
            self.warnings.push(format!("warning: skipping globals because {side} global is not a table."))
        };
        let Some(target) = table(values) else { return skip("destination") };
        let Some(source) = table(from) else { return skip("source") };
        for (key, value) in source.snapshot() {
            self.global(&target, key, value, prefix);
        }
        values.set(GLOBAL, Value::Map(target));
    }

    fn global(&mut self, target: &Map, key: Str, value: Value, prefix: &str) {
        match (value, target.get(&key)) {
            (Value::Map(given), Some(Value::Map(own))) => {
                let copy = Map::new(MapType::Any, given.snapshot());
                self.tables(&copy, &own, &join(prefix, &key.text()), Nulls::Keep);
                target.set(key, Value::Map(copy));
            }
            (Value::Map(_), Some(_)) => {
                self.warnings
                    .push(format!("Conflict: cannot merge map onto non-map for \"{key}\". Skipping."));
            }
            (Value::Map(given), None) => {
                target.set(key, Value::Map(Map::new(MapType::Any, given.snapshot())))
            }
            (_, Some(Value::Map(_))) => self.warnings.push(format!("key {key} is table. Skipping")),
            (value, _) => target.set(key, value),
        }
    }

    /// Merges `source` under `target`.
    fn tables(&mut self, target: &Map, source: &Map, prefix: &str, nulls: Nulls) {
        if target.same(source) {
            return;
        }
        // A null in `target` is one for `source` too, which is how it removes or shadows a default.
        let defaulted: Vec<(Str, Value)> = source.snapshot();
        for (key, value) in target.snapshot() {
            if matches!(value, Value::Nil) {
                source.set(key, Value::Nil);
            }
        }
        let defaulted = |key: &Str| {
            let found = defaulted.binary_search_by(|(known, _)| known.cmp(key));
            found.is_ok_and(|index| !matches!(defaulted[index].1, Value::Nil))
        };
        for (key, value) in source.snapshot() {
            let full = || join(prefix, &key.text());
            match (target.get(&key), &value) {
                (None, _) => target.set(key, value),
                (Some(Value::Nil), _) if nulls == Nulls::Remove && defaulted(&key) => {
                    target.remove(&key);
                }
                (Some(Value::Map(given)), Value::Map(default)) => {
                    deep(|| self.tables(&given, default, &full(), nulls))
                }
                (Some(_), Value::Map(_)) => {
                    self.warnings
                        .push(format!("warning: cannot overwrite table with non table for {}", full()));
                }
                (Some(Value::Map(_)), Value::Nil) => {}
                (Some(Value::Map(_)), _) => {
                    let full = full();
                    self.warnings.push(format!(
                        "warning: destination for {full} is a table. Ignoring non-table value"
                    ));
                }
                _ => {}
            }
        }
    }
}

/// Removes the entries that are null, at every depth of maps.
fn drop_nulls(table: &Map) {
    let is_null = |value: &Value| matches!(value, Value::Nil);
    let entries = table.entries();
    let nulls: Vec<Str> =
        entries.iter().filter(|(_, value)| is_null(value)).map(|(key, _)| key.clone()).collect();
    for value in entries.values() {
        if let Value::Map(inner) = value {
            deep(|| drop_nulls(inner));
        }
    }
    drop(entries);
    for key in nulls {
        table.remove(&key);
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

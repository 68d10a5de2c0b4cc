//! Values of records.

use anyhow::Result;
use naru_bundle::{json, value::Value};
use naru_release::record::Release;

/// A release's values with those of its chart below them, as JSON.
pub fn computed(release: &Release) -> Result<String> {
    let chart: serde_json::Value = match &release.chart {
        Some(chart) => serde_json::from_str(chart.get())?,
        None => serde_json::Value::Null,
    };
    let mut values: serde_json::Value = serde_json::from_str(release.config_text())?;
    below(&mut values, &chart["values"]);
    let values: Value = json::read(values.to_string().as_bytes())?;
    Ok(json::write(&values, json::Style::Compact)?)
}

/// Fills `values` up with what only `defaults` have; a null takes a default away.
fn below(values: &mut serde_json::Value, defaults: &serde_json::Value) {
    let (Some(values), Some(defaults)) = (values.as_object_mut(), defaults.as_object()) else { return };
    for (name, default) in defaults {
        match values.get_mut(name) {
            Some(serde_json::Value::Null) => {
                values.remove(name);
            }
            Some(value) => below(value, default),
            None => {
                values.insert(name.clone(), default.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_fill_up() {
        let mut values = json!({"a": 1, "gone": null, "map": {"x": 2}, "list": [1]});
        below(&mut values, &json!({"a": 9, "b": 2, "gone": 3, "map": {"x": 0, "y": 1}, "list": [2, 3]}));
        assert_eq!(values, json!({"a": 1, "b": 2, "map": {"x": 2, "y": 1}, "list": [1]}));
    }
}

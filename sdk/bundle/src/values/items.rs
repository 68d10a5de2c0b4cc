//! Faults of which the validator says only that there are some: items that a list lacks, items and properties that
//! nothing speaks of. In: such a fault and the schema; out: what each item or property is refused for.

use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value as Json;

use super::{
    schema::{MAX_FAULTS, options},
    violation::{Found, Tree, Violation, violations},
};

impl Tree<'_> {
    /// A list of whose items too few or too many are as `contains` says.
    pub(super) fn contains(&self, found: &Found<'_>, steps: &[String]) -> Violation {
        let place = found.place();
        let parent = place.rsplit_once('/').map_or("", |(parent, _)| parent);
        let rules = self.schema.pointer(parent);
        let limit = |name: &str| rules.and_then(|rules| rules.get(name)).and_then(Json::as_u64);
        let items = found.fault.instance().as_array().map(Vec::as_slice).unwrap_or_default();
        let refused =
            rules.and_then(|rules| rules.get("contains")).and_then(|schema| self.each(schema, items));
        let Some(refused) = refused else { return Violation::of(found) };
        let matching = refused.iter().enumerate().filter(|(_, faults)| faults.is_empty());
        let matching: Vec<String> = matching.map(|(at, _)| at.to_string()).collect();
        let listed = |count: usize| {
            let all = &matching[..count.min(matching.len())];
            format!("matched {} items at {}", all.len(), all.join(" "))
        };
        if let Some(most) = limit("maxContains").filter(|most| matching.len() as u64 > *most) {
            // Nobody looks further than the first that is too many.
            let first = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
            let words = format!("max {most} items required to match contains schema, but {}", listed(first));
            return Violation::at(steps, words);
        }
        let words = match limit("minContains") {
            None => "no items match contains schema".into(),
            Some(least) if matching.is_empty() => {
                format!("min {least} items required to match contains schema, but none matched")
            }
            Some(least) => {
                format!("min {least} items required to match contains schema, but {}", listed(usize::MAX))
            }
        };
        let below = refused.into_iter().enumerate().filter_map(|(at, faults)| {
            let steps = [steps, &[at.to_string()]].concat();
            Violation::group(moved(faults, &steps), &steps)
        });
        Violation::at(steps, words).with_below(below.collect())
    }

    /// Items that nothing but `unevaluatedItems` speaks of.
    pub(super) fn unevaluated_items(&self, found: &Found<'_>) -> Vec<Violation> {
        let Kind::UnevaluatedItems { unexpected } = found.fault.kind() else {
            return vec![Violation::of(found)];
        };
        let items = found.fault.instance().as_array().map(Vec::as_slice).unwrap_or_default();
        // They are named by what they say, not by their places; what is not spoken of stands at the end, mostly.
        let texts: Vec<String> = items.iter().map(Json::to_string).collect();
        let mut places = Vec::new();
        let mut end = texts.len();
        for text in unexpected.iter().rev() {
            let Some(at) = texts[..end].iter().rposition(|item| item == text) else { continue };
            places.push(at);
            end = at;
        }
        let refused = |at: usize| self.refusing(found, &items[at], at.to_string());
        places.into_iter().rev().flat_map(refused).collect()
    }

    /// Properties that nothing but `unevaluatedProperties` speaks of.
    pub(super) fn unevaluated_properties(&self, found: &Found<'_>) -> Vec<Violation> {
        let Kind::UnevaluatedProperties { unexpected } = found.fault.kind() else {
            return vec![Violation::of(found)];
        };
        let refused =
            |name: &String| self.refusing(found, &found.fault.instance()[name.as_str()], name.clone());
        unexpected.iter().flat_map(refused).collect()
    }

    /// What the schema at a fault's own keyword refuses a part of the value for.
    fn refusing(&self, found: &Found<'_>, part: &Json, step: String) -> Vec<Violation> {
        let steps = [found.steps.as_slice(), &[step]].concat();
        let schema = self.schema.pointer(&found.place()).filter(|schema| !schema.is_boolean());
        match schema.and_then(|schema| self.each(schema, std::slice::from_ref(part))?.pop()) {
            Some(faults) if !faults.is_empty() => {
                Violation::group(moved(faults, &steps), &steps).into_iter().collect()
            }
            _ => vec![Violation::at(&steps, "false schema".into())],
        }
    }

    /// What a part of the schema refuses each item for; `None` if that part needs others of the schema.
    fn each(&self, schema: &Json, items: &[Json]) -> Option<Vec<Vec<Violation>>> {
        if refers_elsewhere(schema) {
            return None;
        }
        let mut schema = schema.clone();
        for shared in ["$schema", "$defs", "definitions"] {
            if let (Some(value), Some(fields)) = (self.schema.get(shared), schema.as_object_mut()) {
                fields.insert(shared.into(), value.clone());
            }
        }
        let validator = options().build(&schema).ok()?;
        let refused = |item| violations(&schema, b"", item, validator.iter_errors(item).take(MAX_FAULTS));
        Some(items.iter().map(refused).collect())
    }
}

fn moved(faults: Vec<Violation>, steps: &[String]) -> Vec<Violation> {
    faults.into_iter().map(|fault| fault.moved(steps)).collect()
}

/// Whether a schema refers to something that is none of the whole schema's definitions.
fn refers_elsewhere(schema: &Json) -> bool {
    let is_definition = |value: &Json| {
        let target = value.as_str().unwrap_or_default();
        target.starts_with("#/$defs/") || target.starts_with("#/definitions/")
    };
    match schema {
        Json::Object(fields) => fields.iter().any(|(keyword, value)| match keyword.as_str() {
            "$ref" => !is_definition(value),
            keyword if keyword.starts_with('$') && keyword.ends_with("ef") => true,
            _ => refers_elsewhere(value),
        }),
        Json::Array(all) => all.iter().any(refers_elsewhere),
        _ => false,
    }
}

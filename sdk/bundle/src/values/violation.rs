//! The faults of values, as the tree that the validator which Helm uses makes of them: what one subschema refuses belongs together, a
//! fault of type, constant or choice hides what else the same subschema refuses. In: the faults as a flat list, each with the
//! way through the schema that led to it. Out: lines to show, and where each fault is in the values.

use std::fmt::Write;

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value as Json;

use super::{
    words::{choices, quoted, quoted_list, words},
    written,
};

/// Keywords whose faults hide all others of their schema, the first first.
const ALONE: [&str; 4] = ["type", "const", "enum", "format"];
/// Keywords in the order in which their faults are told, after all that are not here.
const LAST: [&str; 11] = [
    "$dynamicRef",
    "$recursiveRef",
    "not",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// One fault or a group of them.
pub(super) struct Violation {
    /// Where the value is, as a JSON pointer.
    at: String,
    words: String,
    /// What it is made of.
    below: Vec<Violation>,
    /// Whether it only holds others together, so that a whole report does without it.
    dissolves: bool,
    /// The steps to the value, unless each of those below has its own.
    path: Option<Vec<String>>,
}

/// A fault and the way to it.
pub(super) struct Found<'f> {
    pub(super) fault: &'f ValidationError<'f>,
    /// Through the schema, references followed.
    keywords: Vec<String>,
    /// Through the values.
    pub(super) steps: Vec<String>,
}

impl Found<'_> {
    /// Where its keyword is in the schema, as a JSON pointer.
    pub(super) fn place(&self) -> String {
        let fragment = self.fault.absolute_keyword_location().and_then(|place| place.fragment());
        let place = fragment.map(|text| text.decode().to_string_lossy().into_owned());
        place.unwrap_or_else(|| self.fault.schema_path().to_string())
    }
}

/// What the faults of whole `values` amount to, by their `schema`, whose `text` may be empty.
pub(super) fn violations<'f>(
    schema: &Json,
    text: &[u8],
    values: &Json,
    faults: impl Iterator<Item = ValidationError<'f>>,
) -> Vec<Violation> {
    let faults: Vec<ValidationError<'f>> = faults.collect();
    let found: Vec<Found<'_>> = faults.iter().map(found).collect();
    let told = Tree { schema, text, values }.refused(&found.iter().collect::<Vec<_>>(), 0, &[]);
    let told = dissolved(told);
    // Whatever the tree makes of them, values with faults are refused.
    if told.is_empty() { found.iter().map(Violation::of).collect() } else { told }
}

impl Violation {
    /// A fault of no value in particular.
    pub(super) fn plain(words: String) -> Self {
        Violation { at: String::new(), words, below: Vec::new(), dissolves: false, path: None }
    }

    /// Writes the fault and what it is made of, each with what `place` knows about its value.
    pub(super) fn tell(&self, out: &mut String, place: &mut dyn FnMut(&[String]) -> Option<String>) {
        self.tell_at(out, 0, place);
    }

    /// The same, if `steps` lead to the value in which it was found.
    pub(super) fn moved(self, steps: &[String]) -> Self {
        Violation {
            at: pointer(steps) + &self.at,
            below: self.below.into_iter().map(|inner| inner.moved(steps)).collect(),
            path: self.path.map(|path| [steps, &path].concat()),
            ..self
        }
    }

    /// The same, made of others.
    pub(super) fn with_below(self, below: Vec<Violation>) -> Self {
        Violation { below, ..self }
    }

    pub(super) fn of(found: &Found<'_>) -> Self {
        let mut path = found.steps.clone();
        // The place is the first name's that should not be there.
        if let Kind::AdditionalProperties { unexpected } = found.fault.kind() {
            path.extend(unexpected.first().cloned());
        }
        let words = words(found.fault);
        Violation { at: pointer(&found.steps), words, below: Vec::new(), dissolves: false, path: Some(path) }
    }

    pub(super) fn at(steps: &[String], words: String) -> Self {
        Violation {
            at: pointer(steps),
            words,
            below: Vec::new(),
            dissolves: false,
            path: Some(steps.to_vec()),
        }
    }

    /// Several as one that has no words of its own; one stays what it is.
    pub(super) fn group(mut all: Vec<Violation>, steps: &[String]) -> Option<Self> {
        match all.len() {
            0 | 1 => all.pop(),
            _ => Some(Violation {
                at: pointer(steps),
                words: GROUP.into(),
                below: all,
                dissolves: true,
                path: None,
            }),
        }
    }

    fn tell_at(&self, out: &mut String, indent: usize, place: &mut dyn FnMut(&[String]) -> Option<String>) {
        let blank = "  ".repeat(indent);
        writeln!(out, "{blank}- at {}: {}", quoted(&self.at), self.words)
            .expect("invariant: writing to a String cannot fail");
        match &self.path {
            None => self.below.iter().for_each(|inner| inner.tell_at(out, indent + 1, place)),
            Some(path) => {
                self.below.iter().for_each(|inner| inner.tell_at(out, indent + 1, &mut |_| None));
                out.extend(place(path));
            }
        }
    }
}

/// Violations without a group around all of them.
fn dissolved(mut all: Vec<Violation>) -> Vec<Violation> {
    match all.as_mut_slice() {
        [one] if one.dissolves => std::mem::take(&mut one.below),
        _ => all,
    }
}

/// What a group is called that has no keyword of its own.
const GROUP: &str = "validation failed";

fn found<'f>(fault: &'f ValidationError<'f>) -> Found<'f> {
    let texts = |location: &jsonschema::paths::Location| -> Vec<String> {
        location.iter().map(|segment| segment.to_string()).collect()
    };
    Found { fault, keywords: texts(fault.evaluation_path()), steps: texts(fault.instance_path()) }
}

fn pointer(steps: &[String]) -> String {
    steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Faults by what `key` makes of them, in the order in which each comes first.
fn by<'f, 'g, K: PartialEq>(
    faults: &[&'g Found<'f>],
    key: impl Fn(&'g Found<'f>) -> K,
) -> Vec<(K, Vec<&'g Found<'f>>)> {
    let mut groups: Vec<(K, Vec<&'g Found<'f>>)> = Vec::new();
    for fault in faults {
        let key = key(fault);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(fault),
            None => groups.push((key, vec![fault])),
        }
    }
    groups
}

/// Makes the tree, with what the faults do not say.
pub(super) struct Tree<'s> {
    pub(super) schema: &'s Json,
    /// What it was read from, if that is known.
    text: &'s [u8],
    values: &'s Json,
}

impl Tree<'_> {
    /// What the schema that `depth` keywords lead to refuses of the value at `steps`.
    fn refused(&self, faults: &[&Found<'_>], depth: usize, steps: &[String]) -> Vec<Violation> {
        let keyword = |found: &Found<'_>| found.keywords.get(depth).cloned().unwrap_or_default();
        for alone in ALONE {
            let hides = |found: &&&Found<'_>| found.keywords.len() == depth + 1 && keyword(found) == alone;
            if let Some(found) = faults.iter().find(hides) {
                return vec![self.alone(found)];
            }
        }
        let mut groups = by(faults, keyword);
        groups.sort_by_key(|(keyword, _)| LAST.iter().position(|one| one == keyword).map_or(0, |at| at + 1));
        let each = |(keyword, group): &(String, Vec<&Found<'_>>)| self.keyword(keyword, group, depth, steps);
        groups.iter().flat_map(each).collect()
    }

    /// A fault that hides all others.
    fn alone(&self, found: &Found<'_>) -> Violation {
        let violation = Violation::of(found);
        match found.fault.kind() {
            Kind::Constant { .. } | Kind::Enum { .. } => match written::choices(self.text, &found.place()) {
                Some(written) => Violation { words: choices(Some(written)), ..violation },
                None => violation,
            },
            _ => violation,
        }
    }

    /// What one keyword of that schema refuses.
    fn keyword(
        &self,
        keyword: &str,
        faults: &[&Found<'_>],
        depth: usize,
        steps: &[String],
    ) -> Vec<Violation> {
        let is_own = |found: &Found<'_>| keyword == "propertyNames" || found.keywords.len() <= depth + 1;
        let (own, deeper): (Vec<&Found<'_>>, Vec<&Found<'_>>) =
            faults.iter().partition(|found| is_own(found));
        let mut all = match keyword {
            "required" => missing(&own, steps),
            "dependentRequired" | "dependencies" => self.dependents(&own, steps),
            "propertyNames" => property_names(&own),
            "contains" | "minContains" | "maxContains" => {
                own.iter().map(|found| self.contains(found, steps)).collect()
            }
            "unevaluatedItems" => own.iter().flat_map(|found| self.unevaluated_items(found)).collect(),
            "unevaluatedProperties" => {
                own.iter().flat_map(|found| self.unevaluated_properties(found)).collect()
            }
            _ => own.iter().map(|found| self.leaf(found, depth, steps)).collect(),
        };
        let group =
            |depth: usize, faults: &[&Found<'_>]| Violation::group(self.refused(faults, depth, steps), steps);
        let named = |found: &Found<'_>| found.keywords.get(depth + 1).cloned();
        match keyword {
            _ if deeper.is_empty() => {}
            "allOf" => {
                let parts = by(&deeper, named);
                let below = parts.iter().filter_map(|(_, part)| group(depth + 2, part)).collect();
                let words = "'allOf' failed".into();
                all.push(Violation { at: pointer(steps), words, below, dissolves: false, path: None });
            }
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                let below = dissolved(self.refused(&deeper, depth + 1, steps));
                let referred = Violation::group(below, steps);
                all.extend(referred.map(|one| Violation { dissolves: false, ..one }));
            }
            "then" | "else" => all.extend(group(depth + 1, &deeper)),
            "if" => all.extend(group(depth + 2, &deeper)),
            "dependentSchemas" | "dependencies" | "anyOf" | "oneOf" => {
                let parts = by(&deeper, named);
                all.extend(parts.iter().filter_map(|(_, part)| group(depth + 2, part)));
            }
            _ => all.extend(self.inside(keyword, &deeper, depth, steps)),
        }
        all
    }

    /// What schemas for the parts of a value refuse.
    fn inside(&self, keyword: &str, faults: &[&Found<'_>], depth: usize, steps: &[String]) -> Vec<Violation> {
        let is_listed = |found: &Found<'_>| match keyword {
            "properties" | "patternProperties" | "prefixItems" => true,
            "items" => found.keywords.get(depth + 1).is_some_and(|word| word.parse::<usize>().is_ok()),
            _ => false,
        };
        let part = |found: &Found<'_>| {
            let end = depth + 1 + usize::from(is_listed(found));
            let steps = &found.steps[..found.steps.len().min(steps.len() + 1)];
            (found.keywords[..end.min(found.keywords.len())].to_vec(), steps.to_vec())
        };
        let parts = by(faults, part);
        let each = |((keywords, steps), part): &((Vec<String>, Vec<String>), Vec<&Found<'_>>)| {
            Violation::group(self.refused(part, keywords.len(), steps), steps)
        };
        parts.iter().filter_map(each).collect()
    }

    /// A fault that no other belongs to.
    fn leaf(&self, found: &Found<'_>, depth: usize, steps: &[String]) -> Violation {
        let mut violation = Violation::of(found);
        if found.keywords.last().is_some_and(|keyword| keyword == "additionalProperties")
            && matches!(found.fault.kind(), Kind::FalseSchema)
        {
            // Nothing is allowed where nothing is named.
            let fields = self.values.pointer(&pointer(&found.steps)).and_then(Json::as_object);
            let names: Vec<&String> = fields.into_iter().flat_map(|fields| fields.keys()).collect();
            violation.words = format!("additional properties {} not allowed", quoted_list(&names));
        }
        if let (Kind::Pattern { .. }, Some(text)) = (found.fault.kind(), found.fault.instance().as_str())
            && let Some(written) = written::choices(self.text, &found.place())
        {
            violation.words = format!("{} does not match pattern {}", quoted(text), written.join(", "));
        }
        if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = found.fault.kind() {
            let branch = |faults: &Vec<ValidationError<'_>>| {
                let found: Vec<Found<'_>> = faults.iter().map(self::found).collect();
                Violation::group(self.refused(&found.iter().collect::<Vec<_>>(), depth + 2, steps), steps)
            };
            violation.below = context.iter().filter_map(branch).collect();
        }
        violation
    }

    /// What is missing because something else is there.
    fn dependents(&self, faults: &[&Found<'_>], steps: &[String]) -> Vec<Violation> {
        let Some(first) = faults.first() else { return Vec::new() };
        let place = first.place();
        let instance = first.fault.instance();
        // Some places have a step that is in no schema.
        let outer = place.rsplit_once('/').map_or("", |(outer, _)| outer);
        let rules =
            [place.as_str(), outer].into_iter().find_map(|place| self.schema.pointer(place)?.as_object());
        let rules = rules.into_iter().flatten();
        let mut all = Vec::new();
        for (name, wanted) in rules.filter(|(name, _)| instance.get(name.as_str()).is_some()) {
            let wanted = wanted.as_array().into_iter().flatten().filter_map(Json::as_str);
            let missing: Vec<&str> = wanted.filter(|one| instance.get(one).is_none()).collect();
            if !missing.is_empty() {
                let words =
                    format!("properties {} required, if {} exists", quoted_list(&missing), quoted(name));
                all.push(Violation::at(steps, words));
            }
        }
        all
    }
}

/// What a value lacks, as one fault.
fn missing(faults: &[&Found<'_>], steps: &[String]) -> Vec<Violation> {
    let name = |found: &&Found<'_>| match found.fault.kind() {
        Kind::Required { property } => property.as_str().map(str::to_owned),
        _ => None,
    };
    let names: Vec<String> = faults.iter().filter_map(name).collect();
    let words = match names.len() {
        0 => return Vec::new(),
        1 => format!("missing property {}", quoted_list(&names)),
        _ => format!("missing properties {}", quoted_list(&names)),
    };
    vec![Violation::at(steps, words)]
}

/// Names that are refused, each with everything that is said of it.
fn property_names(faults: &[&Found<'_>]) -> Vec<Violation> {
    let name = |found: &Found<'_>| words(found.fault);
    let below = |found: &&Found<'_>| match found.fault.kind() {
        Kind::PropertyNames { error } => Some(Violation::plain(words(error))),
        _ => None,
    };
    let groups = by(faults, name);
    let each = |(_, group): &(String, Vec<&Found<'_>>)| {
        let first = group.first()?;
        Some(Violation { below: group.iter().filter_map(below).collect(), ..Violation::of(first) })
    };
    groups.iter().filter_map(each).collect()
}

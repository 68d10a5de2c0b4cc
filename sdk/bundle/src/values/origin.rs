//! Where values come from: the file and line, or the flag, that a value was last set by. In: the flags as they were given
//! and the charts' own `values.yaml`. Out: a place with an excerpt, for reports; nothing here is on the way of a success.

use std::fmt;

use super::{ValueOptions, set_file, set_json, set_literal, set_string, set_typed};
use crate::{
    chart::Chart,
    json,
    render::told,
    value::{Map, MapType, Str, Value},
    yaml::{self, Position},
};

/// The key of the values that every subchart sees too.
const GLOBAL: &str = "global";
/// Longest path that is looked for, in steps.
const MAX_STEPS: usize = 1_000;

/// Sets in a map what a flag's text says; whether it could.
type Set<'a> = &'a dyn Fn(&str, &Map) -> bool;

/// What was given, and how to read its files again.
#[derive(Clone)]
pub struct Origins {
    /// The flags.
    pub given: ValueOptions,
    /// Reads a file that a flag names; not standard input, which is read once.
    pub read: fn(&str) -> Result<Vec<u8>, String>,
}

impl fmt::Debug for Origins {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.given.fmt(out)
    }
}

impl Origins {
    /// The flag or file that last set the value at `path`, as lines that are indented.
    fn place(&self, path: &[String]) -> Option<String> {
        let ValueOptions {
            files,
            set_json: jsons,
            set,
            set_string: strings,
            set_file: paths,
            set_literal: literals,
        } = &self.given;
        let sets = |text: &str, set: Set<'_>| {
            let values = Map::new::<Str>(MapType::Any, []);
            set(text, &values) && reaches(&Value::Map(values), path)
        };
        let flags: [(&str, &[String], Set<'_>); 5] = [
            ("--set-literal", literals, &|text, values| set_literal(text, values).is_ok()),
            ("--set-file", paths, &|text, values| {
                set_file(text, values, &mut |_| Ok(Value::from(""))).is_ok()
            }),
            ("--set-string", strings, &|text, values| set_string(text, values).is_ok()),
            ("--set", set, &|text, values| set_typed(text, values).is_ok()),
            ("--set-json", jsons, &|text, values| set_json(text, values).is_ok() || is_object(text, values)),
        ];
        for (flag, texts, set) in flags {
            if let Some(text) = texts.iter().rev().find(|text| sets(text, set)) {
                return Some(format!("  {flag} {text}\n"));
            }
        }
        files.iter().rev().find_map(|name| match name.trim() {
            "-" => Some("  standard input\n".to_owned()),
            _ => in_text(name, &(self.read)(name).ok()?, path),
        })
    }
}

/// Takes one JSON object as the values.
fn is_object(text: &str, values: &Map) -> bool {
    let Ok(more) = json::read_map(text.trim().as_bytes()) else { return false };
    more.snapshot().into_iter().for_each(|(key, value)| values.set(key, value));
    true
}

/// Where the value at `path` comes from, which the innermost of `charts` sees: from what was given, or from the
/// `values.yaml` of one of the charts, of which each is the next one's parent.
pub(super) fn place(
    charts: &[&Chart],
    path: &[String],
    given: &Map,
    origins: Option<&Origins>,
) -> Option<String> {
    let root = Value::Map(given.clone());
    // A subchart's globals are those of the charts around it, unless it has its own.
    let global = (1..charts.len()).find(|depth| path.get(*depth).is_some_and(|step| step == GLOBAL));
    let paths = [Some(path), global.map(|depth| &path[depth..])];
    for path in paths.into_iter().flatten().filter(|path| (1..=MAX_STEPS).contains(&path.len())) {
        if reaches(&root, path) {
            return origins?.place(path);
        }
        for (depth, chart) in charts.iter().enumerate().filter(|(depth, _)| *depth < path.len()) {
            let name = charts[..=depth].iter().map(|chart| chart.name()).collect::<Vec<_>>().join("/charts/");
            let file = chart.raw.iter().find(|file| file.name == "values.yaml");
            let found =
                file.and_then(|file| in_text(&format!("{name}/values.yaml"), &file.data, &path[depth..]));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Whether there is a value at `path`.
fn reaches(value: &Value, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    match value {
        Value::Map(map) => map.get(first.as_bytes()).is_some_and(|inner| reaches(&inner, rest)),
        Value::List(list) => {
            let index = first.parse::<usize>().ok();
            index.and_then(|index| list.get(index)).is_some_and(|inner| reaches(inner, rest))
        }
        _ => false,
    }
}

/// The place of the value at `path` in a file, with an excerpt.
fn in_text(name: &str, data: &[u8], path: &[String]) -> Option<String> {
    let position = yaml::locate(data, path)?;
    let Position { line, column } = position;
    let excerpt = told(&String::from_utf8_lossy(data), position);
    Some(format!("  {name}:{line}:{column}:{excerpt}\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::*;

    fn options() -> ValueOptions {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ValueOptions {
            files: list(&["one.yaml", "two.yaml"]),
            set_json: list(&["j.a=[1, {\"b\": 2}]", "{\"o\": {\"p\": 1}}"]),
            set: list(&["a=1", "a=2,l[1].x=3"]),
            set_string: list(&["s.t=1"]),
            set_file: list(&["f=path"]),
            set_literal: list(&["q=1,2"]),
        }
    }

    fn read(name: &str) -> Result<Vec<u8>, String> {
        let text = match name {
            "one.yaml" => "a: 0\nmany:\n  deep: {x: 1, y: [1, 2]}\n",
            _ => "# second\n---\nmany:\n  other: 1\n---\nmany:\n  deep:\n    y:\n    - p\n    - q\n",
        };
        Ok(text.into())
    }

    #[test]
    fn the_last_who_set_a_value_is_named() {
        let rows = [
            ("a", "  --set a=2,l[1].x=3\n"),
            ("l/1/x", "  --set a=2,l[1].x=3\n"),
            ("j/a/1/b", "  --set-json j.a=[1, {\"b\": 2}]\n"),
            ("o/p", "  --set-json {\"o\": {\"p\": 1}}\n"),
            ("s/t", "  --set-string s.t=1\n"),
            ("f", "  --set-file f=path\n"),
            ("q", "  --set-literal q=1,2\n"),
            (
                "many/deep/x",
                "  one.yaml:3:13:\n  1 | a: 0\n  2 | many:\n  3 |   deep: {x: 1, y: [1, 2]}\n    |             ^\n",
            ),
            (
                "many/deep/y/1",
                "  two.yaml:10:7:\n   8 |     y:\n   9 |     - p\n  10 |     - q\n     |       ^\n",
            ),
            ("many/none", ""),
        ];
        let origins = Origins { given: options(), read };
        for (path, expected) in rows {
            let path: Vec<String> = path.split('/').map(str::to_owned).collect();
            assert_eq!(origins.place(&path).unwrap_or_default(), expected, "{path:?}");
        }
    }
}

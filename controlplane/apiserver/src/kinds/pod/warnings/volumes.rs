//! Warnings about volumes: files that lie where another one does, and volumes of nothing.

use serde_json::Value;

use super::ENOUGH;
use crate::kinds::fields::{entries, items, text};

/// So many different files of a volume are compared with one another; the API sets no limit to them.
const COMPARED_MAX: usize = 512;

/// All of a pod's volumes.
pub(super) fn of(volumes: &[Value], found: &mut Vec<String>) {
    for volume in volumes {
        let name = text(&volume["name"]);
        for (field, kind, named_by) in [
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "secretName"),
            ("downwardAPI", "DownwardAPI", ""),
        ] {
            let what = source(kind, text(&volume[field][named_by]));
            let mut files = Files { volume: name, what: &what, seen: Vec::new() };
            items(&volume[field]["items"])
                .iter()
                .for_each(|item| files.add(text(&item["path"]), None, found));
        }
        of_projected(name, &volume["projected"], found);
    }
}

fn of_projected(name: &str, projected: &Value, found: &mut Vec<String>) {
    let sources = items(&projected["sources"]);
    if sources.iter().any(|one| entries(one).next().is_none()) {
        found.push(format!("volume {name:?} (Projected) has no sources provided"));
    }
    let mut files = Files { volume: name, what: "Projected", seen: Vec::new() };
    for one in sources {
        for (field, kind) in
            [("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")]
        {
            let from = source(kind, text(&one[field]["name"]));
            for item in items(&one[field]["items"]) {
                files.add(text(&item["path"]), Some(&from), found);
            }
        }
    }
}

/// As a warning names it.
fn source(kind: &str, name: &str) -> String {
    if name.is_empty() { kind.to_string() } else { format!("{kind} {name:?}") }
}

/// The files of a volume so far.
struct Files<'a> {
    volume: &'a str,
    what: &'a str,
    /// The path without what says nothing, and as a warning names it.
    seen: Vec<(String, String)>,
}

impl Files<'_> {
    /// Adds a file; `from` says whose it is if the volume has files of several sources.
    fn add(&mut self, path: &str, from: Option<&str>, found: &mut Vec<String>) {
        let path = path.trim_end_matches('/');
        if path.is_empty() || self.seen.len() >= COMPARED_MAX {
            return;
        }
        let shown = from.map_or_else(|| format!("{path:?}"), |from| format!("{path:?} ({from})"));
        let Files { volume, what, seen } = self;
        let free = ENOUGH.saturating_sub(found.len());
        for (_, other) in seen.iter().filter(|(earlier, _)| overlap(path, earlier)).take(free) {
            found.push(format!("volume {volume:?} ({what}): overlapping paths: {shown} with {other}"));
        }
        if !seen.iter().any(|(earlier, _)| earlier == path) {
            seen.push((path.to_string(), shown));
        }
    }
}

/// Whether one is the other or lies in it.
fn overlap(a: &str, b: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(a, b) || within(b, a)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(paths: &[&str]) -> Value {
        paths.iter().map(|path| json!({"key": "k", "path": path})).collect()
    }

    #[test]
    fn odd_volumes_are_warned_about() {
        let table = [
            (json!({"name": "v", "configMap": {"name": "a", "items": paths(&["a", "ab", "b/c"])}}), vec![]),
            (
                json!({"name": "v", "configMap": {"name": "a", "items": paths(&["a/b", "a", "a/b/c"])}}),
                vec![
                    r#"volume "v" (ConfigMap "a"): overlapping paths: "a" with "a/b""#,
                    r#"volume "v" (ConfigMap "a"): overlapping paths: "a/b/c" with "a/b""#,
                    r#"volume "v" (ConfigMap "a"): overlapping paths: "a/b/c" with "a""#,
                ],
            ),
            (
                json!({"name": "v", "secret": {"secretName": "s", "items": paths(&["x", "x", "x/y"])}}),
                vec![
                    r#"volume "v" (Secret "s"): overlapping paths: "x" with "x""#,
                    r#"volume "v" (Secret "s"): overlapping paths: "x/y" with "x""#,
                ],
            ),
            (
                json!({"name": "v", "downwardAPI": {"items": paths(&["x", "x"])}}),
                vec![r#"volume "v" (DownwardAPI): overlapping paths: "x" with "x""#],
            ),
            (
                json!({"name": "v", "projected": {"sources": [
                    {"configMap": {"name": "a", "items": paths(&["x"])}}, {"secret": {"name": "b", "items": paths(&["x/y"])}}]}}),
                vec![
                    r#"volume "v" (Projected): overlapping paths: "x/y" (Secret "b") with "x" (ConfigMap "a")"#,
                ],
            ),
            (
                json!({"name": "v", "projected": {"sources": [{}]}}),
                vec![r#"volume "v" (Projected) has no sources provided"#],
            ),
        ];
        for (volume, expected) in table {
            let mut found = Vec::new();
            of(std::slice::from_ref(&volume), &mut found);
            assert_eq!(found, expected, "{volume}");
        }
    }
}

//! Lines of a description: cells with tabs between them, as kubectl writes them before it lays them out.

use std::fmt::Display;

use jiff::Timestamp;
use serde_json::Value;

use super::tabs;

/// Columns are at least this far apart.
const GAP: usize = 2;
/// Longer annotations go below their names, and are cut there (kubectl's limit), in characters.
const ANNOTATION_MAX: usize = 140;
/// Where `apply` keeps what it needs; it says nothing to people.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A description in the making.
#[derive(Default)]
pub(super) struct Text {
    /// What is laid out already.
    done: String,
    lines: Vec<Vec<String>>,
}

impl Text {
    /// A line at a level of indentation; its cells are separated by tabs.
    pub(super) fn line(&mut self, level: usize, cells: impl Display) {
        let text = format!("{:1$}{cells}", "", level * 2);
        self.lines.push(text.split('\t').map(String::from).collect());
    }

    /// `Name: value`.
    pub(super) fn field(&mut self, level: usize, name: &str, value: impl Display) {
        self.line(level, format_args!("{name}:\t{value}"));
    }

    /// `Name: value`, or `<none>` without one.
    pub(super) fn field_or_none(&mut self, level: usize, name: &str, value: &str) {
        self.field(level, name, if value.is_empty() { "<none>" } else { value });
    }

    /// A field of the object, if it has it and it is not empty.
    pub(super) fn optional(&mut self, level: usize, name: &str, value: &Value) {
        let value = plain(value);
        if !value.is_empty() {
            self.field(level, name, value);
        }
    }

    /// Several values, a line each; `<none>` without any.
    pub(super) fn values(&mut self, name: &str, values: &[String]) {
        let Some((first, rest)) = values.split_first() else { return self.field(0, name, "<none>") };
        self.field(0, name, first);
        for value in rest {
            self.line(0, format_args!("\t{value}"));
        }
    }

    /// A map in the order of its keys, `key=value` a line.
    pub(super) fn labels(&mut self, name: &str, map: &Value) {
        let values: Vec<String> =
            entries(map).iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        self.values(name, &values);
    }

    /// Annotations, `key: value` a line, long ones below.
    pub(super) fn annotations(&mut self, map: &Value) {
        let mut values = Vec::new();
        for (key, value) in entries(map).into_iter().filter(|(key, _)| *key != LAST_APPLIED) {
            let value = plain(value);
            let value = value.trim_end_matches('\n');
            if value.len() + key.len() + 2 > ANNOTATION_MAX || value.contains('\n') {
                values.push(format!("{key}:"));
                values.extend(value.split('\n').map(|line| format!("  {}", shorten(line))));
            } else {
                values.push(format!("{key}: {value}"));
            }
        }
        self.values("Annotations", &values);
    }

    /// What follows has columns of its own.
    pub(super) fn flush(&mut self) {
        self.done.push_str(&tabs::align(&self.lines, 0, GAP));
        self.lines.clear();
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        self.done
    }
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(ANNOTATION_MAX - 2) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into(),
    }
}

/// A map's entries in the order of the keys.
pub(super) fn entries(map: &Value) -> Vec<(&str, &Value)> {
    let mut entries: Vec<_> =
        map.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// The items of a list; none if it is none.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A value in one line; nothing for null.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `True` or `False`.
pub(super) fn capital(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A time as kubectl prints it, `Sat, 21 Nov 2026 09:00:00 +0000`.
pub(super) fn time(value: &Value) -> String {
    let text = plain(value);
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        Err(_) => text,
    }
}

/// How long ago a time was, in one or two units.
pub(super) fn since(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => age(Timestamp::now().duration_since(time).as_secs()),
        Err(_) => "<unknown>".into(),
    }
}

fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |big: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{unit}"),
        small => format!("{big}{unit}{small}{small_unit}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ages_as_kubectl_words_them() {
        for (seconds, expected) in [
            (0, "0s"),
            (119, "119s"),
            (125, "2m5s"),
            (660, "11m"),
            (10_860, "3h1m"),
            (90_000, "25h"),
            (176_400, "2d1h"),
        ] {
            assert_eq!(age(seconds), expected);
        }
    }

    #[test]
    fn fields_stand_in_a_column() {
        let mut text = Text::default();
        text.field(0, "Name", "web");
        text.labels("Labels", &json!({"b": "2", "a": "1"}));
        text.annotations(&json!({"note": "short", "long": "x\ny\n", LAST_APPLIED: "{}"}));
        text.labels("Nothing", &Value::Null);
        let expected = "Name:         web\nLabels:       a=1\n              b=2\nAnnotations:  long:\n                x\n                y\n\
                        \x20             note: short\nNothing:      <none>\n";
        assert_eq!(text.finish(), expected);
    }
}

//! Lines of a description: `Name:` and a value in a column, maps and lists below each other.

use jiff::Timestamp;
use serde_json::Value;

/// Where values of the outermost fields stand.
const COLUMN: usize = 18;

/// A description in the making.
#[derive(Default)]
pub(super) struct Text {
    lines: Vec<String>,
}

impl Text {
    /// A line as it is.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.lines.push(format!("{:indent$}{text}", ""));
    }

    /// `Name:   value`; an empty value is `<none>`.
    pub(super) fn field(&mut self, indent: usize, name: &str, value: &str) {
        let value = if value.is_empty() { "<none>" } else { value };
        let width = COLUMN.saturating_sub(indent).max(name.len() + 2);
        self.lines.push(format!("{:indent$}{:<width$}{value}", "", format!("{name}:")).trim_end().into());
    }

    /// A field of the object, if it has it.
    pub(super) fn optional(&mut self, indent: usize, name: &str, value: &Value) {
        if !value.is_null() {
            self.field(indent, name, &plain(value));
        }
    }

    /// A map, an entry a line.
    pub(super) fn map(&mut self, indent: usize, name: &str, map: &Value) {
        let entries = map.as_object().into_iter().flatten();
        let lines: Vec<String> = entries.map(|(key, value)| format!("{key}={}", plain(value))).collect();
        self.list(indent, name, &lines);
    }

    /// Several values, a line each.
    pub(super) fn list(&mut self, indent: usize, name: &str, values: &[String]) {
        let (first, rest) = match values.split_first() {
            Some((first, rest)) => (first.as_str(), rest),
            None => ("", &[][..]),
        };
        self.field(indent, name, first);
        for value in rest {
            self.line(COLUMN.max(indent + name.len() + 2), value);
        }
    }

    pub(super) fn finish(self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// A value in one line.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A time as kubectl prints it, `Sat, 21 Nov 2026 09:00:00 +0000`.
pub(super) fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        Err(_) => text.into(),
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
        text.field(0, "Labels", "");
        text.list(0, "IPs", &["a".into(), "b".into()]);
        text.field(2, "A name longer than the column", "x");
        let expected = "Name:             web\nLabels:           <none>\nIPs:              a\n                  b\n  \
                        A name longer than the column: x\n";
        assert_eq!(text.finish(), expected);
    }
}

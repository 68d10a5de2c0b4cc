//! TOML text to values: integers are `int64`, times `time.Time`, `[[tables]]` a `[]map[string]interface {}`.

use toml_edit::{Date, Datetime, DocumentMut, Item, Offset, Table, Time, Value as Toml};

use super::{TomlError, local};
use crate::{
    time::{Instant, Zone},
    value::{Element, List, Map, MapType, Value},
};

/// Reads a document. `local_offset`, in seconds east of UTC, is the zone of times that state none.
///
/// # Errors
/// [`TomlError::Syntax`] when `text` is not TOML.
pub fn read(text: &str, local_offset: i32) -> Result<Map, TomlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| TomlError::Syntax {
        line: error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count()),
        problem: error.message().replace('\n', ", "),
    })?;
    Ok(Reader { local_offset }.table(&document))
}

struct Reader {
    local_offset: i32,
}

impl Reader {
    fn table(&self, table: &Table) -> Map {
        let entries = table.iter().filter_map(|(key, item)| Some((key, self.item(item)?)));
        Map::new(MapType::Any, entries)
    }

    fn item(&self, item: &Item) -> Option<Value> {
        Some(match item {
            Item::None => return None,
            Item::Value(value) => self.value(value),
            Item::Table(table) => Value::Map(self.table(table)),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| Value::Map(self.table(table)));
                Value::List(List::new(Element::Map, tables))
            }
        })
    }

    fn value(&self, value: &Toml) -> Value {
        match value {
            Toml::String(text) => Value::from(text.value().as_str()),
            Toml::Integer(number) => Value::Int64(*number.value()),
            Toml::Float(number) => Value::Float(*number.value()),
            Toml::Boolean(flag) => Value::Bool(*flag.value()),
            Toml::Datetime(datetime) => self.datetime(datetime.value()).into_value(),
            Toml::Array(array) => Value::list(array.iter().map(|item| self.value(item))),
            Toml::InlineTable(table) => Value::map(table.iter().map(|(key, item)| (key, self.value(item)))),
        }
    }

    fn datetime(&self, datetime: &Datetime) -> Instant {
        let zone = match (datetime.date, datetime.time, datetime.offset) {
            (_, _, Some(Offset::Z | Offset::Custom { minutes: 0 })) => Zone::Utc,
            (_, _, Some(Offset::Custom { minutes })) => {
                Zone::Fixed { name: "".into(), offset: i32::from(minutes) * 60 }
            }
            (Some(_), Some(_), None) => self.local(local::DATETIME),
            (Some(_), None, None) => self.local(local::DATE),
            _ => self.local(local::TIME),
        };
        // A time alone is on the first day of the year 0, as in Go.
        let date = datetime.date.unwrap_or(Date { year: 0, month: 1, day: 1 });
        let midnight = Time { hour: 0, minute: 0, second: None, nanosecond: None };
        let time = datetime.time.unwrap_or(midnight);
        let clock = (time.hour, time.minute, time.second.unwrap_or(0));
        Instant::at((date.year, date.month, date.day), clock, time.nanosecond.unwrap_or(0), zone)
    }

    fn local(&self, name: &str) -> Zone {
        Zone::Fixed { name: name.into(), offset: self.local_offset }
    }
}

//! `time.Time`, `time.Month`, `time.Weekday` and `*time.Location` as templates see them.

use std::{any::Any, rc::Rc};

use super::{
    Instant, Zone,
    civil::{Civil, MONTHS, WEEKDAYS, days},
    duration::duration_argument,
    instant::ZERO_SECONDS,
};
use crate::{
    fault::Fault,
    value::{Object, Structure, Value},
};

impl Instant {
    /// The value for templates.
    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// The instant that a template's value is, if it is one.
    pub fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(object) => object.any().downcast_ref(),
            _ => None,
        }
    }

    fn plain_method(&self, name: &str) -> Option<Value> {
        let civil = self.civil();
        Some(match name {
            "Year" => Value::Int(civil.year),
            "Month" => Name { kind: Kind::Month, number: civil.month.into() }.into_value(),
            "Day" => Value::Int(civil.day.into()),
            "Hour" => Value::Int(civil.hour.into()),
            "Minute" => Value::Int(civil.minute.into()),
            "Second" => Value::Int(civil.second.into()),
            "Nanosecond" => Value::Int(self.nanoseconds().into()),
            "Weekday" => Name { kind: Kind::Weekday, number: civil.weekday() as i64 }.into_value(),
            "YearDay" => Value::Int(civil.year_day().into()),
            "Unix" => Value::Int64(self.seconds()),
            "UnixMilli" => Value::Int64(self.total().div_euclid(1_000_000) as i64),
            "UnixMicro" => Value::Int64(self.total().div_euclid(1_000) as i64),
            "UnixNano" => Value::Int64(self.total() as i64),
            "UTC" => self.in_zone(Zone::Utc).into_value(),
            "Local" => self.in_zone(self.local().clone()).into_value(),
            "Location" => Location(self.zone().clone()).into_value(),
            "IsZero" => Value::Bool(self.is_zero()),
            "IsDST" => Value::Bool(self.zone().at(self.seconds()).dst),
            "String" => Value::string(self.print()),
            "GoString" => Value::string(self.go_string(&civil)),
            "MarshalText" => Value::Bytes(self.rfc3339().into()),
            "MarshalJSON" => Value::Bytes(format!("\"{}\"", self.rfc3339()).into()),
            _ => return None,
        })
    }

    fn method(&self, name: &str, argument: &Value) -> Option<Result<Value, Fault>> {
        let compare = |test: fn(std::cmp::Ordering) -> Value| {
            let other = Self::of(argument).ok_or_else(|| wrong_type("time.Time", argument))?;
            Ok(test(self.total().cmp(&other.total())))
        };
        Some(match name {
            "Format" => match argument {
                Value::Str(layout) => Ok(Value::string(self.format(layout))),
                _ => Err(wrong_type("string", argument)),
            },
            "Add" => duration_argument(argument).map(|duration| self.add(duration).into_value()),
            "Round" => duration_argument(argument).map(|unit| self.to_multiple(unit, true).into_value()),
            "Truncate" => duration_argument(argument).map(|unit| self.to_multiple(unit, false).into_value()),
            "Sub" => match Self::of(argument) {
                Some(earlier) => Ok(self.since(earlier).into_value()),
                None => Err(wrong_type("time.Time", argument)),
            },
            "In" => match argument {
                Value::Object(object) => match object.any().downcast_ref::<Location>() {
                    Some(location) => Ok(self.in_zone(location.0.clone()).into_value()),
                    None => Err(wrong_type("*time.Location", argument)),
                },
                _ => Err(wrong_type("*time.Location", argument)),
            },
            "After" => compare(|order| Value::Bool(order.is_gt())),
            "Before" => compare(|order| Value::Bool(order.is_lt())),
            "Equal" => compare(|order| Value::Bool(order.is_eq())),
            "Compare" => compare(|order| Value::Int(order as i64)),
            _ => return None,
        })
    }

    /// Later by years, months and days; what overflows a month runs into the next.
    fn add_date(&self, years: i64, months: i64, added_days: i64) -> Self {
        let civil = self.civil();
        let month = i64::from(civil.month) - 1 + months;
        let (year, month) = (civil.year + years + month.div_euclid(12), month.rem_euclid(12) as u8 + 1);
        let from_epoch = days(year, month, 1) + i64::from(civil.day) - 1 + added_days;
        let midnight = Civil::from_seconds(i128::from(from_epoch) * 86_400);
        let date = Civil { hour: civil.hour, minute: civil.minute, second: civil.second, ..midnight };
        Self::from_civil(&date, self.nanoseconds(), self.zone().clone()).with_local(self.local().clone())
    }

    /// Go's `%#v`.
    fn go_string(&self, civil: &Civil) -> String {
        let Civil { year, month, day, hour, minute, second } = *civil;
        let zone = match self.zone().name() {
            "UTC" => "time.UTC".to_owned(),
            "Local" => "time.Local".to_owned(),
            name => format!("time.Location({name:?})"),
        };
        let month = MONTHS[usize::from(month) - 1];
        let nanoseconds = self.nanoseconds();
        format!("time.Date({year}, time.{month}, {day}, {hour}, {minute}, {second}, {nanoseconds}, {zone})")
    }
}

/// Where helm 4.3.1 keeps Go's local zone, which verbs for numbers print of a time.
const LOCAL_ADDRESS: u64 = 0x434_8220;

/// Methods that return more than one value, which Go refuses to call in templates.
const MANY_RESULTS: [&str; 4] = ["Date", "Clock", "ISOWeek", "ZoneBounds"];
/// Methods without arguments.
const PLAIN: [&str; 22] = [
    "Year",
    "Month",
    "Day",
    "Hour",
    "Minute",
    "Second",
    "Nanosecond",
    "Weekday",
    "YearDay",
    "Unix",
    "UnixMilli",
    "UnixMicro",
    "UnixNano",
    "UTC",
    "Local",
    "Location",
    "IsZero",
    "IsDST",
    "String",
    "GoString",
    "MarshalText",
    "MarshalJSON",
];
/// Methods with arguments.
const WITH_ARGUMENTS: [&str; 11] =
    ["Format", "Add", "AddDate", "Round", "Truncate", "Sub", "In", "After", "Before", "Equal", "Compare"];

impl Object for Instant {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "time.Time"
    }

    fn kind_name(&self) -> &str {
        "struct"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        if MANY_RESULTS.contains(&name) || name == "Zone" {
            return Some(Err(Fault::new(format!(
                "can't call method/function {name:?} with more than one result"
            ))));
        }
        let result = match (name, arguments) {
            ("AddDate", [Value::Int(years), Value::Int(months), Value::Int(days)]) => {
                Some(Ok(self.add_date(*years, *months, *days).into_value()))
            }
            (_, []) => self.plain_method(name).map(Ok),
            (_, [argument]) => self.method(name, argument),
            _ => None,
        };
        let known = PLAIN.contains(&name) || WITH_ARGUMENTS.contains(&name);
        result.or_else(|| known.then(|| Err(Fault::new(format!("wrong number or type of args for {name}")))))
    }

    fn print(&self) -> String {
        Self::print(self)
    }

    fn structure(&self) -> Option<Structure> {
        let fields = vec![
            ("wall", Value::Uint64(self.nanoseconds().into())),
            ("ext", Value::Int64(self.seconds() - ZERO_SECONDS)),
            ("loc", Value::Uint64(if matches!(self.zone(), Zone::Utc) { 0 } else { LOCAL_ADDRESS })),
        ];
        Some(Structure { fields, has_text: true })
    }

    fn plain(&self) -> Value {
        Value::string(self.rfc3339())
    }
}

/// `time.Month` and `time.Weekday`: numbers that print as names.
#[derive(Debug)]
struct Name {
    kind: Kind,
    number: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Month,
    Weekday,
}

impl Name {
    fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }
}

impl Object for Name {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        match self.kind {
            Kind::Month => "time.Month",
            Kind::Weekday => "time.Weekday",
        }
    }

    fn kind_name(&self) -> &str {
        "int"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        match (name, arguments) {
            ("String", []) => Some(Ok(Value::string(self.print()))),
            _ => None,
        }
    }

    fn print(&self) -> String {
        let (names, index) = match self.kind {
            Kind::Month => (&MONTHS[..], self.number - 1),
            Kind::Weekday => (&WEEKDAYS[..], self.number),
        };
        names[index as usize].to_owned()
    }

    fn plain(&self) -> Value {
        Value::Int(self.number)
    }

    fn is_true(&self) -> bool {
        self.number != 0
    }
}

/// `*time.Location`.
#[derive(Debug)]
struct Location(Zone);

impl Location {
    fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }
}

impl Object for Location {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "*time.Location"
    }

    fn kind_name(&self) -> &str {
        "ptr"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        match (name, arguments) {
            ("String", []) => Some(Ok(Value::string(self.0.name()))),
            _ => None,
        }
    }

    fn print(&self) -> String {
        self.0.name().to_owned()
    }

    fn plain(&self) -> Value {
        Value::map::<&str>([])
    }
}

fn wrong_type(expected: &str, got: &Value) -> Fault {
    Fault::new(format!("wrong type for value; expected {expected}; got {}", got.type_name()))
}

//! sprig's date functions. In: `time.Time` objects, seconds since 1970, Go layouts. Out: text and `time.Time`.
//! Source of the behaviour: sprig 3.3.0, `date.go`.

use super::{
    Call, Function,
    Parameter::{Any, Named, Str},
};
use crate::{
    environment::Environment,
    fault::Fault,
    time::{Duration, Instant, Zone},
    value::Value,
};

const TIME: super::Parameter = Named("time.Time");
const NANOSECONDS_A_SECOND: i64 = 1_000_000_000;

/// Dates and durations as sprig has them.
pub const FUNCTIONS: &[Function] = &[
    Function::new("ago", &[Any], ago),
    Function::new("date", &[Str, Any], date),
    Function::new("dateInZone", &[Str, Any, Str], date_in_zone),
    Function::new("date_in_zone", &[Str, Any, Str], date_in_zone),
    Function::new("dateModify", &[Str, TIME], date_modify),
    Function::new("date_modify", &[Str, TIME], date_modify),
    Function::new("mustDateModify", &[Str, TIME], must_date_modify),
    Function::new("must_date_modify", &[Str, TIME], must_date_modify),
    Function::new("duration", &[Any], duration),
    Function::new("durationRound", &[Any], duration_round),
    Function::new("htmlDate", &[Any], html_date),
    Function::new("htmlDateInZone", &[Any, Str], html_date_in_zone),
    Function::new("now", &[], now),
    Function::new("toDate", &[Str, Str], to_date),
    Function::new("mustToDate", &[Str, Str], must_to_date),
    Function::new("unixEpoch", &[TIME], unix_epoch),
];

const HTML_LAYOUT: &[u8] = b"2006-01-02";

fn local(environment: &dyn Environment) -> Zone {
    Zone::local(environment.now().time_zone().clone())
}

fn present(environment: &dyn Environment) -> Instant {
    Instant::now(&environment.now())
}

/// A time or seconds since 1970; the present for everything else.
fn instant(value: &Value, environment: &dyn Environment) -> Instant {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => Instant::new(*seconds, 0, local(environment)),
        _ => Instant::of(value).cloned().unwrap_or_else(|| present(environment)),
    }
}

fn declared_time(call: &Call<'_>, index: usize) -> Result<Instant, Fault> {
    let value = call.value(index);
    let mismatch =
        || Fault::new(format!("wrong type for value; expected time.Time; got {}", value.type_name()));
    Instant::of(value).cloned().ok_or_else(mismatch)
}

/// `value` by `layout` in the zone of that name; in UTC if there is no such zone.
fn format_in(environment: &dyn Environment, layout: &[u8], value: &Value, zone: &str) -> Value {
    let zone = Zone::named(zone, &local(environment)).unwrap_or(Zone::Utc);
    Value::string(instant(value, environment).in_zone(zone).format(layout))
}

fn date(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(format_in(call.environment, call.text(0)?, call.value(1), "Local"))
}

fn date_in_zone(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(format_in(call.environment, call.text(0)?, call.value(1), &call.text(2)?.text()))
}

fn html_date(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(format_in(call.environment, HTML_LAYOUT, call.value(0), "Local"))
}

fn html_date_in_zone(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(format_in(call.environment, HTML_LAYOUT, call.value(0), &call.text(1)?.text()))
}

fn date_modify(call: &Call<'_>) -> Result<Value, Fault> {
    let time = declared_time(call, 1)?;
    Ok(match Duration::parse(&call.text(0)?.text()) {
        Ok(duration) => time.add(duration).into_value(),
        Err(_) => call.value(1).clone(),
    })
}

fn must_date_modify(call: &Call<'_>) -> Result<Value, Fault> {
    let duration = Duration::parse(&call.text(0)?.text()).map_err(|error| Fault::new(error.to_string()))?;
    Ok(declared_time(call, 1)?.add(duration).into_value())
}

fn ago(call: &Call<'_>) -> Result<Value, Fault> {
    let since = present(call.environment).since(&instant(call.value(0), call.environment));
    Ok(Value::string(since.round(Duration(NANOSECONDS_A_SECOND)).to_string()))
}

fn now(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(present(call.environment).into_value())
}

fn parse(call: &Call<'_>) -> Result<Result<Instant, Fault>, Fault> {
    let local = local(call.environment);
    let parsed = Instant::parse(call.text(0)?, call.text(1)?, &local);
    Ok(parsed.map(|instant| instant.with_local(local)).map_err(|error| Fault::new(error.to_string())))
}

fn to_date(call: &Call<'_>) -> Result<Value, Fault> {
    let failed = |_| Instant::zero().with_local(local(call.environment));
    Ok(parse(call)?.unwrap_or_else(failed).into_value())
}

fn must_to_date(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(parse(call)??.into_value())
}

fn unix_epoch(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::string(declared_time(call, 0)?.seconds().to_string()))
}

/// Seconds, as text or `int64`, as a duration; 0 for everything else, an `int` too.
fn duration(call: &Call<'_>) -> Result<Value, Fault> {
    let seconds = match call.value(0) {
        Value::Str(text) => decimal(&text.text()),
        Value::Int64(seconds) => *seconds,
        _ => 0,
    };
    Ok(Value::string(Duration(seconds.wrapping_mul(NANOSECONDS_A_SECOND)).to_string()))
}

/// Go's `strconv.ParseInt` with its error ignored: what is out of range becomes the nearest number.
fn decimal(text: &str) -> i64 {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse::<i64>().unwrap_or_else(|error| match error.kind() {
        PosOverflow => i64::MAX,
        NegOverflow => i64::MIN,
        _ => 0,
    })
}

/// Units of `durationRound` in nanoseconds, with the letters it writes.
const ROUND_UNITS: [(u64, &str); 6] = [
    (365 * 24 * 3_600_000_000_000, "y"),
    (30 * 24 * 3_600_000_000_000, "mo"),
    (24 * 3_600_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
];

/// A duration in the largest unit that it exceeds.
fn duration_round(call: &Call<'_>) -> Result<Value, Fault> {
    let value = call.value(0);
    let duration = match (value, Instant::of(value)) {
        (Value::Str(text), _) => Duration::parse(&text.text()).unwrap_or(Duration(0)),
        (Value::Int64(nanoseconds), _) => Duration(*nanoseconds),
        (_, Some(time)) => present(call.environment).since(time),
        _ => Duration(0),
    };
    let amount = duration.0.unsigned_abs();
    let unit = ROUND_UNITS.iter().find(|(unit, _)| amount > *unit);
    Ok(Value::string(unit.map_or("0s".to_owned(), |(unit, letters)| format!("{}{letters}", amount / unit))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    fn in_zone(layout: &str, value: Value, zone: &str) -> String {
        text(FUNCTIONS, "dateInZone", &[Value::from(layout), value, Value::from(zone)])
    }

    // Expected values: the stock helm 4.3.1.
    #[test]
    fn layouts_and_zones() {
        for (layout, seconds, zone, expected) in [
            (
                "Mon Jan _2 15:04:05.000 MST -0700 2006",
                1_700_000_000,
                "Europe/Berlin",
                "Tue Nov 14 23:13:20.000 CET +0100 2023",
            ),
            ("2006-01-02T15:04:05Z07:00", 1_700_000_000, "europe/berlin", "2023-11-14T22:13:20Z"),
            ("MST", 0, "", "UTC"),
            ("MST", 0, "EST", "EST"),
            ("MST -07:00:00", 0, "America/Sao_Paulo", "-03 -03:00:00"),
            ("MST", 0, "../x", "UTC"),
            ("MST -07:00:00", -9_999_999_999, "Europe/Berlin", "LMT +00:53:28"),
            ("2006", 99_999_999_999_999, "UTC", "3170843"),
            ("2006-01-02 15:04:05", -99_999_999_999_999, "UTC", "-3166904-02-24 14:13:21"),
            ("2006-01-02 15:04:05", i64::MAX, "UTC", "292277026596-12-04 15:30:07"),
            (
                "2006-01-02 15:04:05 002 __2 06 3PM pm .000 ,999 .999999999 Jan January Mon Monday Month",
                86_400,
                "UTC",
                "1970-01-02 00:00:00 002   2 70 12AM am .000   Jan January Fri Friday Month",
            ),
            (
                "_2006 _2 1 5 4 3 03 Z0700 Z07 -07 Z070000 -070000",
                1_700_000_000,
                "Asia/Kolkata",
                "_2023 15 11 20 43 3 03 +0530 +05 +05 +053000 +053000",
            ),
        ] {
            assert_eq!(in_zone(layout, Value::Int(seconds), zone), expected, "{layout} {zone}");
        }
        assert_eq!(in_zone("2006-01-02 15:04:05.0000", Value::Nil, "Local"), "2026-11-21 12:34:56.7890");
        assert_eq!(text(FUNCTIONS, "htmlDate", &[Value::Int64(0)]), "1970-01-01");
    }

    // Expected values: the stock helm 4.3.1, with the local zone Europe/Berlin.
    #[test]
    fn reading() {
        for (layout, input, expected) in [
            ("x", "y", "0001-01-01 00:00:00 +0000 UTC"),
            ("2006-01-02", "2020-02-30", "0001-01-01 00:00:00 +0000 UTC"),
            ("2006-01-02", "2020-02-29", "2020-02-29 00:00:00 +0100 CET"),
            ("2006-01-02 MST", "2020-01-02 CET", "2020-01-02 00:00:00 +0100 CET"),
            ("2006-01-02 MST", "2020-01-02 CEST", "2020-01-01 23:00:00 +0100 CET"),
            ("2006-01-02 MST", "2020-01-02 XYZ", "2020-01-02 00:00:00 +0000 XYZ"),
            ("2006-01-02 15:04 -0700", "2020-01-02 03:04 +0200", "2020-01-02 03:04:00 +0200 +0200"),
            ("2006-01-02 15:04 -0700", "2020-01-02 03:04 +0100", "2020-01-02 03:04:00 +0100 CET"),
            (
                "2006-01-02T15:04:05Z07:00",
                "2020-01-02T03:04:05.123+02:00",
                "2020-01-02 03:04:05.123 +0200 +0200",
            ),
            ("2006 002", "2020 060", "2020-02-29 00:00:00 +0100 CET"),
            ("2006-01-02 MST", "2020-01-02 GMT+3", "2020-01-02 03:00:00 +0300 GMT+3"),
            ("3PM", "12AM", "0000-01-01 00:00:00 +0053 LMT"),
            ("Jan _2 06", "feb  3 69", "1969-02-03 00:00:00 +0100 CET"),
        ] {
            let arguments = [Value::from(layout), Value::from(input)];
            assert_eq!(text(FUNCTIONS, "toDate", &arguments), expected, "{layout} {input}");
        }
        let refused = text(FUNCTIONS, "mustToDate", &[Value::from("2006-01"), Value::from("2020-13")]);
        assert_eq!(refused, "error: parsing time \"2020-13\": month out of range");
    }

    #[test]
    fn durations() {
        for (name, value, expected) in [
            ("duration", Value::from("95"), "1m35s"),
            ("duration", Value::Int(95), "0s"),
            ("duration", Value::Int64(95), "1m35s"),
            ("duration", Value::from("99999999999"), "2157299h53m50.45224192s"),
            ("duration", Value::from("9999999999999999999999"), "-1s"),
            ("duration", Value::from("+5"), "5s"),
            ("duration", Value::from("1_0"), "0s"),
            ("durationRound", Value::from("2h10m5s"), "2h"),
            ("durationRound", Value::Int(5), "0s"),
            ("durationRound", Value::Int64(2_000_000_000), "2s"),
            ("durationRound", Value::from("2400h10m5s"), "3mo"),
            ("durationRound", Value::from("-100h"), "4d"),
            ("durationRound", Duration(5 * 3_600_000_000_000).into_value(), "0s"),
            ("ago", Value::Nil, "0s"),
            ("ago", Value::Int(1_795_260_890), "7s"),
        ] {
            assert_eq!(text(FUNCTIONS, name, std::slice::from_ref(&value)), expected, "{name} {value:?}");
        }
    }

    #[test]
    fn changes() {
        let time = || Instant::new(1_577_923_200, 0, Zone::Utc).into_value();
        for (name, change, expected) in [
            ("dateModify", "-1.5h", "2020-01-01 22:30:00 +0000 UTC"),
            ("dateModify", "x", "2020-01-02 00:00:00 +0000 UTC"),
            ("mustDateModify", "x", "error: time: invalid duration \"x\""),
            ("mustDateModify", "1us", "2020-01-02 00:00:00.000001 +0000 UTC"),
        ] {
            assert_eq!(text(FUNCTIONS, name, &[Value::from(change), time()]), expected);
        }
        assert_eq!(text(FUNCTIONS, "unixEpoch", &[time()]), "1577923200");
    }
}

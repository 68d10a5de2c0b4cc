//! sprig's regular expressions: RE2 as Go reads and matches it.
//!
//! In: a pattern, a text. Out: texts; a malformed pattern fails, but for `regexMatch`, where it does not match.

mod class;
mod expand;
mod group;
mod pattern;
mod syntax;

use super::{
    Call, Function,
    Parameter::{Int, Str},
    argument::{limit_items, limit_text},
};
use crate::{
    fault::Fault,
    value::{Element, List, Value},
};
use pattern::{Haystack, Pattern};

/// The family. Each has a twin whose name begins with `must`.
pub const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[Str, Str], |call| is_match(call).or(Ok(Value::Bool(false)))),
    Function::new("mustRegexMatch", &[Str, Str], is_match),
    Function::new("regexFind", &[Str, Str], find),
    Function::new("mustRegexFind", &[Str, Str], find),
    Function::new("regexFindAll", &[Str, Str, Int], find_all),
    Function::new("mustRegexFindAll", &[Str, Str, Int], find_all),
    Function::new("regexReplaceAll", &[Str, Str, Str], replace_expanding),
    Function::new("mustRegexReplaceAll", &[Str, Str, Str], replace_expanding),
    Function::new("regexReplaceAllLiteral", &[Str, Str, Str], replace_literally),
    Function::new("mustRegexReplaceAllLiteral", &[Str, Str, Str], replace_literally),
    Function::new("regexSplit", &[Str, Str, Int], split),
    Function::new("mustRegexSplit", &[Str, Str, Int], split),
    Function::new("regexQuoteMeta", &[Str], quote_meta),
];

/// Whether Go takes a pattern.
///
/// # Errors
/// Go's words for what is malformed.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    syntax::parse(pattern).map(drop).map_err(|cause| format!("error parsing regexp: {cause}"))
}

/// A pattern of Go's as other engines read it too; `None` if Go does not take it.
pub(crate) fn spelt_out(pattern: &str) -> Option<String> {
    let (expression, _) = syntax::parse(pattern).ok()?;
    let mut spelt = String::new();
    regex_syntax::hir::print::Printer::new().print(&expression, &mut spelt).ok()?;
    Some(spelt)
}

fn is_match(call: &Call<'_>) -> Result<Value, Fault> {
    let pattern = Pattern::cached(call.text(0)?)?;
    Ok(pattern.is_match(&Haystack::new(call.text(1)?)).into())
}

/// `regexFind PATTERN TEXT`: the first match, or an empty text.
fn find(call: &Call<'_>) -> Result<Value, Fault> {
    let (pattern, text) = (Pattern::cached(call.text(0)?)?, call.text(1)?);
    let found = pattern.spans(&Haystack::new(text)).next();
    Ok(Value::string(found.map_or(b"".as_slice(), |span| &text[span])))
}

/// The first `count` of something; all for a negative count.
fn bound(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `regexFindAll PATTERN TEXT COUNT`: nil if there is no match.
fn find_all(call: &Call<'_>) -> Result<Value, Fault> {
    let (pattern, text) = (Pattern::cached(call.text(0)?)?, call.text(1)?);
    limit_items(text.len())?;
    let haystack = Haystack::new(text);
    let found: Vec<Value> =
        pattern.spans(&haystack).take(bound(call.int(2)?)).map(|span| Value::string(&text[span])).collect();
    Ok(Value::List(if found.is_empty() { List::nil(Element::Str) } else { List::new(Element::Str, found) }))
}

/// `regexReplaceAll PATTERN TEXT REPLACEMENT`: `$1`, `${1}` and `${name}` stand for groups.
fn replace_expanding(call: &Call<'_>) -> Result<Value, Fault> {
    let (pattern, text, replacement) = (Pattern::cached(call.text(0)?)?, call.text(1)?, call.text(2)?);
    if !replacement.contains(&b'$') {
        return replace_literally(call);
    }
    let haystack = Haystack::new(text);
    let (mut result, mut done) = (Vec::with_capacity(text.len()), 0);
    for groups in pattern.groups(&haystack) {
        let Some(Some(whole)) = groups.first().cloned() else { continue };
        result.extend_from_slice(&text[done..whole.start]);
        expand::expand(replacement, &mut result, |group| {
            pattern.group(&groups, group).map(|span| &text[span])
        });
        limit_text(result.len())?;
        done = whole.end;
    }
    result.extend_from_slice(&text[done..]);
    Ok(Value::string(result))
}

/// `regexReplaceAllLiteral PATTERN TEXT REPLACEMENT`.
fn replace_literally(call: &Call<'_>) -> Result<Value, Fault> {
    let (pattern, text, replacement) = (Pattern::cached(call.text(0)?)?, call.text(1)?, call.text(2)?);
    let haystack = Haystack::new(text);
    let (mut result, mut done) = (Vec::with_capacity(text.len()), 0);
    for span in pattern.spans(&haystack) {
        result.extend_from_slice(&text[done..span.start]);
        result.extend_from_slice(replacement);
        limit_text(result.len())?;
        done = span.end;
    }
    result.extend_from_slice(&text[done..]);
    Ok(Value::string(result))
}

/// `regexSplit PATTERN TEXT COUNT`: in at most that many parts; nil for 0, all parts for a negative count.
fn split(call: &Call<'_>) -> Result<Value, Fault> {
    let (source, text, count) = (call.text(0)?, call.text(1)?, call.int(2)?);
    let pattern = Pattern::cached(source)?;
    if count == 0 {
        return Ok(Value::List(List::nil(Element::Str)));
    }
    if text.is_empty() && !source.is_empty() {
        return Ok(Value::strings([""]));
    }
    limit_items(text.len())?;
    let haystack = Haystack::new(text);
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for span in pattern.spans(&haystack).take(bound(count)) {
        if parts.len() == bound(count) - 1 {
            break;
        }
        end = span.start;
        // An empty match at the very start parts nothing.
        if span.end != 0 {
            parts.push(&text[start..end]);
        }
        start = span.end;
    }
    if end != text.len() {
        parts.push(&text[start..]);
    }
    Ok(Value::strings(parts))
}

/// `regexQuoteMeta TEXT`: a pattern that matches just this text.
fn quote_meta(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    let mut result = Vec::with_capacity(text.len() * 2);
    for byte in text.iter() {
        if b"\\.+*?()|[]{}^$".contains(byte) {
            result.push(b'\\');
        }
        result.push(*byte);
    }
    Ok(Value::string(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pattern_is_told_in_gos_words() {
        for (pattern, expected) in [
            ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
            ("x(?<=x)", "invalid named capture: `(?<=x)`"),
            ("(?P=n)", "invalid or unsupported Perl syntax: `(?P`"),
            ("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`"),
            ("(?", "invalid or unsupported Perl syntax: `(?`"),
            ("x(?P<a b>z)y", "invalid named capture: `(?P<a b>`"),
            ("x(?P<abz)y", "invalid named capture: `(?P<abz)y`"),
            ("(?P<>a)", "invalid named capture: `(?P<>`"),
            ("b(a", "missing closing ): `b(a`"),
            ("[", "missing closing ]: `[`"),
        ] {
            assert_eq!(check(pattern), Err(format!("error parsing regexp: {expected}")), "{pattern}");
        }
        assert_eq!(check("^[a-z]{2}$"), Ok(()));
    }
}

//! sprig's text functions. Lengths and positions are bytes, as in Go; a cut may split a character.
//!
//! In: texts. Out: texts, or a failure where Go would panic (a negative count, a cut outside the text).

mod case;
mod layout;
pub(in crate::functions) mod runes;
mod split;
mod trim;
mod words;

use memchr::memmem;

use super::{
    Call, Function,
    Parameter::{Any, Int, Str},
    argument::limit_text,
    conversion::text_of,
};
use crate::{fault::Fault, printf, value::Value};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |_| Ok(Value::from("Hello!"))),
    Function::new("abbrev", &[Int, Str], layout::abbreviate),
    Function::new("abbrevboth", &[Int, Int, Str], layout::abbreviate_both),
    Function::new("trunc", &[Int, Str], trim::truncate),
    Function::new("trim", &[Str], trim::trim),
    Function::new("trimall", &[Str, Str], trim::trim_all),
    Function::new("trimAll", &[Str, Str], trim::trim_all),
    Function::new("trimSuffix", &[Str, Str], trim::trim_suffix),
    Function::new("trimPrefix", &[Str, Str], trim::trim_prefix),
    Function::new("nospace", &[Str], trim::without_space),
    Function::new("substr", &[Int, Int, Str], trim::substring),
    Function::new("upper", &[Str], case::upper),
    Function::new("lower", &[Str], case::lower),
    Function::new("title", &[Str], case::title),
    Function::new("untitle", &[Str], case::untitle),
    Function::new("swapcase", &[Str], case::swap),
    Function::new("initials", &[Str], case::initials),
    Function::new("snakecase", &[Str], |call| words::separated(call, '_')),
    Function::new("kebabcase", &[Str], |call| words::separated(call, '-')),
    Function::new("camelcase", &[Str], words::camel),
    Function::new("wrap", &[Int, Str], layout::wrap),
    Function::new("wrapWith", &[Int, Str, Str], layout::wrap_with),
    Function::new("indent", &[Int, Str], layout::indent),
    Function::new("nindent", &[Int, Str], layout::new_line_indent),
    Function::new("repeat", &[Int, Str], repeat),
    Function::new("replace", &[Str, Str, Str], replace),
    Function::new("shuffle", &[Str], shuffle),
    Function::new("plural", &[Str, Str, Int], plural),
    Function::new("contains", &[Str, Str], contains),
    Function::new("hasPrefix", &[Str, Str], |call| Ok(call.text(1)?.starts_with(call.text(0)?).into())),
    Function::new("hasSuffix", &[Str, Str], |call| Ok(call.text(1)?.ends_with(call.text(0)?).into())),
    Function::variadic("quote", &[Any], quote),
    Function::variadic("squote", &[Any], single_quote),
    Function::variadic("cat", &[Any], concatenate),
    Function::new("split", &[Str, Str], split::split),
    Function::new("splitn", &[Str, Int, Str], split::split_limited),
    Function::new("splitList", &[Str, Str], split::split_list),
    Function::new("join", &[Str, Any], split::join),
    Function::new("toStrings", &[Any], split::to_strings),
    Function::new("sortAlpha", &[Any], split::sort),
];

fn contains(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(memmem::find(call.text(1)?, call.text(0)?).is_some().into())
}

/// `repeat COUNT TEXT`.
fn repeat(call: &Call<'_>) -> Result<Value, Fault> {
    let (count, text) = (repetitions(call.int(0)?)?, call.text(1)?);
    limit_text(text.len().saturating_mul(count))?;
    Ok(Value::string(text.repeat(count)))
}

/// A count of repetitions, which must not be negative.
fn repetitions(count: i64) -> Result<usize, Fault> {
    usize::try_from(count).map_err(|_| Fault::new("strings: negative Repeat count"))
}

/// `replace OLD NEW TEXT`: an empty old text stands before each character and at the end.
fn replace(call: &Call<'_>) -> Result<Value, Fault> {
    let (old, new, text) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let mut ends = Vec::new();
    if old.is_empty() {
        let characters = runes::runes(text).scan(0, |end, (_, size)| {
            *end += size;
            Some(*end)
        });
        ends.push(0);
        ends.extend(characters);
    } else {
        ends.extend(memmem::find_iter(text, &**old).map(|start| start + old.len()));
    }
    if ends.is_empty() {
        return Ok(Value::Str(text.clone()));
    }
    let grown = ends.len().saturating_mul(new.len()).saturating_add(text.len());
    limit_text(grown)?;
    let mut result = Vec::with_capacity(grown - (ends.len() * old.len()).min(text.len()));
    let mut done = 0;
    for end in ends {
        result.extend_from_slice(&text[done..end - old.len()]);
        result.extend_from_slice(new);
        done = end;
    }
    result.extend_from_slice(&text[done..]);
    Ok(Value::string(result))
}

/// `shuffle TEXT`: its characters in a random order.
fn shuffle(call: &Call<'_>) -> Result<Value, Fault> {
    let mut characters: Vec<char> = runes::runes(call.text(0)?).map(|(rune, _)| rune).collect();
    for last in (1..characters.len()).rev() {
        let mut random = [0; 8];
        call.environment.random(&mut random);
        let choice = u64::from_le_bytes(random) % (last as u64 + 1);
        characters.swap(last, usize::try_from(choice).unwrap_or(last));
    }
    Ok(Value::string(characters.into_iter().collect::<String>()))
}

fn plural(call: &Call<'_>) -> Result<Value, Fault> {
    let chosen = if call.int(2)? == 1 { 0 } else { 1 };
    Ok(call.value(chosen).clone())
}

/// `quote`: each value as text in Go's quotes, nil ones left out.
fn quote(call: &Call<'_>) -> Result<Value, Fault> {
    joined(call, |value| printf::quote(&text_of(value)).into_bytes())
}

/// `squote`: each value as `%v` prints it between apostrophes, nil ones left out.
fn single_quote(call: &Call<'_>) -> Result<Value, Fault> {
    joined(call, |value| [b"'", &*printf::sprint(value), b"'"].concat())
}

/// `cat`: each value as `%v` prints it, nil ones left out.
fn concatenate(call: &Call<'_>) -> Result<Value, Fault> {
    joined(call, |value| printf::sprint(value).to_vec())
}

fn joined(call: &Call<'_>, print: impl Fn(&Value) -> Vec<u8>) -> Result<Value, Fault> {
    let present = call.arguments.iter().filter(|value| !matches!(value, Value::Nil));
    let texts: Vec<Vec<u8>> = present.map(print).collect();
    limit_text(texts.iter().map(|text| text.len() + 1).sum())?;
    Ok(Value::string(texts.join(&b' ')))
}

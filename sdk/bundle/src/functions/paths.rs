//! Slash-separated paths: `base`, `dir`, `clean`, `ext`, `isAbs`, and the same for the operating system's paths,
//! which on Linux are no different. Source: Go's `path`.

use super::{Call, Function, Parameter::Str};
use crate::{fault::Fault, value::Value};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::new("base", &[Str], base),
    Function::new("osBase", &[Str], base),
    Function::new("dir", &[Str], directory),
    Function::new("osDir", &[Str], directory),
    Function::new("clean", &[Str], |call| Ok(Value::string(cleaned(call.text(0)?)))),
    Function::new("osClean", &[Str], |call| Ok(Value::string(cleaned(call.text(0)?)))),
    Function::new("ext", &[Str], extension),
    Function::new("osExt", &[Str], extension),
    Function::new("isAbs", &[Str], is_absolute),
    Function::new("osIsAbs", &[Str], is_absolute),
];

fn after_last_slash(path: &[u8]) -> usize {
    path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1)
}

/// The last element; `.` of an empty path, `/` of nothing but slashes.
fn base(call: &Call<'_>) -> Result<Value, Fault> {
    let path = call.text(0)?;
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let path = match (path.is_empty(), end) {
        (true, _) => b".".as_slice(),
        (false, 0) => b"/",
        (false, end) => &path[after_last_slash(&path[..end])..end],
    };
    Ok(Value::string(path))
}

/// All but the last element, cleaned.
fn directory(call: &Call<'_>) -> Result<Value, Fault> {
    let path = call.text(0)?;
    Ok(Value::string(cleaned(&path[..after_last_slash(path)])))
}

/// From the last dot of the last element on.
fn extension(call: &Call<'_>) -> Result<Value, Fault> {
    let path = call.text(0)?;
    let name = &path[after_last_slash(path)..];
    let dot = name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len());
    Ok(Value::string(&name[dot..]))
}

fn is_absolute(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.text(0)?.starts_with(b"/").into())
}

/// The shortest path that means the same, read as text alone: no `.`, no `..` that has anything to cancel.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            element => kept.push(element),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => [b"/", &*kept.join(&b'/')].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => kept.join(&b'/'),
    }
}

//! Helm's functions that reach beyond their arguments: other templates, and the cluster.

use super::{Call, Function, Parameter};
use crate::{
    fault::Fault,
    value::{Str, Value},
};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::new("include", &[Parameter::Str, Parameter::Any], |call| {
        templates(call)?.include(call.text(0)?, call.value(1)).map(Value::Str)
    }),
    Function::new("tpl", &[Parameter::Str, Parameter::Any], |call| {
        templates(call)?.tpl(call.text(0)?, call.value(1)).map(Value::Str)
    }),
    Function::new("fail", &[Parameter::Str], fail),
    Function::new("required", &[Parameter::Str, Parameter::Any], required),
    Function::new("lookup", &[Parameter::Str; 4], lookup),
];

/// The templates a function may execute.
pub trait Templates {
    /// What the template `name` writes for `data`.
    ///
    /// # Errors
    /// If there is no such template, it fails, or it is nested too deeply.
    fn include(&self, name: &Str, data: &Value) -> Result<Str, Fault>;

    /// What the template `text` writes for `data`; what it defines is known only to itself.
    ///
    /// # Errors
    /// If `text` is no template, or it fails.
    fn tpl(&self, text: &Str, data: &Value) -> Result<Str, Fault>;
}

fn templates<'a>(call: &Call<'a>) -> Result<&'a dyn Templates, Fault> {
    call.templates.ok_or_else(|| Fault::new("no templates to execute here"))
}

/// `fail`: ends the rendering with the template's own words.
fn fail(call: &Call<'_>) -> Result<Value, Fault> {
    if call.environment.is_lint() { Ok(Value::from("")) } else { Err(Fault::new(call.text(0)?.text())) }
}

/// `required`: fails on nil and on the empty string.
fn required(call: &Call<'_>) -> Result<Value, Fault> {
    match call.value(1) {
        Value::Nil if call.environment.is_lint() => Ok(Value::from("")),
        Value::Str(text) if text.is_empty() && call.environment.is_lint() => Ok(Value::from("")),
        Value::Nil => Err(Fault::new(call.text(0)?.text())),
        Value::Str(text) if text.is_empty() => Err(Fault::new(call.text(0)?.text())),
        value => Ok(value.clone()),
    }
}

fn lookup(call: &Call<'_>) -> Result<Value, Fault> {
    let text = |index| call.text(index).map(Str::text);
    call.environment.lookup(&text(0)?, &text(1)?, &text(2)?, &text(3)?)
}

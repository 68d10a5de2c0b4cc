//! The functions that templates call: one table a family. In: arguments already checked against the
//! declaration. Out: a value, or a failure that stops the rendering.

pub mod argument;
pub mod builtin;
pub mod certificates;
pub mod ciphers;
pub mod conversion;
pub mod dates;
pub mod defaults;
pub mod dicts;
pub mod digests;
pub mod documents;
pub mod durations;
pub mod encodings;
pub mod lists;
pub mod network;
pub mod numbers;
pub mod passwords;
pub mod paths;
pub mod random;
pub mod reflection;
pub mod regex;
pub mod strings;
pub mod templates;
#[cfg(test)]
pub(crate) mod trial;
pub mod urls;
pub mod versions;

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::RandomState;
pub use templates::Templates;

use crate::{environment::Environment, fault::Fault, value::Value};

/// All families, one row each. No name occurs twice.
const FAMILIES: &[&[Function]] = &[
    builtin::FUNCTIONS,
    certificates::FUNCTIONS,
    ciphers::FUNCTIONS,
    conversion::FUNCTIONS,
    dates::FUNCTIONS,
    defaults::FUNCTIONS,
    dicts::FUNCTIONS,
    digests::FUNCTIONS,
    documents::FUNCTIONS,
    durations::FUNCTIONS,
    encodings::FUNCTIONS,
    lists::FUNCTIONS,
    network::FUNCTIONS,
    numbers::FUNCTIONS,
    passwords::FUNCTIONS,
    paths::FUNCTIONS,
    random::FUNCTIONS,
    reflection::FUNCTIONS,
    regex::FUNCTIONS,
    strings::FUNCTIONS,
    templates::FUNCTIONS,
    urls::FUNCTIONS,
    versions::FUNCTIONS,
];

/// All functions, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().copied().flatten()
}

/// The function that templates call `name`.
pub fn lookup(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function, RandomState>> =
        LazyLock::new(|| all().map(|function| (function.name, function)).collect());
    BY_NAME.get(name).copied()
}

/// A declared parameter type; the engine refuses arguments that Go could not assign to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `interface {}`: anything, nil too.
    Any,
    /// `string`.
    Str,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `float64`.
    Float,
    /// `[]interface {}`.
    List,
    /// `[]string`.
    Strings,
    /// `map[string]interface {}`.
    Map,
    /// `[]byte`.
    Bytes,
    /// `uint32`: only a literal number fits, since no function returns one; arrives as a `Value::Int` in its range.
    Uint32,
    /// A Go type of its own that only an `Object` of this type name fits: `time.Time`, `sprig.certificate`.
    Named(&'static str),
}

/// What a function may use besides its arguments.
pub struct Call<'a> {
    /// The arguments, checked: as many as declared, each of its type.
    pub arguments: &'a [Value],
    /// The outside.
    pub environment: &'a dyn Environment,
    /// The templates being executed, for `include` and `tpl`; none in a test of one function.
    pub templates: Option<&'a dyn Templates>,
}

impl<'a> Call<'a> {
    /// A call outside any template.
    pub fn new(arguments: &'a [Value], environment: &'a dyn Environment) -> Self {
        Self { arguments, environment, templates: None }
    }
}

/// One function: name, declaration, body.
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// The parameters' types; with `variadic` the last one may occur any number of times.
    pub parameters: &'static [Parameter],
    /// Whether the last parameter repeats.
    pub variadic: bool,
    /// The body.
    pub call: Body,
    /// How many steps of a rendering a call counts for.
    pub steps: u64,
}

/// What a call counts for that takes tens of milliseconds, as a key or a password's digest does.
const SLOW: u64 = 500_000;

/// What a function does with its checked arguments.
pub type Body = fn(&Call<'_>) -> Result<Value, Fault>;

impl Function {
    /// A function of exactly these parameters.
    pub const fn new(name: &'static str, parameters: &'static [Parameter], call: Body) -> Self {
        Self { name, parameters, variadic: false, call, steps: 1 }
    }

    /// The same function, which takes its time.
    #[must_use]
    pub const fn slow(self) -> Self {
        Self { steps: SLOW, ..self }
    }

    /// Whether it takes its time.
    pub fn is_slow(&self) -> bool {
        self.steps == SLOW
    }

    /// A function whose last parameter repeats.
    pub const fn variadic(name: &'static str, parameters: &'static [Parameter], call: Body) -> Self {
        Self { name, parameters, variadic: true, call, steps: 1 }
    }
}

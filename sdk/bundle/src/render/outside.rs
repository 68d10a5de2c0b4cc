//! The outside as templates see it: the caller's, without a cluster in a lint, and with primes for the keys that the
//! templates may make, which other threads search while templates are still being read.

use jiff::Zoned;
use memchr::memmem;
use naru_keys::Stock;

use crate::{
    chart::Chart, environment::Environment, fault::Fault, functions::certificates::CERTIFICATE_KEY_BITS,
    value::Value,
};

/// Functions that make a key for a certificate.
const KEY_MAKERS: [&str; 3] = ["genCA", "genSelfSignedCert", "genSignedCert"];

pub(super) struct Outside<'a> {
    caller: &'a dyn Environment,
    lint: bool,
    stock: Option<Stock>,
}

impl<'a> Outside<'a> {
    pub(super) fn new(caller: &'a dyn Environment, lint: bool, chart: &Chart) -> Self {
        let keys = keys(chart);
        let start = || Stock::start(CERTIFICATE_KEY_BITS, keys, &|bytes| caller.random(bytes));
        Self { caller, lint, stock: (keys > 0).then(start) }
    }
}

/// How many calls that make a key stand in the templates' actions. Not each needs to be made, nor once only.
fn keys(chart: &Chart) -> usize {
    let calls = |text: &[u8], name: &str| {
        let places = memmem::find_iter(text, name);
        places.filter(|at| is_call(text, *at, name.len())).count()
    };
    let within = |text: &[u8]| KEY_MAKERS.iter().map(|name| calls(text, name)).sum::<usize>();
    let own: usize = chart.templates.iter().map(|file| within(&file.data)).sum();
    own + chart.dependencies.iter().map(keys).sum::<usize>()
}

/// Whether what stands at a place is the name of a function that is called: a word of its own, in an action that is no comment.
fn is_call(text: &[u8], at: usize, length: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + length..]);
    let is_word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_.\"`$".contains(byte));
    if is_word(before.last()) || is_word(after.first()) {
        return false;
    }
    let Some(open) = memmem::rfind(before, b"{{") else { return false };
    let action = &before[open + 2..];
    let action = action.strip_prefix(b"-").unwrap_or(action).trim_ascii_start();
    memmem::find(action, b"}}").is_none() && !action.starts_with(b"/*")
}

impl Environment for Outside<'_> {
    fn now(&self) -> Zoned {
        self.caller.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.caller.random(bytes);
    }

    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Fault> {
        if self.lint {
            return Ok(Value::map::<&str>([]));
        }
        self.caller.lookup(api_version, kind, namespace, name)
    }

    fn resolve(&self, host: &str) -> Result<String, Fault> {
        self.caller.resolve(host)
    }

    fn is_lint(&self) -> bool {
        self.lint || self.caller.is_lint()
    }

    fn stock(&self) -> Option<&Stock> {
        self.stock.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::File;

    #[test]
    fn calls_that_make_keys_are_counted() {
        let chart = |text: &str, dependencies| Chart {
            templates: vec![File { name: "templates/a".into(), data: text.as_bytes().into() }],
            dependencies,
            ..Chart::default()
        };
        for (text, expected) in [
            ("{{ genCA }}", 1),
            ("{{- $ca := genCA \"a\" 3 }}{{(genSignedCert)}}", 2),
            ("{{/* genCA */}}{{- /* a\n genCA */ -}}", 0),
            ("genCA {{ .x }} genCA", 0),
            ("{{ .Values.genCA }}{{ include \"genCA\" . }}{{ $genCA }}", 0),
            ("{{ genCAWithKey }}{{ mygenCA }}", 0),
        ] {
            assert_eq!(keys(&chart(text, Vec::new())), expected, "{text}");
        }
        let inner = chart("{{ genSelfSignedCert }}{{ genCAWithKey }}", Vec::new());
        assert_eq!(keys(&chart("{{ genCA }}{{ genSignedCert }}{{ genSignedCertWithKey }}", vec![inner])), 3);
    }
}

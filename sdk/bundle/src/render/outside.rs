//! The outside as templates see it: the caller's, without a cluster in a lint, and with primes for the keys that the
//! templates may make, which other threads search while templates are executed.

use std::cell::OnceCell;

use jiff::Zoned;
use naru_keys::Stock;

use crate::{
    environment::Environment, fault::Fault, functions::certificates::CERTIFICATE_KEY_BITS, value::Value,
};

/// Functions that make a key for a certificate.
pub(super) const KEY_MAKERS: [&str; 3] = ["genCA", "genSelfSignedCert", "genSignedCert"];

pub(super) struct Outside<'a> {
    caller: &'a dyn Environment,
    lint: bool,
    stock: OnceCell<Stock>,
}

impl<'a> Outside<'a> {
    pub(super) fn new(caller: &'a dyn Environment, lint: bool) -> Self {
        Self { caller, lint, stock: OnceCell::new() }
    }

    /// Has primes searched for as many keys, if any, as templates are expected to make.
    pub(super) fn expect(&self, keys: usize) {
        if keys > 0 {
            self.stock
                .get_or_init(|| Stock::start(CERTIFICATE_KEY_BITS, keys, &|bytes| self.caller.random(bytes)));
        }
    }
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
        self.stock.get()
    }
}

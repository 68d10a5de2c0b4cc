//! What a rendering may ask of the outside: the time, randomness and objects of a cluster. The caller supplies
//! it, so that a rendering is a function of its arguments and a test can fix them.

use jiff::Zoned;
use naru_keys::Stock;

use crate::{fault::Fault, value::Value};

/// The outside of one rendering.
pub trait Environment {
    /// The present, in the local time zone (Go's `time.Now`).
    fn now(&self) -> Zoned;
    /// Fills `bytes` with cryptographically strong random bytes.
    fn random(&self, bytes: &mut [u8]);
    /// `lookup`: the object (or, with an empty name, the list) as a map; an empty map if there is no cluster or
    /// no such object.
    ///
    /// # Errors
    /// When the cluster answers with anything but the object or "not found".
    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Fault>;
    /// An address of `host` as text; empty if templates are not to resolve names.
    ///
    /// # Errors
    /// If it has none.
    fn resolve(&self, _host: &str) -> Result<String, Fault> {
        Ok(String::new())
    }
    /// Whether this is a lint, where `required` and `fail` let everything pass.
    fn is_lint(&self) -> bool {
        false
    }
    /// Primes for the keys of certificates, if any are searched beforehand.
    fn stock(&self) -> Option<&Stock> {
        None
    }
}

//! The outside of a test's rendering: no cluster, no time, no chance.

use naru_bundle::{environment::Environment, fault::Fault, value::Value};

pub(crate) struct Nowhere;

impl Environment for Nowhere {
    fn now(&self) -> jiff::Zoned {
        jiff::Zoned::default()
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }

    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

//! What a rendering without a cluster may ask of this machine: the time and randomness.

use jiff::Zoned;
use naru_bundle::{environment::Environment, fault::Fault, value::Value};
use rand::TryRngCore;

/// This machine, without a cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline {
    /// Whether templates may resolve names.
    pub dns: bool,
}

impl Environment for Offline {
    fn now(&self) -> Zoned {
        Zoned::now()
    }

    fn random(&self, bytes: &mut [u8]) {
        rand::rngs::OsRng
            .try_fill_bytes(bytes)
            .expect("invariant: the kernel has randomness once it runs programs");
    }

    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }

    fn resolve(&self, host: &str) -> Result<String, Fault> {
        if self.dns { naru_release::rendering::address(host) } else { Ok(String::new()) }
    }
}

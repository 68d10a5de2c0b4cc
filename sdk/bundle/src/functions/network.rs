//! Name resolution, which Helm and we offer only where the user says so (`--enable-dns`); the environment does it.

use super::{Call, Function, Parameter::Str};
use crate::{fault::Fault, value::Value};

/// `getHostByName`.
pub const FUNCTIONS: &[Function] = &[Function::new("getHostByName", &[Str], host_address)];

fn host_address(call: &Call<'_>) -> Result<Value, Fault> {
    call.environment.resolve(&call.text(0)?.text()).map(Value::from)
}

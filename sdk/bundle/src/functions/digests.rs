//! Digests and checksums of text, in hexadecimal or, for Adler-32, in decimal.

use adler2::adler32_slice;
use data_encoding::HEXLOWER;
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};

use super::{Call, Function, Parameter::Str};
use crate::{fault::Fault, value::Value};

/// SHA-1, SHA-2 and Adler-32.
pub const FUNCTIONS: &[Function] = &[
    Function::new("sha1sum", &[Str], |call| digest(call, &SHA1_FOR_LEGACY_USE_ONLY)),
    Function::new("sha256sum", &[Str], |call| digest(call, &SHA256)),
    Function::new("sha512sum", &[Str], |call| digest(call, &SHA512)),
    Function::new("adler32sum", &[Str], |call| Ok(Value::string(adler32_slice(call.text(0)?).to_string()))),
];

fn digest(call: &Call<'_>, algorithm: &'static Algorithm) -> Result<Value, Fault> {
    Ok(Value::string(HEXLOWER.encode(ring::digest::digest(algorithm, call.text(0)?).as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    #[test]
    fn known_digests() {
        for (name, input, expected) in [
            ("adler32sum", "abc", "38600999"),
            ("adler32sum", "", "1"),
            ("sha1sum", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha256sum", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ] {
            assert_eq!(text(FUNCTIONS, name, &[Value::from(input)]), expected, "{name}");
        }
    }
}

//! Random text and numbers, all from the environment's randomness and evenly spread.
//! Source of the behaviour: sprig 3.3.0; goutils, `CryptoRandom`.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Call, Function, Parameter::Int, argument::limit_text};
use crate::{environment::Environment, fault::Fault, value::Value};

/// Random strings, bytes, numbers and UUIDs.
pub const FUNCTIONS: &[Function] = &[
    Function::new("randAlphaNum", &[Int], |call| text_of(call, ALPHANUMERIC)),
    Function::new("randAlpha", &[Int], |call| text_of(call, ALPHABETIC)),
    Function::new("randNumeric", &[Int], |call| text_of(call, NUMERIC)),
    Function::new("randAscii", &[Int], |call| text_of(call, &printable())),
    Function::new("randBytes", &[Int], random_bytes),
    Function::new("randInt", &[Int, Int], random_int),
    Function::new("uuidv4", &[], uuid),
];

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ALPHABETIC: &[u8] = ALPHANUMERIC.split_at(52).0;
const NUMERIC: &[u8] = ALPHANUMERIC.split_at(52).1;

/// ASCII from the space to `~`.
fn printable() -> Vec<u8> {
    (b' '..=b'~').collect()
}

/// How many random bytes are drawn at once.
const DRAWN_BYTES: usize = 64;

/// As many characters of `alphabet` as the first argument says; none if it is negative.
fn text_of(call: &Call<'_>, alphabet: &[u8]) -> Result<Value, Fault> {
    let count = usize::try_from(call.int(0)?).unwrap_or(0);
    limit_text(count)?;
    // Bytes at or above a multiple of the alphabet's length would favour its first characters.
    let bound = 256 - 256 % alphabet.len();
    let mut text = Vec::with_capacity(count);
    let mut drawn = [0; DRAWN_BYTES];
    while text.len() < count {
        call.environment.random(&mut drawn);
        let fair = drawn.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < bound);
        text.extend(fair.map(|byte| alphabet[byte % alphabet.len()]).take(count - text.len()));
    }
    Ok(Value::string(text))
}

/// Random bytes in base64.
fn random_bytes(call: &Call<'_>) -> Result<Value, Fault> {
    let count = usize::try_from(call.int(0)?)
        .map_err(|_| Fault::new("runtime error: makeslice: len out of range"))?;
    limit_text(count)?;
    let mut bytes = vec![0; count];
    call.environment.random(&mut bytes);
    Ok(Value::string(STANDARD.encode(bytes)))
}

/// From the first argument to below the second.
fn random_int(call: &Call<'_>) -> Result<Value, Fault> {
    let (low, high) = (call.int(0)?, call.int(1)?);
    let span = high.wrapping_sub(low);
    if span <= 0 {
        return Err(Fault::new("invalid argument to Intn"));
    }
    Ok(Value::Int(low.wrapping_add(below(call.environment, span.unsigned_abs()) as i64)))
}

/// Evenly from 0 to below `bound`, which is positive.
fn below(environment: &dyn Environment, bound: u64) -> u64 {
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let mut bytes = [0; 8];
        environment.random(&mut bytes);
        let number = u64::from_le_bytes(bytes);
        if number < fair {
            return number % bound;
        }
    }
}

fn uuid(call: &Call<'_>) -> Result<Value, Fault> {
    let mut bytes = [0; 16];
    call.environment.random(&mut bytes);
    Ok(Value::string(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    #[test]
    fn lengths_and_alphabets() {
        for (name, count, alphabet) in [
            ("randAlphaNum", 200, ALPHANUMERIC),
            ("randAlpha", 77, ALPHABETIC),
            ("randNumeric", 1, NUMERIC),
            ("randAscii", 0, &printable()),
            ("randAscii", 99, &printable()),
        ] {
            let random = text(FUNCTIONS, name, &[Value::Int(count)]);
            assert_eq!(random.len() as i64, count, "{name}");
            assert!(random.bytes().all(|byte| alphabet.contains(&byte)), "{name}: {random}");
        }
        assert_eq!(text(FUNCTIONS, "randAlpha", &[Value::Int(-1)]), "");
    }

    #[test]
    fn numbers_and_bytes() {
        for (low, high) in [(0, 1), (-5, -4), (10, 20), (i64::MIN + 1, 0)] {
            let number: i64 =
                text(FUNCTIONS, "randInt", &[Value::Int(low), Value::Int(high)]).parse().expect("a number");
            assert!((low..high).contains(&number));
        }
        assert!(text(FUNCTIONS, "randInt", &[Value::Int(3), Value::Int(3)]).starts_with("error: "));
        assert!(text(FUNCTIONS, "randBytes", &[Value::Int(-1)]).starts_with("error: "));
        assert_eq!(text(FUNCTIONS, "randBytes", &[Value::Int(3)]), "CzBV");
        assert_eq!(text(FUNCTIONS, "uuidv4", &[]), "0b30557a-9fc4-490e-b358-7da2c7ec1136");
    }
}

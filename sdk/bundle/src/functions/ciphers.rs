//! AES-256 in CBC mode, the key being the password's bytes filled up with zeros, the result base64 of the
//! initialisation vector and the cipher text. Source of the behaviour: sprig 3.3.0, `crypto.go`.

use aes::{
    Aes256,
    cipher::{
        BlockModeDecrypt, BlockModeEncrypt, KeyIvInit,
        block_padding::{NoPadding, Pkcs7},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Call, Function, Parameter::Str, argument::limit_text, encodings::decode_base64};
use crate::{fault::Fault, value::Value};

/// `encryptAES` and `decryptAES`.
pub const FUNCTIONS: &[Function] =
    &[Function::new("encryptAES", &[Str, Str], encrypt), Function::new("decryptAES", &[Str, Str], decrypt)];

const KEY_BYTES: usize = 32;
const BLOCK_BYTES: usize = 16;

/// The password's first bytes, with zeros behind a shorter one.
fn key(password: &[u8]) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    let length = password.len().min(KEY_BYTES);
    key[..length].copy_from_slice(&password[..length]);
    key
}

fn encrypt(call: &Call<'_>) -> Result<Value, Fault> {
    let (password, plain) = (call.text(0)?, call.text(1)?);
    if plain.is_empty() {
        return Ok(Value::from(""));
    }
    limit_text(plain.len() / 3 * 4)?;
    let mut vector = [0; BLOCK_BYTES];
    call.environment.random(&mut vector);
    // Room for the padding, which is at least one byte and at most a block.
    let mut buffer = [&**plain, &[0; BLOCK_BYTES]].concat();
    let cipher = cbc::Encryptor::<Aes256>::new(&key(password).into(), &vector.into());
    let encrypted = cipher
        .encrypt_padded::<Pkcs7>(&mut buffer, plain.len())
        .expect("invariant: the buffer has room for the padding");
    Ok(Value::string(STANDARD.encode([&vector, encrypted].concat())))
}

/// Fails where Go fails or panics: no base64, less than a vector and a block, a cut block, a padding longer than all.
fn decrypt(call: &Call<'_>) -> Result<Value, Fault> {
    let (password, text) = (call.text(0)?, call.text(1)?);
    if text.is_empty() {
        return Ok(Value::from(""));
    }
    let mut bytes =
        decode_base64(text).map_err(|at| Fault::new(format!("illegal base64 data at input byte {at}")))?;
    let Some((vector, blocks)) = bytes.split_at_mut_checked(BLOCK_BYTES) else {
        return Err(Fault::new("runtime error: slice bounds out of range"));
    };
    let vector: [u8; BLOCK_BYTES] = (&*vector).try_into().expect("invariant: split at its length");
    let decrypted = cbc::Decryptor::<Aes256>::new(&key(password).into(), &vector.into())
        .decrypt_padded::<NoPadding>(blocks)
        .map_err(|_| Fault::new("crypto/cipher: input not full blocks"))?;
    // Go takes the last byte for the padding's length without looking at the rest of it.
    let padding = decrypted.last().map(|byte| usize::from(*byte));
    let length = padding.and_then(|padding| decrypted.len().checked_sub(padding));
    let length = length.ok_or_else(|| Fault::new("runtime error: slice bounds out of range"))?;
    Ok(Value::string(&decrypted[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    #[test]
    fn both_ways() {
        for plain in ["x", "exactly16bytes!!", "a longer text that fills more than two blocks"] {
            let encrypted = text(FUNCTIONS, "encryptAES", &["key".into(), plain.into()]);
            assert_eq!(text(FUNCTIONS, "decryptAES", &["key".into(), encrypted.into()]), plain);
        }
        assert_eq!(text(FUNCTIONS, "encryptAES", &["key".into(), "".into()]), "");
    }

    // Encrypted by the stock helm 4.3.1.
    #[test]
    fn decrypts_helms() {
        assert_eq!(
            text(
                FUNCTIONS,
                "decryptAES",
                &["key".into(), "S1SuPFwjmyahh/iNPuA+2PPFtAtQt1hCqBkOl7F+nGI=".into()]
            ),
            "hello"
        );
    }

    #[test]
    fn failures() {
        for bad in ["YQ==", "%", "MDEyMzQ1Njc4OWFiY2RlZg==", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM="] {
            assert!(
                text(FUNCTIONS, "decryptAES", &["key".into(), bad.into()]).starts_with("error: "),
                "{bad}"
            );
        }
    }
}

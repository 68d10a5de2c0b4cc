//! Password digests and passwords derived from a master password.
//! Source of the behaviour: sprig 3.3.0, `crypto.go`.

use bcrypt::Version;
use ring::hmac;

use super::{
    Call, Function,
    Parameter::{Str, Uint32},
};
use crate::{fault::Fault, value::Value};

/// `bcrypt`, `htpasswd` and `derivePassword`.
pub const FUNCTIONS: &[Function] = &[
    Function::new("bcrypt", &[Str], |call| Ok(Value::from(bcrypt_of(call, call.text(0)?)))).slow(),
    Function::new("htpasswd", &[Str, Str], htpasswd).slow(),
    Function::new("derivePassword", &[Uint32, Str, Str, Str, Str], derive_password).slow(),
];

/// Go's default cost: 2¹⁰ rounds.
const BCRYPT_COST: u32 = 10;
/// Longest password that bcrypt looks at, in bytes; Go refuses longer ones.
const BCRYPT_BYTES: usize = 72;

/// A digest of `password` with a random salt, or why there is none.
fn bcrypt_of(call: &Call<'_>, password: &[u8]) -> String {
    let failed = |problem: &str| format!("failed to encrypt string with bcrypt: {problem}");
    if password.len() > BCRYPT_BYTES {
        return failed("bcrypt: password length exceeds 72 bytes");
    }
    let mut salt = [0; 16];
    call.environment.random(&mut salt);
    match bcrypt::hash_with_salt(password, BCRYPT_COST, salt) {
        Ok(hash) => hash.format_for_version(Version::TwoA),
        Err(error) => failed(&error.to_string()),
    }
}

fn htpasswd(call: &Call<'_>) -> Result<Value, Fault> {
    let (user, password) = (call.text(0)?, call.text(1)?);
    if user.contains(&b':') {
        return Ok(Value::string([b"invalid username: ", &**user].concat()));
    }
    Ok(Value::string([user, &b":"[..], bcrypt_of(call, password).as_bytes()].concat()))
}

/// The name of the algorithm, which it mixes into everything.
const SEED: &[u8] = b"com.lyndir.masterpassword";
/// scrypt's cost as a power of two, block size and parallelism.
const SCRYPT: (u8, u32, u32) = (15, 8, 2);

/// What passwords of each type look like: a letter stands for a class of characters.
const TEMPLATES: [(&str, &[&str]); 6] = [
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

/// The characters of a class.
fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The Master Password algorithm: counter, type of password, master password, user, site.
fn derive_password(call: &Call<'_>) -> Result<Value, Fault> {
    let counter = u32::try_from(call.int(0)?).map_err(|_| Fault::new("integer overflow"))?;
    let (kind, password, user, site) = (call.text(1)?.text(), call.text(2)?, call.text(3)?, call.text(4)?);
    let Some((_, templates)) = TEMPLATES.iter().find(|(name, _)| *name == kind) else {
        return Ok(Value::from(format!("cannot find password template {kind}")));
    };
    let key = master_key(password, user)?;
    let message = [SEED, &length(site), site, &counter.to_be_bytes()].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &message);
    let seed = tag.as_ref();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let characters = template.bytes().zip(&seed[1..]).map(|(letter, byte)| {
        let class = class(letter);
        class[usize::from(*byte) % class.len()]
    });
    Ok(Value::string(characters.collect::<Vec<u8>>()))
}

fn master_key(password: &[u8], user: &[u8]) -> Result<[u8; 64], Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::new(format!("failed to derive password: {error}"));
    let (cost, block, parallel) = SCRYPT;
    let parameters = scrypt::Params::new(cost, block, parallel).map_err(|error| failed(&error))?;
    let mut key = [0; 64];
    let salt = [SEED, &length(user), user].concat();
    scrypt::scrypt(password, &salt, &parameters, &mut key).map_err(|error| failed(&error))?;
    Ok(key)
}

/// A text's length in bytes, as the algorithm mixes it in.
fn length(text: &[u8]) -> [u8; 4] {
    (text.len() as u32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    // Expected values: the stock helm 4.3.1.
    #[test]
    fn derived_passwords() {
        for (counter, kind, expected) in [
            (1, "long", "ZedaFaxcZaso9*"),
            (2, "maximum", "O8-6Bwz1*I5XVPPq)@H!"),
            (u32::MAX.into(), "pin", "1258"),
            (1, "x", "cannot find password template x"),
        ] {
            let arguments =
                [Value::Int(counter), kind.into(), "password".into(), "user".into(), "example.com".into()];
            assert_eq!(text(FUNCTIONS, "derivePassword", &arguments), expected, "{kind}");
        }
    }

    #[test]
    fn digests_verify() {
        let entry = text(FUNCTIONS, "htpasswd", &["user".into(), "p\u{e4}ss".into()]);
        let hash = entry.strip_prefix("user:").expect("the user first");
        assert!(hash.starts_with("$2a$10$") && hash.len() == 60);
        assert!(bcrypt::verify("p\u{e4}ss", hash).expect("a hash"));
        assert_eq!(text(FUNCTIONS, "htpasswd", &["a:b".into(), "x".into()]), "invalid username: a:b");
        let long = text(FUNCTIONS, "bcrypt", &["a".repeat(73).into()]);
        assert_eq!(long, "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes");
    }
}

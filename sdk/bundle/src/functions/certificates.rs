//! Private keys and X.509 certificates. In: names, days, PEM. Out: PEM, or `sprig.certificate` with the fields
//! `Cert` and `Key`. Source of the behaviour: sprig 3.3.0, `crypto.go`.

use std::{any::Any as AnyType, net::IpAddr, rc::Rc};

use naru_keys::{KeyError, NewKey, PrivateKey};

use super::{
    Call, Function, Parameter,
    Parameter::{Int, List, Named, Str},
    encodings::decode_base64,
};
use crate::{
    certificates::{CertificateError, Issuer, Subject, Validity, check_pem, create},
    environment::Environment,
    fault::Fault,
    time::{Duration, Instant},
    value::{Object, Str as Text, Value},
};

const CERTIFICATE: Parameter = Named("sprig.certificate");

/// Keys and certificates.
pub const FUNCTIONS: &[Function] = &[
    Function::new("genPrivateKey", &[Str], private_key).slow(),
    Function::new("buildCustomCert", &[Str, Str], custom),
    Function::new("genCA", &[Str, Int], |call| authority(call, new_key(call)?)).slow(),
    Function::new("genCAWithKey", &[Str, Int, Str], |call| authority(call, given_key(call, 2)?)).slow(),
    Function::new("genSelfSignedCert", &[Str, List, List, Int], |call| self_signed(call, new_key(call)?))
        .slow(),
    Function::new("genSelfSignedCertWithKey", &[Str, List, List, Int, Str], |call| {
        self_signed(call, given_key(call, 4)?)
    })
    .slow(),
    Function::new("genSignedCert", &[Str, List, List, Int, CERTIFICATE], |call| signed(call, new_key(call)?))
        .slow(),
    Function::new("genSignedCertWithKey", &[Str, List, List, Int, CERTIFICATE, Str], |call| {
        signed(call, given_key(call, 5)?)
    })
    .slow(),
];

/// Bits of the keys of certificates, and of those that `genPrivateKey` makes.
pub(crate) const CERTIFICATE_KEY_BITS: u32 = 2048;
const PRIVATE_KEY_BITS: u32 = 4096;

const NANOSECONDS_A_DAY: i64 = 86_400_000_000_000;

/// A certificate with its key, both PEM.
#[derive(Debug)]
struct Certificate {
    certificate: Text,
    key: Text,
}

impl Certificate {
    fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }
}

impl Object for Certificate {
    fn any(&self) -> &dyn AnyType {
        self
    }

    fn type_name(&self) -> &str {
        "sprig.certificate"
    }

    fn kind_name(&self) -> &str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::Str(self.certificate.clone())),
            "Key" => Some(Value::Str(self.key.clone())),
            _ => None,
        }
    }

    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Fault>> {
        None
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.certificate, self.key)
    }

    fn plain(&self) -> Value {
        Value::map([("Cert", Value::Str(self.certificate.clone())), ("Key", Value::Str(self.key.clone()))])
    }
}

fn key_fault(error: KeyError) -> Fault {
    Fault::new(error.to_string())
}

fn certificate_fault(error: CertificateError) -> Fault {
    Fault::new(error.to_string())
}

fn generate(environment: &dyn Environment, kind: NewKey) -> Result<PrivateKey, Fault> {
    PrivateKey::generate(kind, &|bytes| environment.random(bytes)).map_err(key_fault)
}

fn new_key(call: &Call<'_>) -> Result<PrivateKey, Fault> {
    let environment = call.environment;
    match environment.stock() {
        Some(stock) => PrivateKey::generate_rsa(stock, &|bytes| environment.random(bytes)).map_err(key_fault),
        None => generate(environment, NewKey::Rsa(CERTIFICATE_KEY_BITS)),
    }
}

fn given_key(call: &Call<'_>, index: usize) -> Result<PrivateKey, Fault> {
    let failed = |error| Fault::new(format!("parsing private key: {error}"));
    PrivateKey::from_pem(call.text(index)?).map_err(failed)
}

fn private_key(call: &Call<'_>) -> Result<Value, Fault> {
    let kind = call.text(0)?.text();
    let new = match &*kind {
        "" | "rsa" => NewKey::Rsa(PRIVATE_KEY_BITS),
        "dsa" => NewKey::Dsa,
        "ecdsa" => NewKey::P256,
        "ed25519" => NewKey::Ed25519,
        _ => return Ok(Value::from(format!("Unknown type {kind}"))),
    };
    Ok(Value::from(generate(call.environment, new)?.to_pem()))
}

/// A given certificate and key, both base64 of PEM, once they are seen to be that.
fn custom(call: &Call<'_>) -> Result<Value, Fault> {
    let decoded = |index: usize, what: &str| {
        let failed = |_| Fault::new(format!("unable to decode base64 {what}"));
        decode_base64(call.text(index)?).map_err(failed)
    };
    let (certificate, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    check_pem(&certificate).map_err(certificate_fault)?;
    PrivateKey::from_pem(&key).map_err(|error| Fault::new(format!("error parsing private key: {error}")))?;
    Ok(Certificate { certificate: certificate.into(), key: key.into() }.into_value())
}

fn authority(call: &Call<'_>, key: PrivateKey) -> Result<Value, Fault> {
    let name = call.text(0)?.text();
    let subject = Subject {
        common_name: &name,
        addresses: Vec::new(),
        names: Vec::new(),
        authority: true,
        serial: serial(call.environment),
    };
    finish(&subject, call, call.int(1)?, &key, None)
}

fn self_signed(call: &Call<'_>, key: PrivateKey) -> Result<Value, Fault> {
    let name = call.text(0)?.text();
    finish(&subject(call, &name)?, call, call.int(3)?, &key, None)
}

fn signed(call: &Call<'_>, key: PrivateKey) -> Result<Value, Fault> {
    let name = call.text(0)?.text();
    let by = match call.value(4) {
        Value::Object(object) => object.any().downcast_ref::<Certificate>(),
        _ => None,
    };
    let by = by.ok_or_else(|| Fault::new("wrong type for value; expected sprig.certificate"))?;
    let issuer = Issuer::from_pem(&by.certificate).map_err(certificate_fault)?;
    let issuer_key = PrivateKey::from_pem(&by.key)
        .map_err(|error| Fault::new(format!("error parsing private key: {error}")))?;
    finish(&subject(call, &name)?, call, call.int(3)?, &key, Some((&issuer, &issuer_key)))
}

/// The subject that the first three arguments state: name, addresses, host names.
fn subject<'a>(call: &Call<'_>, common_name: &'a str) -> Result<Subject<'a>, Fault> {
    let address = |text: String| -> Result<IpAddr, Fault> {
        text.parse().map_err(|_| Fault::new(format!("error parsing ip: {text}")))
    };
    Ok(Subject {
        common_name,
        addresses: texts(call.value(1), "parsing ip")?.into_iter().map(address).collect::<Result<_, _>>()?,
        names: texts(call.value(2), "processing alternate dns name")?,
        authority: false,
        serial: serial(call.environment),
    })
}

/// A list's texts; none of nil.
fn texts(value: &Value, what: &str) -> Result<Vec<String>, Fault> {
    let Value::List(list) = value else {
        return Ok(Vec::new());
    };
    let text = |item: &Value| match item {
        Value::Str(text) => Ok(text.to_string()),
        other => Err(Fault::new(format!("error {what}: {other:?} is not a string"))),
    };
    list.iter().map(text).collect()
}

/// A random number of 128 bits above 0.
fn serial(environment: &dyn Environment) -> [u8; 16] {
    let mut serial = [0; 16];
    environment.random(&mut serial);
    if serial == [0; 16] {
        serial[15] = 1;
    }
    serial
}

fn finish(
    subject: &Subject<'_>,
    call: &Call<'_>,
    days: i64,
    key: &PrivateKey,
    issuer: Option<(&Issuer, &PrivateKey)>,
) -> Result<Value, Fault> {
    let from = Instant::now(&call.environment.now());
    // Go multiplies without looking at overflow.
    let to = from.add(Duration(days.wrapping_mul(NANOSECONDS_A_DAY)));
    let certificate = create(subject, &Validity { from, to }, key, issuer).map_err(certificate_fault)?;
    Ok(Certificate { certificate: certificate.into(), key: key.to_pem().into() }.into_value())
}

#[cfg(test)]
mod tests {
    use ring::signature::{self, UnparsedPublicKey};
    use x509_parser::{certificate::X509Certificate, pem::parse_x509_pem};

    use super::*;
    use crate::functions::trial::{Varying, call_in, printed};

    thread_local! {
        static RANDOM: Varying = Varying::new();
    }

    fn call(name: &str, arguments: &[Value]) -> Result<Value, Fault> {
        RANDOM.with(|random| call_in(random, FUNCTIONS, name, arguments))
    }

    fn field(value: &Value, name: &str) -> String {
        let Value::Object(object) = value else { panic!("a certificate") };
        let Some(Value::Str(text)) = object.field(name) else { panic!("a field") };
        text.to_string()
    }

    fn names(items: &[&str]) -> Value {
        Value::list(items.iter().map(|item| Value::from(*item)))
    }

    fn with_parsed<T>(value: &Value, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
        let pem = field(value, "Cert");
        let (_, block) = parse_x509_pem(pem.as_bytes()).expect("PEM");
        look(&block.parse_x509().expect("a certificate"))
    }

    fn private(kind: &str) -> String {
        printed(&call("genPrivateKey", &[kind.into()]).expect("a key"))
    }

    fn verifies(
        certificate: &X509Certificate<'_>,
        issuer: &X509Certificate<'_>,
        by: &'static dyn signature::VerificationAlgorithm,
    ) -> bool {
        let key = UnparsedPublicKey::new(by, &issuer.public_key().subject_public_key.data);
        let (message, signature) = (certificate.tbs_certificate.as_ref(), &certificate.signature_value.data);
        key.verify(message, signature).is_ok()
    }

    /// Names of the extensions in their order, critical ones with `!`.
    fn extensions(certificate: &X509Certificate<'_>) -> String {
        let name = |extension: &x509_parser::extensions::X509Extension<'_>| {
            let last = extension.oid.to_id_string().rsplit('.').next().unwrap_or_default().to_owned();
            if extension.critical { format!("{last}!") } else { last }
        };
        certificate.extensions().iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_chain_of_elliptic_keys() {
        let authority = call("genCAWithKey", &["my ca*".into(), Value::Int(365), private("ecdsa").into()])
            .expect("an authority");
        let arguments = [
            "leaf".into(),
            names(&["10.0.0.1", "::1", "::ffff:1.2.3.4"]),
            names(&["x.y", "*.z"]),
            Value::Int(30),
            authority.clone(),
            private("ed25519").into(),
        ];
        let leaf = call("genSignedCertWithKey", &arguments).expect("a certificate");
        with_parsed(&authority, |authority| {
            assert_eq!(extensions(authority), "15! 37 19! 14");
            assert!(authority.is_ca() && verifies(authority, authority, &signature::ECDSA_P256_SHA256_ASN1));
            with_parsed(&leaf, |leaf| {
                assert_eq!(extensions(leaf), "15! 37 19! 35 17");
                assert_eq!(leaf.issuer().as_raw(), authority.subject().as_raw());
                assert!(!leaf.is_ca() && verifies(leaf, authority, &signature::ECDSA_P256_SHA256_ASN1));
                let alternatives = leaf.subject_alternative_name().expect("readable").expect("present").value;
                assert_eq!(format!("{:?}", alternatives.general_names[4]), "IPAddress([1, 2, 3, 4])");
                let days = leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp();
                assert_eq!(days, 30 * 86_400);
            });
        });
    }

    #[test]
    fn rsa_keys_sign() {
        let arguments = ["".into(), Value::Nil, names(&["x.y"]), Value::Int(40_000)];
        let certificate = call("genSelfSignedCert", &arguments).expect("a certificate");
        with_parsed(&certificate, |certificate| {
            assert_eq!(extensions(certificate), "15! 37 19! 17!");
            assert!(verifies(certificate, certificate, &signature::RSA_PKCS1_2048_8192_SHA256));
        });
        let key = field(&certificate, "Key");
        assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        let der = ::pem::parse(&key).expect("PEM");
        ring::rsa::KeyPair::from_der(der.contents()).expect("a key that ring takes");
        let encoded = |text: String| Value::from(data_encoding::BASE64.encode(text.as_bytes()));
        let custom = call("buildCustomCert", &[encoded(field(&certificate, "Cert")), encoded(key.clone())]);
        assert_eq!(field(&custom.expect("accepted"), "Key"), key);
    }

    #[test]
    fn failures() {
        let key = || Value::from(private("ecdsa"));
        let authority = call("genCAWithKey", &["ca".into(), Value::Int(1), key()]).expect("an authority");
        let mixed =
            Certificate { certificate: field(&authority, "Cert").into(), key: private("ecdsa").into() };
        for (name, arguments) in [
            ("genSelfSignedCertWithKey", vec!["a".into(), names(&["x"]), Value::Nil, Value::Int(1), key()]),
            (
                "genSelfSignedCertWithKey",
                vec!["a".into(), Value::list([Value::Int(1)]), Value::Nil, Value::Int(1), key()],
            ),
            (
                "genSelfSignedCertWithKey",
                vec!["a".into(), Value::Nil, names(&["\u{e9}"]), Value::Int(1), key()],
            ),
            (
                "genSignedCertWithKey",
                vec!["a".into(), Value::Nil, Value::Nil, Value::Int(1), mixed.into_value(), key()],
            ),
            ("genCAWithKey", vec!["a".into(), Value::Int(1), "x".into()]),
            ("genCAWithKey", vec!["a".into(), Value::Int(1), field(&authority, "Cert").into()]),
            ("buildCustomCert", vec!["YQ==".into(), "YQ==".into()]),
            ("buildCustomCert", vec!["%".into(), "YQ==".into()]),
        ] {
            assert!(call(name, &arguments).is_err(), "{name} {arguments:?}");
        }
        assert_eq!(private("x"), "Unknown type x");
    }

    // Made by OpenSSL.
    #[test]
    fn keys_of_all_forms_are_read_back() {
        for pem in KEYS.split_inclusive("KEY-----\n").collect::<Vec<_>>().chunks(2).map(<[&str]>::concat) {
            let key = PrivateKey::from_pem(pem.as_bytes()).expect(&pem);
            let again = PrivateKey::from_pem(key.to_pem().as_bytes()).expect("our own");
            assert_eq!(again.to_pem(), key.to_pem());
            if !pem.contains("PRIVATE KEY-----\nMC") && !pem.contains("BEGIN PRIVATE") {
                assert_eq!(key.to_pem(), pem);
            }
        }
    }

    const KEYS: &str = include_str!("keys.pem");
}

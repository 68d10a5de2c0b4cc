//! Certificates to DER and PEM.

use std::net::IpAddr;

use naru_keys::{PrivateKey, PublicKey, SignatureAlgorithm, encode_pem};
use ring::digest::{SHA256, digest};
use yasna::{
    DERWriter, DERWriterSeq, Tag,
    models::{ObjectIdentifier, TaggedDerValue},
    tags::{TAG_GENERALIZEDTIME, TAG_PRINTABLESTRING, TAG_UTCTIME, TAG_UTF8STRING},
};

use super::{CertificateError, Issuer};
use crate::time::{Instant, Zone};

/// Whom a certificate is for.
pub(crate) struct Subject<'a> {
    /// The common name; an empty one is left out.
    pub(crate) common_name: &'a str,
    /// Addresses among the alternative names.
    pub(crate) addresses: Vec<IpAddr>,
    /// Host names among the alternative names.
    pub(crate) names: Vec<String>,
    /// Whether it may sign other certificates.
    pub(crate) authority: bool,
    /// A positive number of up to 16 bytes.
    pub(crate) serial: [u8; 16],
}

/// From when to when a certificate is valid.
pub(crate) struct Validity {
    /// The first instant.
    pub(crate) from: Instant,
    /// The last instant.
    pub(crate) to: Instant,
}

/// A certificate for `subject` and `key`, signed by `issuer` with its key, or by `key` itself. PEM.
pub(crate) fn create(
    subject: &Subject<'_>,
    validity: &Validity,
    key: &PrivateKey,
    issuer: Option<(&Issuer, &PrivateKey)>,
) -> Result<String, CertificateError> {
    let public = key.public()?;
    if let Some((issuer, signer)) = issuer {
        issuer.check_key(signer)?;
    }
    if let Some(name) = subject.names.iter().find(|name| !name.is_ascii()) {
        return Err(CertificateError::NotAscii(name.clone()));
    }
    let signer = issuer.map_or(key, |(_, signer)| signer);
    let algorithm = signer.signature_algorithm()?;
    let name = name_der(subject.common_name);
    let draft = Draft {
        subject,
        issuer_name: issuer.map_or(&name, |(issuer, _)| &issuer.name),
        name: &name,
        issuer_key_id: issuer.and_then(|(issuer, _)| issuer.key_id.as_deref()),
        from: time_der(&validity.from)?,
        to: time_der(&validity.to)?,
        public: &public,
    };
    let body = draft.to_der(&algorithm);
    let signature = signer.sign(&body)?;
    let certificate = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&body);
            write_algorithm(writer.next(), &algorithm);
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    Ok(encode_pem("CERTIFICATE", &certificate))
}

/// All that a certificate states.
struct Draft<'a> {
    subject: &'a Subject<'a>,
    name: &'a [u8],
    issuer_name: &'a [u8],
    issuer_key_id: Option<&'a [u8]>,
    from: TaggedDerValue,
    to: TaggedDerValue,
    public: &'a PublicKey,
}

/// `id-ce`: the arc of standard extensions.
const EXTENSION: [u64; 3] = [2, 5, 29];
const KEY_USAGE: u64 = 15;
const EXTENDED_KEY_USAGE: u64 = 37;
const BASIC_CONSTRAINTS: u64 = 19;
const SUBJECT_KEY_ID: u64 = 14;
const AUTHORITY_KEY_ID: u64 = 35;
const ALTERNATIVE_NAMES: u64 = 17;

/// `id-kp`: the arc of purposes; servers are 1, clients 2.
const PURPOSE: [u64; 8] = [1, 3, 6, 1, 5, 5, 7, 3];

/// Bits of the key usage: digital signature and key encipherment; for authorities signing certificates, too.
const USAGE: (u8, usize) = (0b1010_0000, 3);
const AUTHORITY_USAGE: (u8, usize) = (0b1010_0100, 6);

/// How many bytes of the public key's digest identify it.
const KEY_ID_BYTES: usize = 20;

impl Draft<'_> {
    fn to_der(&self, algorithm: &SignatureAlgorithm) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(2));
                writer.next().write_bigint_bytes(&self.subject.serial, true);
                write_algorithm(writer.next(), algorithm);
                writer.next().write_der(self.issuer_name);
                writer.next().write_sequence(|writer| {
                    writer.next().write_tagged_der(&self.from);
                    writer.next().write_tagged_der(&self.to);
                });
                writer.next().write_der(self.name);
                writer.next().write_der(&self.public.der);
                writer.next().write_tagged(Tag::context(3), |writer| {
                    writer.write_sequence(|writer| self.extensions(writer));
                });
            });
        })
    }

    fn extensions(&self, extensions: &mut DERWriterSeq<'_>) {
        let authority = self.subject.authority;
        let (bits, length) = if authority { AUTHORITY_USAGE } else { USAGE };
        extension(extensions, KEY_USAGE, true, |writer| writer.write_bitvec_bytes(&[bits], length));
        extension(extensions, EXTENDED_KEY_USAGE, false, |writer| {
            writer.write_sequence(|writer| {
                for purpose in [1, 2] {
                    writer.next().write_oid(&arc(&PURPOSE, purpose));
                }
            });
        });
        extension(extensions, BASIC_CONSTRAINTS, true, |writer| {
            writer.write_sequence(|writer| {
                if authority {
                    writer.next().write_bool(true);
                }
            });
        });
        if authority {
            let id = digest(&SHA256, &self.public.bits);
            extension(extensions, SUBJECT_KEY_ID, false, |writer| {
                writer.write_bytes(&id.as_ref()[..KEY_ID_BYTES])
            });
        }
        // Go takes a certificate whose issuer has its own name for self-signed, and leaves the identifier out.
        if let Some(id) = self.issuer_key_id.filter(|id| !id.is_empty() && self.issuer_name != self.name) {
            extension(extensions, AUTHORITY_KEY_ID, false, |writer| {
                writer.write_sequence(|writer| {
                    writer.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(id));
                });
            });
        }
        let (names, addresses) = (&self.subject.names, &self.subject.addresses);
        if !names.is_empty() || !addresses.is_empty() {
            extension(extensions, ALTERNATIVE_NAMES, self.subject.common_name.is_empty(), |writer| {
                writer.write_sequence(|writer| {
                    for name in names {
                        let tagged = Tag::context(2);
                        writer
                            .next()
                            .write_tagged_implicit(tagged, |writer| writer.write_bytes(name.as_bytes()));
                    }
                    for address in addresses {
                        let tagged = Tag::context(7);
                        writer
                            .next()
                            .write_tagged_implicit(tagged, |writer| writer.write_bytes(&octets(*address)));
                    }
                });
            });
        }
    }
}

fn arc(prefix: &[u64], last: u64) -> ObjectIdentifier {
    ObjectIdentifier::new([prefix, &[last]].concat())
}

fn extension(
    extensions: &mut DERWriterSeq<'_>,
    number: u64,
    critical: bool,
    content: impl FnOnce(DERWriter<'_>),
) {
    let content = yasna::construct_der(content);
    extensions.next().write_sequence(|writer| {
        writer.next().write_oid(&arc(&EXTENSION, number));
        if critical {
            writer.next().write_bool(true);
        }
        writer.next().write_bytes(&content);
    });
}

fn write_algorithm(writer: DERWriter<'_>, algorithm: &SignatureAlgorithm) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&algorithm.oid);
        if algorithm.null {
            writer.next().write_null();
        }
    });
}

/// An address's bytes; one of IPv4 within IPv6 counts as IPv4.
fn octets(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// A name of at most a common name.
fn name_der(common_name: &str) -> Vec<u8> {
    // Go's choice: the narrow string type where it fits, in which `*` and `&` are not allowed.
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let tag = if common_name.chars().all(printable) { TAG_PRINTABLESTRING } else { TAG_UTF8STRING };
    let text = TaggedDerValue::from_tag_and_bytes(tag, common_name.as_bytes().to_vec());
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            if common_name.is_empty() {
                return;
            }
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&[2, 5, 4, 3]));
                    writer.next().write_tagged_der(&text);
                });
            });
        });
    })
}

/// A time to the second: with two digits of the year from 1950 to 2049, else with four.
fn time_der(instant: &Instant) -> Result<TaggedDerValue, CertificateError> {
    let utc = instant.in_zone(Zone::Utc);
    let (tag, layout): (Tag, &[u8]) = match utc.year() {
        1950..2050 => (TAG_UTCTIME, b"060102150405Z"),
        0..10_000 => (TAG_GENERALIZEDTIME, b"20060102150405Z"),
        _ => return Err(CertificateError::Time),
    };
    Ok(TaggedDerValue::from_tag_and_bytes(tag, utc.format(layout)))
}

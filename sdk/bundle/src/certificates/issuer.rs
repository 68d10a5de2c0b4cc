//! The certificate that signs another.

use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension, prelude::FromDer};

use super::CertificateError;
use naru_keys::{PrivateKey, decode_pem};

/// Who signs a certificate.
pub(crate) struct Issuer {
    /// The issuer's name, in DER.
    pub(crate) name: Vec<u8>,
    /// The identifier of the issuer's key, if its certificate states one.
    pub(crate) key_id: Option<Vec<u8>>,
    /// The issuer's public key, in DER.
    public: Vec<u8>,
}

impl Issuer {
    /// Reads the issuer's certificate.
    pub(crate) fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let block = decode_pem(text).ok_or(CertificateError::NoPem)?;
        let certificate = parse(&block.contents)?;
        let key_id =
            certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            });
        Ok(Self {
            name: certificate.subject().as_raw().to_vec(),
            key_id,
            public: certificate.public_key().raw.to_vec(),
        })
    }

    /// Whether `key` is the issuer's.
    pub(crate) fn check_key(&self, key: &PrivateKey) -> Result<(), CertificateError> {
        if key.public()?.der == self.public { Ok(()) } else { Err(CertificateError::Mismatch) }
    }
}

/// Whether the first PEM block of `text` is a certificate.
pub(crate) fn check_pem(text: &[u8]) -> Result<(), CertificateError> {
    let block = decode_pem(text).ok_or(CertificateError::NoPem)?;
    parse(&block.contents).map(|_| ())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|error| CertificateError::Malformed(error.to_string()))?;
    if rest.is_empty() {
        Ok(certificate)
    } else {
        Err(CertificateError::Malformed("trailing data".to_owned()))
    }
}

//! X.509 certificates as sprig has Go make them: version 3, for servers and clients, signed by themselves or by
//! another certificate's key. In: a subject, alternative names, keys, the present. Out: PEM.
//!
//! Source of the behaviour: sprig 3.3.0, `crypto.go`; Go's `x509.CreateCertificate`.

mod issuer;
mod write;

pub(crate) use issuer::{Issuer, check_pem};
pub(crate) use write::{Subject, Validity, create};

use thiserror::Error;

use naru_keys::KeyError;

/// Why a certificate could not be made or read.
#[derive(Clone, Debug, Error)]
pub enum CertificateError {
    /// No PEM block.
    #[error("unable to decode certificate")]
    NoPem,
    /// A PEM block that is not a certificate.
    #[error("error parsing certificate: {0}")]
    Malformed(String),
    /// The issuer's certificate and key do not belong together.
    #[error("x509: provided PrivateKey doesn't match parent's PublicKey")]
    Mismatch,
    /// An alternative name that is no ASCII text.
    #[error("x509: {0:?} cannot be encoded as an IA5String")]
    NotAscii(String),
    /// A year before 0 or after 9999.
    #[error("cannot represent time as GeneralizedTime")]
    Time,
    /// The keys.
    #[error("error creating certificate: {0}")]
    Key(#[from] KeyError),
}

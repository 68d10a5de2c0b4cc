//! The certificate authority: makes itself once, then signs.
//!
//! Identities follow Kubernetes' x509 authentication: the common name is the user, organisations are groups.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use super::{AUTHORITY_DAYS, CERTIFICATE_DAYS};

/// Clocks of other machines may be a little behind ours.
const CLOCK_SKEW: Duration = Duration::minutes(5);

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Encoding, decoding or signing failed.
    #[error("cannot {doing}")]
    Certificate {
        /// What was being done.
        doing: String,
        /// The cause.
        #[source]
        source: rcgen::Error,
    },
    /// A file could not be read or written.
    #[error("cannot {doing}")]
    File {
        /// What was being done, and to which file.
        doing: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A certificate on disk cannot be understood.
    #[error("{path} is damaged: {reason}; remove the pki directory to have it made anew")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

fn certificate(doing: &'static str) -> impl FnOnce(rcgen::Error) -> Error {
    move |source| Error::Certificate { doing: doing.into(), source }
}

/// What a certificate may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// To prove who a client is.
    Client,
    /// To prove who a server is.
    Server,
}

/// What a certificate is to say.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The common name: the user.
    pub user: &'a str,
    /// Organisations: groups.
    pub groups: &'a [&'a str],
    /// What for.
    pub usage: Usage,
    /// DNS names of a server.
    pub dns_names: Vec<String>,
    /// Addresses of a server.
    pub addresses: Vec<IpAddr>,
}

/// A certificate with its key, both PEM.
#[derive(Clone)]
pub struct KeyPem {
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS #8.
    pub key: String,
}

/// Signs certificates with the cluster's key.
pub struct Authority {
    pem: KeyPem,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority, named after the cluster, valid from `now` (ECDSA P-256).
    pub fn generate(cluster: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(certificate("make the authority's key"))?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("naru-{cluster}-ca"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        params.not_before = now - CLOCK_SKEW;
        params.not_after = now + Duration::days(AUTHORITY_DAYS);
        let signed = params.self_signed(&key).map_err(certificate("sign the authority"))?;
        let pem = KeyPem { certificate: signed.pem(), key: key.serialize_pem() };
        Ok(Authority { pem, issuer: Issuer::new(params, key) })
    }

    /// The authority that was stored as PEM.
    pub fn load(pem: KeyPem) -> Result<Self, Error> {
        let key = KeyPair::from_pem(&pem.key).map_err(certificate("read the authority's key"))?;
        let issuer = Issuer::from_ca_cert_pem(&pem.certificate, key)
            .map_err(certificate("read the authority's certificate"))?;
        Ok(Authority { pem, issuer })
    }

    /// The authority's own certificate and key.
    pub fn pem(&self) -> &KeyPem {
        &self.pem
    }

    /// A new key with a certificate for it, valid from `now`.
    pub fn issue(&self, request: &Request<'_>, now: OffsetDateTime) -> Result<KeyPem, Error> {
        let key = KeyPair::generate().map_err(certificate("make a key"))?;
        let params = params(request, now)?;
        let signed = params.signed_by(&key, &self.issuer).map_err(certificate("sign a certificate"))?;
        Ok(KeyPem { certificate: signed.pem(), key: key.serialize_pem() })
    }

    /// A certificate for the key of a PEM signing request. Of the request only the key is used: what the certificate
    /// says is ours to decide.
    pub fn sign(&self, csr: &str, request: &Request<'_>, now: OffsetDateTime) -> Result<String, Error> {
        let mut csr =
            CertificateSigningRequestParams::from_pem(csr).map_err(certificate("read a signing request"))?;
        csr.params = params(request, now)?;
        let signed = csr.signed_by(&self.issuer).map_err(certificate("sign a request"))?;
        Ok(signed.pem())
    }
}

fn params(request: &Request<'_>, now: OffsetDateTime) -> Result<CertificateParams, Error> {
    let mut params =
        CertificateParams::new(request.dns_names.clone()).map_err(certificate("use a DNS name"))?;
    params.subject_alt_names.extend(request.addresses.iter().copied().map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, request.user);
    for group in request.groups {
        params.distinguished_name.push(DnType::OrganizationName, *group);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![match request.usage {
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - CLOCK_SKEW;
    params.not_after = now + Duration::days(CERTIFICATE_DAYS);
    Ok(params)
}

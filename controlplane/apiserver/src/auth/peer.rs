//! Identity from a TLS client certificate that the handshake has verified.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{AUTHENTICATED, Identity};

/// The identity in a verified certificate: the common name is the user, organisations are groups. `None` without a
/// common name.
pub fn identity(certificate: &CertificateDer<'_>) -> Option<Arc<Identity>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let subject = certificate.subject();
    let user = subject.iter_common_name().next()?.as_str().ok()?.to_string();
    let organisations = subject.iter_organization().filter_map(|one| one.as_str().ok());
    let mut groups: Vec<String> = organisations.map(ToString::to_string).collect();
    groups.push(AUTHENTICATED.into());
    (!user.is_empty()).then(|| Arc::new(Identity { user, groups }))
}

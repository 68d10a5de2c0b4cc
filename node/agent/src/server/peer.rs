//! Who is at the other end: the subject of a verified client certificate.

use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The API server's name in its client certificate.
const API_SERVER: &str = "kube-apiserver";
/// The group that may do everything.
const MASTERS: &str = "system:masters";

/// A client with a certificate of the cluster's authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    user: String,
    groups: Vec<String>,
}

impl Peer {
    /// The subject of a certificate that TLS has verified; `None` if it cannot be read.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Peer> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let subject = certificate.subject();
        let user = subject.iter_common_name().find_map(|name| name.as_str().ok())?.to_owned();
        let groups = subject.iter_organization().filter_map(|name| name.as_str().ok()).map(ToOwned::to_owned);
        Some(Peer { user, groups: groups.collect() })
    }

    /// Its common name.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Whether the node answers to it.
    pub(crate) fn trusted(&self) -> bool {
        self.user == API_SERVER || self.groups.iter().any(|group| group == MASTERS)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn peer(user: &str, groups: &[&str]) -> Peer {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        for group in groups {
            params.distinguished_name.push(DnType::OrganizationName, *group);
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Peer::of(certificate.der()).unwrap()
    }

    #[test]
    fn only_the_api_server_and_masters_are_trusted() {
        assert!(peer("kube-apiserver", &[]).trusted());
        assert!(peer("kubernetes-admin", &["system:masters"]).trusted());
        assert!(!peer("system:node:n1", &["system:nodes"]).trusted());
        assert!(!peer("somebody", &[]).trusted());
        assert!(Peer::of(&CertificateDer::from(vec![1, 2, 3])).is_none());
    }
}

//! Certificates on disk: made on the first start, reused after, renewed in time.

use std::{
    fs,
    io::Write,
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use time::OffsetDateTime;
use x509_parser::{extensions::GeneralName, pem::parse_x509_pem, prelude::X509Certificate};

use super::{Authority, Error, KeyPem, RENEW_BEFORE_DAYS, Request, Usage};
use crate::auth::MASTERS;

/// The names and addresses the API server is reached by.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// DNS names.
    pub dns: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

/// Everything a control plane needs to prove and to check identities.
pub struct Pki {
    /// The cluster's authority.
    pub authority: Authority,
    /// The API server's serving certificate.
    pub server: KeyPem,
    /// The administrator's client certificate.
    pub admin: KeyPem,
    /// The API server's client certificate towards nodes.
    pub node_client: KeyPem,
}

impl Pki {
    /// Loads what is in `dir`, making or renewing what is missing, about to expire or issued for other names.
    pub fn ensure(dir: &Path, cluster: &str, names: &Names, now: OffsetDateTime) -> Result<Self, Error> {
        let dir = Directory::open(dir)?;
        let authority = match dir.load("ca")? {
            Some(pem) => Authority::load(pem)?,
            None => {
                let made = Authority::generate(cluster, now)?;
                dir.store("ca", made.pem())?;
                made
            }
        };
        let server = Request {
            user: "kube-apiserver",
            groups: &[],
            usage: Usage::Server,
            dns_names: names.dns.clone(),
            addresses: names.addresses.clone(),
        };
        Ok(Pki {
            server: dir.ensure("server", &authority, &server, now)?,
            admin: dir.ensure("admin", &authority, &client("kubernetes-admin"), now)?,
            node_client: dir.ensure("node-client", &authority, &client("kube-apiserver"), now)?,
            authority,
        })
    }
}

fn client(user: &str) -> Request<'_> {
    Request { user, groups: &[MASTERS], usage: Usage::Client, dns_names: Vec::new(), addresses: Vec::new() }
}

/// A directory of `<name>.crt` and `<name>.key` files.
struct Directory(PathBuf);

impl Directory {
    fn open(path: &Path) -> Result<Self, Error> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| Error::File { doing: format!("make directory {}", path.display()), source })?;
        Ok(Directory(path.into()))
    }

    fn ensure(
        &self,
        name: &str,
        authority: &Authority,
        request: &Request<'_>,
        now: OffsetDateTime,
    ) -> Result<KeyPem, Error> {
        if let Some(pem) = self.load(name)?
            && self.is_current(name, &pem, authority, request, now)?
        {
            return Ok(pem);
        }
        let pem = authority.issue(request, now)?;
        self.store(name, &pem)?;
        Ok(pem)
    }

    fn is_current(
        &self,
        name: &str,
        pem: &KeyPem,
        authority: &Authority,
        request: &Request<'_>,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let path = || self.file(name, "crt").display().to_string();
        let damaged = |reason: String| Error::Damaged { path: path(), reason };
        let (_, der) =
            parse_x509_pem(pem.certificate.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        let found = der.parse_x509().map_err(|error| damaged(error.to_string()))?;
        let (_, ca_der) = parse_x509_pem(authority.pem().certificate.as_bytes())
            .map_err(|error| damaged(error.to_string()))?;
        let ca = ca_der.parse_x509().map_err(|error| damaged(error.to_string()))?;
        let left = found.validity().not_after.to_datetime() - now;
        Ok(left.whole_days() >= RENEW_BEFORE_DAYS
            && found.verify_signature(Some(ca.public_key())).is_ok()
            && names_of(&found) == wanted_names(request))
    }

    fn load(&self, name: &str) -> Result<Option<KeyPem>, Error> {
        let read = |extension| {
            let path = self.file(name, extension);
            match fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(Error::File { doing: format!("read {}", path.display()), source }),
            }
        };
        Ok(match (read("crt")?, read("key")?) {
            (Some(certificate), Some(key)) => Some(KeyPem { certificate, key }),
            _ => None,
        })
    }

    /// The key goes first: a certificate is on disk only when its key is.
    fn store(&self, name: &str, pem: &KeyPem) -> Result<(), Error> {
        write_private(&self.file(name, "key"), pem.key.as_bytes())?;
        write_private(&self.file(name, "crt"), pem.certificate.as_bytes())
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.0.join(format!("{name}.{extension}"))
    }
}

/// Replaces a file as a whole, readable by its owner only.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { doing: format!("write {}", path.display()), source };
    let temporary = path.with_extension("new");
    // A leftover of a crash could have another mode, so it is never reused.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)
}

fn wanted_names(request: &Request<'_>) -> Vec<String> {
    let mut names = request.dns_names.clone();
    names.extend(request.addresses.iter().map(ToString::to_string));
    names.sort();
    names.dedup();
    names
}

fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let mut names: Vec<String> = extension.value.general_names.iter().filter_map(text).collect();
    names.sort();
    names.dedup();
    names
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_string()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => Some(IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string()),
            16 => Some(IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use time::Duration;

    use super::*;

    fn names(dns: &[&str]) -> Names {
        Names {
            dns: dns.iter().map(ToString::to_string).collect(),
            addresses: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
        }
    }

    #[test]
    fn certificates_are_kept_until_they_must_change() {
        let dir = tempfile::tempdir().unwrap();
        let now = OffsetDateTime::now_utc();
        let at = |names: &Names, now| Pki::ensure(dir.path(), "test", names, now).unwrap();
        let first = at(&names(&["localhost"]), now);
        let again = at(&names(&["localhost"]), now);
        assert_eq!(first.server.certificate, again.server.certificate);
        assert_eq!(first.authority.pem().certificate, again.authority.pem().certificate);

        let renamed = at(&names(&["localhost", "other"]), now);
        assert_ne!(first.server.certificate, renamed.server.certificate);
        assert_eq!(first.admin.certificate, renamed.admin.certificate);

        let late = at(&names(&["localhost", "other"]), now + Duration::days(340));
        assert_ne!(first.admin.certificate, late.admin.certificate);
        assert_eq!(first.authority.pem().certificate, late.authority.pem().certificate);
    }

    #[test]
    fn every_file_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let pki = dir.path().join("pki");
        Pki::ensure(&pki, "test", &names(&[]), OffsetDateTime::now_utc()).unwrap();
        assert_eq!(fs::metadata(&pki).unwrap().permissions().mode() & 0o777, 0o700);
        let files: Vec<_> = fs::read_dir(&pki).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 8);
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }

    #[test]
    fn another_authoritys_certificate_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let now = OffsetDateTime::now_utc();
        let first = Pki::ensure(dir.path(), "test", &names(&[]), now).unwrap();
        fs::remove_file(dir.path().join("ca.crt")).unwrap();
        let second = Pki::ensure(dir.path(), "test", &names(&[]), now).unwrap();
        assert_ne!(first.admin.certificate, second.admin.certificate);
    }

    #[test]
    fn a_damaged_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let now = OffsetDateTime::now_utc();
        Pki::ensure(dir.path(), "test", &names(&[]), now).unwrap();
        fs::write(dir.path().join("server.crt"), "nonsense").unwrap();
        let Err(error) = Pki::ensure(dir.path(), "test", &names(&[]), now) else {
            panic!("accepted nonsense")
        };
        assert!(error.to_string().contains("server.crt is damaged"), "{error}");
    }

    #[test]
    fn a_signing_request_gets_our_identity_not_its_own() {
        let now = OffsetDateTime::now_utc();
        let authority = Authority::generate("test", now).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let mut wish = rcgen::CertificateParams::default();
        wish.distinguished_name.push(rcgen::DnType::OrganizationName, MASTERS);
        let csr = wish.serialize_request(&key).unwrap().pem().unwrap();
        let request = Request {
            user: "system:node:a",
            groups: &["system:nodes"],
            usage: Usage::Client,
            dns_names: vec![],
            addresses: vec![],
        };
        let pem = authority.sign(&csr, &request, now).unwrap();
        let (_, der) = parse_x509_pem(pem.as_bytes()).unwrap();
        let subject = der.parse_x509().unwrap().subject().to_string();
        assert!(subject.contains("system:node:a") && subject.contains("system:nodes"), "{subject}");
        assert!(!subject.contains(MASTERS), "{subject}");
    }
}

//! HTTP for chart repositories.

use std::{path::Path, time::Duration};

use reqwest::{Certificate, Client, Identity, Url};

use super::{Access, Error, INDEX_BYTES_MAX, Index};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a server may send nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A file of certificates or keys; why not, in Go's words.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("open {}: no such file or directory", path.display()),
        _ => format!("open {}: {error}", path.display()),
    })
}

fn tls(reason: &str) -> Error {
    Error::Plain(format!("can't create TLS config for client: {reason}"))
}

impl Access {
    /// Reads the files of certificates and keys, if there are any.
    ///
    /// # Errors
    /// One cannot be read, or is not what it should be.
    pub fn check(&self) -> Result<(), Error> {
        if self.ca_file.is_none() && self.identity.is_none() {
            return Ok(());
        }
        client(self).map(drop).map_err(|error| Error::Plain(format!("missing registry client: {error}")))
    }
}

fn client(access: &Access) -> Result<Client, Error> {
    // An error means that the program has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .user_agent(concat!("naru/", env!("CARGO_PKG_VERSION")));
    let failed = |error: reqwest::Error| Error::Plain(words(&error));
    if let Some(path) = &access.ca_file {
        let unfit = |reason: String| {
            Error::Plain(format!("failed to append certificates from file {path:?}: {reason}"))
        };
        let pem = read(path).map_err(|why| tls(&format!("can't read CA file: {path:?}: {why}")))?;
        builder =
            builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unfit(words(&error)))?);
    }
    if let Some((certificate, key)) = &access.identity {
        let unread = |what: &'static str, path: &Path| {
            let path = path.to_owned();
            move |why: String| tls(&format!("unable to read {what} file: {path:?}: {why}"))
        };
        let shown = read(certificate).map_err(unread("cert", certificate))?;
        let mut pem = read(key).map_err(unread("key", key))?;
        pem.extend(shown);
        let unfit =
            |error: reqwest::Error| tls(&format!("unable to load cert from key pair: {}", words(&error)));
        builder = builder.identity(Identity::from_pem(&pem).map_err(unfit)?);
    }
    if let Some(timeout) = access.timeout {
        builder = builder.timeout(timeout);
    }
    if access.insecure {
        builder = builder.danger_accept_invalid_certs(true);
    }
    builder.build().map_err(failed)
}

/// What is at a URL that anybody may read, at most `max` bytes.
///
/// # Errors
/// It cannot be reached, is not there, or is longer.
pub async fn read_url(url: &str, max: usize) -> Result<Vec<u8>, Error> {
    get(&Access::default(), url, max).await
}

/// GETs at most `max` bytes.
pub(super) async fn get(access: &Access, url: &str, max: usize) -> Result<Vec<u8>, Error> {
    let failed = |reason: String| Error::Fetch { url: url.into(), reason };
    let mut request = client(access)?.get(url);
    if !access.username.is_empty() {
        request = request.basic_auth(&access.username, Some(&access.password));
    }
    let unreached = |error: reqwest::Error| Error::Plain(format!("Get {url:?}: {}", words(&error)));
    let mut response = request.send().await.map_err(unreached)?;
    if !response.status().is_success() {
        return Err(failed(response.status().to_string()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(words(&error)))? {
        if bytes.len() + chunk.len() > max {
            return Err(failed(format!("it is larger than {max} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The bytes of the index of the repository at `url`.
pub(super) async fn index_bytes(access: &Access, url: &str) -> Result<Vec<u8>, Error> {
    get(access, &join(&format!("{}/", url.trim_end_matches('/')), "index.yaml")?, INDEX_BYTES_MAX).await
}

/// The index of the repository at `url`.
pub(super) async fn index(access: &Access, url: &str) -> Result<Index, Error> {
    let no_repository = |error: Error| Error::NoRepository { url: url.into(), source: Box::new(error) };
    Index::parse(&index_bytes(access, url).await.map_err(no_repository)?).map_err(no_repository)
}

/// A reference seen from a repository: an absolute URL stays as it is; the repository's query goes along.
pub(super) fn join(base: &str, reference: &str) -> Result<String, Error> {
    if reference.contains("://") {
        return Ok(reference.into());
    }
    let failed = |error: &dyn std::fmt::Display| {
        Error::Plain(format!("could not parse repository URL {base:?}: {error}"))
    };
    let mut base_url: Url = base.parse().map_err(|error| failed(&error))?;
    if !base_url.path().ends_with('/') {
        let path = format!("{}/", base_url.path());
        base_url.set_path(&path);
    }
    let mut url = base_url.join(reference).map_err(|error| failed(&error))?;
    if url.query().is_none() {
        url.set_query(base_url.query());
    }
    Ok(url.into())
}

/// Whether two URLs lead to one port of one host by one scheme.
pub(super) fn same_host(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let url: Url = text.parse().ok()?;
        Some((url.scheme().to_string(), url.host_str()?.to_string(), url.port_or_known_default()))
    };
    parts(a).is_some_and(|one| Some(one) == parts(b))
}

fn words(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_seen_from_their_repository() {
        for (base, reference, expected) in [
            ("http://h/charts", "web-1.tgz", "http://h/charts/web-1.tgz"),
            ("http://h/charts/", "sub/web-1.tgz", "http://h/charts/sub/web-1.tgz"),
            ("http://h/charts?t=1", "web-1.tgz", "http://h/charts/web-1.tgz?t=1"),
            ("http://h/charts", "/abs.tgz", "http://h/abs.tgz"),
            ("http://h", "https://other/x.tgz", "https://other/x.tgz"),
        ] {
            assert_eq!(join(base, reference).ok().as_deref(), Some(expected), "{base} {reference}");
        }
        assert!(join("not a url", "x").is_err());
        assert!(same_host("https://h/a", "https://h:443/b") && !same_host("http://h", "https://h"));
    }
}

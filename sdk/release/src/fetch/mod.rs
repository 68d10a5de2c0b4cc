//! Charts from elsewhere: chart repositories over HTTP and OCI registries, with Helm's own configuration files, so that
//! what was added or logged in to with either tool is there for both.

mod content;
mod dependencies;
mod home;
mod http;
mod index;
mod indexing;
mod logins;
mod oci;
mod provenance;
mod refusal;
mod repositories;

use std::{path::PathBuf, sync::Arc};

use content::Contents;
pub use dependencies::{Manager, Pack, Row, lock_digest};
pub use home::{Folders, Home};
pub use http::read_url;
pub use index::{Entry, Index};
pub use indexing::{Indexing, index_folder};
use naru_bundle::semver;
pub use oci::{Pushed, Reference};
pub use provenance::{Provenance, Verification, read_keyring, sign, statement, usual_keyring, verify_file};
pub use repositories::{Repositories, Repository};
use sha2::{Digest, Sha256};

/// The largest chart archive that is fetched, in bytes.
pub const CHART_BYTES_MAX: usize = 100 * 1024 * 1024;
/// The largest signed text that is fetched, in bytes.
pub const PROVENANCE_BYTES_MAX: usize = naru_provenance::TEXT_BYTES_MAX as usize;
/// The largest index that is fetched, in bytes.
pub const INDEX_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why something could not be fetched; the words are Helm's where it has any.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whatever needs no more than its words.
    #[error("{0}")]
    Plain(String),
    /// A file that cannot be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A server that cannot be reached, or does not give what it is asked for.
    #[error("failed to fetch {url} : {reason}")]
    Fetch {
        /// What was asked for.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// A URL that is none of a chart repository.
    #[error("looks like {url:?} is not a valid chart repository or cannot be reached")]
    NoRepository {
        /// The URL.
        url: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// A registry that says no.
    #[error("{doing}: {reason}")]
    Registry {
        /// What was tried.
        doing: String,
        /// What it said.
        reason: String,
    },
    /// A keyring that is none, or a signature that does not count.
    #[error(transparent)]
    Provenance(naru_provenance::Error),
}

impl Error {
    /// Why there is no repository; any other error is its own reason.
    pub fn reason(&self) -> &Error {
        match self {
            Error::NoRepository { source, .. } => source,
            other => other,
        }
    }
}

/// Who we are to servers, and what we think of them.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The user; empty if none.
    pub username: String,
    /// The password.
    pub password: String,
    /// A certificate authority to trust.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// Whether registries are talked to without TLS.
    pub plain_http: bool,
    /// Whether user and password go to every host, not only to the repository's.
    pub pass_credentials: bool,
    /// How long one download may take; `None` means as long as something comes.
    pub timeout: Option<std::time::Duration>,
}

/// A chart that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What its file is called: `web-1.2.3.tgz`.
    pub file_name: String,
    /// The archive.
    pub bytes: Vec<u8>,
    /// What a registry says of it: the full reference and the manifest's digest.
    pub pulled: Option<(String, String)>,
    /// Where it was.
    pub url: String,
    /// The signed text beside it, or why there is none; `None` if it was not asked for.
    pub provenance: Option<Result<Vec<u8>, Arc<Error>>>,
}

/// Fetches charts.
#[derive(Clone, Debug)]
pub struct Fetcher {
    /// Where Helm keeps its files.
    pub home: Home,
    /// Who we are.
    pub access: Access,
    /// What is done about signatures.
    pub provenance: Provenance,
}

impl Fetcher {
    /// Somebody who fetches with this configuration, and leaves signatures alone.
    pub fn new(home: Home, access: Access) -> Self {
        Fetcher { home, access, provenance: Provenance::Ignored }
    }

    /// The same, with signatures.
    pub fn with_provenance(self, provenance: Provenance) -> Self {
        Fetcher { provenance, ..self }
    }

    /// Fetches a chart: `oci://HOST/PATH`, a URL, `REPOSITORY/CHART`, or a name in the repository at `repository` if that
    /// is not empty. `version` is a version or a range; empty means the latest.
    pub async fn chart(&self, reference: &str, version: &str, repository: &str) -> Result<Fetched, Error> {
        if reference.starts_with(oci::SCHEME) {
            return self.pull_oci(reference, version).await;
        }
        if !repository.is_empty() {
            let index = http::index(&self.access, repository).await?;
            let entry = index.find(reference, version).map_err(|_| {
                let version =
                    if version.is_empty() { String::new() } else { format!(" version {version:?}") };
                let what = format!("chart {reference:?}{version} not found in {repository} repository");
                Error::Plain(what)
            })?;
            return self.entry(entry, repository, &self.access).await;
        }
        if reference.contains("://") {
            return self.download(reference, None, &self.access).await;
        }
        let (name, chart) = reference.split_once('/').ok_or_else(|| {
            Error::Plain(format!(
                "non-absolute URLs should be in form of repo_name/path_to_chart, got: {reference}"
            ))
        })?;
        let repositories = Repositories::load(&self.home.repositories_file)?;
        let known = repositories.get(name).ok_or_else(|| Error::Plain(format!("repo {name} not found")))?;
        let access = known.access(&self.access);
        if known.url.starts_with(oci::SCHEME) {
            return self.pull_oci(&format!("{}/{chart}", known.url.trim_end_matches('/')), version).await;
        }
        let index = self.home.cached_index(name)?;
        let entry = index.find(chart, version).map_err(|problem| {
            Error::Plain(format!("chart {chart:?} matching {version} not found in {name} index. (try 'naru bundle repo update'): {problem}"))
        })?;
        self.entry(entry, &known.url, &access).await
    }

    /// Fetches what an index entry of the repository at `base` names, and checks its digest.
    pub(crate) async fn entry(&self, entry: &Entry, base: &str, access: &Access) -> Result<Fetched, Error> {
        let url = entry
            .urls
            .first()
            .ok_or_else(|| Error::Plain(format!("chart {:?} has no downloadable URLs", entry.name)))?;
        let url = http::join(base, url)?;
        if url.starts_with(oci::SCHEME) {
            return self.pull_oci(&url, &entry.version).await;
        }
        let digest = (!entry.digest.is_empty()).then_some(entry.digest.as_str());
        let mut access = access.clone();
        if !access.pass_credentials && !http::same_host(base, &url) {
            access.username.clear();
            access.password.clear();
        }
        self.download(&url, digest, &access).await
    }

    async fn download(&self, url: &str, digest: Option<&str>, access: &Access) -> Result<Fetched, Error> {
        let contents = Contents(&self.home.content_cache);
        let bytes = match digest.and_then(|digest| contents.chart(digest)) {
            Some(bytes) => bytes,
            None => checked(http::get(access, url, CHART_BYTES_MAX).await?, url, digest)?,
        };
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let file_name = path.rsplit('/').next().unwrap_or("chart.tgz").to_string();
        let provenance = match self.provenance.is_wanted() {
            true => Some(match contents.provenance(&bytes) {
                Some(text) => Ok(text),
                None => {
                    http::get(access, &format!("{url}.prov"), PROVENANCE_BYTES_MAX).await.map_err(Arc::new)
                }
            }),
            false => None,
        };
        Ok(Fetched { file_name, bytes, pulled: None, url: url.into(), provenance })
    }
}

/// What came from `url`, if it has the digest that the index names.
fn checked(bytes: Vec<u8>, url: &str, digest: Option<&str>) -> Result<Vec<u8>, Error> {
    let Some(wanted) = digest else { return Ok(bytes) };
    let found = hex(&Sha256::digest(&bytes));
    match wanted.trim_start_matches("sha256:") == found {
        true => Ok(bytes),
        false => {
            let reason = format!("its digest is sha256:{found}, the index says {wanted}");
            Err(Error::Fetch { url: url.into(), reason })
        }
    }
}

/// Whether `version` is in `range`; neither is if it is malformed.
pub(crate) fn accepts(range: &str, version: &str) -> bool {
    let range = if range.is_empty() { "*" } else { range };
    match (semver::Version::parse(version), semver::Constraint::parse(range)) {
        (Ok(version), Ok(range)) => range.accepts(&version),
        _ => false,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

pub(crate) fn file_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.display().to_string();
    move |source| Error::File { path, source }
}

/// Writes a file as a whole or not at all.
pub(crate) fn write_file(path: &std::path::Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    use std::{
        io::Write,
        os::unix::fs::OpenOptionsExt,
        sync::atomic::{AtomicU64, Ordering},
    };
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(file_error(parent))?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.{}", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    let temporary = PathBuf::from(temporary);
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(mode).open(&temporary);
    opened
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(file_error(path))
}

//! A chart's dependencies: which versions they resolve to, the lock file, and the archives in `charts/`.

mod download;
mod list;
mod lock;
mod resolve;

use std::path::{Component, Path, PathBuf};

pub use list::Row;
pub(super) use lock::escaped;
pub use lock::lock_digest;
use naru_bundle::chart::{Chart, Dependency};

use super::{Error, Fetcher};

const FILE: &str = "file://";

/// Packs a chart that was loaded from a folder.
pub type Pack = dyn Fn(&Chart, &Path) -> Result<Vec<u8>, String>;

/// Brings a chart's dependencies.
pub struct Manager<'a> {
    /// Fetches.
    pub fetcher: &'a Fetcher,
    /// The chart's folder.
    pub folder: &'a Path,
    /// Loads a chart from a folder, without what it ignores.
    pub load: &'a dyn Fn(&Path) -> Result<Chart, String>,
    /// Packs a chart.
    pub pack: &'a Pack,
    /// Says what happens, line by line.
    pub say: &'a dyn Fn(&str),
    /// Whether indexes that were fetched before are good enough.
    pub skip_refresh: bool,
}

/// A dependency with its version settled.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Locked {
    name: String,
    version: String,
    repository: String,
}

impl From<&Dependency> for Locked {
    fn from(one: &Dependency) -> Self {
        let Dependency { name, version, repository, .. } = one.clone();
        Locked { name, version, repository }
    }
}

impl Locked {
    fn dependency(&self) -> Dependency {
        let Locked { name, version, repository } = self.clone();
        Dependency { name, version, repository, ..Dependency::default() }
    }
}

fn plain(text: impl Into<String>) -> Error {
    Error::Plain(text.into())
}

impl Manager<'_> {
    fn chart(&self) -> Result<Chart, Error> {
        if !self.folder.is_dir() {
            let path = self.folder.display();
            return Err(match self.folder.exists() {
                true => plain("only unpacked charts can be updated"),
                false => plain(format!("could not find {path}: stat {path}: no such file or directory")),
            });
        }
        self.load_charts()
    }

    /// The folder's chart; no other folder has dependencies.
    fn load_charts(&self) -> Result<Chart, Error> {
        let is_text = self.folder.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if self.folder.is_dir() && !self.folder.join("Chart.yaml").exists() {
            return Err(plain("Chart.yaml file is missing"));
        }
        if self.folder.is_file() && is_text {
            return Err(plain(format!(
                "file '{}' seems to be a YAML file, but expected a gzipped archive",
                self.folder.display()
            )));
        }
        (self.load)(self.folder).map_err(plain)
    }

    /// Resolves the dependencies anew, fetches them and writes the lock file.
    ///
    /// # Errors
    /// One of them cannot be found or fetched, or does not count.
    pub async fn update(&self) -> Result<(), Error> {
        let chart = self.chart()?;
        let Some(mut wanted) = chart.metadata.dependencies.clone() else { return Ok(()) };
        let known = self.repositories(&mut wanted)?;
        self.refresh_unknown(&wanted, &known).await?;
        self.refresh(&known).await;
        let mut locked = self.resolve(&wanted, &known).await?;
        self.fetch_all(&mut locked, &known).await?;
        let locked: Vec<Dependency> = locked.iter().map(Locked::dependency).collect();
        let digest = lock_digest(&wanted, &locked)?;
        if chart.lock.as_ref().is_some_and(|lock| lock.digest == digest) {
            return Ok(());
        }
        lock::write(self.folder, &chart, &locked, &digest)
    }

    /// Fetches what the lock file names; without one, the same as [`Manager::update`].
    ///
    /// # Errors
    /// The lock file is of other dependencies, its repositories are not known, or one of them cannot be fetched or does
    /// not count.
    pub async fn build(&self) -> Result<(), Error> {
        let chart = self.chart()?;
        let Some(lock) = &chart.lock else { return self.update().await };
        let mut wanted = chart.metadata.dependencies.clone().unwrap_or_default();
        let before = lock::lock_digest_v2(&wanted)?;
        let known = self.repositories(&mut wanted)?;
        if lock_digest(&wanted, &lock.dependencies)? != lock.digest {
            let (lock_file, file) = lock::file_names(&chart);
            let problem = format!(
                "the lock file ({lock_file}) is out of sync with the dependencies file ({file}). Please update the \
                 dependencies"
            );
            match chart.metadata.api_version.as_str() {
                "v1" if before == lock.digest => {}
                "v1" => return Err(plain(problem)),
                _ => return Err(plain(format!("{problem} with 'naru bundle dependency update'"))),
            }
        }
        let unknown: Vec<&str> = lock
            .dependencies
            .iter()
            .map(|one| one.repository.as_str())
            .filter(|url| resolve::is_web(url) && known.by_url(url).is_none())
            .collect();
        if !unknown.is_empty() {
            return Err(plain(format!(
                "no repository definition for {}. Please add the missing repos via 'naru bundle repo add'",
                unknown.join(", ")
            )));
        }
        self.refresh(&known).await;
        let mut locked: Vec<Locked> = lock.dependencies.iter().map(Locked::from).collect();
        self.fetch_all(&mut locked, &known).await
    }

    /// A folder named from the chart's.
    fn beside(&self, path: &str) -> Result<PathBuf, Error> {
        let folder = clean(&self.folder.join(path));
        match folder.exists() {
            true => Ok(folder),
            false => Err(plain(format!("directory {} not found", folder.display()))),
        }
    }
}

/// A path without `.` and, where that only takes a name away, without `..`.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

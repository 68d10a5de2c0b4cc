//! From wishes to versions: repositories by name or URL, their indexes, and the first version that is in each range.

use naru_bundle::{chart::Dependency, semver};
use sha2::{Digest, Sha256};

use super::{
    super::{Error, Index, Repositories, Repository, accepts, hex, oci},
    FILE, Locked, Manager, plain,
};

/// What the indexes of repositories that were not added are kept as: this, and the digest of the URL.
const UNKNOWN: &str = "helm-manager-";

/// Whether a dependency comes from a chart repository on the web.
pub(super) fn is_web(url: &str) -> bool {
    !(url.is_empty() || url.starts_with(FILE) || url.starts_with(oci::SCHEME))
}

/// What the index of the repository at `url` is kept as.
fn index_name(known: &Repositories, url: &str) -> String {
    match known.by_url(url) {
        Some(repository) => repository.name.clone(),
        None => format!("{UNKNOWN}{}", hex(&Sha256::digest(url.as_bytes()))),
    }
}

impl Manager<'_> {
    /// The repositories that were added; `@name` and `alias:name` become their URLs.
    pub(super) fn repositories(&self, wanted: &mut [Dependency]) -> Result<Repositories, Error> {
        let known = Repositories::load(&self.fetcher.home.repositories_file)?;
        let mut missing = Vec::new();
        for one in wanted.iter_mut() {
            if let Some(path) = one.repository.strip_prefix(FILE) {
                self.beside(path)?;
            }
            let alias = one.repository.strip_prefix('@').or_else(|| one.repository.strip_prefix("alias:"));
            match alias.map(|alias| known.get(alias)) {
                Some(Some(found)) => one.repository.clone_from(&found.url),
                Some(None) => missing.push(one.repository.clone()),
                None if !is_web(&one.repository) || known.by_url(&one.repository).is_some() => {}
                None if one.repository.contains("://") || one.repository.starts_with('/') => {}
                None => missing.push(one.repository.clone()),
            }
        }
        if missing.is_empty() {
            return Ok(known);
        }
        let mut problem = format!(
            "no repository definition for {}. Please add them via 'naru bundle repo add'",
            missing.join(", ")
        );
        let is_name =
            |one: &String| !one.contains("//") && !one.starts_with('@') && !one.starts_with("alias:");
        if missing.iter().any(is_name) {
            problem.push_str(
                "\nNote that repositories must be URLs or aliases. For example, to refer to the \"example\"\n\
                 repository, use \"https://charts.example.com/\" or \"@example\" instead of\n\
                 \"example\". Don't forget to add the repo, too ('naru bundle repo add').",
            );
        }
        Err(plain(problem))
    }

    /// Fetches the indexes of repositories that were not added.
    pub(super) async fn refresh_unknown(
        &self,
        wanted: &[Dependency],
        known: &Repositories,
    ) -> Result<(), Error> {
        let mut urls: Vec<&str> = wanted
            .iter()
            .map(|one| one.repository.as_str())
            .filter(|url| is_web(url) && known.by_url(url).is_none())
            .collect();
        urls.dedup_by_key(|url| url.trim_end_matches('/'));
        if self.skip_refresh || urls.is_empty() {
            return Ok(());
        }
        (self.say)("Getting updates for unmanaged Helm repositories...");
        for url in urls {
            let repository =
                Repository { name: index_name(known, url), url: url.into(), ..Repository::default() };
            match self.fetcher.refresh(&repository).await {
                Ok(_) => self.say_updated(url),
                Err(error) => (self.say)(&format!(
                    "...Unable to get an update from the {url:?} chart repository:\n\t{}",
                    crate::cluster::chain(error.reason())
                )),
            }
        }
        Ok(())
    }

    /// Fetches the indexes of those that were.
    pub(super) async fn refresh(&self, known: &Repositories) {
        if self.skip_refresh || known.repositories.is_empty() {
            return;
        }
        (self.say)("Hang tight while we grab the latest from your chart repositories...");
        for repository in &known.repositories {
            match self.fetcher.refresh(repository).await {
                Ok(_) => self.say_updated(&repository.name),
                Err(error) => (self.say)(&format!(
                    "...Unable to get an update from the {:?} chart repository ({}):\n\t{}",
                    repository.name,
                    repository.url,
                    crate::cluster::chain(error.reason())
                )),
            }
        }
        (self.say)("Update Complete. ⎈Happy Helming!⎈");
    }

    fn say_updated(&self, name: &str) {
        (self.say)(&format!("...Successfully got an update from the {name:?} chart repository"));
    }

    /// The index of the repository at `url` as it was fetched last.
    pub(super) fn index(&self, known: &Repositories, url: &str) -> Result<Index, Error> {
        let name = index_name(known, url);
        let path = self.fetcher.home.index_file(&name);
        if !path.exists() {
            return Err(plain(format!(
                "no cached repository for {name} found. (try 'naru bundle repo update'): open {}: no such file or \
                 directory",
                path.display()
            )));
        }
        self.fetcher.home.cached_index(&name)
    }

    /// Settles the versions.
    pub(super) async fn resolve(
        &self,
        wanted: &[Dependency],
        known: &Repositories,
    ) -> Result<Vec<Locked>, Error> {
        let mut locked = Vec::new();
        let mut missing = Vec::new();
        for one in wanted {
            check_range(one)?;
            match self.version(one, known).await? {
                Some(version) => locked.push(Locked { version, ..Locked::from(one) }),
                None => missing.push(format!(
                    "{:?} (repository {:?}, version {:?})",
                    one.name, one.repository, one.version
                )),
            }
        }
        match missing.len() {
            0 => Ok(locked),
            count => Err(plain(format!(
                "can't get a valid version for {count} subchart(s): {}. Make sure a matching chart version exists in the repo, \
                 or change the version constraint in Chart.yaml",
                missing.join(", ")
            ))),
        }
    }

    async fn version(&self, one: &Dependency, known: &Repositories) -> Result<Option<String>, Error> {
        match one.repository.as_str() {
            "" => {
                self.beside(&format!("charts/{}", one.name))?;
                Ok(Some(one.version.clone()))
            }
            url if url.starts_with(FILE) => {
                let folder = self.beside(url.trim_start_matches(FILE))?;
                let version = (self.load)(&folder).map_err(plain)?.metadata.version;
                Ok(accepts(&one.version, &version).then_some(version))
            }
            url if url.starts_with(oci::SCHEME) => self.resolve_oci(one, url).await.map(Some),
            url => {
                let index = self.index(known, url)?;
                if !index.entries.contains_key(&one.name) {
                    return Err(plain(format!("{} chart not found in repo {url}", one.name)));
                }
                let found = index
                    .versions(&one.name)
                    .find(|entry| !entry.urls.is_empty() && accepts(&one.version, &entry.version));
                Ok(found.map(|entry| entry.version.clone()))
            }
        }
    }

    /// The version in a registry; the range itself if there is none, which the registry will say no to.
    async fn resolve_oci(&self, one: &Dependency, url: &str) -> Result<String, Error> {
        if semver::Version::parse(&one.version).is_ok() {
            return Ok(one.version.clone());
        }
        let reference = oci::Reference::parse(&format!("{}/{}", url.trim_end_matches('/'), one.name))?;
        let versions = self.fetcher.oci_versions(&reference).await?;
        let found = versions.into_iter().find(|version| accepts(&one.version, version));
        Ok(found.unwrap_or_else(|| one.version.clone()))
    }
}

/// Refuses a range that is none.
fn check_range(one: &Dependency) -> Result<(), Error> {
    let problem = match semver::Constraint::parse(&one.version) {
        _ if one.version.is_empty() => "improper constraint: \"\"".to_string(),
        Err(error) => error.to_string(),
        Ok(_) => return Ok(()),
    };
    Err(plain(format!("dependency {:?} has an invalid version/constraint format: {problem}", one.name)))
}

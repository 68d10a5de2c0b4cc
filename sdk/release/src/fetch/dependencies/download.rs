//! From settled versions to the archives in `charts/`: everything is fetched first, then put there, then what is outdated
//! goes.

use std::{collections::HashSet, fs, path::PathBuf};

use naru_bundle::{chart::Chart, semver::Version};

use super::{
    super::{Entry, Error, Fetched, Repositories, accepts, file_error, http, oci, write_file},
    FILE, Locked, Manager, plain,
};

/// A chart's archive and what its file is called.
type Archive = (String, Vec<u8>);

impl Manager<'_> {
    /// Fetches everything, then puts it into `charts/` and removes what is outdated there.
    pub(super) async fn fetch_all(&self, locked: &mut [Locked], known: &Repositories) -> Result<(), Error> {
        let charts = self.charts()?;
        (self.say)(&format!("Saving {} charts", locked.len()));
        let mut archives = Vec::new();
        let mut urls = HashSet::new();
        for one in locked.iter_mut() {
            let brought = match one.repository.as_str() {
                "" => {
                    (self.say)(&format!(
                        "Dependency {} did not declare a repository. Assuming it exists in the charts directory",
                        one.name
                    ));
                    self.check_own(one).map(|()| None)
                }
                url if url.starts_with(FILE) => {
                    let packed = self.pack_beside(one, url);
                    packed.map(|(version, archive)| {
                        one.version = version;
                        Some(archive)
                    })
                }
                _ => self.fetch(one, known, &mut urls).await,
            };
            let archive =
                brought.inspect_err(|error| (self.say)(&format!("Save error occurred:  {error}")))?;
            archives.extend(archive);
        }
        self.put(&charts, locked, &archives)
    }

    fn charts(&self) -> Result<PathBuf, Error> {
        let charts = self.folder.join("charts");
        match charts.is_dir() || !charts.exists() {
            true => fs::create_dir_all(&charts).map_err(file_error(&charts)).map(|()| charts),
            false => Err(plain(format!("{:?} is not a directory", charts.display().to_string()))),
        }
    }

    /// Whether the chart that lies in `charts/` is of the version that is wanted.
    fn check_own(&self, one: &Locked) -> Result<(), Error> {
        let folder = self.folder.join("charts").join(&one.name);
        let chart = (self.load)(&folder)
            .map_err(|error| plain(format!("unable to load chart '{}': {error}", folder.display())))?;
        let version = &chart.metadata.version;
        match accepts(&one.version, version) {
            true => Ok(()),
            false => Err(plain(format!(
                "dependency {} at version {version} does not satisfy the constraint {}",
                one.name, one.version
            ))),
        }
    }

    fn pack_beside(&self, one: &Locked, url: &str) -> Result<(String, Archive), Error> {
        let folder = self.beside(url.trim_start_matches(FILE))?;
        let chart = (self.load)(&folder).map_err(plain)?;
        let version = chart.metadata.version.clone();
        if !accepts(&one.version, &version) {
            return Err(plain(format!("can't get a valid version for dependency {}", one.name)));
        }
        let bytes = (self.pack)(&chart, &folder).map_err(plain)?;
        Ok((version.clone(), (format!("{}-{version}.tgz", chart.metadata.name), bytes)))
    }

    /// From a repository or a registry; `None` if `urls` has it already.
    async fn fetch(
        &self,
        one: &Locked,
        known: &Repositories,
        urls: &mut HashSet<String>,
    ) -> Result<Option<Archive>, Error> {
        let Locked { name, version, repository } = one;
        let downloading = || (self.say)(&format!("Downloading {name} from repo {repository}"));
        let (url, fetched) = if repository.starts_with(oci::SCHEME) {
            downloading();
            let url = format!("{}/{name}", repository.trim_end_matches('/'));
            let fetched = self.fetcher.pull_oci(&url, version).await;
            (url, fetched)
        } else {
            let (entry, url) = self.entry(one, known).await?;
            if !urls.insert(url.clone()) {
                (self.say)(&format!("Already downloaded {name} from repo {repository}"));
                return Ok(None);
            }
            downloading();
            let access = known
                .by_url(repository)
                .map_or_else(|| self.fetcher.access.clone(), |known| known.access(&self.fetcher.access));
            let fetched = self.fetcher.entry(&entry, repository, &access).await;
            (url, fetched)
        };
        let fetched = fetched.and_then(|fetched| self.verified(fetched, &url));
        let fetched = fetched.map_err(|error| plain(format!("could not download {url}: {error}")))?;
        Ok(Some((fetched.file_name, fetched.bytes)))
    }

    fn verified(&self, fetched: Fetched, url: &str) -> Result<Fetched, Error> {
        // A registry is asked once for the chart, and once for what vouches for it.
        let answers = 1 + usize::from(matches!(fetched.provenance, Some(Ok(_))));
        for (reference, digest) in
            fetched.pulled.iter().cycle().take(answers * usize::from(fetched.pulled.is_some()))
        {
            (self.say)(&format!("Pulled: {reference}\nDigest: {digest}"));
        }
        fetched.verify(&self.fetcher.provenance, url, self.say)?;
        Ok(fetched)
    }

    /// The entry of exactly this version in its repository's index, and its URL.
    async fn entry(&self, one: &Locked, known: &Repositories) -> Result<(Entry, String), Error> {
        let Locked { name, version, repository } = one;
        let is_known = known.by_url(repository).is_some();
        let index = match is_known {
            true => self.index(known, repository)?,
            false => http::index(&self.fetcher.access, repository).await?,
        };
        let same = |entry: &&Entry| {
            let equal = matches!(
                (Version::parse(version), Version::parse(&entry.version)),
                (Ok(a), Ok(b)) if a == b
            );
            !entry.urls.is_empty() && (version.is_empty() || equal || *version == entry.version)
        };
        let found = index.versions(name).find(same);
        let missing = match (is_known, index.entries.contains_key(name)) {
            (true, false) => "could not find : entry not found".into(),
            (true, true) => "could not find : no matching version".into(),
            (false, _) => format!(
                "could not find : chart {name} not found in {repository}: chart {name:?} version {version:?} not found in {repository} repository"
            ),
        };
        let entry = found.ok_or_else(|| plain(missing))?.clone();
        let url = http::join(repository, &entry.urls[0])?;
        Ok((entry, url))
    }

    fn put(&self, charts: &std::path::Path, locked: &[Locked], archives: &[Archive]) -> Result<(), Error> {
        for (file, bytes) in archives {
            write_file(&charts.join(file), bytes, 0o644)?;
        }
        (self.say)("Deleting outdated charts");
        let kept: HashSet<&str> = archives.iter().map(|(file, _)| file.as_str()).collect();
        let own: HashSet<&str> =
            locked.iter().filter(|one| one.repository.is_empty()).map(|one| one.name.as_str()).collect();
        for entry in fs::read_dir(charts).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if !name.ends_with(".tgz") || kept.contains(name.as_str()) {
                continue;
            }
            // Only what is a chart is ours to remove.
            let chart =
                fs::read(&path).ok().and_then(|bytes| Chart::from_archive(&bytes, &mut Vec::new()).ok());
            if chart.is_some_and(|chart| !own.contains(chart.metadata.name.as_str())) {
                fs::remove_file(&path).map_err(file_error(&path))?;
            }
        }
        Ok(())
    }
}

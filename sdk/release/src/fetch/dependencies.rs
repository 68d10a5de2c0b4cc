//! A chart's dependencies: which versions they resolve to, the lock file, and the archives in `charts/`.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use naru_bundle::{
    chart::{Chart, Dependency},
    json, yaml,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Error, Fetcher, Index, Repositories, accepts, file_error, hex, http, oci, write_file};
use crate::record::Time;

const FILE: &str = "file://";

/// Brings a chart's dependencies.
pub struct Manager<'a> {
    /// Fetches.
    pub fetcher: &'a Fetcher,
    /// The chart's folder.
    pub folder: &'a Path,
    /// Loads a chart from a folder, without what it ignores.
    pub load: &'a dyn Fn(&Path) -> Result<Chart, String>,
    /// Packs a chart.
    pub pack: &'a dyn Fn(&Chart) -> Result<Vec<u8>, String>,
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

/// A line of `dependency list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The dependency's name.
    pub name: String,
    /// The range.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// `ok`, `missing`, `unpacked`, `wrong version`...
    pub status: &'static str,
}

/// The digest by which Helm sees whether a lock file still belongs to a chart.
pub fn lock_digest(wanted: &[Dependency], locked: &[Dependency]) -> Result<String, Error> {
    let list = |all: &[Dependency]| -> Result<Vec<Value>, Error> { all.iter().map(ordered).collect() };
    let text = escaped(&json!([list(wanted)?, list(locked)?]).to_string());
    Ok(format!("sha256:{}", hex(&Sha256::digest(text.as_bytes()))))
}

/// A dependency with its fields in the order in which Go writes them.
fn ordered(one: &Dependency) -> Result<Value, Error> {
    let mut fields = serde_json::Map::new();
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            fields.insert(name.into(), json!(value));
        }
    };
    text("name", &one.name);
    text("version", &one.version);
    fields.entry("name").or_insert(json!(""));
    fields.insert("repository".into(), json!(one.repository));
    if !one.condition.is_empty() {
        fields.insert("condition".into(), json!(one.condition));
    }
    if !one.tags.is_empty() {
        fields.insert("tags".into(), json!(one.tags));
    }
    if one.enabled {
        fields.insert("enabled".into(), json!(true));
    }
    if !one.import_values.is_empty() {
        let plain = |error: &dyn std::fmt::Display| Error::Plain(error.to_string());
        let values = naru_bundle::value::Value::list(one.import_values.iter().cloned());
        let values = json::write(&values, json::Style::Raw).map_err(|error| plain(&error))?;
        let values: Value = serde_json::from_str(&values).map_err(|error| plain(&error))?;
        fields.insert("import-values".into(), values);
    }
    if !one.alias.is_empty() {
        fields.insert("alias".into(), json!(one.alias));
    }
    Ok(Value::Object(fields))
}

/// JSON text as Go escapes it; only strings hold these letters.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
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
        (self.load)(self.folder).map_err(plain)
    }

    /// Resolves the dependencies anew, fetches them and writes the lock file.
    pub async fn update(&self) -> Result<(), Error> {
        let chart = self.chart()?;
        let Some(mut wanted) = chart.metadata.dependencies.clone() else { return Ok(()) };
        let known = self.repositories(&mut wanted)?;
        let indexes = self.indexes(&wanted, &known).await?;
        let mut locked = self.resolve(&wanted, &indexes).await?;
        self.fetch_all(&mut locked, &indexes, &known).await?;
        let locked = as_dependencies(&locked);
        let digest = lock_digest(&wanted, &locked)?;
        if chart.lock.as_ref().is_some_and(|lock| lock.digest == digest) {
            return Ok(());
        }
        self.write_lock(&chart, &locked, &digest)
    }

    /// Fetches what the lock file names; without one, the same as [`Manager::update`].
    pub async fn build(&self) -> Result<(), Error> {
        let chart = self.chart()?;
        let Some(lock) = &chart.lock else { return self.update().await };
        let mut wanted = chart.metadata.dependencies.clone().unwrap_or_default();
        let known = self.repositories(&mut wanted)?;
        if lock_digest(&wanted, &lock.dependencies)? != lock.digest {
            let (lock_file, file) = match chart.metadata.api_version.as_str() {
                "v1" => ("requirements.lock", "requirements.yaml"),
                _ => ("Chart.lock", "Chart.yaml"),
            };
            return Err(plain(format!(
                "the lock file ({lock_file}) is out of sync with the dependencies file ({file}). Please update the \
                 dependencies with 'naru bundle dependency update'"
            )));
        }
        let indexes = self.indexes(&lock.dependencies, &known).await?;
        let mut locked: Vec<Locked> = lock
            .dependencies
            .iter()
            .map(|one| Locked {
                name: one.name.clone(),
                version: one.version.clone(),
                repository: one.repository.clone(),
            })
            .collect();
        self.fetch_all(&mut locked, &indexes, &known).await
    }

    /// How each dependency stands.
    pub fn list(&self) -> Result<Vec<Row>, Error> {
        if !self.folder.exists() {
            return Err(plain(format!("stat {}: no such file or directory", self.folder.display())));
        }
        let chart = (self.load)(self.folder).map_err(plain)?;
        let all = chart.metadata.dependencies.unwrap_or_default();
        let status = |one: &Dependency| Row {
            name: one.name.clone(),
            version: one.version.clone(),
            repository: one.repository.clone(),
            status: self.status(one),
        };
        Ok(all.iter().map(status).collect())
    }

    fn status(&self, one: &Dependency) -> &'static str {
        let charts = self.folder.join("charts");
        let archives: Vec<PathBuf> = archives_of(&charts, &one.name);
        match archives.as_slice() {
            [] => {}
            [archive] => {
                let chart = fs::read(archive)
                    .ok()
                    .and_then(|bytes| Chart::from_archive(&bytes, &mut Vec::new()).ok());
                return match chart {
                    None => "corrupt",
                    Some(chart) if chart.metadata.name != one.name => "misnamed",
                    Some(chart) if !accepts(&one.version, &chart.metadata.version) => "wrong version",
                    Some(_) => "ok",
                };
            }
            _ => return "too many matches",
        }
        let folder = charts.join(&one.name);
        if !folder.is_dir() {
            return "missing";
        }
        match (self.load)(&folder) {
            Err(_) => "corrupt",
            Ok(chart) if chart.metadata.name != one.name => "misnamed",
            Ok(chart) if !accepts(&one.version, &chart.metadata.version) => "wrong version",
            Ok(_) => "unpacked",
        }
    }

    /// The repositories that were added; `@name` and `alias:name` become their URLs.
    fn repositories(&self, wanted: &mut [Dependency]) -> Result<Repositories, Error> {
        let known = Repositories::load(&self.fetcher.home.repositories_file)?;
        for one in wanted {
            let alias = one.repository.strip_prefix('@').or_else(|| one.repository.strip_prefix("alias:"));
            if let Some(alias) = alias {
                let found = known.get(alias);
                one.repository = found
                    .ok_or_else(|| {
                        plain(format!(
                            "no repository definition for {}. Please add them via 'naru bundle repo add'",
                            one.repository
                        ))
                    })?
                    .url
                    .clone();
            }
        }
        Ok(known)
    }

    /// The indexes of all chart repositories that are needed, by URL.
    async fn indexes(
        &self,
        wanted: &[Dependency],
        known: &Repositories,
    ) -> Result<BTreeMap<String, Index>, Error> {
        let needed = |url: &str| !(url.is_empty() || url.starts_with(FILE) || url.starts_with(oci::SCHEME));
        let mut indexes = BTreeMap::new();
        let got = |name: &str| {
            (self.say)(&format!("...Successfully got an update from the {name:?} chart repository"))
        };
        for url in wanted.iter().map(|one| one.repository.as_str()).filter(|url| needed(url)) {
            if known.by_url(url).is_some() || indexes.contains_key(url) {
                continue;
            }
            if indexes.is_empty() {
                (self.say)("Getting updates for unmanaged Helm repositories...");
            }
            let index = http::index(&self.fetcher.access, url).await?;
            got(url);
            indexes.insert(url.to_string(), index);
        }
        if !self.skip_refresh && !known.repositories.is_empty() {
            (self.say)("Hang tight while we grab the latest from your chart repositories...");
            for repository in &known.repositories {
                match self.fetcher.refresh(repository).await {
                    Ok(_) => got(&repository.name),
                    Err(error) => (self.say)(&format!(
                        "...Unable to get an update from the {:?} chart repository ({}):\n\t{}",
                        repository.name,
                        repository.url,
                        crate::cluster::chain(&error)
                    )),
                }
            }
            (self.say)("Update Complete. ⎈Happy Helming!⎈");
        }
        for url in wanted.iter().map(|one| one.repository.as_str()).filter(|url| needed(url)) {
            if let Some(repository) = known.by_url(url) {
                indexes.insert(url.to_string(), self.fetcher.home.cached_index(&repository.name)?);
            }
        }
        Ok(indexes)
    }

    async fn resolve(
        &self,
        wanted: &[Dependency],
        indexes: &BTreeMap<String, Index>,
    ) -> Result<Vec<Locked>, Error> {
        let mut locked = Vec::new();
        let mut missing = Vec::new();
        for one in wanted {
            let version = match one.repository.as_str() {
                "" => {
                    self.beside(&format!("charts/{}", one.name))?;
                    Some(one.version.clone())
                }
                url if url.starts_with(FILE) => {
                    let folder = self.beside(url.trim_start_matches(FILE))?;
                    let version = (self.load)(&folder).map_err(plain)?.metadata.version;
                    accepts(&one.version, &version).then_some(version)
                }
                url if url.starts_with(oci::SCHEME) => self.resolve_oci(one, url).await?,
                url => indexes[url]
                    .versions(&one.name)
                    .find(|entry| !entry.urls.is_empty() && accepts(&one.version, &entry.version))
                    .map(|entry| entry.version.clone()),
            };
            match version {
                Some(version) => locked.push(Locked {
                    name: one.name.clone(),
                    version,
                    repository: one.repository.clone(),
                }),
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

    async fn resolve_oci(&self, one: &Dependency, url: &str) -> Result<Option<String>, Error> {
        if naru_bundle::semver::Version::parse(&one.version).is_ok() {
            return Ok(Some(one.version.clone()));
        }
        let reference = oci::Reference::parse(&format!("{}/{}", url.trim_end_matches('/'), one.name))?;
        let versions = self.fetcher.oci_versions(&reference).await?;
        Ok(versions.into_iter().find(|version| accepts(&one.version, version)))
    }

    /// A folder named from the chart's.
    fn beside(&self, path: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.join(path);
        if folder.exists() {
            Ok(folder)
        } else {
            Err(plain(format!("directory {} not found", folder.display())))
        }
    }

    /// Fetches everything, then puts it into `charts/` and removes what is outdated there.
    async fn fetch_all(
        &self,
        locked: &mut [Locked],
        indexes: &BTreeMap<String, Index>,
        known: &Repositories,
    ) -> Result<(), Error> {
        (self.say)(&format!("Saving {} charts", locked.len()));
        let mut archives = Vec::new();
        for one in locked.iter_mut() {
            let Locked { name, version, repository } = &one;
            let fetched = match repository.as_str() {
                "" => {
                    (self.say)(&format!(
                        "Dependency {name} did not declare a repository. Assuming it exists in the charts directory"
                    ));
                    continue;
                }
                url if url.starts_with(FILE) => {
                    let folder = self.beside(url.trim_start_matches(FILE))?;
                    let chart = (self.load)(&folder).map_err(plain)?;
                    let bytes = (self.pack)(&chart).map_err(plain)?;
                    let file = format!("{}-{}.tgz", chart.metadata.name, chart.metadata.version);
                    one.version = chart.metadata.version;
                    archives.push((file, bytes));
                    continue;
                }
                url => {
                    (self.say)(&format!("Downloading {name} from repo {url}"));
                    if url.starts_with(oci::SCHEME) {
                        let reference = format!("{}/{name}", url.trim_end_matches('/'));
                        self.fetcher.pull_oci(&reference, version).await?
                    } else {
                        let access = known.by_url(url).map_or_else(
                            || self.fetcher.access.clone(),
                            |known| known.access(&self.fetcher.access),
                        );
                        let entry = indexes[url].find(name, version).map_err(|problem| {
                            plain(format!("could not find {name} {version}: {problem} in {url}"))
                        })?;
                        self.fetcher.entry(entry, url, &access).await?
                    }
                }
            };
            archives.push((fetched.file_name, fetched.bytes));
        }
        self.put(locked, &archives)
    }

    fn put(&self, locked: &[Locked], archives: &[(String, Vec<u8>)]) -> Result<(), Error> {
        let charts = self.folder.join("charts");
        for (file, bytes) in archives {
            write_file(&charts.join(file), bytes, 0o644)?;
        }
        (self.say)("Deleting outdated charts");
        let kept: HashSet<&str> = archives.iter().map(|(file, _)| file.as_str()).collect();
        let own: HashSet<&str> =
            locked.iter().filter(|one| one.repository.is_empty()).map(|one| one.name.as_str()).collect();
        for entry in fs::read_dir(&charts).into_iter().flatten().flatten() {
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

    fn write_lock(&self, chart: &Chart, locked: &[Dependency], digest: &str) -> Result<(), Error> {
        let dependencies: Vec<Value> = locked
            .iter()
            .map(|one| json!({"name": one.name, "repository": one.repository, "version": one.version}))
            .collect();
        let now = Time::from(&jiff::Zoned::now());
        let text = json!({"dependencies": dependencies, "digest": digest, "generated": now}).to_string();
        let value = yaml::read_exact(text.as_bytes()).map_err(|error| plain(error.to_string()))?;
        let text = yaml::write(&value).map_err(|error| plain(error.to_string()))?;
        let file = if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
        write_file(&self.folder.join(file), text.as_bytes(), 0o644)
    }
}

fn as_dependencies(locked: &[Locked]) -> Vec<Dependency> {
    locked
        .iter()
        .map(|one| Dependency {
            name: one.name.clone(),
            version: one.version.clone(),
            repository: one.repository.clone(),
            ..Dependency::default()
        })
        .collect()
}

/// The archives in a folder that may be of this chart: `NAME-VERSION.tgz`.
fn archives_of(folder: &Path, name: &str) -> Vec<PathBuf> {
    let fits = |file: &str| {
        let version = file.strip_suffix(".tgz").and_then(|stem| stem.strip_prefix(name)?.strip_prefix('-'));
        version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| fits(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_over_gos_json() {
        let one = |version: &str| Dependency {
            name: "a".into(),
            version: version.into(),
            repository: "http://r".into(),
            ..Dependency::default()
        };
        let text = r#"[[{"name":"a","version":"\u003e=1","repository":"http://r"}],[{"name":"a","version":"1.2.3","repository":"http://r"}]]"#;
        let expected = format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())));
        assert_eq!(lock_digest(&[one(">=1")], &[one("1.2.3")]).unwrap(), expected);
    }
}

//! The index of a chart repository.

use std::collections::BTreeMap;

use naru_bundle::{json, semver::Version, yaml};
use serde::Deserialize;

use super::{Error, accepts};

/// One version of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// The chart's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// Where it is, absolute or below the repository.
    pub urls: Vec<String>,
    /// The archive's SHA-256; empty if the index does not say.
    pub digest: String,
}

/// All charts of a repository, each with its versions, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Index {
    /// By the charts' names.
    pub entries: BTreeMap<String, Vec<Option<Entry>>>,
}

impl Index {
    /// Reads an index.
    pub fn parse(bytes: &[u8]) -> Result<Index, Error> {
        let plain = |error: &dyn std::fmt::Display| Error::Plain(format!("error loading the index: {error}"));
        let value = yaml::read(bytes).map_err(|error| plain(&error))?;
        let text = json::write(&value, json::Style::Raw).map_err(|error| plain(&error))?;
        let with_version: serde_json::Value = serde_json::from_str(&text).map_err(|error| plain(&error))?;
        if with_version["apiVersion"].as_str().is_none_or(str::is_empty) {
            return Err(Error::Plain("no API version specified".into()));
        }
        let mut index: Index = serde_json::from_value(with_version).map_err(|error| plain(&error))?;
        for versions in index.entries.values_mut() {
            let key =
                |entry: &Option<Entry>| entry.as_ref().and_then(|entry| Version::parse(&entry.version).ok());
            versions.retain(Option::is_some);
            versions.sort_by_key(|entry| std::cmp::Reverse(key(entry)));
        }
        Ok(index)
    }

    /// The versions of a chart, newest first.
    pub fn versions(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.entries.get(name).into_iter().flatten().flatten()
    }

    /// The entry for exactly this version, else the newest in this range; an empty range takes the newest stable one.
    /// The failure says what is not there.
    pub fn find(&self, name: &str, version: &str) -> Result<&Entry, String> {
        let exact = self.versions(name).find(|entry| !version.is_empty() && entry.version == version);
        exact.or_else(|| self.versions(name).find(|entry| accepts(version, &entry.version))).ok_or_else(
            || match self.entries.contains_key(name) {
                true => format!("no chart version found for {name}-{version}"),
                false => "no chart name found".into(),
            },
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, urls: [web-1.0.0.tgz]}\n  - {name: web, version: 2.0.0-rc1, urls: [web-2.tgz]}\n  -\n  - {name: web, version: 1.10.0, urls: [web-1.10.tgz], digest: ab}\n";

    #[test]
    fn versions_are_found() {
        let index = Index::parse(TEXT.as_bytes()).unwrap();
        for (version, expected) in [
            ("", Some("1.10.0")),
            ("1.0.0", Some("1.0.0")),
            ("~1.0", Some("1.0.0")),
            (">0.0.0-0", Some("2.0.0-rc1")),
            ("2.0.0-rc1", Some("2.0.0-rc1")),
            (">2", None),
        ] {
            let found = index.find("web", version).ok().map(|entry| entry.version.as_str());
            assert_eq!(found, expected, "{version}");
        }
        assert!(index.find("other", "").is_err());
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for (text, expected) in
            [("entries: {}", "no API version specified"), ("a: [", "error loading the index")]
        {
            assert!(Index::parse(text.as_bytes()).unwrap_err().to_string().contains(expected), "{text}");
        }
    }
}

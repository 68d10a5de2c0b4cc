//! The index of a folder of chart archives: what makes a folder a chart repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Zoned;
use naru_bundle::{chart::Chart, json, semver::Version, yaml};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{CHART_BYTES_MAX, Error, INDEX_BYTES_MAX, file_error, hex, http, write_file};
use crate::record::{Time, chart};

/// The index's file.
const INDEX_FILE: &str = "index.yaml";

/// How a folder is indexed.
#[derive(Clone, Debug, Default)]
pub struct Indexing {
    /// Where the folder will be served; empty leaves the archives' names as they are.
    pub url: String,
    /// An index whose entries are kept; it is made if it is not there.
    pub merge: Option<PathBuf>,
    /// Whether the file holds JSON.
    pub json: bool,
}

/// Writes the index of the archives in `folder` and in the folders in it.
///
/// # Errors
/// An archive that is no chart; a file that cannot be read or written.
pub fn index_folder(folder: &Path, how: &Indexing) -> Result<(), Error> {
    let now = Time::from(&Zoned::now()).rfc3339();
    let mut entries: Map<String, Value> = Map::new();
    for (path, relative) in archives(folder)? {
        let entry = entry(&path, &relative, &how.url, &now)?;
        add(&mut entries, entry);
    }
    if let Some(path) = &how.merge {
        for entry in entries_of(path)? {
            add(&mut entries, entry);
        }
    }
    for versions in entries.values_mut().filter_map(Value::as_array_mut) {
        versions.sort_by_key(|one| {
            std::cmp::Reverse(Version::parse(one["version"].as_str().unwrap_or_default()).ok())
        });
    }
    entries.sort_keys();
    let index = json!({"apiVersion": "v1", "generated": now, "entries": entries});
    let text = match how.json {
        true => serde_json::to_string_pretty(&index).expect("a JSON value is always valid JSON"),
        false => {
            let value = yaml::read_exact(index.to_string().as_bytes()).map_err(|error| plain(&error))?;
            yaml::write(&value).map_err(|error| plain(&error))?
        }
    };
    write_file(&folder.join(INDEX_FILE), text.as_bytes(), 0o644)
}

fn plain(error: &dyn std::fmt::Display) -> Error {
    Error::Plain(error.to_string())
}

/// The archives in a folder and in the folders in it: where they are, and their paths seen from it.
fn archives(folder: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut found = Vec::new();
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(file_error(folder))? {
        let path = entry.map_err(file_error(folder))?.path();
        if path.is_dir() { folders.push(path) } else { found.push(path) }
    }
    for inner in folders {
        for entry in fs::read_dir(&inner).map_err(file_error(&inner))? {
            found.push(entry.map_err(file_error(&inner))?.path());
        }
    }
    found.retain(|path| path.extension().is_some_and(|own| own == "tgz"));
    found.sort();
    let relative = |path: PathBuf| {
        let seen = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        (path, seen)
    };
    Ok(found.into_iter().map(relative).collect())
}

fn entry(path: &Path, relative: &str, url: &str, now: &str) -> Result<Value, Error> {
    let length = fs::metadata(path).map_err(file_error(path))?.len();
    if length > CHART_BYTES_MAX as u64 {
        return Err(Error::Plain(format!("{} is larger than {CHART_BYTES_MAX} bytes", path.display())));
    }
    let bytes = fs::read(path).map_err(file_error(path))?;
    let failed = |error: &dyn std::fmt::Display| Error::Plain(format!("{}: {error}", path.display()));
    let chart = Chart::from_archive(&bytes, &mut Vec::new()).map_err(|error| failed(&error))?;
    let mut entry = chart::metadata(&chart.metadata).map_err(|error| failed(&error))?;
    let place = if url.is_empty() { relative.to_string() } else { http::join(url, relative)? };
    entry["urls"] = json!([place]);
    entry["created"] = json!(now);
    entry["digest"] = json!(hex(&Sha256::digest(&bytes)));
    Ok(entry)
}

/// Adds an entry, unless there is one of its name and version.
fn add(entries: &mut Map<String, Value>, entry: Value) {
    let name = entry["name"].as_str().unwrap_or_default().to_string();
    let versions = entries.entry(name).or_insert_with(|| json!([]));
    let Some(versions) = versions.as_array_mut() else { return };
    if versions.iter().all(|one| one["version"] != entry["version"]) {
        versions.push(entry);
    }
}

/// All entries of an index that exists; an empty index is made where there is none.
fn entries_of(path: &Path) -> Result<Vec<Value>, Error> {
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let now = Time::from(&Zoned::now()).rfc3339();
            let empty = format!("apiVersion: v1\nentries: {{}}\ngenerated: {now:?}\n");
            write_file(path, empty.as_bytes(), 0o644)?;
            return Ok(Vec::new());
        }
        about => {
            let about = about.map_err(file_error(path))?;
            if about.len() > INDEX_BYTES_MAX as u64 {
                return Err(Error::Plain(format!(
                    "{} is larger than {INDEX_BYTES_MAX} bytes",
                    path.display()
                )));
            }
            fs::read(path).map_err(file_error(path))?
        }
    };
    super::Index::parse(&bytes)?;
    let value = yaml::read(&bytes).map_err(|error| plain(&error))?;
    let text = json::write(&value, json::Style::Raw).map_err(|error| plain(&error))?;
    let index: Value = serde_json::from_str(&text).map_err(|error| plain(&error))?;
    let lists = index["entries"].as_object().into_iter().flat_map(|all| all.values());
    Ok(lists.filter_map(Value::as_array).flatten().filter(|one| one.is_object()).cloned().collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use naru_bundle::chart::{plain_files, write_archive};

    use super::*;

    fn archive(folder: &Path, name: &str) {
        let files = plain_files(name, [("a.yaml", "kind: A\n")]);
        let chart = Chart::from_files(files, &mut Vec::new()).unwrap();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(format!("{name}.tgz")), write_archive(&chart, &|_| 1).unwrap()).unwrap();
    }

    #[test]
    fn archives_are_listed_and_others_kept() {
        let dir = tempfile::tempdir().unwrap();
        archive(dir.path(), "web");
        archive(&dir.path().join("inner"), "db");
        let old = dir.path().join("old.yaml");
        fs::write(&old, "apiVersion: v1\nentries:\n  gone:\n  - {name: gone, version: 1.0.0, urls: [x]}\n")
            .unwrap();
        let how = Indexing { url: "http://h/charts".into(), merge: Some(old), json: false };
        index_folder(dir.path(), &how).unwrap();
        let index = super::super::Index::parse(&fs::read(dir.path().join(INDEX_FILE)).unwrap()).unwrap();
        let urls: Vec<_> =
            index.entries.keys().map(|name| index.find(name, "").unwrap().urls[0].as_str()).collect();
        assert_eq!(urls, ["http://h/charts/inner/db.tgz", "x", "http://h/charts/web.tgz"]);
        let missing = dir.path().join("new.yaml");
        let how = Indexing { merge: Some(missing.clone()), json: true, ..Indexing::default() };
        index_folder(dir.path(), &how).unwrap();
        assert!(missing.is_file());
        let text = fs::read_to_string(dir.path().join(INDEX_FILE)).unwrap();
        assert!(text.starts_with("{\n  \"apiVersion\": \"v1\",\n  \"generated\": "), "{text}");
        assert!(text.contains("\"inner/db.tgz\""), "{text}");
    }

    #[test]
    fn what_is_no_chart_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("bad.tgz"), "x").unwrap();
        let error = index_folder(dir.path(), &Indexing::default()).unwrap_err().to_string();
        assert!(error.contains("bad.tgz"), "{error}");
    }
}

//! The chart repositories that were added: Helm's repositories.yaml.

use std::path::Path;

use naru_bundle::{json, yaml};
use serde::{Deserialize, Serialize};

use super::{Access, Error, Fetcher, Index, file_error, http, write_file};

/// One repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// The certificate authority to trust.
    #[serde(rename = "caFile")]
    pub ca_file: String,
    /// Our certificate.
    #[serde(rename = "certFile")]
    pub cert_file: String,
    /// Whether any certificate is accepted.
    #[serde(rename = "insecure_skip_tls_verify", alias = "insecure_skip_tls_Verify")]
    pub insecure_skip_tls_verify: bool,
    /// Our key.
    #[serde(rename = "keyFile")]
    pub key_file: String,
    /// What it is called.
    pub name: String,
    /// Whether user and password go to every host.
    pub pass_credentials_all: bool,
    /// The password.
    pub password: String,
    /// Where it is.
    pub url: String,
    /// The user.
    pub username: String,
}

impl Repository {
    /// How it is reached; what is given for this one time comes first.
    pub fn access(&self, given: &Access) -> Access {
        let path = |text: &String| (!text.is_empty()).then(|| text.into());
        let mut access = given.clone();
        if access.username.is_empty() {
            access.username.clone_from(&self.username);
            access.password.clone_from(&self.password);
        }
        access.ca_file = access.ca_file.or_else(|| path(&self.ca_file));
        access.identity = access.identity.or_else(|| path(&self.cert_file).zip(path(&self.key_file)));
        access.insecure |= self.insecure_skip_tls_verify;
        access.pass_credentials |= self.pass_credentials_all;
        access
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repositories {
    /// Helm's mark of the file's form.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// Helm's mark of when the file was first written.
    pub generated: String,
    /// The repositories, in the order in which they were added.
    pub repositories: Vec<Repository>,
}

impl Repositories {
    /// Reads the file; there are none if it is missing.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Repositories::default()),
            read => read.map_err(file_error(path))?,
        };
        let failed = |error: &dyn std::fmt::Display| {
            Error::Plain(format!("couldn't load repositories file ({}): {error}", path.display()))
        };
        let value = yaml::read(&bytes).map_err(|error| failed(&error))?;
        let text = json::write(&value, json::Style::Raw).map_err(|error| failed(&error))?;
        serde_json::from_str(&text).map_err(|error| failed(&error))
    }

    /// Writes the file; it may hold passwords.
    pub fn save(&mut self, path: &Path) -> Result<(), Error> {
        if self.generated.is_empty() {
            self.generated = "0001-01-01T00:00:00Z".into();
        }
        let text = serde_json::to_string(&*self).expect("repositories are made of strings and flags");
        let value = yaml::read_exact(text.as_bytes()).map_err(|error| Error::Plain(error.to_string()))?;
        let text = yaml::write(&value).map_err(|error| Error::Plain(error.to_string()))?;
        write_file(path, text.as_bytes(), 0o600)
    }

    /// One by name.
    pub fn get(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.name == name)
    }

    /// One by URL.
    pub fn by_url(&self, url: &str) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.url.trim_end_matches('/') == url.trim_end_matches('/'))
    }

    /// Adds one, in the place of another of its name.
    pub fn put(&mut self, repository: Repository) {
        match self.repositories.iter_mut().find(|one| one.name == repository.name) {
            Some(one) => *one = repository,
            None => self.repositories.push(repository),
        }
    }

    /// Takes one away; `false` if there is none of this name.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.repositories.len();
        self.repositories.retain(|one| one.name != name);
        self.repositories.len() < before
    }
}

impl Fetcher {
    /// Fetches a repository's index anew and keeps it where Helm looks for it.
    pub async fn refresh(&self, repository: &Repository) -> Result<Index, Error> {
        let access = repository.access(&self.access);
        let no_repository =
            |error: Error| Error::NoRepository { url: repository.url.clone(), source: Box::new(error) };
        let bytes = http::index_bytes(&access, &repository.url).await.map_err(no_repository)?;
        let index = Index::parse(&bytes).map_err(no_repository)?;
        write_file(&self.home.index_file(&repository.name), &bytes, 0o644)?;
        let mut names: String = index.entries.keys().map(|name| format!("{name}\n")).collect();
        names.truncate(names.trim_end().len());
        write_file(&self.home.charts_file(&repository.name), names.as_bytes(), 0o644)?;
        Ok(index)
    }

    /// Forgets a repository's index.
    pub fn forget(&self, name: &str) {
        // Indexes that are not there need not go.
        let _ = std::fs::remove_file(self.home.index_file(name));
        let _ = std::fs::remove_file(self.home.charts_file(name));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_helms() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/repositories.yaml");
        assert_eq!(Repositories::load(&path).unwrap(), Repositories::default());
        let mut all = Repositories::default();
        all.put(Repository { name: "a".into(), url: "http://a/".into(), ..Repository::default() });
        all.save(&path).unwrap();
        let expected = "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n- caFile: \"\"\n  certFile: \"\"\n  insecure_skip_tls_verify: false\n  keyFile: \"\"\n  name: a\n  pass_credentials_all: false\n  password: \"\"\n  url: http://a/\n  username: \"\"\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        let mut read = Repositories::load(&path).unwrap();
        assert_eq!(read, all);
        assert_eq!(read.by_url("http://a").map(|one| one.name.as_str()), Some("a"));
        assert!(read.remove("a") && !read.remove("a"));
    }
}

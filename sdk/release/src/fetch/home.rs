//! Where Helm keeps its configuration and caches.

use std::path::PathBuf;

use super::{Error, Index, file_error};

/// Helm's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The repositories that were added.
    pub repositories_file: PathBuf,
    /// Their indexes.
    pub repositories_cache: PathBuf,
    /// Charts that were fetched.
    pub content_cache: PathBuf,
    /// Logins to registries, in Docker's form.
    pub registry_config: PathBuf,
}

/// The folders that Helm's files lie in unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// What was configured.
    pub config: PathBuf,
    /// What can be fetched again.
    pub cache: PathBuf,
    /// What was installed.
    pub data: PathBuf,
}

impl Folders {
    /// From the environment, looked up by `variable`: Helm's own variables, then XDG's, then what lies below `HOME`.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = variable("HOME").unwrap_or_default();
        let below = |helm: &str, xdg: &str, usual: &str| {
            variable(helm).unwrap_or_else(|| variable(xdg).unwrap_or_else(|| home.join(usual)).join("helm"))
        };
        Folders {
            config: below("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config"),
            cache: below("HELM_CACHE_HOME", "XDG_CACHE_HOME", ".cache"),
            data: below("HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share"),
        }
    }
}

impl Home {
    /// From the environment, looked up by `variable`: Helm's own variables, then what lies in its [`Folders`].
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let Folders { config, cache, .. } = Folders::from_environment(&variable);
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Home {
            repositories_file: variable("HELM_REPOSITORY_CONFIG")
                .unwrap_or_else(|| config.join("repositories.yaml")),
            repositories_cache: variable("HELM_REPOSITORY_CACHE").unwrap_or_else(|| cache.join("repository")),
            content_cache: variable("HELM_CONTENT_CACHE").unwrap_or_else(|| cache.join("content")),
            registry_config: variable("HELM_REGISTRY_CONFIG")
                .unwrap_or_else(|| config.join("registry/config.json")),
        }
    }

    /// The file of a repository's index.
    pub fn index_file(&self, name: &str) -> PathBuf {
        self.repositories_cache.join(format!("{name}-index.yaml"))
    }

    /// The file of the names of a repository's charts, for completion.
    pub fn charts_file(&self, name: &str) -> PathBuf {
        self.repositories_cache.join(format!("{name}-charts.txt"))
    }

    /// The index of a repository as it was fetched last.
    pub fn cached_index(&self, name: &str) -> Result<Index, Error> {
        let path = self.index_file(name);
        let missing = || {
            Error::Plain(format!(
                "no cached repo found. (try 'naru bundle repo update'): open {}: no such file or directory",
                path.display()
            ))
        };
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
            read => read.map_err(file_error(&path))?,
        };
        Index::parse(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helms_variables_come_first() {
        let of = |pairs: &'static [(&str, &str)]| {
            Home::from_environment(|name| {
                pairs.iter().find(|(one, _)| *one == name).map(|(_, value)| value.to_string())
            })
        };
        let usual = of(&[("HOME", "/h")]);
        assert_eq!(usual.repositories_file, PathBuf::from("/h/.config/helm/repositories.yaml"));
        assert_eq!(usual.index_file("a"), PathBuf::from("/h/.cache/helm/repository/a-index.yaml"));
        assert_eq!(usual.content_cache, PathBuf::from("/h/.cache/helm/content"));
        assert_eq!(usual.registry_config, PathBuf::from("/h/.config/helm/registry/config.json"));
        let own = of(&[
            ("HOME", "/h"),
            ("HELM_CONFIG_HOME", "/c"),
            ("XDG_CACHE_HOME", "/x"),
            ("HELM_REGISTRY_CONFIG", "/r"),
        ]);
        assert_eq!(own.repositories_file, PathBuf::from("/c/repositories.yaml"));
        assert_eq!(own.repositories_cache, PathBuf::from("/x/helm/repository"));
        assert_eq!(own.registry_config, PathBuf::from("/r"));
    }
}

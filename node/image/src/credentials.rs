//! Registry logins, from the secrets that pods name.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::{Credentials, Reference};

/// Why a `kubernetes.io/dockerconfigjson` secret cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Not JSON, or not in docker's form.
    #[error("invalid docker config: {0}")]
    Json(#[from] serde_json::Error),
    /// An `auth` field that is not base64 of `user:password`.
    #[error("invalid docker config: auth of registry {0:?} is not base64 of user:password")]
    Auth(String),
}

/// `.dockerconfigjson`; the older `.dockercfg` is the same without `auths`.
#[derive(Deserialize)]
#[serde(untagged)]
enum DockerConfig {
    Json { auths: BTreeMap<String, Entry> },
    Cfg(BTreeMap<String, Entry>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    username: String,
    password: String,
    auth: String,
}

impl Credentials {
    /// The login for the registry of `reference` in a secret's `.dockerconfigjson` (or `.dockercfg`) bytes: the entry with the
    /// longest matching path, as kubelet chooses; host parts may hold `*`. None if no entry matches.
    pub fn for_registry(config: &[u8], reference: &Reference) -> Result<Option<Self>, CredentialsError> {
        let entries = match serde_json::from_slice(config)? {
            DockerConfig::Json { auths } | DockerConfig::Cfg(auths) => auths,
        };
        let name = reference.name();
        let best =
            entries.iter().filter(|(key, _)| matches(key, &name)).max_by_key(|(key, _)| plain(key).len());
        best.map(|(key, entry)| login(key, entry)).transpose()
    }
}

fn login(key: &str, entry: &Entry) -> Result<Credentials, CredentialsError> {
    let (username, password) = match entry.auth.trim() {
        "" => (entry.username.clone(), entry.password.clone()),
        auth => {
            let wrong = || CredentialsError::Auth(key.to_owned());
            let bytes = STANDARD.decode(auth).map_err(|_| wrong())?;
            let text = String::from_utf8(bytes).map_err(|_| wrong())?;
            let (user, password) = text.split_once(':').ok_or_else(wrong)?;
            (user.to_owned(), password.trim_end_matches('\0').to_owned())
        }
    };
    Ok(Credentials::Basic { username, password })
}

/// Keys are hosts, URLs (`https://index.docker.io/v1/`) or names with a path.
fn plain(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key)
}

fn matches(key: &str, name: &str) -> bool {
    let key = plain(key);
    let (key_host, key_path) = key.split_once('/').unwrap_or((key, ""));
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    let under = key_path.is_empty()
        || path.strip_prefix(key_path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    under && host_matches(key_host, host)
}

fn host_matches(key: &str, host: &str) -> bool {
    // The hub is docker.io in references and index.docker.io in configurations.
    let key = if key == "index.docker.io" || key == "registry-1.docker.io" { "docker.io" } else { key };
    let (key_name, key_port) = split_port(key);
    let (name, port) = split_port(host);
    let (key_labels, labels): (Vec<&str>, Vec<&str>) =
        (key_name.split('.').collect(), name.split('.').collect());
    key_port == port
        && key_labels.len() == labels.len()
        && key_labels.iter().zip(labels).all(|(k, l)| label_matches(k, l))
}

fn split_port(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    }
}

/// `*` stands for any part of one label.
fn label_matches(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((head, tail)) => label.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| label_matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user_for(config: &serde_json::Value, image: &str) -> Option<String> {
        match Credentials::for_registry(config.to_string().as_bytes(), &Reference::parse(image).unwrap())
            .unwrap()
        {
            Some(Credentials::Basic { username, .. }) => Some(username),
            _ => None,
        }
    }

    #[test]
    fn chooses_the_longest_match() {
        let user = |name: &str| json!({"username": name, "password": "p"});
        let config = json!({"auths": {
            "https://index.docker.io/v1/": user("hub"),
            "localhost:5000": user("local"),
            "ghcr.io": user("all"),
            "ghcr.io/team": user("team"),
            "*.example.com": user("glob"),
            "reg-*.dev:8443/a/b": user("port"),
        }});
        for (image, expected) in [
            ("busybox", Some("hub")),
            ("docker.io/a/b:c", Some("hub")),
            ("localhost:5000/x", Some("local")),
            ("localhost:5001/x", None),
            ("ghcr.io/other/x", Some("all")),
            ("ghcr.io/team/x", Some("team")),
            ("ghcr.io/teamwork/x", Some("all")),
            ("a.example.com/x", Some("glob")),
            ("a.b.example.com/x", None),
            ("reg-1.dev:8443/a/b/c", Some("port")),
            ("reg-1.dev/a/b/c", None),
        ] {
            assert_eq!(user_for(&config, image).as_deref(), expected, "{image}");
        }
    }

    #[test]
    fn reads_auth_and_the_old_form() {
        let auth = STANDARD.encode("me:pass:word");
        let reference = Reference::parse("r.io/x").unwrap();
        let found =
            Credentials::for_registry(json!({"r.io": {"auth": auth}}).to_string().as_bytes(), &reference)
                .unwrap();
        assert_eq!(found, Some(Credentials::Basic { username: "me".into(), password: "pass:word".into() }));
        let bad = json!({"auths": {"r.io": {"auth": "%%"}}}).to_string();
        let error = Credentials::for_registry(bad.as_bytes(), &reference).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid docker config: auth of registry \"r.io\" is not base64 of user:password"
        );
        assert!(Credentials::for_registry(b"[]", &reference).is_err());
    }
}

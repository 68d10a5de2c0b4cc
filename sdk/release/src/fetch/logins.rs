//! Logins to registries: tried, kept in Docker's form, looked up and forgotten.

use base64::{Engine, engine::general_purpose::STANDARD};
use oci_client::{Reference, RegistryOperation, secrets::RegistryAuth};
use serde_json::{Value, json};

use super::{Access, CHART_BYTES_MAX, Error, Fetcher, file_error, refusal::failed, write_file};

impl Fetcher {
    /// The login for a host: given, or kept by a login before.
    pub(super) fn auth(&self, host: &str) -> Result<RegistryAuth, Error> {
        let Access { username, password, .. } = &self.access;
        if !username.is_empty() {
            return Ok(RegistryAuth::Basic(username.clone(), password.clone()));
        }
        let config = self.logins()?;
        let kept = config["auths"][host]["auth"].as_str().and_then(|text| STANDARD.decode(text).ok());
        let kept = kept.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(match kept.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => RegistryAuth::Basic(user.into(), password.into()),
            None => RegistryAuth::Anonymous,
        })
    }

    fn logins(&self) -> Result<Value, Error> {
        let path = &self.home.registry_config;
        match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(json!({})),
            read => {
                let bytes = read.map_err(file_error(path))?;
                serde_json::from_slice(&bytes)
                    .map_err(|error| Error::Plain(format!("{}: {error}", path.display())))
            }
        }
    }

    fn save_logins(&self, config: &Value) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(config).expect("a JSON value is always valid JSON");
        write_file(&self.home.registry_config, text.as_bytes(), 0o600)
    }

    /// Keeps a login to `host`, after the registry has accepted it.
    pub async fn login(&self, host: &str) -> Result<(), Error> {
        let doing = format!("authenticating to {host:?}");
        let client = self.client(host)?;
        let auth = RegistryAuth::Basic(self.access.username.clone(), self.access.password.clone());
        let scheme = if self.access.plain_http || is_loopback(host) { "http" } else { "https" };
        let probe = Reference::with_tag(host.into(), "naru/login".into(), "latest".into());
        client.auth(&probe, &auth, RegistryOperation::Pull).await.map_err(failed(doing.clone()))?;
        // A registry that asks for user and password at each request has not seen them yet.
        if let Err(Error::Fetch { reason, .. }) =
            super::http::get(&self.access, &format!("{scheme}://{host}/v2/"), CHART_BYTES_MAX).await
            && reason.starts_with("401")
            && !self.uses_tokens(host, scheme).await
        {
            return Err(Error::Registry { doing, reason: "response status code 401: Unauthorized".into() });
        }
        let mut config = self.logins()?;
        let pair = format!("{}:{}", self.access.username, self.access.password);
        let auths = config.as_object_mut().map(|config| config.entry("auths").or_insert_with(|| json!({})));
        let Some(Value::Object(auths)) = auths else {
            let path = self.home.registry_config.display();
            return Err(Error::Plain(format!("{path}: \"auths\" is not an object")));
        };
        auths.insert(host.into(), json!({"auth": STANDARD.encode(pair)}));
        self.save_logins(&config)
    }

    /// Whether a registry hands out tokens: then user and password mean nothing to the registry itself.
    async fn uses_tokens(&self, host: &str, scheme: &str) -> bool {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Ok(answer) = reqwest::get(format!("{scheme}://{host}/v2/")).await else { return false };
        let challenge = answer.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
        challenge.is_some_and(|text| text.to_ascii_lowercase().starts_with("bearer"))
    }

    /// Forgets a login.
    pub fn logout(&self, host: &str) -> Result<(), Error> {
        let mut config = self.logins()?;
        let gone = config.get_mut("auths").and_then(Value::as_object_mut).and_then(|all| all.remove(host));
        match gone {
            Some(_) => self.save_logins(&config),
            // Whoever is not logged in is logged out.
            None => Ok(()),
        }
    }
}

/// Whether a registry is on this machine: such a one is talked to without TLS.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known() {
        for (host, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("example.com", false),
            ("10.0.0.1:5000", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}

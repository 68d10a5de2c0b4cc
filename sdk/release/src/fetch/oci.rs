//! Charts in OCI registries: Helm's media types, Docker's login files.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use naru_bundle::{chart::Chart, json, semver::Version};
use oci_client::{
    Client, Reference as OciReference, RegistryOperation,
    client::{ClientConfig, ClientProtocol},
    manifest::{OciDescriptor, OciImageManifest, OciManifest},
    secrets::RegistryAuth,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Access, CHART_BYTES_MAX, Contents, Error, Fetched, Fetcher, PROVENANCE_BYTES_MAX, accepts,
    dependencies::escaped, file_error, hex, refusal::failed, write_file,
};

/// What references to registries begin with.
pub(super) const SCHEME: &str = "oci://";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const LEGACY_LAYER: &str = "application/tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// How many tags are asked for at once.
const TAGS_PER_PAGE: usize = 1000;
/// How many pages of tags are read.
const TAG_PAGES_MAX: usize = 100;

/// A place in a registry: `oci://HOST[:PORT]/PATH[:TAG]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `HOST[:PORT]`.
    pub host: String,
    /// The repository.
    pub path: String,
    /// The tag; empty if none.
    pub tag: String,
    /// The digest; empty if none.
    pub digest: String,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// `HOST/PATH:TAG`.
    pub reference: String,
    /// The manifest's digest.
    pub digest: String,
}

impl Reference {
    /// Reads `oci://HOST/PATH[:TAG][@DIGEST]`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = || Error::Plain(format!("invalid_reference: invalid registry reference {text:?}"));
        let rest = text.strip_prefix(SCHEME).unwrap_or(text);
        let (rest, digest) = rest.split_once('@').unwrap_or((rest, ""));
        let (host, path) = rest.split_once('/').ok_or_else(bad)?;
        let (path, tag) = path.rsplit_once(':').unwrap_or((path, ""));
        if host.is_empty() || path.is_empty() {
            return Err(bad());
        }
        Ok(Reference {
            host: host.into(),
            path: path.trim_end_matches('/').into(),
            tag: tag.into(),
            digest: digest.into(),
        })
    }

    fn at(&self, tag: &str) -> OciReference {
        match self.digest.as_str() {
            "" => OciReference::with_tag(self.host.clone(), self.path.clone(), tag.into()),
            digest => OciReference::with_digest(self.host.clone(), self.path.clone(), digest.into()),
        }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }
}

/// Tags cannot hold `+`: Helm writes `_`.
fn tag_of(version: &str) -> String {
    version.replace('+', "_")
}

impl Fetcher {
    fn client(&self, host: &str) -> Result<Client, Error> {
        // An error means that the program has chosen its provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let protocol = match self.access.plain_http || is_loopback(host) {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        };
        let mut config = ClientConfig {
            protocol,
            accept_invalid_certificates: self.access.insecure,
            user_agent: concat!("naru/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        if let Some(path) = &self.access.ca_file {
            let data = std::fs::read(path).map_err(file_error(path))?;
            let encoding = oci_client::client::CertificateEncoding::Pem;
            config.extra_root_certificates.push(oci_client::client::Certificate { encoding, data });
        }
        Client::try_from(config).map_err(failed(format!("cannot reach {host}")))
    }

    /// The login for a host: given, or kept by a login before.
    fn auth(&self, host: &str) -> Result<RegistryAuth, Error> {
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
        let probe = OciReference::with_tag(host.into(), "naru/login".into(), "latest".into());
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

    /// All versions of a chart in a registry.
    pub(super) async fn oci_versions(&self, reference: &Reference) -> Result<Vec<String>, Error> {
        let client = self.client(&reference.host)?;
        let auth = self.auth(&reference.host)?;
        let image = reference.at("latest");
        let doing = || format!("could not retrieve list of tags for repository {SCHEME}{}", reference.name());
        let mut tags = Vec::new();
        for _ in 0..TAG_PAGES_MAX {
            let last = tags.last().cloned();
            let page = client.list_tags(&image, &auth, Some(TAGS_PER_PAGE), last.as_deref()).await;
            let page = page.map_err(failed(doing()))?.tags;
            let full = page.len() == TAGS_PER_PAGE;
            tags.extend(page);
            if !full {
                break;
            }
        }
        let mut versions: Vec<(Version, String)> = tags
            .into_iter()
            .map(|tag| tag.replace('_', "+"))
            .filter_map(|text| Some((Version::parse(&text).ok()?, text)))
            .collect();
        versions.sort_by(|a, b| b.0.cmp(&a.0));
        Ok(versions.into_iter().map(|(_, text)| text).collect())
    }

    /// The tag that a reference and a wanted version lead to.
    async fn resolve(&self, reference: &Reference, version: &str) -> Result<String, Error> {
        if !reference.digest.is_empty() {
            return Ok(String::new());
        }
        if !reference.tag.is_empty() {
            return match version.is_empty() || tag_of(version) == reference.tag {
                true => Ok(reference.tag.clone()),
                false => Err(Error::Plain(format!(
                    "chart reference and version mismatch: {version} is not {}",
                    reference.tag
                ))),
            };
        }
        let is_exact = version.split('.').count() >= 3 && Version::parse(version).is_ok();
        if is_exact {
            return Ok(tag_of(version));
        }
        let versions = self.oci_versions(reference).await?;
        if versions.is_empty() {
            let name = reference.name();
            return Err(Error::Plain(format!(
                "unable to locate any tags in provided repository: {SCHEME}{name}"
            )));
        }
        let found = versions.iter().find(|one| accepts(version, one));
        found.map(|version| tag_of(version)).ok_or_else(|| {
            Error::Plain(format!("could not locate a version matching provided version string {version}"))
        })
    }

    /// Pulls a chart.
    pub(super) async fn pull_oci(&self, reference: &str, version: &str) -> Result<Fetched, Error> {
        let reference = Reference::parse(reference)?;
        let tag = self.resolve(&reference, version).await?;
        let client = self.client(&reference.host)?;
        let auth = self.auth(&reference.host)?;
        let image = reference.at(&tag);
        let doing = || format!("{image}");
        let (manifest, digest) = client.pull_manifest(&image, &auth).await.map_err(failed(doing()))?;
        let OciManifest::Image(manifest) = manifest else {
            return Err(Error::Plain(format!("{image} is an index of images, no chart")));
        };
        let layer = layer_of(&manifest, &[LAYER, LEGACY_LAYER], CHART_BYTES_MAX)?;
        let contents = Contents(&self.home.content_cache);
        let bytes = match contents.chart(&layer.digest) {
            Some(bytes) => bytes,
            None => {
                let mut bytes = Vec::new();
                client.pull_blob(&image, layer, &mut bytes).await.map_err(failed(doing()))?;
                bytes
            }
        };
        let provenance = match self.provenance.is_wanted() {
            true => Some(provenance(&client, &image, &manifest).await.map_err(Arc::new)),
            false => None,
        };
        let base = reference.path.rsplit('/').next().unwrap_or_default();
        let version = if tag.is_empty() { digest.replace(':', "-") } else { tag.replace('_', "+") };
        let full = if tag.is_empty() {
            format!("{}@{digest}", reference.name())
        } else {
            format!("{}:{tag}", reference.name())
        };
        let url = format!("{SCHEME}{full}");
        let file_name = format!("{base}-{version}.tgz");
        Ok(Fetched { file_name, bytes, pulled: Some((full, digest)), url, provenance })
    }

    /// Pushes a chart archive below `remote` (`oci://HOST/PATH`), under its own name and version, and the signed text that
    /// vouches for it, if there is one.
    pub async fn push(
        &self,
        archive: Vec<u8>,
        provenance: Option<Vec<u8>>,
        remote: &str,
        created: &str,
    ) -> Result<Pushed, Error> {
        if !remote.starts_with(SCHEME) {
            let scheme = remote.split("://").next().unwrap_or_default();
            return Err(Error::Plain(match remote.contains("://") {
                true => format!("scheme {scheme:?} not supported"),
                false => format!("scheme prefix missing from remote (e.g. \"{SCHEME}\")"),
            }));
        }
        let chart = Chart::from_archive(&archive, &mut Vec::new());
        let chart = chart.map_err(|error| Error::Plain(error.to_string()))?;
        let metadata = json::write(&chart.metadata.document(), json::Style::Compact);
        let metadata = in_gos_order(&metadata.map_err(|error| Error::Plain(error.to_string()))?);
        let (name, version) = (chart.metadata.name.clone(), chart.metadata.version.clone());
        let mut reference = Reference::parse(&format!("{}/{name}", remote.trim_end_matches('/')))?;
        reference.tag = tag_of(&version);
        let image = reference.at(&reference.tag);
        let mut layers = vec![(LAYER, archive)];
        layers.extend(provenance.map(|text| (PROVENANCE, text)));
        // Helm sorts them by their digests.
        layers.sort_by_key(|(_, bytes)| Sha256::digest(bytes));
        let manifest = manifest_of(&chart, metadata.as_bytes(), &layers, created);
        let client = self.client(&reference.host)?;
        let auth = self.auth(&reference.host)?;
        let doing = || format!("{image}");
        client.auth(&image, &auth, RegistryOperation::Push).await.map_err(failed(doing()))?;
        client.store_auth_if_needed(&reference.host, &auth).await;
        let layers = layers.into_iter().map(|(_, bytes)| bytes).zip(&manifest.layers);
        for (bytes, descriptor) in [(metadata.into_bytes(), &manifest.config)].into_iter().chain(layers) {
            client.push_blob(&image, bytes, &descriptor.digest).await.map_err(failed(doing()))?;
        }
        let bytes = serde_json::to_vec(&manifest).expect("a manifest is made of strings and numbers");
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        let media_type = MANIFEST.parse().expect("the media type is a header value");
        client.push_manifest_raw(&image, bytes, media_type).await.map_err(failed(doing()))?;
        Ok(Pushed { reference: format!("{}:{}", reference.name(), reference.tag), digest })
    }
}

/// A chart's metadata with the fields in the order in which Go writes them: the same chart has the same digest then,
/// whoever pushes it.
fn in_gos_order(metadata: &str) -> String {
    const ORDER: &[&str] = &[
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "email",
        "url",
        "icon",
        "apiVersion",
        "repository",
        "condition",
        "tags",
        "enabled",
        "import-values",
        "alias",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];
    fn order(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(order),
            Value::Object(map) => {
                let mut entries: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
                let place = |name: &str| ORDER.iter().position(|one| *one == name).unwrap_or(ORDER.len());
                entries.sort_by_key(|(name, _)| place(name));
                for (name, mut value) in entries {
                    if matches!(name.as_str(), "maintainers" | "dependencies") {
                        order(&mut value);
                    }
                    map.insert(name, value);
                }
            }
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(metadata).unwrap_or_default();
    order(&mut value);
    escaped(&value.to_string())
}

/// The layer of one of these media types, of at most `max` bytes.
fn layer_of<'a>(
    manifest: &'a OciImageManifest,
    media_types: &[&str],
    max: usize,
) -> Result<&'a OciDescriptor, Error> {
    let layer = manifest.layers.iter().find(|layer| media_types.contains(&layer.media_type.as_str()));
    let layer = layer.ok_or_else(|| {
        Error::Plain(format!("manifest does not contain a layer with mediatype {}", media_types[0]))
    })?;
    match usize::try_from(layer.size).is_ok_and(|size| size <= max) {
        true => Ok(layer),
        false => Err(Error::Plain(format!("the layer {} is larger than {max} bytes", layer.digest))),
    }
}

/// The signed text that vouches for a chart.
async fn provenance(
    client: &Client,
    image: &OciReference,
    manifest: &OciImageManifest,
) -> Result<Vec<u8>, Error> {
    let layer = layer_of(manifest, &[PROVENANCE], PROVENANCE_BYTES_MAX)?;
    let mut text = Vec::new();
    client.pull_blob(image, layer, &mut text).await.map_err(failed(image.to_string()))?;
    Ok(text)
}

fn manifest_of(
    chart: &Chart,
    metadata: &[u8],
    layers: &[(&str, Vec<u8>)],
    created: &str,
) -> OciImageManifest {
    let descriptor = |media_type: &str, bytes: &[u8]| OciDescriptor {
        media_type: media_type.into(),
        digest: format!("sha256:{}", hex(&Sha256::digest(bytes))),
        size: bytes.len() as i64,
        ..OciDescriptor::default()
    };
    let about = &chart.metadata;
    let people: Vec<String> =
        about
            .maintainers
            .iter()
            .map(|one| {
                if one.email.is_empty() { one.name.clone() } else { format!("{} ({})", one.name, one.email) }
            })
            .collect();
    let pairs = [
        ("org.opencontainers.image.title", about.name.clone()),
        ("org.opencontainers.image.version", about.version.clone()),
        ("org.opencontainers.image.description", about.description.clone()),
        ("org.opencontainers.image.url", about.home.clone()),
        ("org.opencontainers.image.created", created.to_string()),
        ("org.opencontainers.image.source", about.sources.first().cloned().unwrap_or_default()),
        ("org.opencontainers.image.authors", people.join(", ")),
    ];
    let mut annotations: BTreeMap<String, String> =
        about.annotations.iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        annotations.insert(name.into(), value);
    }
    OciImageManifest {
        schema_version: 2,
        config: descriptor(CONFIG, metadata),
        layers: layers.iter().map(|(media_type, bytes)| descriptor(media_type, bytes)).collect(),
        // Helm leaves it out; the content type says it.
        media_type: None,
        annotations: Some(annotations),
        ..OciImageManifest::default()
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let of = |host: &str, path: &str, tag: &str, digest: &str| Reference {
            host: host.into(),
            path: path.into(),
            tag: tag.into(),
            digest: digest.into(),
        };
        for (text, expected) in [
            ("oci://h/a/web", of("h", "a/web", "", "")),
            ("oci://h:5000/web:1.0.0", of("h:5000", "web", "1.0.0", "")),
            ("oci://h:5000/web/", of("h:5000", "web", "", "")),
            ("oci://h/web:1@sha256:ab", of("h", "web", "1", "sha256:ab")),
        ] {
            assert_eq!(Reference::parse(text).ok(), Some(expected), "{text}");
        }
        for bad in ["oci://", "oci://h", "oci:///x"] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
        let sorted =
            r#"{"apiVersion":"v2","maintainers":[{"email":"e","name":"n"}],"name":"a","version":"1"}"#;
        let expected =
            r#"{"name":"a","version":"1","maintainers":[{"name":"n","email":"e"}],"apiVersion":"v2"}"#;
        assert_eq!(in_gos_order(sorted), expected);
        assert_eq!(tag_of("1.0.0+build"), "1.0.0_build");
        assert!(is_loopback("localhost:5000") && is_loopback("[::1]:1") && !is_loopback("example.com"));
    }
}

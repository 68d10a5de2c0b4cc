//! Charts in OCI registries, with Helm's media types.

use std::{collections::BTreeMap, sync::Arc};

use naru_bundle::{chart::Chart, json, semver::Version};
use oci_client::{
    Client, Reference as OciReference, RegistryOperation,
    client::{ClientConfig, ClientProtocol},
    manifest::{OciDescriptor, OciImageManifest, OciManifest},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    CHART_BYTES_MAX, Contents, Error, Fetched, Fetcher, PROVENANCE_BYTES_MAX, accepts, dependencies::escaped,
    file_error, hex, logins::is_loopback, refusal::failed,
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
    pub(super) fn client(&self, host: &str) -> Result<Client, Error> {
        if self.access.identity.is_some() {
            return Err(Error::Plain(format!(
                "{host}: registries are shown no certificate: use a login instead"
            )));
        }
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
    }
}

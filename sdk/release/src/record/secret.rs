//! The Secret that holds a record: Helm's name, type and labels.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Release, codec};

/// The type of Helm's Secrets.
pub const TYPE: &str = "helm.sh/release.v1";
/// What the names of Helm's Secrets begin with.
const PREFIX: &str = "sh.helm.release.v1";
/// Labels that say what a record is; a user may not set them.
pub const SYSTEM_LABELS: &[&str] = &["name", "owner", "status", "version", "createdAt", "modifiedAt"];
/// Selects every record in a namespace.
pub const OWNER_SELECTOR: &str = "owner=helm";

/// Why a Secret is no record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It has no data under `release`.
    #[error("secret {0:?} holds no release")]
    Empty(String),
    /// Its data cannot be read.
    #[error("cannot read the release in secret {name:?}")]
    Record {
        /// The Secret.
        name: String,
        /// The cause.
        #[source]
        source: codec::Error,
    },
}

/// The Secret's name for a revision.
pub fn name(release: &str, version: u64) -> String {
    format!("{PREFIX}.{release}.v{version}")
}

/// Selects all revisions of one release.
pub fn selector(release: &str) -> String {
    format!("name={release},{OWNER_SELECTOR}")
}

/// Whether a user's label would hide one of Helm's.
pub fn is_system_label(name: &str) -> bool {
    SYSTEM_LABELS.contains(&name)
}

/// The Secret of a record. `stamp` is the label for the present, `createdAt` or `modifiedAt`, and seconds since 1970.
/// `annotations` say who is at work on it.
pub fn of(release: &Release, stamp: (&str, i64), annotations: &BTreeMap<String, String>) -> Value {
    let mut labels = release.labels.clone();
    labels.retain(|name, _| !is_system_label(name) || name == "createdAt");
    labels.insert(stamp.0.into(), stamp.1.to_string());
    labels.insert("name".into(), release.name.clone());
    labels.insert("owner".into(), "helm".into());
    labels.insert("status".into(), release.info.status.to_string());
    labels.insert("version".into(), release.version.to_string());
    let mut metadata = json!({"name": name(&release.name, release.version), "labels": labels});
    if !annotations.is_empty() {
        metadata["annotations"] = json!(annotations);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": TYPE,
        "data": {"release": STANDARD.encode(codec::encode(release))},
    })
}

/// The record in a Secret.
pub fn release(secret: &Value) -> Result<Release, Error> {
    let name = secret["metadata"]["name"].as_str().unwrap_or_default();
    let data = secret["data"]["release"].as_str().ok_or_else(|| Error::Empty(name.into()))?;
    let failed = |source| Error::Record { name: name.into(), source };
    let text = STANDARD.decode(data).map_err(|error| failed(codec::Error::Base64(error)))?;
    let mut release = codec::decode(&text).map_err(failed)?;
    let labels = secret["metadata"]["labels"].as_object().into_iter().flatten();
    release.labels =
        labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))).collect();
    Ok(release)
}

/// The labels of a record that its user gave.
pub fn user_labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.iter().filter(|(name, _)| !is_system_label(name)).map(|(a, b)| (a.clone(), b.clone())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::{Info, Status};

    #[test]
    fn secrets_are_as_helms() {
        let labels = BTreeMap::from([
            ("team".to_string(), "a".to_string()),
            ("status".to_string(), "old".to_string()),
            ("createdAt".to_string(), "5".to_string()),
        ]);
        let info = Info { status: Status::Deployed, ..Info::default() };
        let release = Release { name: "web".into(), version: 3, labels, info, ..Release::default() };
        let secret = of(&release, ("modifiedAt", 7), &BTreeMap::new());
        assert_eq!(secret["metadata"]["name"], "sh.helm.release.v1.web.v3");
        assert_eq!(
            secret["metadata"]["labels"],
            json!({"createdAt": "5", "modifiedAt": "7", "name": "web", "owner": "helm", "status": "deployed",
                "team": "a", "version": "3"})
        );
        assert_eq!(secret["type"], TYPE);
        let read = super::release(&secret).unwrap();
        assert_eq!((read.name.as_str(), read.version, read.info.status), ("web", 3, Status::Deployed));
        assert_eq!(user_labels(&read.labels), BTreeMap::from([("team".into(), "a".into())]));
    }

    #[test]
    fn what_is_no_record_is_named() {
        let secret = json!({"metadata": {"name": "x"}, "data": {}});
        assert_eq!(super::release(&secret).unwrap_err().to_string(), "secret \"x\" holds no release");
        let secret = json!({"metadata": {"name": "x"}, "data": {"release": "????"}});
        assert_eq!(
            super::release(&secret).unwrap_err().to_string(),
            "cannot read the release in secret \"x\""
        );
    }
}

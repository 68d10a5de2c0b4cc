//! The lock file: which versions a chart's dependencies were settled to, and for which wishes. In: dependencies. Out: the
//! file, and the digest by which one sees whether it still belongs to the chart.

use std::{fs, path::Path};

use naru_bundle::{
    chart::{Chart, Dependency},
    json, yaml,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    super::{Error, hex, write_file},
    plain,
};
use crate::record::Time;

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
pub(in crate::fetch) fn escaped(text: &str) -> String {
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// The digest by which Helm 2 saw the same.
pub(super) fn lock_digest_v2(wanted: &[Dependency]) -> Result<String, Error> {
    let list: Vec<Value> = wanted.iter().map(ordered).collect::<Result<_, _>>()?;
    let text = escaped(&json!({"dependencies": list}).to_string());
    Ok(format!("sha256:{}", hex(&Sha256::digest(text.as_bytes()))))
}

/// What the lock file and the file with the wishes are called.
pub(super) fn file_names(chart: &Chart) -> (&'static str, &'static str) {
    match chart.metadata.api_version.as_str() {
        "v1" => ("requirements.lock", "requirements.yaml"),
        _ => ("Chart.lock", "Chart.yaml"),
    }
}

/// Writes the lock file into a chart's folder.
///
/// # Errors
/// It cannot be written, or is a link to another file.
pub(super) fn write(folder: &Path, chart: &Chart, locked: &[Dependency], digest: &str) -> Result<(), Error> {
    let dependencies: Vec<Value> = locked
        .iter()
        .map(|one| json!({"name": one.name, "repository": one.repository, "version": one.version}))
        .collect();
    let now = Time::from(&jiff::Zoned::now());
    let text = json!({"dependencies": dependencies, "digest": digest, "generated": now}).to_string();
    let value = yaml::read_exact(text.as_bytes()).map_err(|error| plain(error.to_string()))?;
    let text = yaml::write(&value).map_err(|error| plain(error.to_string()))?;
    let (name, _) = file_names(chart);
    let path = folder.join(name);
    if let Ok(target) = fs::read_link(&path) {
        return Err(plain(format!("the {name} file is a symlink to {:?}", target.display().to_string())));
    }
    write_file(&path, text.as_bytes(), 0o644)
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

//! Lint of `Chart.yaml`.

use super::{Findings, Severity};
use crate::{
    chart::{METADATA_FIELDS, Metadata},
    semver::{Constraint, Version},
    value::{Map, Value},
    yaml,
};

const FILE: &str = "Chart.yaml";

/// Checks the file.
pub(super) fn check(data: &[u8], findings: &mut Findings) {
    let metadata = Metadata::parse(data).map_err(|error| format!("unable to parse YAML\n\t{error}"));
    let Some(metadata) = findings.check(Severity::Error, FILE, metadata) else { return };
    let strict =
        yaml::read_strict(data).map_err(|error| error.to_string()).and_then(|document| known(&document));
    let strict = strict.map_err(|error| format!("failed to strictly parse chart metadata file\n\t{error}"));
    findings.check(Severity::Warning, FILE, strict);
    let raw = yaml::read_map(data).ok();
    let checks = [
        (Severity::Error, name(&metadata)),
        (Severity::Error, api_version(&metadata)),
        (Severity::Error, is_text(raw.as_ref(), "version")),
        (Severity::Error, version(&metadata)),
        (Severity::Error, is_text(raw.as_ref(), "appVersion")),
        (Severity::Error, maintainers(&metadata)),
        (Severity::Error, sources(&metadata)),
        (Severity::Info, ensure(!metadata.icon.is_empty(), || "icon is recommended".into())),
        (Severity::Error, icon(&metadata)),
        (Severity::Error, kind(&metadata)),
        (Severity::Error, dependencies(&metadata)),
        (Severity::Warning, strict_version(&metadata)),
    ];
    for (severity, outcome) in checks {
        findings.check(severity, FILE, outcome);
    }
}

/// The fields of a maintainer and of a dependency.
const MAINTAINER_FIELDS: [&str; 3] = ["name", "email", "url"];
const DEPENDENCY_FIELDS: [&str; 8] =
    ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

/// Refuses the first field, in the order of the keys, that Helm does not know.
fn known(document: &Value) -> Result<(), String> {
    each_known(document, &METADATA_FIELDS, &mut |field, value| match field {
        "maintainers" => items_known(value, &MAINTAINER_FIELDS),
        "dependencies" => items_known(value, &DEPENDENCY_FIELDS),
        _ => Ok(()),
    })
}

fn items_known(list: &Value, fields: &[&str]) -> Result<(), String> {
    let Value::List(items) = list else { return Ok(()) };
    items.iter().try_for_each(|item| each_known(item, fields, &mut |_, _| Ok(())))
}

fn each_known(
    value: &Value,
    fields: &[&str],
    inside: &mut dyn FnMut(&str, &Value) -> Result<(), String>,
) -> Result<(), String> {
    let Value::Map(map) = value else { return Ok(()) };
    for (key, value) in map.snapshot() {
        let key = key.text();
        match fields.iter().find(|field| field.eq_ignore_ascii_case(&key)) {
            Some(field) => inside(field, &value)?,
            None => {
                return Err(format!(
                    "error unmarshaling JSON: while decoding JSON: json: unknown field {key:?}"
                ));
            }
        }
    }
    Ok(())
}

fn ensure(holds: bool, text: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(text()) }
}

fn name(metadata: &Metadata) -> Result<(), String> {
    ensure(!metadata.name.is_empty(), || "name is required".into())?;
    ensure(!metadata.name.contains('/'), || format!("chart name {:?} is invalid", metadata.name))
}

fn api_version(metadata: &Metadata) -> Result<(), String> {
    match metadata.api_version.as_str() {
        "v1" | "v2" => Ok(()),
        "" => Err("apiVersion is required. The value must be either \"v1\" or \"v2\"".into()),
        other => Err(format!("apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\"")),
    }
}

fn is_text(raw: Option<&Map>, key: &str) -> Result<(), String> {
    match raw.and_then(|raw| raw.get(key.as_bytes())) {
        None | Some(Value::Str(_)) => Ok(()),
        Some(other) => Err(format!("{key} should be of type string but it's of type {}", other.type_name())),
    }
}

fn version(metadata: &Metadata) -> Result<(), String> {
    ensure(!metadata.version.is_empty(), || "version is required".into())?;
    let version = &metadata.version;
    let parsed = Version::parse(version).map_err(|_| format!("version '{version}' is not a valid SemVer"))?;
    let positive = Constraint::parse(">0.0.0-0").is_ok_and(|range| range.accepts(&parsed));
    ensure(positive, || format!("version {version} is less than or equal to 0.0.0-0"))
}

fn strict_version(metadata: &Metadata) -> Result<(), String> {
    let version = &metadata.version;
    Version::parse_strict(version)
        .map(drop)
        .map_err(|_| format!("version '{version}' is not a valid SemVerV2"))
}

fn maintainers(metadata: &Metadata) -> Result<(), String> {
    for maintainer in &metadata.maintainers {
        let (name, email, url) = (&maintainer.name, &maintainer.email, &maintainer.url);
        ensure(!name.is_empty(), || "each maintainer requires a name".into())?;
        ensure(email.is_empty() || is_email(email), || {
            format!("invalid email '{email}' for maintainer '{name}'")
        })?;
        ensure(url.is_empty() || is_url(url, false), || {
            format!("invalid url '{url}' for maintainer '{name}'")
        })?;
    }
    Ok(())
}

fn sources(metadata: &Metadata) -> Result<(), String> {
    metadata
        .sources
        .iter()
        .try_for_each(|url| ensure(is_url(url, true), || format!("invalid source URL '{url}'")))
}

fn icon(metadata: &Metadata) -> Result<(), String> {
    let icon = &metadata.icon;
    ensure(icon.is_empty() || is_url(icon, true), || format!("invalid icon URL '{icon}'"))
}

fn kind(metadata: &Metadata) -> Result<(), String> {
    let version = &metadata.api_version;
    ensure(metadata.kind.is_empty() || version == "v2", || {
        format!("chart type is not valid in apiVersion '{version}'. It is valid in apiVersion 'v2'")
    })
}

fn dependencies(metadata: &Metadata) -> Result<(), String> {
    let version = &metadata.api_version;
    let none = metadata.dependencies.as_ref().is_none_or(Vec::is_empty);
    ensure(none || version == "v2", || {
        format!(
            "dependencies are not valid in the Chart file with apiVersion '{version}'. They are valid in apiVersion 'v2'"
        )
    })
}

/// A mailbox and a host with a dot.
fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(mailbox, host)| {
        let plain = |letter: char| !letter.is_whitespace() && !"()<>,;:[]\"".contains(letter);
        !mailbox.is_empty() && mailbox.chars().all(plain) && host.contains('.') && is_host(host)
    })
}

fn is_host(host: &str) -> bool {
    host.split('.').all(|label| {
        let inner = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    })
}

/// A scheme and what follows it; without `strict` a bare host will do.
fn is_url(text: &str, strict: bool) -> bool {
    if text.chars().any(char::is_whitespace) {
        return false;
    }
    match text.split_once(':') {
        Some((scheme, rest)) if rest.starts_with("//") || strict => {
            scheme.starts_with(|letter: char| letter.is_ascii_alphabetic()) && rest.len() > 2
        }
        _ => {
            !strict
                && is_host(text.split(['/', ':', '?', '#']).next().unwrap_or_default())
                && text.contains('.')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_helm_does_not_know() {
        let refused = |field: &str| {
            Err(format!("error unmarshaling JSON: while decoding JSON: json: unknown field {field:?}"))
        };
        let cases: [(&[u8], Result<(), String>); 6] = [
            (b"name: a\nversion: 1.0.0\nannotations: {any: thing}\n", Ok(())),
            (b"NAME: a\nApiVersion: v2\n", Ok(())),
            (b"tillerVersion: x\nengine: gotpl\n", refused("engine")),
            (b"maintainers: [{name: a, phone: b}]\nzone: c\n", refused("phone")),
            (b"dependencies: [{name: a, import-values: [{child: b, parent: c}]}]\n", Ok(())),
            (b"dependencies: [{name: a, optional: true}]\n", refused("optional")),
        ];
        for (text, expected) in cases {
            let document = yaml::read_strict(text).expect("YAML");
            assert_eq!(known(&document), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}

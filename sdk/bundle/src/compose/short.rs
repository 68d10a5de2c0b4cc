//! Compose's short forms: `8080:80/tcp`, `./data:/data:ro`, lists of `KEY=value`, commands as one string.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::model::{EnvFile, Mount, MountKind, Port};

/// Most ports in one range: a larger one is surely a mistake.
const MAX_RANGE: u16 = 256;

/// A scalar as text: `true`, `8` and `"8"` alike.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Text that may be written as a number or truth.
pub(super) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let value = Option::<Value>::deserialize(input)?;
    value.map(|value| scalar(&value).ok_or_else(|| D::Error::custom("must be a text"))).transpose()
}

/// A list, or one text that stands for a list of one.
pub(super) fn texts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let bad = || D::Error::custom("must be a text or a list of texts");
    match Value::deserialize(input)? {
        Value::Array(items) => items.iter().map(|item| scalar(item).ok_or_else(bad)).collect(),
        Value::Null => Ok(Vec::new()),
        one => Ok(vec![scalar(&one).ok_or_else(bad)?]),
    }
}

/// `env_file`: a path, or a list of paths and of maps with `path` and `required`.
pub(super) fn env_files<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<EnvFile>, D::Error> {
    let one = |value: Value| match value {
        Value::String(path) => Ok(EnvFile { path, required: true }),
        long => EnvFile::deserialize(long).map_err(D::Error::custom),
    };
    match Value::deserialize(input)? {
        Value::Array(items) => items.into_iter().map(one).collect(),
        Value::Null => Ok(Vec::new()),
        single => Ok(vec![one(single)?]),
    }
}

/// A map, or a list of `KEY=value`; a key without a value has none (`environment` takes it from outside).
pub(super) fn pairs<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<BTreeMap<String, Option<String>>, D::Error> {
    let bad = || D::Error::custom("must be a map of texts or a list of KEY=value");
    match Value::deserialize(input)? {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(fields) => {
            let pair = |(key, value): (String, Value)| match value {
                Value::Null => Ok((key, None)),
                value => Ok((key, Some(scalar(&value).ok_or_else(bad)?))),
            };
            fields.into_iter().map(pair).collect()
        }
        Value::Array(items) => {
            let pair = |item: &Value| {
                let text = scalar(item).ok_or_else(bad)?;
                Ok(match text.split_once('=') {
                    Some((key, value)) => (key.to_string(), Some(value.to_string())),
                    None => (text, None),
                })
            };
            items.iter().map(pair).collect()
        }
        _ => Err(bad()),
    }
}

/// A command: a list, or one string in shell words. `None`: not given.
pub(super) fn command<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<String>>, D::Error> {
    match Value::deserialize(input)? {
        Value::Null => Ok(None),
        Value::String(line) => {
            shlex::split(&line).map(Some).ok_or_else(|| D::Error::custom("a quote is not closed"))
        }
        Value::Array(items) => {
            let word = |item: &Value| scalar(item).ok_or_else(|| D::Error::custom("must be texts"));
            items.iter().map(word).collect::<Result<_, _>>().map(Some)
        }
        _ => Err(D::Error::custom("must be a text or a list of texts")),
    }
}

/// A list of names, or a map whose keys are the names; the values are kept.
pub(super) fn named<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let bad = || D::Error::custom("must be a list of names or a map by name");
    match Value::deserialize(input)? {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(fields) => Ok(fields.into_iter().collect()),
        Value::Array(items) => {
            items.iter().map(|item| Ok((item.as_str().ok_or_else(bad)?.into(), Value::Null))).collect()
        }
        _ => Err(bad()),
    }
}

/// Ports in both forms; a range becomes one entry for each port.
pub(super) fn ports<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Port>, D::Error> {
    let mut ports = Vec::new();
    for item in Option::<Vec<Value>>::deserialize(input)?.unwrap_or_default() {
        match scalar(&item) {
            Some(text) => ports.extend(port(&text).map_err(D::Error::custom)?),
            None => ports.push(Port::deserialize(item).map_err(D::Error::custom)?),
        }
    }
    Ok(ports)
}

/// `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, each a port or a range.
fn port(text: &str) -> Result<Vec<Port>, String> {
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (host, target) = match rest.rsplit_once(':') {
        Some((host, target)) => (Some(host), target),
        None => (None, rest),
    };
    let (address, host) = match host.and_then(|host| host.rsplit_once(':')) {
        Some((address, port)) => (Some(address.to_string()), Some(port)),
        None => (None, host),
    };
    let targets = range(target).ok_or_else(|| format!("{text:?} is no port: write HOST:CONTAINER"))?;
    let hosts = match host.filter(|host| !host.is_empty()) {
        Some(host) => range(host).ok_or_else(|| format!("{text:?} is no port: write HOST:CONTAINER"))?,
        None => targets.clone(),
    };
    if hosts.len() != targets.len() {
        return Err(format!("{text:?}: both ranges must be equally long"));
    }
    let each = hosts.into_iter().zip(targets).map(|(host, target)| Port {
        target,
        published: Some(host.to_string()),
        protocol: protocol.into(),
        host_ip: address.clone(),
        ..Port::default()
    });
    Ok(each.collect())
}

fn range(text: &str) -> Option<Vec<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first > 0 && first <= last && last - first < MAX_RANGE).then(|| (first..=last).collect())
}

/// Volumes in both forms.
pub(super) fn mounts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Mount>, D::Error> {
    let mount = |item: Value| match item {
        Value::String(text) => mount(&text),
        long => Mount::deserialize(long).map_err(|error| error.to_string()),
    };
    let items = Option::<Vec<Value>>::deserialize(input)?.unwrap_or_default();
    items.into_iter().map(|item| mount(item).map_err(D::Error::custom)).collect()
}

/// `[SOURCE:]TARGET[:ro|rw|...]`.
fn mount(text: &str) -> Result<Mount, String> {
    let mut parts: Vec<&str> = text.split(':').collect();
    let flags = if parts.len() > 2 { parts.pop().unwrap_or_default() } else { "" };
    let (source, target) = match parts[..] {
        [target] => (None, target),
        [source, target] => (Some(source), target),
        _ => return Err(format!("{text:?} is no volume: write SOURCE:TARGET[:ro]")),
    };
    if !target.starts_with('/') {
        return Err(format!("{text:?}: the path in the container must begin with /"));
    }
    let bound = source.is_some_and(|source| source.starts_with(['.', '/', '~']));
    Ok(Mount {
        kind: if bound { MountKind::Bind } else { MountKind::Volume },
        source: source.map(String::from),
        target: target.into(),
        read_only: flags.split(',').any(|flag| flag == "ro"),
        ..Mount::default()
    })
}

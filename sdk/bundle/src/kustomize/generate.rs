//! ConfigMaps and Secrets that are generated, and the hashes in their names.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest;
use serde_json::{Map, Value, json};

use super::{
    Error, Place, metadata,
    model::{Generator, GeneratorOptions, Kustomization},
    resource::{Resource, Resources},
};
use crate::json;

/// Characters of a hash in a name.
const HASH: usize = 10;
/// Characters of a line of base64; what is shorter stands in one without an end.
const LINE: usize = 70;

/// Adds, merges or replaces what is generated.
pub(super) fn add(at: &Place<'_, '_>, own: &Kustomization, resources: &mut Resources) -> Result<(), Error> {
    for (field, kind, generators) in [
        ("configMapGenerator", "ConfigMap", &own.config_map_generator),
        ("secretGenerator", "Secret", &own.secret_generator),
    ] {
        for generator in generators {
            let fault = |problem: String| at.fault(field, format!("{}: {problem}", generator.name));
            let options = options(&own.generator_options, &generator.options);
            let data = data(at, field, generator)?;
            let object = object(kind, generator, &options, data);
            let mut made = Resource::new(object).map_err(&fault)?;
            made.origin = metadata::of_generator(&at.seen_from_top(at.file_name()), kind);
            made.hashed = !options.disable_name_suffix_hash;
            place(generator, made, resources).map_err(fault)?;
        }
    }
    Ok(())
}

fn place(generator: &Generator, made: Resource, resources: &mut Resources) -> Result<(), String> {
    let behavior = generator.behavior.as_deref().unwrap_or("create");
    let merging = match behavior {
        "create" | "unspecified" => return resources.add(made),
        "merge" => true,
        "replace" => false,
        other => return Err(format!("behavior {other:?} must be create, merge or replace")),
    };
    let same = |one: &&mut Resource| one.kind() == made.kind() && one.was_named(made.name());
    let Some(known) = resources.iter_mut().find(same) else {
        return Err(format!("behavior {behavior} needs one that is there already, and there is none"));
    };
    for field in ["data", "binaryData"] {
        let Some(new) = made.object.get(field).and_then(Value::as_object) else {
            if !merging {
                known.object.as_object_mut().map(|object| object.remove(field));
            }
            continue;
        };
        match known.object.get_mut(field).and_then(Value::as_object_mut) {
            Some(old) if merging => old.extend(new.clone()),
            _ => known.object[field] = Value::Object(new.clone()),
        }
    }
    for field in ["labels", "annotations"] {
        if let Some(new) = made.object["metadata"].get(field).and_then(Value::as_object) {
            match known.object["metadata"].get_mut(field).and_then(Value::as_object_mut) {
                Some(old) => old.extend(new.clone()),
                None => known.object["metadata"][field] = Value::Object(new.clone()),
            }
        }
    }
    known.hashed &= made.hashed;
    Ok(())
}

/// The kustomization's options under the generator's own.
fn options(common: &GeneratorOptions, own: &GeneratorOptions) -> GeneratorOptions {
    let joined = |first: &BTreeMap<String, String>, second: &BTreeMap<String, String>| {
        first.iter().chain(second).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    GeneratorOptions {
        labels: joined(&common.labels, &own.labels),
        annotations: joined(&common.annotations, &own.annotations),
        disable_name_suffix_hash: common.disable_name_suffix_hash || own.disable_name_suffix_hash,
        immutable: common.immutable || own.immutable,
    }
}

fn object(
    kind: &str,
    generator: &Generator,
    options: &GeneratorOptions,
    data: Vec<(String, Vec<u8>)>,
) -> Value {
    let mut metadata = json!({"name": generator.name});
    if let Some(namespace) = &generator.namespace {
        metadata["namespace"] = json!(namespace);
    }
    for (field, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !pairs.is_empty() {
            metadata[field] = json!(pairs);
        }
    }
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
    if kind == "Secret" {
        object["type"] = json!(generator.secret_type.as_deref().unwrap_or("Opaque"));
    }
    let (mut texts, mut binary) = (Map::new(), Map::new());
    for (key, content) in data {
        match (kind, String::from_utf8(content)) {
            ("ConfigMap", Ok(text)) => texts.insert(key, json!(text)),
            ("ConfigMap", Err(bytes)) => binary.insert(key, json!(encoded(bytes.as_bytes()))),
            (_, Ok(text)) => texts.insert(key, json!(encoded(text.as_bytes()))),
            (_, Err(bytes)) => texts.insert(key, json!(encoded(bytes.as_bytes()))),
        };
    }
    for (field, content) in [("data", texts), ("binaryData", binary)] {
        if !content.is_empty() {
            object[field] = Value::Object(content);
        }
    }
    if options.immutable {
        object["immutable"] = json!(true);
    }
    object
}

/// Base64 as kustomize writes it; the hash of what is in a name is one of the lines too.
fn encoded(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        lines.extend([line, "\n"]);
        rest = after;
    }
    lines
}

/// Keys and contents of a generator's sources.
fn data(at: &Place<'_, '_>, field: &str, generator: &Generator) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut data: Vec<(String, Vec<u8>)> = Vec::new();
    let fault = |problem: String| at.fault(field, format!("{}: {problem}", generator.name));
    let mut add = |key: &str, content: Vec<u8>| match data.iter().any(|(known, _)| known == key) {
        true => Err(fault(format!("the key {key:?} is there twice"))),
        false => {
            data.push((key.into(), content));
            Ok(())
        }
    };
    for entry in generator.envs.iter().chain(&generator.env) {
        let text = at.read(entry)?;
        for line in String::from_utf8_lossy(&text).trim_start_matches('\u{feff}').lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                return Err(fault(format!("{entry}: {line:?}: write KEY=value")));
            };
            add(key, value.into())?;
        }
    }
    for literal in &generator.literals {
        let Some((key, value)) = literal.split_once('=') else {
            return Err(fault(format!("literal {literal:?}: write KEY=value")));
        };
        add(key, unquoted(value).into())?;
    }
    for entry in &generator.files {
        let (key, path) = entry.split_once('=').unwrap_or((entry.rsplit('/').next().unwrap_or(entry), entry));
        add(key, at.read(path)?)?;
    }
    Ok(data)
}

/// A literal's value without one pair of quotes around it.
fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// Appends to the names of generated objects the hash of their content.
pub(super) fn add_hashes(resources: &mut Resources) {
    for resource in resources.iter_mut().filter(|resource| resource.hashed) {
        let name = format!("{}-{}", resource.name(), hash(&resource.object));
        resource.remember();
        resource.set_metadata("name", &name);
    }
}

/// The hash of a ConfigMap's or Secret's content, as kustomize and kubectl write it.
fn hash(object: &Value) -> String {
    let field = |name: &str| object.get(name).cloned().unwrap_or_else(|| json!(""));
    // The name is empty in what is hashed, so that a prefix does not change the hash.
    let mut hashed = json!({"data": field("data"), "kind": object["kind"], "name": ""});
    if object["kind"] == "Secret" {
        hashed["type"] = field("type");
        if let Some(texts) = object.get("stringData") {
            hashed["stringData"] = texts.clone();
        }
    } else if let Some(binary) = object.get("binaryData") {
        hashed["binaryData"] = binary.clone();
    }
    // Go's writer sorts keys and escapes HTML's signs; a value that came from JSON is always written.
    let text = json::read(hashed.to_string().as_bytes())
        .ok()
        .and_then(|value| json::write(&value, json::Style::Compact).ok())
        .unwrap_or_default();
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let hex = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    // Letters that spell no words.
    hex.take(HASH).map(|digit| char::from(b"gh2k456789mbcdtf"[usize::from(digit)])).collect()
}

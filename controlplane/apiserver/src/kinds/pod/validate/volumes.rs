//! Volumes: names, one source each, and the files that sources make.

use std::collections::HashSet;

use naru_api::{names, quantity::Quantity};
use serde_json::Value;

use super::env;
use crate::kinds::{
    fields::{entries, items, text},
    path::{Path, Problems},
    words,
};

/// The pod's fields that a file of a downwardAPI volume can hold.
const FILE_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

const HOST_PATH_TYPES: &[&str] =
    &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// Checks `volumes`; the names that mounts can refer to.
pub(super) fn check<'a>(volumes: &'a Value, list: &Path<'_>, problems: &mut Problems) -> HashSet<&'a str> {
    let mut seen = HashSet::new();
    for (index, volume) in items(volumes).iter().enumerate() {
        let path = list.index(index);
        check_source(volume, &path, problems);
        let name = text(&volume["name"]);
        if name.is_empty() {
            problems.required(&path.child("name"), "");
        } else {
            problems.invalid_all(&path.child("name"), name, names::dns1123_label(name));
        }
        if !seen.insert(name) {
            problems.duplicate(&path.child("name"), name);
        }
    }
    seen.remove("");
    seen
}

fn check_source(volume: &Value, path: &Path<'_>, problems: &mut Problems) {
    let sources = entries(volume).filter(|(kind, source)| *kind != "name" && !source.is_null());
    for (index, (kind, source)) in sources.enumerate() {
        let path = path.child(kind);
        if index > 0 {
            problems.forbidden(&path, "may not specify more than 1 volume type");
            continue;
        }
        match kind.as_str() {
            "emptyDir" => check_empty_dir(source, &path, problems),
            "hostPath" => check_host_path(source, &path, problems),
            "configMap" => check_files(source, "name", &path, problems),
            "secret" => check_files(source, "secretName", &path, problems),
            "downwardAPI" => check_downward(source, &path, problems),
            "projected" => check_projected(source, &path, problems),
            // Other types are in the table of what is not supported.
            _ => {}
        }
    }
}

fn check_empty_dir(source: &Value, path: &Path<'_>, problems: &mut Problems) {
    let limit = &source["sizeLimit"];
    if limit.is_null() {
        return;
    }
    match Quantity::parse(text(limit)) {
        Ok(quantity) if quantity.to_milli() < 0 => {
            problems.forbidden(&path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
        }
        Ok(_) => {}
        Err(_) => {
            problems.invalid(&path.child("sizeLimit"), limit.clone(), "must be a valid resource quantity")
        }
    }
}

fn check_host_path(source: &Value, path: &Path<'_>, problems: &mut Problems) {
    let host_path = text(&source["path"]);
    if host_path.is_empty() {
        return problems.required(&path.child("path"), "");
    }
    problems.invalid_all(&path.child("path"), host_path, words::no_backsteps(host_path));
    let kind = text(&source["type"]);
    if !HOST_PATH_TYPES.contains(&kind) {
        problems.not_supported(&path.child("type"), kind, HOST_PATH_TYPES);
    }
}

/// A configMap or a secret: its name is in the field `name_field`.
fn check_files(source: &Value, name_field: &str, path: &Path<'_>, problems: &mut Problems) {
    if text(&source[name_field]).is_empty() {
        problems.required(&path.child(name_field), "");
    }
    check_mode(source, "defaultMode", path, problems);
    let list = path.child("items");
    for (index, item) in items(&source["items"]).iter().enumerate() {
        check_key_to_path(item, &list.index(index), problems);
    }
}

fn check_key_to_path(item: &Value, path: &Path<'_>, problems: &mut Problems) {
    if text(&item["key"]).is_empty() {
        problems.required(&path.child("key"), "");
    }
    check_file_path(item, path, problems);
    check_mode(item, "mode", path, problems);
}

fn check_file_path(item: &Value, path: &Path<'_>, problems: &mut Problems) {
    let file = text(&item["path"]);
    if file.is_empty() {
        problems.required(&path.child("path"), "");
    }
    problems.invalid_all(&path.child("path"), file, words::volume_file_path(file));
}

fn check_mode(holder: &Value, field: &str, path: &Path<'_>, problems: &mut Problems) {
    if let Some(mode) = holder[field].as_i64()
        && let Some(reason) = words::file_mode(mode)
    {
        problems.invalid(&path.child(field), mode, reason);
    }
}

fn check_downward(source: &Value, path: &Path<'_>, problems: &mut Problems) {
    check_mode(source, "defaultMode", path, problems);
    for file in items(&source["items"]) {
        // Kubernetes names the list, not the item.
        check_downward_file(file, path, problems);
    }
}

fn check_downward_file(file: &Value, path: &Path<'_>, problems: &mut Problems) {
    check_file_path(file, path, problems);
    let (field, resource) = (&file["fieldRef"], &file["resourceFieldRef"]);
    if field.is_object() {
        env::check_field(field, FILE_FIELDS, &path.child("fieldRef"), problems);
        if resource.is_object() {
            const WHY: &str = "fieldRef and resourceFieldRef can not be specified simultaneously";
            problems.invalid(path, "resource", WHY);
        }
    } else if resource.is_object() {
        env::check_resource(resource, true, &path.child("resourceFieldRef"), problems);
    } else {
        problems.required(path, "one of fieldRef and resourceFieldRef is required");
    }
    check_mode(file, "mode", path, problems);
}

fn check_projected(source: &Value, path: &Path<'_>, problems: &mut Problems) {
    check_mode(source, "defaultMode", path, problems);
    let mut seen = HashSet::new();
    let list = path.child("sources");
    for (index, projection) in items(&source["sources"]).iter().enumerate() {
        let one = list.index(index);
        let sources = entries(projection).filter(|(_, source)| source.is_object());
        for (count, (kind, source)) in sources.enumerate() {
            if count == 1 {
                problems.forbidden(&one, "may not specify more than 1 volume type per source");
            }
            check_projection(kind, source, &one.child(kind), problems);
            for item in items(&source["items"]) {
                let file = text(&item["path"]);
                if !file.is_empty() && !seen.insert(file) {
                    let named = if kind == "downwardAPI" { file } else { text(&source["name"]) };
                    problems.invalid(path, named, "conflicting duplicate paths");
                }
            }
        }
    }
}

fn check_projection(kind: &str, source: &Value, path: &Path<'_>, problems: &mut Problems) {
    match kind {
        "configMap" | "secret" => check_files(source, "name", path, problems),
        "downwardAPI" => {
            for file in items(&source["items"]) {
                check_downward_file(file, path, problems);
            }
        }
        // Other types are in the table of what is not supported.
        _ => {}
    }
}

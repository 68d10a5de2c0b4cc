//! Descriptions of kinds that say little: namespaces, config maps, secrets, service accounts.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::text::{Text, entries, items, plain};

/// Name, namespace, labels and annotations.
fn head(text: &mut Text, object: &Value) {
    let meta = &object["metadata"];
    text.field(0, "Name", plain(&meta["name"]));
    text.optional(0, "Namespace", &meta["namespace"]);
    text.labels("Labels", &meta["labels"]);
    text.annotations(&meta["annotations"]);
}

pub(super) fn namespace(text: &mut Text, namespace: &Value) {
    head(text, namespace);
    text.field(0, "Status", plain(&namespace["status"]["phase"]));
}

pub(super) fn config_map(text: &mut Text, map: &Value) {
    head(text, map);
    title(text, "Data");
    for (key, value) in entries(&map["data"]) {
        text.line(0, format_args!("{key}:"));
        text.line(0, "----");
        plain(value).split('\n').for_each(|line| text.line(0, line));
        text.line(0, "");
    }
    title(text, "BinaryData");
    for (key, value) in entries(&map["binaryData"]) {
        text.line(0, format_args!("{key}: {} bytes", decoded(value)));
    }
    text.line(0, "");
}

pub(super) fn secret(text: &mut Text, secret: &Value) {
    head(text, secret);
    text.line(0, "");
    text.field(0, "Type", plain(&secret["type"]));
    title(text, "Data");
    // Its values are not for screens.
    for (key, value) in entries(&secret["data"]) {
        text.field(0, key, format_args!("{} bytes", decoded(value)));
    }
}

pub(super) fn service_account(text: &mut Text, account: &Value) {
    head(text, account);
    let names: Vec<String> = items(&account["imagePullSecrets"]).map(|one| plain(&one["name"])).collect();
    text.values("Image pull secrets", &names);
}

fn title(text: &mut Text, title: &str) {
    text.line(0, "");
    text.line(0, title);
    text.line(0, "====");
}

/// How many bytes base64 stands for.
fn decoded(value: &Value) -> usize {
    STANDARD.decode(plain(value)).map_or(0, |bytes| bytes.len())
}

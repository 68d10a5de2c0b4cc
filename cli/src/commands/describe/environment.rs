//! A container's environment, in a pod's description.

use serde_json::Value;

use super::text::{Text, items, plain};

pub(super) fn describe(text: &mut Text, container: &Value) {
    sources(text, &container["envFrom"]);
    if items(&container["env"]).next().is_none() {
        return text.field(2, "Environment", "<none>");
    }
    text.line(2, "Environment:");
    for variable in items(&container["env"]) {
        let name = plain(&variable["name"]);
        match variable["valueFrom"].as_object().and_then(|from| from.iter().next()) {
            None => {
                let value = plain(&variable["value"]);
                let mut lines = value.split('\n');
                text.field(3, &name, lines.next().unwrap_or_default());
                lines.for_each(|line| text.line(3, format_args!("\t{line}")));
            }
            Some((kind, from)) => text.field(3, &name, reference(kind, from)),
        }
    }
}

/// Where a value comes from. What a field or a resource is worth is known on the node only.
fn reference(kind: &str, from: &Value) -> String {
    let key = |what: &str, of: &str| {
        let (key, name) = (plain(&from["key"]), plain(&from["name"]));
        format!("<set to the key '{key}' {of} {what} '{name}'>\tOptional: {}", from["optional"] == true)
    };
    match kind {
        "configMapKeyRef" => key("config map", "of"),
        "secretKeyRef" => key("secret", "in"),
        "fieldRef" => {
            format!(" ({}:{})", from["apiVersion"].as_str().unwrap_or("v1"), plain(&from["fieldPath"]))
        }
        _ => format!(" ({})", plain(&from["resource"])),
    }
}

fn sources(text: &mut Text, sources: &Value) {
    if items(sources).next().is_none() {
        return;
    }
    text.line(2, "Environment Variables from:");
    for source in items(sources) {
        let (kind, from) = match source["configMapRef"].is_null() {
            false => ("ConfigMap", &source["configMapRef"]),
            true => ("Secret", &source["secretRef"]),
        };
        let prefix = source["prefix"].as_str().filter(|prefix| !prefix.is_empty());
        let prefix = prefix.map(|prefix| format!(" with prefix '{prefix}'")).unwrap_or_default();
        text.line(
            3,
            format_args!("{}\t{kind}{prefix}\tOptional: {}", plain(&from["name"]), from["optional"] == true),
        );
    }
}

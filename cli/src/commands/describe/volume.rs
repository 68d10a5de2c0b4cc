//! A pod's volumes, in its description.

use serde_json::Value;

use super::text::{Text, entries, items, plain};

pub(super) fn describe(text: &mut Text, volumes: &Value) {
    if items(volumes).next().is_none() {
        return text.field(0, "Volumes", "<none>");
    }
    text.line(0, "Volumes:");
    for volume in items(volumes) {
        text.line(1, format_args!("{}:", plain(&volume["name"])));
        for (kind, source) in entries(volume).into_iter().filter(|(key, _)| *key != "name") {
            one(text, kind, source);
        }
    }
}

fn one(text: &mut Text, kind: &str, source: &Value) {
    let optional = source["optional"] == true;
    match kind {
        "emptyDir" => {
            text.field(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
            text.field(2, "Medium", plain(&source["medium"]));
            let limit = plain(&source["sizeLimit"]);
            text.field(2, "SizeLimit", if limit.is_empty() { "<unset>" } else { &limit });
        }
        "hostPath" => {
            text.field(2, "Type", "HostPath (bare host directory volume)");
            text.field(2, "Path", plain(&source["path"]));
            text.field(2, "HostPathType", plain(&source["type"]));
        }
        "configMap" => {
            text.field(2, "Type", "ConfigMap (a volume populated by a ConfigMap)");
            text.field(2, "Name", plain(&source["name"]));
            text.field(2, "Optional", optional);
        }
        "secret" => {
            text.field(2, "Type", "Secret (a volume populated by a Secret)");
            text.field(2, "SecretName", plain(&source["secretName"]));
            text.field(2, "Optional", optional);
        }
        "downwardAPI" => {
            text.field(2, "Type", "DownwardAPI (a volume populated by information about the pod)");
            text.line(2, "Items:");
            for item in items(&source["items"]) {
                let from = match item["fieldRef"]["fieldPath"].as_str() {
                    Some(path) => path.into(),
                    None => plain(&item["resourceFieldRef"]["resource"]),
                };
                text.line(3, format_args!("{from} -> {}", plain(&item["path"])));
            }
        }
        "projected" => projected(text, source),
        other => {
            text.field(2, "Type", other);
            for (field, value) in entries(source).into_iter().filter(|(_, value)| !value.is_array()) {
                text.field(2, field, plain(value));
            }
        }
    }
}

fn projected(text: &mut Text, source: &Value) {
    text.field(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
    for (kind, one) in items(&source["sources"]).flat_map(entries) {
        match kind {
            "secret" => {
                text.field(2, "SecretName", plain(&one["name"]));
                text.field(2, "Optional", one["optional"] == true);
            }
            "configMap" => {
                text.field(2, "ConfigMapName", plain(&one["name"]));
                text.field(2, "Optional", one["optional"] == true);
            }
            "downwardAPI" => text.field(2, "DownwardAPI", true),
            "serviceAccountToken" => {
                text.field(2, "TokenExpirationSeconds", plain(&one["expirationSeconds"]))
            }
            other => text.field(2, other, plain(&one["name"])),
        }
    }
}

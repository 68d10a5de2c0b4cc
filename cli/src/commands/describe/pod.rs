//! A pod's description.

use serde_json::Value;

use super::text::{Text, plain, time};

pub(super) fn describe(text: &mut Text, pod: &Value) {
    let (meta, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    text.field(0, "Name", &plain(&meta["name"]));
    text.field(0, "Namespace", &plain(&meta["namespace"]));
    text.field(0, "Priority", &plain(&spec["priority"]));
    text.field(0, "Service Account", &plain(&spec["serviceAccountName"]));
    match spec["nodeName"].as_str() {
        Some(node) => text.field(0, "Node", &format!("{node}/{}", plain(&status["hostIP"]))),
        None => text.field(0, "Node", ""),
    }
    if let Some(started) = status["startTime"].as_str() {
        text.field(0, "Start Time", &time(started));
    }
    text.map(0, "Labels", &meta["labels"]);
    text.map(0, "Annotations", &shown_annotations(&meta["annotations"]));
    match meta["deletionTimestamp"].as_str() {
        Some(deadline) => {
            text.field(0, "Status", &format!("Terminating (until {})", time(deadline)));
            text.optional(0, "Termination Grace Period", &meta["deletionGracePeriodSeconds"]);
        }
        None => text.field(0, "Status", &plain(&status["phase"])),
    }
    text.optional(0, "Reason", &status["reason"]);
    text.optional(0, "Message", &status["message"]);
    text.field(0, "IP", &plain(&status["podIP"]));
    let ips = status["podIPs"].as_array().into_iter().flatten();
    text.list(0, "IPs", &ips.map(|one| plain(&one["ip"])).collect::<Vec<_>>());
    containers(text, "Init Containers", &spec["initContainers"], &status["initContainerStatuses"]);
    containers(text, "Containers", &spec["containers"], &status["containerStatuses"]);
    conditions(text, &status["conditions"]);
    volumes(text, &spec["volumes"]);
    text.field(0, "QoS Class", &plain(&status["qosClass"]));
    text.map(0, "Node-Selectors", &spec["nodeSelector"]);
    let tolerations = spec["tolerations"].as_array().into_iter().flatten();
    text.list(0, "Tolerations", &tolerations.map(toleration).collect::<Vec<_>>());
}

/// What `apply` keeps for itself says nothing to people.
fn shown_annotations(annotations: &Value) -> Value {
    let mut shown = annotations.clone();
    if let Some(map) = shown.as_object_mut() {
        map.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    shown
}

fn containers(text: &mut Text, title: &str, specs: &Value, statuses: &Value) {
    let Some(specs) = specs.as_array().filter(|all| !all.is_empty()) else { return };
    text.line(0, &format!("{title}:"));
    for spec in specs {
        let all = statuses.as_array().into_iter().flatten();
        let status = all.into_iter().find(|one| one["name"] == spec["name"]).unwrap_or(&Value::Null);
        container(text, spec, status);
    }
}

fn container(text: &mut Text, spec: &Value, status: &Value) {
    text.line(2, &format!("{}:", plain(&spec["name"])));
    text.field(4, "Container ID", &plain(&status["containerID"]));
    text.field(4, "Image", &plain(&spec["image"]));
    text.field(4, "Image ID", &plain(&status["imageID"]));
    let ports = spec["ports"].as_array().into_iter().flatten();
    let ports: Vec<String> =
        ports.map(|one| format!("{}/{}", plain(&one["containerPort"]), plain(&one["protocol"]))).collect();
    text.field(4, "Ports", &ports.join(", "));
    for (name, field) in [("Command", "command"), ("Args", "args")] {
        if let Some(words) = spec[field].as_array() {
            text.line(4, &format!("{name}:"));
            words.iter().for_each(|word| text.line(6, &plain(word)));
        }
    }
    state(text, "State", &status["state"]);
    if status["lastState"].as_object().is_some_and(|state| !state.is_empty()) {
        state(text, "Last State", &status["lastState"]);
    }
    text.field(4, "Ready", &plain(&status["ready"]));
    text.field(4, "Restart Count", &plain(&status["restartCount"]));
    for (name, field) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(amounts) = spec["resources"][field].as_object() {
            text.line(4, &format!("{name}:"));
            amounts.iter().for_each(|(resource, amount)| text.field(6, resource, &plain(amount)));
        }
    }
    environment(text, spec);
    let mounts = spec["volumeMounts"].as_array().into_iter().flatten();
    let mounts: Vec<String> = mounts.map(mount).collect();
    match mounts.is_empty() {
        true => text.field(4, "Mounts", ""),
        false => {
            text.line(4, "Mounts:");
            mounts.iter().for_each(|one| text.line(6, one));
        }
    }
}

fn mount(mount: &Value) -> String {
    let mode = if mount["readOnly"] == true { "ro" } else { "rw" };
    let path = mount["subPath"].as_str().map(|path| format!(",path={path:?}")).unwrap_or_default();
    format!("{} from {} ({mode}{path})", plain(&mount["mountPath"]), plain(&mount["name"]))
}

fn environment(text: &mut Text, spec: &Value) {
    if let Some(sources) = spec["envFrom"].as_array() {
        text.line(4, "Environment Variables from:");
        for source in sources {
            for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                if let Some(name) = source[field]["name"].as_str() {
                    let optional = source[field]["optional"] == true;
                    text.line(6, &format!("{name}  {kind}  Optional: {optional}"));
                }
            }
        }
    }
    let Some(variables) = spec["env"].as_array().filter(|all| !all.is_empty()) else {
        text.field(4, "Environment", "");
        return;
    };
    text.line(4, "Environment:");
    for variable in variables {
        let from = &variable["valueFrom"];
        let value = match from.as_object().and_then(|source| source.keys().next()).map(String::as_str) {
            Some("fieldRef") => {
                format!(
                    "({}:{})",
                    plain(&from["fieldRef"]["apiVersion"]),
                    plain(&from["fieldRef"]["fieldPath"])
                )
            }
            Some("configMapKeyRef") => reference(&from["configMapKeyRef"], "config map"),
            Some("secretKeyRef") => reference(&from["secretKeyRef"], "secret"),
            Some("resourceFieldRef") => plain(&from["resourceFieldRef"]["resource"]),
            _ => plain(&variable["value"]),
        };
        text.field(6, &plain(&variable["name"]), &value);
    }
}

fn reference(from: &Value, kind: &str) -> String {
    format!("<set to the key '{}' in {kind} '{}'>", plain(&from["key"]), plain(&from["name"]))
}

fn state(text: &mut Text, title: &str, state: &Value) {
    let Some((name, detail)) = state.as_object().and_then(|state| state.iter().next()) else {
        text.field(4, title, "Waiting");
        return;
    };
    let mut capital = name.clone();
    capital[..1].make_ascii_uppercase();
    text.field(4, title, &capital);
    text.optional(6, "Reason", &detail["reason"]);
    text.optional(6, "Message", &detail["message"]);
    text.optional(6, "Exit Code", &detail["exitCode"]);
    for (title, field) in [("Started", "startedAt"), ("Finished", "finishedAt")] {
        if let Some(moment) = detail[field].as_str() {
            text.field(6, title, &time(moment));
        }
    }
}

fn conditions(text: &mut Text, conditions: &Value) {
    let Some(all) = conditions.as_array().filter(|all| !all.is_empty()) else { return };
    text.line(0, "Conditions:");
    text.line(2, &format!("{:<28}{}", "Type", "Status"));
    for one in all {
        text.line(2, &format!("{:<28}{}", plain(&one["type"]), plain(&one["status"])));
    }
}

fn volumes(text: &mut Text, volumes: &Value) {
    let Some(all) = volumes.as_array().filter(|all| !all.is_empty()) else {
        text.field(0, "Volumes", "");
        return;
    };
    text.line(0, "Volumes:");
    for volume in all {
        text.line(2, &format!("{}:", plain(&volume["name"])));
        for (kind, source) in volume.as_object().into_iter().flatten().filter(|(key, _)| *key != "name") {
            let mut capital = kind.clone();
            capital[..1].make_ascii_uppercase();
            text.field(4, "Type", &capital);
            for (field, value) in
                source.as_object().into_iter().flatten().filter(|(_, value)| !value.is_array())
            {
                text.field(4, field, &plain(value));
            }
        }
    }
}

fn toleration(one: &Value) -> String {
    let mut words = plain(&one["key"]);
    if let Some(value) = one["value"].as_str().filter(|value| !value.is_empty()) {
        words.push_str(&format!("={value}"));
    }
    if let Some(effect) = one["effect"].as_str().filter(|effect| !effect.is_empty()) {
        words.push_str(&format!(":{effect}"));
    }
    if one["operator"] == "Exists" {
        words.push_str(" op=Exists");
    }
    if let Some(seconds) = one["tolerationSeconds"].as_i64() {
        words.push_str(&format!(" for {seconds}s"));
    }
    words.trim().into()
}

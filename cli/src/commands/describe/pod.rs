//! A pod's description.

use serde_json::Value;

use super::text::{Text, capital, entries, items, plain, since, time};

pub(super) fn describe(text: &mut Text, pod: &Value) {
    let (meta, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    text.field(0, "Name", plain(&meta["name"]));
    text.field(0, "Namespace", plain(&meta["namespace"]));
    text.optional(0, "Priority", &spec["priority"]);
    text.optional(0, "Priority Class Name", &spec["priorityClassName"]);
    text.optional(0, "Service Account", &spec["serviceAccountName"]);
    match spec["nodeName"].as_str().filter(|node| !node.is_empty()) {
        Some(node) => text.field(0, "Node", format_args!("{node}/{}", plain(&status["hostIP"]))),
        None => text.field(0, "Node", "<none>"),
    }
    if !status["startTime"].is_null() {
        text.field(0, "Start Time", time(&status["startTime"]));
    }
    text.labels("Labels", &meta["labels"]);
    text.annotations(&meta["annotations"]);
    match meta["deletionTimestamp"].as_str() {
        Some(deadline) => {
            text.field(0, "Status", format_args!("Terminating (lasts {})", since(deadline)));
            let grace = plain(&meta["deletionGracePeriodSeconds"]);
            text.field(0, "Termination Grace Period", format_args!("{grace}s"));
        }
        None => text.field(0, "Status", plain(&status["phase"])),
    }
    text.optional(0, "Reason", &status["reason"]);
    text.optional(0, "Message", &status["message"]);
    text.field(0, "IP", plain(&status["podIP"]));
    addresses(text, &status["podIPs"]);
    if let Some(owner) = items(&meta["ownerReferences"]).find(|owner| owner["controller"] == true) {
        text.field(0, "Controlled By", format_args!("{}/{}", plain(&owner["kind"]), plain(&owner["name"])));
    }
    containers(text, "Init Containers", &spec["initContainers"], &status["initContainerStatuses"]);
    containers(text, "Containers", &spec["containers"], &status["containerStatuses"]);
    conditions(text, &status["conditions"]);
    super::volume::describe(text, &spec["volumes"]);
    text.field(0, "QoS Class", plain(&status["qosClass"]));
    text.labels("Node-Selectors", &spec["nodeSelector"]);
    let mut tolerations: Vec<&Value> = items(&spec["tolerations"]).collect();
    tolerations.sort_by_key(|one| plain(&one["key"]));
    text.values("Tolerations", &tolerations.into_iter().map(toleration).collect::<Vec<_>>());
}

fn addresses(text: &mut Text, ips: &Value) {
    if items(ips).next().is_none() {
        return text.field(0, "IPs", "<none>");
    }
    text.line(0, "IPs:");
    for one in items(ips) {
        text.field(1, "IP", plain(&one["ip"]));
    }
}

fn containers(text: &mut Text, title: &str, specs: &Value, statuses: &Value) {
    if items(specs).next().is_none() {
        return;
    }
    text.line(0, format_args!("{title}:"));
    for spec in items(specs) {
        container(text, spec, items(statuses).find(|one| one["name"] == spec["name"]));
    }
}

fn container(text: &mut Text, spec: &Value, status: Option<&Value>) {
    text.line(1, format_args!("{}:", plain(&spec["name"])));
    if let Some(status) = status {
        text.field(2, "Container ID", plain(&status["containerID"]));
    }
    text.field(2, "Image", plain(&spec["image"]));
    if let Some(status) = status {
        text.field(2, "Image ID", plain(&status["imageID"]));
    }
    ports(text, "Port", "containerPort", &spec["ports"]);
    ports(text, "Host Port", "hostPort", &spec["ports"]);
    for (title, field) in [("Command", "command"), ("Args", "args")] {
        if items(&spec[field]).next().is_some() {
            text.line(2, format_args!("{title}:"));
            for word in items(&spec[field]) {
                plain(word).split('\n').for_each(|line| text.line(3, line));
            }
        }
    }
    if let Some(status) = status {
        state(text, "State", &status["state"]);
        if !status["lastState"]["terminated"].is_null() {
            state(text, "Last State", &status["lastState"]);
        }
        text.field(2, "Ready", capital(status["ready"] == true));
        text.field(2, "Restart Count", plain(&status["restartCount"]));
    }
    for (title, field) in [("Limits", "limits"), ("Requests", "requests")] {
        let amounts = entries(&spec["resources"][field]);
        if !amounts.is_empty() {
            text.line(2, format_args!("{title}:"));
            amounts.into_iter().for_each(|(resource, amount)| text.field(3, resource, plain(amount)));
        }
    }
    super::environment::describe(text, spec);
    mounts(text, &spec["volumeMounts"]);
}

fn ports(text: &mut Text, title: &str, field: &str, ports: &Value) {
    let words: Vec<String> = items(ports)
        .map(|one| {
            let name = one["name"].as_str().filter(|_| field == "containerPort");
            let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
            let number = one[field].as_i64().unwrap_or_default();
            format!("{number}/{}{name}", one["protocol"].as_str().unwrap_or("TCP"))
        })
        .collect();
    let plural = if words.len() > 1 { "s" } else { "" };
    text.field_or_none(2, &format!("{title}{plural}"), &words.join(", "));
}

fn mounts(text: &mut Text, mounts: &Value) {
    let mut mounts: Vec<&Value> = items(mounts).collect();
    if mounts.is_empty() {
        return text.field(2, "Mounts", "<none>");
    }
    mounts.sort_by_key(|one| plain(&one["mountPath"]));
    text.line(2, "Mounts:");
    for mount in mounts {
        let mode = if mount["readOnly"] == true { "ro" } else { "rw" };
        let path = mount["subPath"].as_str().filter(|path| !path.is_empty());
        let path = path.map(|path| format!(",path={path:?}")).unwrap_or_default();
        text.line(
            3,
            format_args!("{} from {} ({mode}{path})", plain(&mount["mountPath"]), plain(&mount["name"])),
        );
    }
}

fn state(text: &mut Text, title: &str, state: &Value) {
    let (running, terminated) = (&state["running"], &state["terminated"]);
    if !running.is_null() {
        text.field(2, title, "Running");
        text.field(3, "Started", time(&running["startedAt"]));
    } else if !terminated.is_null() {
        text.field(2, title, "Terminated");
        text.optional(3, "Reason", &terminated["reason"]);
        text.optional(3, "Message", &terminated["message"]);
        text.field(3, "Exit Code", plain(&terminated["exitCode"]));
        if terminated["signal"].as_i64().is_some_and(|signal| signal > 0) {
            text.field(3, "Signal", plain(&terminated["signal"]));
        }
        text.field(3, "Started", time(&terminated["startedAt"]));
        text.field(3, "Finished", time(&terminated["finishedAt"]));
    } else {
        text.field(2, title, "Waiting");
        text.optional(3, "Reason", &state["waiting"]["reason"]);
    }
}

fn conditions(text: &mut Text, conditions: &Value) {
    if items(conditions).next().is_none() {
        return;
    }
    text.line(0, "Conditions:");
    text.line(1, "Type\tStatus");
    for one in items(conditions) {
        text.line(1, format_args!("{} \t{} ", plain(&one["type"]), plain(&one["status"])));
    }
}

fn toleration(one: &Value) -> String {
    let filled = |field: &str| one[field].as_str().filter(|value| !value.is_empty());
    let mut words = filled("key").unwrap_or_default().to_string();
    if let Some(value) = filled("value") {
        words.push_str(&format!("={value}"));
    }
    if let Some(effect) = filled("effect") {
        words.push_str(&format!(":{effect}"));
    }
    if one["operator"] == "Exists" && filled("value").is_none() {
        words.push_str(if words.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    if let Some(seconds) = one["tolerationSeconds"].as_i64() {
        words.push_str(&format!(" for {seconds}s"));
    }
    words
}

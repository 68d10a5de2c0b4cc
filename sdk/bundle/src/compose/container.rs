//! A service's container: image, command, environment, resources, security, probes. Mounts are the pod's.

use serde_json::{Map, Value, json};

use super::{
    Error, Surroundings, files, health, model::Service, object_name, short::scalar, units, workload::protocol,
};

/// The container of a service, without mounts.
pub(super) fn of(name: &str, service: &Service, surroundings: &dyn Surroundings) -> Result<Value, Error> {
    let Some(image) = &service.image else {
        let problem = match service.build {
            Some(_) => "build: a cluster cannot build; build the image, push it, and name it with image",
            None => "image is missing",
        };
        return Err(Error::Unsupported { service: name.into(), problem: problem.into() });
    };
    let own = object_name(service.container_name.as_deref().unwrap_or(name));
    let mut container = Map::new();
    let mut set = |field: &str, value: Value| {
        let empty = match &value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            other => other.is_null(),
        };
        if !empty {
            container.insert(field.into(), value);
        }
    };
    set("name", json!(own));
    set("image", json!(image));
    set("command", json!(service.entrypoint));
    set("args", json!(service.command));
    set("workingDir", json!(service.working_dir));
    set("env", Value::Array(environment(name, service, surroundings)?));
    set("ports", Value::Array(ports(name, service)?));
    set("resources", resources(name, service)?);
    set("securityContext", security(name, service)?);
    set("imagePullPolicy", json!(pull_policy(name, service)?));
    if service.tty {
        set("tty", json!(true));
    }
    if service.stdin_open {
        set("stdin", json!(true));
    }
    if let Some((ready, alive)) =
        service.healthcheck.as_ref().map_or(Ok(None), |health| health::probes(name, health))?
    {
        set("readinessProbe", ready);
        set("livenessProbe", alive);
    }
    Ok(Value::Object(container))
}

/// `env_file`s in their order, then `environment`; a variable without a value is the user's own, if set.
fn environment(name: &str, service: &Service, surroundings: &dyn Surroundings) -> Result<Vec<Value>, Error> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, value: String| {
        all.retain(|(known, _)| known != key);
        all.push((key.into(), value));
    };
    for file in &service.env_file {
        let text = match files::read(&format!("services.{name}.env_file"), &file.path, surroundings) {
            Err(_) if !file.required => continue,
            read => read?,
        };
        for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once('=') {
                Some((key, value)) => add(key.trim(), unquoted(value.trim()).into()),
                None => surroundings.variable(line).into_iter().for_each(|value| add(line, value)),
            }
        }
    }
    for (key, value) in &service.environment {
        if let Some(value) = value.clone().or_else(|| surroundings.variable(key)) {
            add(key, value);
        }
    }
    // Kubernetes replaces $(NAME) in values; Compose does not.
    Ok(all.iter().map(|(key, value)| json!({"name": key, "value": value.replace("$(", "$$(")})).collect())
}

/// A value without the quotes around it.
fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

fn ports(name: &str, service: &Service) -> Result<Vec<Value>, Error> {
    let mut ports: Vec<Value> = Vec::new();
    for port in &service.ports {
        let one = json!({"containerPort": port.target, "protocol": protocol(name, port)?});
        if !ports.contains(&one) {
            ports.push(one);
        }
    }
    Ok(ports)
}

fn resources(name: &str, service: &Service) -> Result<Value, Error> {
    let resources = &service.deploy.resources;
    let amounts = |section: &str, cpus: &Option<String>, memory: &Option<String>| {
        let bad = |field: &str, text: &str, remedy: &str| Error::Form {
            path: format!("services.{name}.{section}.{field}"),
            problem: format!("{text:?}: {remedy}"),
        };
        let mut amounts = Map::new();
        if let Some(text) = cpus {
            let cpus = units::cpus(text).ok_or_else(|| bad("cpus", text, "write cores, like 0.5"))?;
            amounts.insert("cpu".into(), json!(cpus));
        }
        if let Some(text) = memory {
            let bytes = units::bytes(text).ok_or_else(|| bad("memory", text, "write 512m or 2g"))?;
            amounts.insert("memory".into(), json!(units::quantity(bytes)));
        }
        Ok::<_, Error>(amounts)
    };
    let or = |first: &Option<String>, second: &Option<String>| first.clone().or_else(|| second.clone());
    let (limits, kept) = (&resources.limits, &resources.reservations);
    let limits = amounts(
        "deploy.resources.limits",
        &or(&limits.cpus, &service.cpus),
        &or(&limits.memory, &service.mem_limit),
    )?;
    let requests =
        amounts("deploy.resources.reservations", &kept.cpus, &or(&kept.memory, &service.mem_reservation))?;
    let mut all = Map::new();
    if !limits.is_empty() {
        all.insert("limits".into(), Value::Object(limits));
    }
    if !requests.is_empty() {
        all.insert("requests".into(), Value::Object(requests));
    }
    Ok(Value::Object(all))
}

fn security(name: &str, service: &Service) -> Result<Value, Error> {
    let mut security = Map::new();
    let bad = |field: &str, text: &str| Error::Unsupported {
        service: name.into(),
        problem: format!("{field} {text:?}: pods take numbers only; write the numeric id"),
    };
    if let Some(user) = &service.user {
        let (uid, gid) = user.split_once(':').map_or((user.as_str(), None), |(uid, gid)| (uid, Some(gid)));
        let number = |text: &str| text.parse::<u32>().map_err(|_| bad("user", user));
        security.insert("runAsUser".into(), json!(number(uid)?));
        if let Some(gid) = gid {
            security.insert("runAsGroup".into(), json!(number(gid)?));
        }
    }
    let short = |name: &String| name.strip_prefix("CAP_").unwrap_or(name).to_owned();
    let mut capabilities = Map::new();
    for (field, names) in [("add", &service.cap_add), ("drop", &service.cap_drop)] {
        if !names.is_empty() {
            capabilities.insert(field.into(), json!(names.iter().map(short).collect::<Vec<_>>()));
        }
    }
    if !capabilities.is_empty() {
        security.insert("capabilities".into(), Value::Object(capabilities));
    }
    if service.privileged {
        security.insert("privileged".into(), json!(true));
    }
    if service.read_only {
        security.insert("readOnlyRootFilesystem".into(), json!(true));
    }
    Ok(Value::Object(security))
}

fn pull_policy(name: &str, service: &Service) -> Result<Option<&'static str>, Error> {
    match service.pull_policy.as_deref() {
        None => Ok(None),
        Some("always") => Ok(Some("Always")),
        Some("never") => Ok(Some("Never")),
        Some("missing" | "if_not_present") => Ok(Some("IfNotPresent")),
        Some(other) => Err(Error::Unsupported {
            service: name.into(),
            problem: format!("pull_policy {other:?}: use always, never or missing"),
        }),
    }
}

/// The ids of supplementary groups.
pub(super) fn groups(name: &str, service: &Service) -> Result<Vec<u32>, Error> {
    let number = |group: &Value| {
        let text = scalar(group).unwrap_or_default();
        text.parse().map_err(|_| Error::Unsupported {
            service: name.into(),
            problem: format!("group_add {text:?}: pods take numbers only; write the numeric id"),
        })
    };
    service.group_add.iter().map(number).collect()
}

//! The pod of a service: its volumes and mounts, what it waits for, its network and its restart policy.

use serde_json::{Map, Value, json};

use super::{
    Error, container, files,
    model::{Mount, MountKind, Project, Service},
    object_name,
    short::scalar,
    storage, units,
    workload::protocol,
};

/// The image of the container that waits for another service's port; it needs only `nc`.
const WAIT_IMAGE: &str = "docker.io/library/busybox:1";

/// Volumes and their mounts, collected.
#[derive(Default)]
struct Mounted {
    volumes: Vec<Value>,
    mounts: Vec<Value>,
}

impl Mounted {
    /// Mounts a volume; equal ones are one volume.
    fn add(&mut self, source: Value, mut mount: Value) {
        let same =
            |volume: &&Value| source.as_object().is_some_and(|own| own.iter().all(|(k, v)| volume[k] == *v));
        let name = match self.volumes.iter().find(same) {
            Some(known) => known["name"].clone(),
            None => {
                let name = json!(format!("volume-{}", self.volumes.len()));
                let mut volume = json!({"name": name});
                for (key, value) in source.as_object().into_iter().flatten() {
                    volume[key] = value.clone();
                }
                self.volumes.push(volume);
                name
            }
        };
        mount["name"] = name;
        self.mounts.push(mount);
    }
}

/// The pod of a service around its container.
pub(super) fn spec(
    name: &str,
    service: &Service,
    project: &Project,
    mut container: Value,
    restart_policy: &str,
) -> Result<Value, Error> {
    let mut mounted = Mounted::default();
    for mount in &service.volumes {
        add_mount(name, mount, project, &mut mounted)?;
    }
    for path in &service.tmpfs {
        let path = path.split(':').next().unwrap_or(path);
        mounted.add(json!({"emptyDir": {"medium": "Memory"}}), json!({"mountPath": path}));
    }
    for (section, uses) in [("configs", &service.configs), ("secrets", &service.secrets)] {
        for one in uses {
            add_file(name, section, one, project, &mut mounted)?;
        }
    }
    let mut spec = Map::new();
    let waits = waits(name, service, project)?;
    if !waits.is_empty() {
        spec.insert("initContainers".into(), json!(waits));
    }
    if !mounted.mounts.is_empty() {
        container["volumeMounts"] = json!(mounted.mounts);
        spec.insert("volumes".into(), json!(mounted.volumes));
    }
    spec.insert("containers".into(), json!([container]));
    spec.insert("restartPolicy".into(), json!(restart_policy));
    network(name, service, &mut spec)?;
    if let Some(text) = &service.stop_grace_period {
        let seconds = units::seconds(text).ok_or_else(|| Error::Form {
            path: format!("services.{name}.stop_grace_period"),
            problem: format!("{text:?} is no duration: write 30s or 1m30s"),
        })?;
        spec.insert("terminationGracePeriodSeconds".into(), json!(seconds));
    }
    let mut security = Map::new();
    let groups = container::groups(name, service)?;
    if !groups.is_empty() {
        security.insert("supplementalGroups".into(), json!(groups));
    }
    if !service.sysctls.is_empty() {
        let sysctls = service.sysctls.iter().map(|(key, value)| json!({"name": key, "value": value}));
        security.insert("sysctls".into(), sysctls.collect());
    }
    if !security.is_empty() {
        spec.insert("securityContext".into(), Value::Object(security));
    }
    Ok(Value::Object(spec))
}

fn unsupported(name: &str, problem: impl Into<String>) -> Error {
    Error::Unsupported { service: name.into(), problem: problem.into() }
}

fn add_mount(name: &str, mount: &Mount, project: &Project, mounted: &mut Mounted) -> Result<(), Error> {
    let mut place = json!({"mountPath": mount.target});
    if mount.read_only {
        place["readOnly"] = json!(true);
    }
    let sized = |options: &std::collections::BTreeMap<String, Value>| {
        let bytes = options.get("size").and_then(scalar).and_then(|text| units::bytes(&text));
        bytes.map(units::quantity)
    };
    let source = match (mount.kind, mount.source.as_deref()) {
        (MountKind::Tmpfs, _) => {
            let mut volume = json!({"medium": "Memory"});
            if let Some(size) = sized(&mount.tmpfs) {
                volume["sizeLimit"] = json!(size);
            }
            json!({"emptyDir": volume})
        }
        (MountKind::Bind, Some(path)) if path.starts_with('/') => json!({"hostPath": {"path": path}}),
        (MountKind::File, Some(map)) => {
            place["subPath"] = json!(files::KEY);
            json!({"configMap": {"name": map}})
        }
        (MountKind::Bind, Some(path)) => {
            return Err(unsupported(name, format!("volume {path:?} is no absolute path")));
        }
        (MountKind::Bind | MountKind::File, None) => {
            return Err(unsupported(name, "a bind mount needs a source"));
        }
        (MountKind::Volume, None) => {
            // Equal anonymous volumes are two volumes all the same.
            place["name"] = json!(format!("volume-{}", mounted.volumes.len()));
            mounted.volumes.push(json!({"name": place["name"], "emptyDir": {}}));
            mounted.mounts.push(place);
            return Ok(());
        }
        (MountKind::Volume, Some(key)) => {
            let Some(volume) = project.volumes.get(key) else {
                return Err(Error::Form {
                    path: format!("services.{name}.volumes"),
                    problem: format!("undefined volume {key:?}: declare it under volumes"),
                });
            };
            let claim = volume.as_ref().map_or_else(|| object_name(key), |own| storage::claim(key, own));
            if let Some(path) = mount.volume.get("subpath").and_then(Value::as_str) {
                place["subPath"] = json!(path);
            }
            json!({"persistentVolumeClaim": {"claimName": claim}})
        }
    };
    mounted.add(source, place);
    Ok(())
}

/// A config or secret as a file.
fn add_file(
    name: &str,
    section: &str,
    one: &Value,
    project: &Project,
    mounted: &mut Mounted,
) -> Result<(), Error> {
    let key = one.as_str().or_else(|| one["source"].as_str()).unwrap_or_default();
    let all = if section == "configs" { &project.configs } else { &project.secrets };
    let Some(source) = all.get(key) else {
        return Err(Error::Form {
            path: format!("services.{name}.{section}"),
            problem: format!("undefined {section} {key:?}: declare it under {section}"),
        });
    };
    let target = match (one["target"].as_str(), section) {
        (Some(path), _) if path.starts_with('/') => path.to_owned(),
        (given, "configs") => format!("/{}", given.unwrap_or(key)),
        (given, _) => format!("/run/secrets/{}", given.unwrap_or(key)),
    };
    let object = files::object(key, source);
    let mut volume = match section {
        "configs" => json!({"configMap": {"name": object}}),
        _ => json!({"secret": {"secretName": object}}),
    };
    if let Some(mode) = mode(name, section, &one["mode"])? {
        for kind in ["configMap", "secret"] {
            if let Some(volume) = volume.get_mut(kind) {
                volume["defaultMode"] = json!(mode);
            }
        }
    }
    mounted.add(volume, json!({"mountPath": target, "subPath": files::KEY, "readOnly": true}));
    Ok(())
}

/// A file's mode: a number as YAML has read it, or octal digits in quotes.
fn mode(name: &str, section: &str, given: &Value) -> Result<Option<u64>, Error> {
    let bad = || Error::Form {
        path: format!("services.{name}.{section}.mode"),
        problem: format!("{given} is no mode: write 0440"),
    };
    match given {
        Value::Null => Ok(None),
        Value::Number(number) => number.as_u64().map(Some).ok_or_else(bad),
        Value::String(text) => {
            u64::from_str_radix(text.trim_start_matches("0o"), 8).map(Some).map_err(|_| bad())
        }
        _ => Err(bad()),
    }
}

/// Init containers that wait until the services this one depends on accept connections.
fn waits(name: &str, service: &Service, project: &Project) -> Result<Vec<Value>, Error> {
    let mut waits = Vec::new();
    for (other, options) in &service.depends_on {
        let Some(depended) = project.services.get(other) else {
            if options["required"] == false {
                continue;
            }
            return Err(Error::Form {
                path: format!("services.{name}.depends_on"),
                problem: format!("undefined service {other:?}"),
            });
        };
        match options["condition"].as_str() {
            None | Some("service_started" | "service_healthy") => {}
            Some(condition) => {
                return Err(unsupported(
                    name,
                    format!(
                        "depends_on {other}: condition {condition:?} cannot be waited for in a pod; make the \
                             program wait, or use a Helm hook"
                    ),
                ));
            }
        }
        let mut ports = depended.ports.iter();
        let mut tcp = None;
        for port in ports.by_ref() {
            if protocol(other, port)? == "TCP" {
                tcp = Some(port.target.to_string());
                break;
            }
        }
        let exposed = depended.expose.iter().find(|text| !text.ends_with("/udp"));
        let port = tcp.or_else(|| exposed.map(|text| text.trim_end_matches("/tcp").to_owned()));
        // A service without a port has nothing that could be waited for; like Compose, it is only started.
        if let Some(port) = port {
            let host = object_name(other);
            let script = format!("until nc -z {host} {port}; do sleep 1; done");
            waits.push(json!({
                "name": format!("wait-for-{host}"), "image": WAIT_IMAGE, "command": ["sh", "-c", script],
            }));
        }
    }
    Ok(waits)
}

fn network(name: &str, service: &Service, spec: &mut Map<String, Value>) -> Result<(), Error> {
    match service.network_mode.as_deref() {
        None | Some("bridge" | "default") => {}
        Some("host") => {
            spec.insert("hostNetwork".into(), json!(true));
        }
        Some(other) => {
            return Err(unsupported(name, format!("network_mode {other:?}: use host or none of it")));
        }
    }
    for (field, given, target) in [("pid", &service.pid, "hostPID"), ("ipc", &service.ipc, "hostIPC")] {
        match given.as_deref() {
            None => {}
            Some("host") => {
                spec.insert(target.into(), json!(true));
            }
            Some(other) => {
                return Err(unsupported(name, format!("{field} {other:?}: only host is possible")));
            }
        }
    }
    if let Some(hostname) = &service.hostname {
        spec.insert("hostname".into(), json!(hostname));
    }
    let mut hosts = Vec::new();
    for text in &service.extra_hosts {
        let (host, ip) = text.split_once(['=', ':']).ok_or_else(|| Error::Form {
            path: format!("services.{name}.extra_hosts"),
            problem: format!("{text:?}: write HOST:ADDRESS"),
        })?;
        hosts.push(json!({"ip": ip.trim_matches(['[', ']']), "hostnames": [host]}));
    }
    if !hosts.is_empty() {
        spec.insert("hostAliases".into(), Value::Array(hosts));
    }
    let mut dns = Map::new();
    for (field, given) in [("nameservers", &service.dns), ("searches", &service.dns_search)] {
        if !given.is_empty() {
            dns.insert(field.into(), json!(given));
        }
    }
    if !dns.is_empty() {
        spec.insert("dnsConfig".into(), Value::Object(dns));
    }
    Ok(())
}

//! A service as a workload and a Service: which kind, its pods, its ports.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Converted, Error, Surroundings, container,
    model::{Port, Project, Service},
    names, object_name, pod,
};

/// The label that joins a service's objects.
pub(super) const LABEL: &str = "io.compose.service";
/// Longest name of a Service, in characters (RFC 1035).
const MAX_NAME: usize = 63;

/// What runs a service's pods.
enum Workload {
    Deployment,
    DaemonSet,
    /// Runs once; again so many times when it fails.
    Job {
        policy: &'static str,
        retries: u64,
    },
}

/// Adds the objects of one service.
pub(super) fn add(
    name: &str,
    service: &Service,
    project: &Project,
    surroundings: &dyn Surroundings,
    converted: &mut Converted,
) -> Result<(), Error> {
    let object = object_name(name);
    if object.is_empty() || object.len() > MAX_NAME {
        return Err(Error::Form {
            path: format!("services.{name}"),
            problem: format!("the name must have 1 to {MAX_NAME} letters, digits or dashes"),
        });
    }
    let container = container::of(name, service, surroundings)?;
    let workload = workload(name, service)?;
    let policy = match workload {
        Workload::Job { policy, .. } => policy,
        _ => "Always",
    };
    let pod = pod::spec(name, service, project, container, policy)?;
    let ports = exposed_ports(service, name)?;
    // What runs to its end serves nobody, unless it says otherwise.
    if !(ports.is_empty() && matches!(workload, Workload::Job { .. })) {
        for alias in names::of(name, service, project) {
            converted.objects.push(exposed(&alias, &object, &ports));
        }
    }
    converted.objects.push(object_of(&object, service, &workload, pod));
    Ok(())
}

fn workload(name: &str, service: &Service) -> Result<Workload, Error> {
    let global = match service.deploy.mode.as_deref() {
        None | Some("replicated") => false,
        Some("global") => true,
        Some(other) => {
            return Err(Error::Unsupported {
                service: name.into(),
                problem: format!("deploy.mode {other:?}: use replicated or global"),
            });
        }
    };
    let restart = service.restart.as_deref().unwrap_or("always");
    let (policy, retries) = restart.split_once(':').unwrap_or((restart, "6"));
    match policy {
        "always" | "unless-stopped" if global => Ok(Workload::DaemonSet),
        "always" | "unless-stopped" => Ok(Workload::Deployment),
        "no" => Ok(Workload::Job { policy: "Never", retries: 0 }),
        "on-failure" => Ok(Workload::Job {
            policy: "OnFailure",
            retries: retries.parse().map_err(|_| Error::Form {
                path: format!("services.{name}.restart"),
                problem: format!("{retries:?} is no number of attempts"),
            })?,
        }),
        other => Err(Error::Form {
            path: format!("services.{name}.restart"),
            problem: format!("{other:?} must be no, always, unless-stopped or on-failure[:N]"),
        }),
    }
}

/// Pairs as labels or annotations; a key without a value has an empty one.
fn pairs(pairs: &BTreeMap<String, Option<String>>) -> BTreeMap<&str, &str> {
    pairs.iter().map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or_default())).collect()
}

fn object_of(name: &str, service: &Service, workload: &Workload, pod: Value) -> Value {
    // Compose's labels may be any text, as only annotations may.
    let mut annotations = pairs(&service.labels);
    annotations.extend(pairs(&service.annotations));
    let own = json!({LABEL: name});
    let annotated = |mut metadata: Value, annotations: BTreeMap<&str, &str>| {
        if !annotations.is_empty() {
            metadata["annotations"] = json!(annotations);
        }
        metadata
    };
    let template = json!({"metadata": annotated(json!({"labels": own}), annotations), "spec": pod});
    let metadata = annotated(json!({"name": name, "labels": own}), pairs(&service.deploy.labels));
    let replicas = service.deploy.replicas.or(service.scale).unwrap_or(1);
    let claims = template.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
    let claims = claims.filter(|volume| volume.get("persistentVolumeClaim").is_some()).count();
    match workload {
        Workload::Deployment => {
            let mut spec = json!({
                "replicas": replicas, "selector": {"matchLabels": own}, "template": template,
            });
            if claims > 0 {
                // Two generations of pods must not write the same volume.
                spec["strategy"] = json!({"type": "Recreate"});
            }
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
        }
        Workload::DaemonSet => json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
            "spec": {"selector": {"matchLabels": own}, "template": template},
        }),
        Workload::Job { retries, .. } => json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": {"completions": replicas, "parallelism": replicas, "backoffLimit": retries, "template": template},
        }),
    }
}

/// The Service by which others reach a service under one of its names; headless if it names no ports, for images may
/// serve ports that the Compose file does not tell of.
fn exposed(alias: &str, object: &str, ports: &[Value]) -> Value {
    let own = json!({LABEL: object});
    let spec = match ports.is_empty() {
        true => json!({"selector": own, "clusterIP": "None"}),
        false => json!({"selector": own, "ports": ports}),
    };
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": alias, "labels": own}, "spec": spec})
}

/// A service's ports, published and exposed, as a Service has them.
fn exposed_ports(service: &Service, name: &str) -> Result<Vec<Value>, Error> {
    let mut seen = BTreeSet::new();
    let mut ports = Vec::new();
    let exposed: Result<Vec<Port>, Error> = service.expose.iter().map(|text| expose(name, text)).collect();
    for (published, port) in
        service.ports.iter().map(|port| (true, port)).chain(exposed?.iter().map(|port| (false, port)))
    {
        let protocol = protocol(name, port)?;
        let outer = match &port.published {
            Some(text) if published => text.parse::<u16>().map_err(|_| Error::Form {
                path: format!("services.{name}.ports"),
                problem: format!("published: {text:?} is no port"),
            })?,
            _ => port.target,
        };
        // Others of the project use the container's port, the outside uses the published one.
        for (number, purpose) in [(outer, "published"), (port.target, "port")] {
            if !seen.insert((number, protocol)) {
                continue;
            }
            let purpose = if number == port.target { "port" } else { purpose };
            let default = format!("{purpose}-{number}-{}", protocol.to_ascii_lowercase());
            let given = port.name.clone().filter(|_| number == outer);
            let mut one = json!({
                "name": given.unwrap_or(default), "port": number, "targetPort": port.target, "protocol": protocol,
            });
            if let Some(application) = &port.app_protocol {
                one["appProtocol"] = json!(application);
            }
            ports.push(one);
        }
    }
    Ok(ports)
}

fn expose(name: &str, text: &str) -> Result<Port, Error> {
    let (target, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let bad =
        |_| Error::Form { path: format!("services.{name}.expose"), problem: format!("{text:?} is no port") };
    Ok(Port { target: target.parse().map_err(bad)?, protocol: protocol.into(), ..Port::default() })
}

/// A port's protocol in Kubernetes' letters.
pub(super) fn protocol(name: &str, port: &Port) -> Result<&'static str, Error> {
    match port.protocol.to_ascii_lowercase().as_str() {
        "" | "tcp" => Ok("TCP"),
        "udp" => Ok("UDP"),
        "sctp" => Ok("SCTP"),
        other => Err(Error::Form {
            path: format!("services.{name}.ports"),
            problem: format!("protocol {other:?} must be tcp, udp or sctp"),
        }),
    }
}

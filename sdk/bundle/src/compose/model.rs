//! The Compose Specification's form, so far as a cluster can keep it. Unknown fields are refused by name; fields that
//! only mean something to one Docker engine are known here and warned about.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Error, short};

/// A Compose file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    #[serde(default, rename = "name")]
    _name: Option<String>, // the release has its own
    #[serde(default, rename = "version")]
    _version: Option<Value>, // obsolete
    #[serde(default)]
    pub(super) services: BTreeMap<String, Service>,
    #[serde(default)]
    pub(super) volumes: BTreeMap<String, Option<Volume>>,
    #[serde(default)]
    pub(super) configs: BTreeMap<String, Source>,
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, Source>,
    #[serde(default)]
    networks: BTreeMap<String, Value>,
}

/// A named volume.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) external: bool,
    pub(super) driver: Option<String>,
    #[serde(default)]
    pub(super) driver_opts: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "short::pairs")]
    pub(super) labels: BTreeMap<String, Option<String>>,
}

/// Where a config's or a secret's content comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) name: Option<String>,
    pub(super) file: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) external: bool,
}

/// A port, long form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Port {
    pub(super) name: Option<String>,
    pub(super) target: u16,
    #[serde(deserialize_with = "short::text")]
    pub(super) published: Option<String>,
    pub(super) protocol: String,
    pub(super) mode: Option<String>,
    pub(super) host_ip: Option<String>,
    pub(super) app_protocol: Option<String>,
}

/// What is mounted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MountKind {
    #[default]
    Volume,
    Bind,
    Tmpfs,
    /// A single file; its content is in the ConfigMap that the source names.
    #[serde(skip)]
    File,
}

/// A mount, long form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Mount {
    #[serde(rename = "type")]
    pub(super) kind: MountKind,
    pub(super) source: Option<String>,
    pub(super) target: String,
    pub(super) read_only: bool,
    pub(super) volume: BTreeMap<String, Value>,
    pub(super) tmpfs: BTreeMap<String, Value>,
    pub(super) bind: BTreeMap<String, Value>,
}

/// `healthcheck`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Health {
    pub(super) test: Option<Value>,
    pub(super) interval: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) retries: Option<u64>,
    pub(super) start_period: Option<String>,
    pub(super) start_interval: Option<String>,
    pub(super) disable: bool,
}

/// `deploy`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Deploy {
    pub(super) mode: Option<String>,
    pub(super) replicas: Option<u64>,
    #[serde(deserialize_with = "short::pairs")]
    pub(super) labels: BTreeMap<String, Option<String>>,
    pub(super) resources: Resources,
    pub(super) restart_policy: Option<Value>,
    pub(super) update_config: Option<Value>,
    pub(super) rollback_config: Option<Value>,
    pub(super) placement: Option<Value>,
    pub(super) endpoint_mode: Option<Value>,
}

/// `deploy.resources`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Resources {
    pub(super) limits: Amounts,
    pub(super) reservations: Amounts,
}

/// Amounts of resources.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Amounts {
    #[serde(deserialize_with = "short::text")]
    pub(super) cpus: Option<String>,
    #[serde(deserialize_with = "short::text")]
    pub(super) memory: Option<String>,
}

/// A service. Lists of pairs and short forms are already one form here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Service {
    pub(super) image: Option<String>,
    pub(super) build: Option<Value>,
    #[serde(deserialize_with = "short::command")]
    pub(super) command: Option<Vec<String>>,
    #[serde(deserialize_with = "short::command")]
    pub(super) entrypoint: Option<Vec<String>>,
    #[serde(deserialize_with = "short::pairs")]
    pub(super) environment: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "short::env_files")]
    pub(super) env_file: Vec<EnvFile>,
    #[serde(deserialize_with = "short::ports")]
    pub(super) ports: Vec<Port>,
    #[serde(deserialize_with = "short::texts")]
    pub(super) expose: Vec<String>,
    #[serde(deserialize_with = "short::mounts")]
    pub(super) volumes: Vec<Mount>,
    #[serde(deserialize_with = "short::texts")]
    pub(super) tmpfs: Vec<String>,
    #[serde(deserialize_with = "short::named")]
    pub(super) depends_on: BTreeMap<String, Value>,
    pub(super) healthcheck: Option<Health>,
    pub(super) deploy: Deploy,
    pub(super) scale: Option<u64>,
    pub(super) configs: Vec<Value>,
    pub(super) secrets: Vec<Value>,
    pub(super) restart: Option<String>,
    pub(super) profiles: Vec<String>,
    #[serde(deserialize_with = "short::text")]
    pub(super) user: Option<String>,
    pub(super) group_add: Vec<Value>,
    pub(super) working_dir: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) container_name: Option<String>,
    #[serde(deserialize_with = "short::pairs")]
    pub(super) labels: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "short::pairs")]
    pub(super) annotations: BTreeMap<String, Option<String>>,
    pub(super) cap_add: Vec<String>,
    pub(super) cap_drop: Vec<String>,
    pub(super) privileged: bool,
    pub(super) read_only: bool,
    pub(super) stop_grace_period: Option<String>,
    #[serde(deserialize_with = "short::pairs")]
    pub(super) sysctls: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "short::named")]
    pub(super) networks: BTreeMap<String, Value>,
    pub(super) network_mode: Option<String>,
    #[serde(deserialize_with = "short::texts")]
    pub(super) extra_hosts: Vec<String>,
    #[serde(deserialize_with = "short::texts")]
    pub(super) dns: Vec<String>,
    #[serde(deserialize_with = "short::texts")]
    pub(super) dns_search: Vec<String>,
    pub(super) tty: bool,
    pub(super) stdin_open: bool,
    pub(super) pull_policy: Option<String>,
    pub(super) pid: Option<String>,
    pub(super) ipc: Option<String>,
    #[serde(deserialize_with = "short::text")]
    pub(super) cpus: Option<String>,
    #[serde(deserialize_with = "short::text")]
    pub(super) mem_limit: Option<String>,
    #[serde(deserialize_with = "short::text")]
    pub(super) mem_reservation: Option<String>,
    init: Option<bool>,
    logging: Option<Value>,
    #[serde(deserialize_with = "short::texts")]
    pub(super) links: Vec<String>,
    platform: Option<String>,
    stop_signal: Option<String>,
    ulimits: Option<Value>,
    shm_size: Option<Value>,
    security_opt: Option<Value>,
    develop: Option<Value>,
    attach: Option<Value>,
    cgroup_parent: Option<Value>,
    cpu_shares: Option<Value>,
    cpuset: Option<Value>,
    domainname: Option<Value>,
    mac_address: Option<Value>,
    mem_swappiness: Option<Value>,
    memswap_limit: Option<Value>,
    oom_score_adj: Option<Value>,
    pids_limit: Option<Value>,
    storage_opt: Option<Value>,
    userns_mode: Option<Value>,
}

/// `env_file`, one of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvFile {
    pub(super) path: String,
    #[serde(default = "yes")]
    pub(super) required: bool,
}

fn yes() -> bool {
    true
}

impl Project {
    /// Reads the whole file; extension fields (`x-...`) are for others.
    pub(super) fn read(mut document: Value) -> Result<Self, Error> {
        if document.is_null() {
            document = Value::Object(serde_json::Map::new());
        }
        without_extensions(&mut document);
        let project: Self = serde_path_to_error::deserialize(document).map_err(|error| Error::Form {
            path: error.path().to_string(),
            problem: problem(&error.inner().to_string()),
        })?;
        if project.services.is_empty() {
            return Err(Error::Form { path: "services".into(), problem: "there are none".into() });
        }
        Ok(project)
    }

    /// Warns about what of the whole project has no counterpart.
    pub(super) fn warn(&self, warnings: &mut Vec<String>) {
        if self.networks.keys().any(|name| name != "default") {
            let names: BTreeSet<_> = self.networks.keys().map(String::as_str).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            warnings.push(format!(
                "networks {names}: all pods of a cluster reach each other; use a NetworkPolicy to keep them apart"
            ));
        }
    }
}

/// What is wrong with a field, without the list of all that would be right.
fn problem(text: &str) -> String {
    match text.starts_with("unknown field") {
        true => "this field is not supported; leave it out".into(),
        false => text.into(),
    }
}

/// Removes `x-...` fields from the places where the specification allows them.
fn without_extensions(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    fields.retain(|key, _| !key.starts_with("x-"));
    for section in ["services", "volumes", "configs", "secrets"] {
        let Some(Value::Object(named)) = fields.get_mut(section) else { continue };
        for one in named.values_mut() {
            if let Value::Object(fields) = one {
                fields.retain(|key, _| !key.starts_with("x-"));
            }
        }
    }
}

impl Service {
    /// Whether the service belongs to one of the active profiles, or to none at all.
    pub(super) fn active(&self, profiles: &[String]) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|own| profiles.contains(own))
    }

    fn has_network_options(&self) -> bool {
        let options = self.networks.values().filter_map(Value::as_object);
        options.flat_map(|options| options.keys()).any(|key| key != "aliases")
    }

    fn has_owners(&self) -> bool {
        let uses = self.configs.iter().chain(&self.secrets);
        uses.into_iter().any(|one| !one["uid"].is_null() || !one["gid"].is_null())
    }

    /// Warns about what has no counterpart.
    pub(super) fn warn(&self, name: &str, warnings: &mut Vec<String>) {
        let deploy = &self.deploy;
        for (given, what) in [
            (self.init == Some(true), "init: the runtime reaps orphans only if the program does"),
            (self.logging.is_some(), "logging: the node keeps the logs, see `naru logs`"),
            (self.platform.is_some(), "platform: use nodeSelector in a manifest to choose nodes"),
            (self.stop_signal.is_some(), "stop_signal: pods are stopped by the image's signal or SIGTERM"),
            (self.ulimits.is_some(), "ulimits: pods have the node's limits"),
            (self.shm_size.is_some(), "shm_size: mount a tmpfs at /dev/shm for another size"),
            (self.security_opt.is_some(), "security_opt: use a securityContext in a manifest"),
            (self.develop.is_some(), "develop: it is for development on one machine"),
            (
                self.build.is_some() && self.image.is_some(),
                "build: the image must be in a registry that the nodes reach",
            ),
            (self.attach.is_some(), "attach: see `naru logs`"),
            (self.cgroup_parent.is_some(), "cgroup_parent: the node makes the pods' cgroups"),
            (self.cpu_shares.is_some(), "cpu_shares: use deploy.resources.reservations.cpus"),
            (self.cpuset.is_some(), "cpuset: use cpus"),
            (self.domainname.is_some(), "domainname: pods have the cluster's domain"),
            (self.mac_address.is_some(), "mac_address: the node gives pods their addresses"),
            (self.mem_swappiness.is_some(), "mem_swappiness: pods do not swap"),
            (self.memswap_limit.is_some(), "memswap_limit: pods do not swap"),
            (
                self.oom_score_adj.is_some(),
                "oom_score_adj: it follows from the pod's memory requests and limits",
            ),
            (self.pids_limit.is_some(), "pids_limit: pods have the node's limit"),
            (self.storage_opt.is_some(), "storage_opt: use a named volume"),
            (self.userns_mode.is_some(), "userns_mode: use hostUsers in a manifest"),
            (
                self.ports.iter().any(|port| port.host_ip.is_some()),
                "ports: an address of the host; a Service has one of the cluster's",
            ),
            (
                self.ports.iter().any(|port| port.mode.as_deref() == Some("host")),
                "ports: mode host; a Service has an address of the cluster's",
            ),
            (self.volumes.iter().any(|mount| !mount.bind.is_empty()), "volumes: the options of bind"),
            (
                self.volumes.iter().any(|mount| mount.volume.keys().any(|key| key != "subpath")),
                "volumes: options of volume other than subpath",
            ),
            (
                self.healthcheck.as_ref().is_some_and(|health| health.start_interval.is_some()),
                "healthcheck.start_interval: probes have one interval",
            ),
            (
                self.has_network_options(),
                "networks: addresses, priorities and the like; the node gives pods their addresses",
            ),
            (self.has_owners(), "configs and secrets: uid and gid; use user or group_add, and mode"),
            (
                self.depends_on.values().any(|options| !options["restart"].is_null()),
                "depends_on: restart; pods outlive each other",
            ),
            (deploy.update_config.is_some(), "deploy.update_config: the Deployment's default is used"),
            (deploy.rollback_config.is_some(), "deploy.rollback_config: use `naru bundle rollback`"),
            (deploy.placement.is_some(), "deploy.placement: use affinity in a manifest to choose nodes"),
            (deploy.endpoint_mode.is_some(), "deploy.endpoint_mode: Services have virtual addresses"),
            (deploy.restart_policy.is_some(), "deploy.restart_policy: use restart"),
        ] {
            if given {
                warnings.push(format!("service {name}, left out: {what}"));
            }
        }
    }
}

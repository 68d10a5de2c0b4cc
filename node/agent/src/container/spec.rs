//! The [`ContainerSpec`] of one attempt of a container, put together from decisions made elsewhere. Pure.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Container, Pod};
use naru_image::{Content, WasmEncoding};
use naru_runtime::{
    Capabilities, ContainerSpec, EnvVar, Mount, Root, SandboxId, SandboxSpec, User,
    WasmEncoding as RuntimeEncoding,
};

use super::{command, env::Vars, resources, selinux};
use crate::pods::{Engine, Prepared, container_id};

/// The search path of an OCI container whose image and pod set none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where the termination message is written unless the pod says otherwise.
pub(crate) const DEFAULT_MESSAGE_PATH: &str = "/dev/termination-log";
/// Longest hostname in bytes (Linux: 64 with its end).
const MAX_HOSTNAME: usize = 63;

/// What an attempt is made of.
pub(crate) struct Parts<'a> {
    /// The pod.
    pub(crate) pod: &'a Pod,
    /// The container.
    pub(crate) container: &'a Container,
    /// The attempt's number.
    pub(crate) attempt: u32,
    /// The cluster's name.
    pub(crate) cluster: &'a str,
    /// The image and its root.
    pub(crate) image: &'a Prepared,
    /// The pod's environment for the container, without the image's.
    pub(crate) env: Vec<EnvVar>,
    /// Who runs it.
    pub(crate) user: User,
    /// The pod's network namespace; `None` is the host's.
    pub(crate) network: Option<PathBuf>,
    /// The machine's memory in bytes.
    pub(crate) memory_bytes: u64,
    /// Volumes and files.
    pub(crate) mounts: Vec<Mount>,
    /// Its log.
    pub(crate) log: PathBuf,
    /// Its termination message on the node.
    pub(crate) message: Option<PathBuf>,
}

/// Puts it together. An error is for the pod's user.
pub(crate) fn build(parts: Parts<'_>) -> Result<ContainerSpec, String> {
    let Parts { pod, container, attempt, cluster, image, .. } = parts;
    selinux::check(pod, container, selinux::is_on())?;
    let uid = pod.metadata.uid.clone().unwrap_or_default();
    let context = container.security_context.clone().unwrap_or_default();
    let hostname = hostname(pod);
    let config = &image.image.config;
    let vars = merge_env(&config.env, parts.env, image.engine, &hostname);
    let name = command::program_name(container.image.as_deref().unwrap_or_default());
    let args = command::arguments(container, config, image.engine, &name, &vars);
    if args.is_empty() {
        return Err("no command specified".into());
    }
    let capabilities = context.capabilities.unwrap_or_default();
    let privileged = context.privileged.unwrap_or(false);
    let mut mounts = parts.mounts;
    mounts.sort_by_key(|mount| mount.target.components().count());
    Ok(ContainerSpec {
        id: container_id(&uid, &container.name, attempt),
        sandbox: SandboxSpec {
            network_namespace: parts.network,
            cgroup: resources::group(pod, cluster),
            resources: resources::of_pod(pod)?,
            share_process_namespace: false,
            namespace: pod.metadata.namespace.clone().unwrap_or_default(),
            name: pod.metadata.name.clone().unwrap_or_default(),
            id: SandboxId(uid),
            hostname,
        },
        name: container.name.clone(),
        attempt,
        root: root(image, context.read_only_root_filesystem.unwrap_or(false))?,
        args,
        env: vars.into_list(),
        working_dir: working_dir(container.working_dir.as_deref(), &config.working_dir),
        user: parts.user,
        mounts,
        resources: resources::of_container(pod, container, parts.memory_bytes)?,
        capabilities: Capabilities { add: names(capabilities.add), drop: names(capabilities.drop) },
        privileged,
        no_new_privileges: context.allow_privilege_escalation == Some(false) && !privileged,
        seccomp: wants_seccomp(pod, container) && !privileged,
        log_path: parts.log,
        termination_message_path: parts.message,
    })
}

/// Whether the runtime's default seccomp profile is asked for; the container's word counts before the pod's.
fn wants_seccomp(pod: &Pod, container: &Container) -> bool {
    let own = container.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    let pods = || pod.spec.as_ref()?.security_context.as_ref()?.seccomp_profile.as_ref();
    own.or_else(pods).is_some_and(|profile| profile.type_ == "RuntimeDefault")
}

/// Where the kernel tells the machine's name.
const MACHINE_NAME: &str = "/proc/sys/kernel/hostname";

/// The hostname that the pod's containers see. A pod in the host's network has the machine's, as the host's programs do.
pub(crate) fn hostname(pod: &Pod) -> String {
    if crate::pods::uses_host_network(pod)
        && let Ok(name) = std::fs::read_to_string(MACHINE_NAME)
    {
        return name.trim().to_owned();
    }
    let asked = pod.spec.as_ref().and_then(|spec| spec.hostname.clone()).filter(|name| !name.is_empty());
    let mut name = asked.or_else(|| pod.metadata.name.clone()).unwrap_or_default();
    if name.len() > MAX_HOSTNAME {
        name.truncate(MAX_HOSTNAME); // names are ASCII
        name.truncate(name.trim_end_matches(['-', '.']).len());
    }
    name
}

/// The image's variables, then the pod's over them.
fn merge_env(image: &[String], pod: Vec<EnvVar>, engine: Engine, hostname: &str) -> Vars {
    let mut vars = Vars::default();
    // A Wasm guest gets what the pod and its image name, and nothing else.
    if engine == Engine::Oci {
        vars.set("PATH".into(), DEFAULT_PATH.into());
        vars.set("HOSTNAME".into(), hostname.into());
    }
    for (name, value) in image.iter().filter_map(|line| line.split_once('=')) {
        vars.set(name.into(), value.into());
    }
    for var in pod {
        vars.set(var.name, var.value);
    }
    vars
}

fn working_dir(asked: Option<&str>, image: &str) -> PathBuf {
    let asked = asked.filter(|dir| !dir.is_empty()).unwrap_or(image);
    Path::new("/").join(asked)
}

fn names(list: Option<Vec<String>>) -> Vec<String> {
    let bare = |name: String| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix("CAP_").map_or(name.clone(), ToOwned::to_owned)
    };
    list.into_iter().flatten().map(bare).collect()
}

fn root(image: &Prepared, read_only: bool) -> Result<Root, String> {
    match (&image.image.content, &image.rootfs) {
        (Content::Oci { .. }, Some(path)) => Ok(Root::Rootfs { path: path.clone(), read_only }),
        (Content::Oci { .. }, None) => Err("the image's root file system is not mounted".into()),
        (Content::Wasm { module, digest, encoding }, _) => Ok(Root::Wasm {
            module: module.clone(),
            digest: digest.clone(),
            encoding: match encoding {
                WasmEncoding::Module => RuntimeEncoding::Module,
                WasmEncoding::Component => RuntimeEncoding::Component,
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use naru_image::{Image, ImageConfig};
    use naru_runtime::Resources;
    use serde_json::{Value, json};

    use super::*;

    fn prepared(content: Content, config: ImageConfig) -> Prepared {
        let rootfs = matches!(content, Content::Oci { .. }).then(|| PathBuf::from("/run/rootfs/x"));
        let engine = if rootfs.is_some() { Engine::Oci } else { Engine::Wasm };
        let image = Image {
            digest: "sha256:1".into(),
            names: vec!["docker.io/library/app:1".into()],
            imported: true,
            size_bytes: 1,
            config,
            content,
        };
        Prepared {
            image: Arc::new(image),
            asked: "app:1".into(),
            name: "docker.io/library/app:1".into(),
            engine,
            rootfs,
        }
    }

    fn oci() -> Prepared {
        let config = ImageConfig {
            entrypoint: vec!["/bin/app".into()],
            env: vec!["PATH=/bin".into(), "A=image".into()],
            working_dir: "srv".into(),
            ..Default::default()
        };
        prepared(Content::Oci { layers: vec![] }, config)
    }

    fn make(container: Value, image: &Prepared) -> Result<ContainerSpec, String> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u-1"},
            "spec": {"containers": [container]},
        }))
        .unwrap();
        let mount = |target: &str| Mount { source: "/x".into(), target: target.into(), read_only: false };
        build(Parts {
            pod: &pod,
            container: &pod.spec.as_ref().unwrap().containers[0],
            attempt: 3,
            cluster: "k3f9a2",
            image,
            env: vec![EnvVar { name: "A".into(), value: "pod".into() }],
            user: User::default(),
            network: Some("/run/netns/x".into()),
            memory_bytes: 4 << 30,
            mounts: vec![mount("/data/a/b"), mount("/data"), mount("/data/a")],
            log: "/logs/3.log".into(),
            message: None,
        })
    }

    #[test]
    fn an_oci_container() {
        let container = json!({
            "name": "c", "image": "app:1",
            "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}, "requests": {"cpu": "0.1"}},
            "securityContext": {
                "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
                "capabilities": {"add": ["NET_ADMIN"], "drop": ["CAP_CHOWN", "ALL"]},
            },
        });
        let spec = make(container, &oci()).unwrap();
        assert_eq!(spec.id.0, "u-1-c-3");
        assert_eq!(spec.sandbox.cgroup, "/naru-k3f9a2/burstable/podu-1");
        assert_eq!(spec.sandbox.hostname, "p");
        assert_eq!(spec.root, Root::Rootfs { path: "/run/rootfs/x".into(), read_only: true });
        assert_eq!(spec.args, ["/bin/app"]);
        assert_eq!(spec.working_dir, Path::new("/srv"));
        let env: Vec<_> = spec.env.iter().map(|var| format!("{}={}", var.name, var.value)).collect();
        assert_eq!(env, ["PATH=/bin", "HOSTNAME=p", "A=pod"]);
        let targets: Vec<_> = spec.mounts.iter().map(|mount| mount.target.to_str().unwrap()).collect();
        assert_eq!(targets, ["/data", "/data/a", "/data/a/b"]);
        let limits = Resources {
            memory_bytes: Some(1 << 30),
            cpu_millis: Some(1500),
            cpu_request_millis: Some(100),
            pids: None,
            oom_score_adjust: 999,
        };
        assert_eq!(spec.resources, limits);
        assert_eq!(spec.capabilities.add, ["NET_ADMIN"]);
        assert_eq!(spec.capabilities.drop, ["CHOWN", "ALL"]);
        assert!(spec.no_new_privileges);
    }

    #[test]
    fn the_containers_profile_counts_before_the_pods() {
        let context = |kind: Option<&str>| kind.map(|kind| json!({"seccompProfile": {"type": kind}}));
        for (pods, own, expected) in [
            (None, None, false),
            (Some("RuntimeDefault"), None, true),
            (None, Some("RuntimeDefault"), true),
            (Some("RuntimeDefault"), Some("Unconfined"), false),
            (Some("Unconfined"), Some("RuntimeDefault"), true),
        ] {
            let container = json!({"name": "c", "securityContext": context(own)});
            let pod: Pod = serde_json::from_value(
                json!({"metadata": {}, "spec": {"securityContext": context(pods), "containers": [container]}}),
            )
            .unwrap();
            let container = &pod.spec.as_ref().unwrap().containers[0];
            assert_eq!(wants_seccomp(&pod, container), expected, "{pods:?} {own:?}");
        }
    }

    #[test]
    fn a_wasm_container_needs_nothing_but_its_module() {
        let content = Content::Wasm {
            module: "/images/m.wasm".into(),
            digest: "sha256:2".into(),
            encoding: WasmEncoding::Component,
        };
        let spec =
            make(json!({"name": "c", "image": "reg/hello:1"}), &prepared(content, ImageConfig::default()))
                .unwrap();
        assert_eq!(spec.args, ["hello"]);
        assert_eq!(spec.working_dir, Path::new("/"));
        assert!(matches!(spec.root, Root::Wasm { encoding: RuntimeEncoding::Component, .. }));
        let env: Vec<_> = spec.env.iter().map(|var| var.name.as_str()).collect();
        assert_eq!(env, ["A"]);
    }

    #[test]
    fn an_image_without_a_command_needs_one_from_the_pod() {
        let image = prepared(Content::Oci { layers: vec![] }, ImageConfig::default());
        assert_eq!(make(json!({"name": "c"}), &image), Err("no command specified".into()));
        assert!(make(json!({"name": "c", "command": ["/x"]}), &image).is_ok());
    }

    #[test]
    fn hostnames_fit() {
        let long = "a".repeat(62) + "-bcd";
        let pod =
            |name: &str| -> Pod { serde_json::from_value(json!({"metadata": {"name": name}})).unwrap() };
        assert_eq!(hostname(&pod("web-0")), "web-0");
        assert_eq!(hostname(&pod(&long)), "a".repeat(62));
        let named: Pod = serde_json::from_value(
            json!({"metadata": {"name": "p"}, "spec": {"hostname": "h", "containers": []}}),
        )
        .unwrap();
        assert_eq!(hostname(&named), "h");
        let of_the_host: Pod = serde_json::from_value(
            json!({"metadata": {"name": "p"}, "spec": {"hostNetwork": true, "hostname": "h", "containers": []}}),
        )
        .unwrap();
        assert_eq!(hostname(&of_the_host), std::fs::read_to_string(MACHINE_NAME).unwrap().trim());
    }
}

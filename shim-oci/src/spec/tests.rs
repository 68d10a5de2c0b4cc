#![allow(clippy::unwrap_used)]

use naru_runtime::{ContainerId, EnvVar, Resources, SandboxId, SandboxSpec};

use super::*;

pub(super) fn spec() -> ContainerSpec {
    ContainerSpec {
        id: ContainerId("p-c-0".into()),
        sandbox: SandboxSpec {
            id: SandboxId("p".into()),
            namespace: "default".into(),
            name: "pod".into(),
            hostname: "pod-host".into(),
            network_namespace: Some("/run/naru/x/netns/p".into()),
            cgroup: "/naru-x/podp".into(),
            resources: Default::default(),
            share_process_namespace: false,
        },
        name: "c".into(),
        attempt: 0,
        root: Root::Rootfs { path: "/rootfs".into(), read_only: true },
        args: vec!["sleep".into(), "1".into()],
        env: vec![EnvVar { name: "A".into(), value: "b=c".into() }],
        working_dir: "/work".into(),
        user: Default::default(),
        mounts: Vec::new(),
        resources: Resources::default(),
        capabilities: Default::default(),
        privileged: false,
        no_new_privileges: true,
        seccomp: false,
        log_path: "/log".into(),
        termination_message_path: None,
    }
}

fn built(spec: &ContainerSpec) -> Result<Spec> {
    let cgroups = Cgroups::detect().unwrap();
    let place = Place { holder: 42, shm: Path::new("/shm"), cgroup: "/naru-x/podp/p-c-0", cgroups: &cgroups };
    build(spec, &place)
}

#[test]
fn carries_what_was_asked() {
    let mut asked = spec();
    asked.resources = Resources {
        memory_bytes: Some(64 << 20),
        cpu_millis: Some(250),
        cpu_request_millis: Some(100),
        pids: Some(50),
        oom_score_adjust: 0,
    };
    let json = serde_json::to_value(built(&asked).unwrap()).unwrap();
    let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
    for (pointer, expected) in [
        ("/root/path", "\"/rootfs\""),
        ("/root/readonly", "true"),
        ("/process/args", "[\"sleep\",\"1\"]"),
        ("/process/cwd", "\"/work\""),
        ("/process/noNewPrivileges", "true"),
        ("/process/env/0", &format!("\"PATH={DEFAULT_PATH}\"")),
        ("/process/env/1", "\"HOSTNAME=pod-host\""),
        ("/process/env/2", "\"A=b=c\""),
        ("/process/capabilities/ambient", "[]"),
        ("/hostname", "null"),
        ("/linux/cgroupsPath", "\"/naru-x/podp/p-c-0\""),
        ("/linux/resources/memory/limit", "67108864"),
        ("/linux/resources/memory/swap", "67108864"),
        ("/linux/resources/cpu/shares", "102"),
        ("/linux/resources/cpu/quota", "25000"),
        ("/linux/resources/cpu/period", "100000"),
        ("/linux/resources/pids/limit", "50"),
        ("/linux/resources/devices/0/allow", "false"),
        ("/linux/seccomp", "null"),
    ] {
        assert_eq!(at(pointer).to_string(), expected, "{pointer}");
    }
    let namespaces = at("/linux/namespaces").to_string();
    assert!(
        namespaces.contains("/proc/42/ns/ipc") && namespaces.contains("/run/naru/x/netns/p"),
        "{namespaces}"
    );
}

#[test]
fn unset_limits_are_absent() {
    let mut asked = spec();
    asked.sandbox.network_namespace = None;
    let json = serde_json::to_value(built(&asked).unwrap()).unwrap();
    for pointer in ["/linux/resources/memory", "/linux/resources/pids", "/linux/resources/cpu/quota"] {
        assert_eq!(json.pointer(pointer), None, "{pointer}");
    }
    assert!(!json.pointer("/linux/namespaces").unwrap().to_string().contains("network"));
}

#[test]
fn privileged_containers_see_everything() {
    let mut asked = spec();
    asked.privileged = true;
    let json = serde_json::to_value(built(&asked).unwrap()).unwrap();
    for pointer in ["/linux/maskedPaths/0", "/linux/readonlyPaths/0"] {
        assert_eq!(json.pointer(pointer), None, "{pointer}");
    }
    assert_eq!(json.pointer("/linux/resources/devices/0/allow").unwrap(), true);
    assert!(json.pointer("/linux/devices").unwrap().to_string().contains("/dev/null"));
}

#[test]
fn says_what_is_wrong() {
    type Change = fn(&mut ContainerSpec);
    let mount = |source: &str, target: &str| naru_runtime::Mount {
        source: source.into(),
        target: target.into(),
        read_only: true,
    };
    let cases: [(Change, &str); 6] = [
        (|spec| spec.args.clear(), "no command specified"),
        (|spec| spec.working_dir = "work".into(), "working directory \"work\" is not absolute"),
        (|spec| spec.args[1] = "a\0b".into(), "must not contain NUL"),
        (|spec| spec.env[0].name = "A=B".into(), "environment variable name \"A=B\""),
        (|spec| spec.capabilities.add = vec!["FLY".into()], "unknown capability \"CAP_FLY\""),
        (|spec| spec.sandbox.share_process_namespace = true, "not supported by naru yet"),
    ];
    for (change, message) in cases {
        let mut asked = spec();
        change(&mut asked);
        let error = built(&asked).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }) && error.to_string().contains(message), "{error}");
    }
    for (bad, message) in [
        (
            mount("/nonexistent/x", "/y"),
            "error mounting \"/nonexistent/x\" to rootfs at \"/y\": no such file",
        ),
        (mount("/etc", "y"), "not an absolute path"),
        (mount("/etc", "/proc/self"), "inside of the container's own"),
    ] {
        let mut asked = spec();
        asked.mounts = vec![bad];
        let error = built(&asked).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

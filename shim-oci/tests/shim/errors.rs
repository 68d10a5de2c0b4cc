//! What cannot run is refused in the words users know, and leaves nothing.

use std::{fs, os::unix::fs::PermissionsExt};

use naru_runtime::{Capabilities, Mount, Root, Runtime};

use crate::pod::Pod;

const INIT: &str = "unable to start container process: error during container init: ";

#[tokio::test]
async fn programs_that_cannot_run() {
    let pod = Pod::new();
    fs::write(pod.path("rootfs/etc/data"), "text").unwrap();
    for (program, expected) in [
        ("foo", "exec: \"foo\": executable file not found in $PATH: unknown"),
        ("/bin/foo", "exec: \"/bin/foo\": stat /bin/foo: no such file or directory: unknown"),
        ("/etc/data", "exec: \"/etc/data\": permission denied: unknown"),
        ("/etc", "exec: \"/etc\": is a directory: unknown"),
    ] {
        assert_eq!(pod.refused(pod.container(&[program])).await, format!("{INIT}{expected}"));
    }
    // The kernel says of this one only when it is run.
    fs::set_permissions(pod.path("rootfs/etc/data"), fs::Permissions::from_mode(0o755)).unwrap();
    let done = pod.run(pod.container(&["/etc/data"])).await;
    assert_eq!((done.exit.code, &*done.stderr), (255, "exec: \"/etc/data\": exec format error\n"));
    assert_eq!(pod.refused(pod.container(&[])).await, "no command specified");
    left_nothing(&pod).await;
}

#[tokio::test]
async fn places_that_are_not_there() {
    let pod = Pod::new();
    let mut spec = pod.container(&["true"]);
    spec.working_dir = "/bin/busybox".into();
    let expected =
        format!("{INIT}chdir to cwd (\"/bin/busybox\") set in config.json failed: not a directory: unknown");
    assert_eq!(pod.refused(spec).await, expected);

    let mut spec = pod.container(&["true"]);
    spec.mounts = vec![Mount { source: "/nonexistent/x".into(), target: "/x".into(), read_only: false }];
    let message = pod.refused(spec).await;
    assert!(
        message.contains("error mounting \"/nonexistent/x\" to rootfs at \"/x\": no such file"),
        "{message}"
    );

    // A file cannot be mounted on a directory.
    let mut spec = pod.container(&["true"]);
    spec.mounts = vec![Mount { source: "/etc/passwd".into(), target: "/tmp".into(), read_only: false }];
    let message = pod.refused(spec).await;
    assert!(message.starts_with(INIT) && message.contains("/tmp"), "{message}");

    let mut spec = pod.container(&["true"]);
    spec.root = Root::Rootfs { path: "/nonexistent/rootfs".into(), read_only: false };
    let message = pod.refused(spec).await;
    assert!(message.contains("/nonexistent/rootfs is missing"), "{message}");

    let mut spec = pod.container(&["true"]);
    spec.capabilities = Capabilities { add: vec!["FLY".into()], drop: Vec::new() };
    assert_eq!(pod.refused(spec).await, "unknown capability \"CAP_FLY\"");
    left_nothing(&pod).await;
}

/// No container, no group but the shim's, no process but the shim, and the next container runs.
async fn left_nothing(pod: &Pod) {
    for status in pod.shims.list().await.unwrap() {
        pod.shims.delete(&status.id).await.unwrap();
    }
    for group in pod.groups() {
        let pod_group = group.join(format!("pod{}", pod.spec.id));
        let children = fs::read_dir(&pod_group).into_iter().flatten().flatten();
        let left: Vec<_> =
            children.filter(|entry| entry.path().is_dir() && entry.file_name() != "shim").collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let shim = pod.shim();
    assert!(pod.pids().iter().all(|pid| *pid == shim));
    assert_eq!(pod.output(pod.shell("echo next")).await, "next\n");
}

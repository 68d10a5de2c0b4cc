//! What a container sees.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use naru_runtime::{Capabilities, EnvVar, Mount, Root, User};

use crate::pod::{Pod, namespace, pid, until};

fn var(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: value.into() }
}

#[tokio::test]
async fn environment_directory_and_user() {
    let pod = Pod::new();
    let mut spec = pod.shell("env; pwd; id -u; id -g; id -G");
    spec.env = vec![var("B", "two words"), var("A", "x=y"), var("EMPTY", "")];
    spec.working_dir = "/made/for/it".into();
    spec.user = User { uid: 1000, gid: 1001, additional_gids: vec![1001, 2000] };
    let output = pod.output(spec).await;
    let (env, rest): (Vec<&str>, Vec<&str>) = output.lines().partition(|line| line.contains('='));
    for expected in [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=pod-host",
        "B=two words",
        "A=x=y",
        "EMPTY=",
        "HOME=/home/user",
    ] {
        assert!(env.contains(&expected), "{expected} is not in {env:?}");
    }
    assert!(env.iter().all(|line| !line.starts_with("CARGO")), "the agent's environment leaks: {env:?}");
    assert_eq!(rest, ["/made/for/it", "1000", "1001", "1001 2000"]);

    let mut spec = pod.shell("echo $PATH $HOSTNAME $HOME");
    spec.env = vec![var("PATH", "/bin"), var("HOSTNAME", "other"), var("HOME", "/x")];
    assert_eq!(pod.output(spec).await, "/bin other /x\n");
}

#[tokio::test]
async fn root_and_mounts_are_read_only_where_asked() {
    let pod = Pod::new();
    fs::create_dir(pod.path("data")).unwrap();
    fs::write(pod.path("data/file"), "from the node\n").unwrap();
    let mut spec = pod.shell(
        "cat /ro/file; cat /one; touch /x || echo root; touch /ro/x || echo ro; touch /rw/new && echo rw; \
         touch /tmp/x && echo tmp; touch /dev/shm/x && echo shm",
    );
    spec.root = Root::Rootfs { path: pod.path("rootfs"), read_only: true };
    let mount = |name: &str, target: &str, read_only| Mount {
        source: pod.path(name),
        target: target.into(),
        read_only,
    };
    fs::create_dir(pod.path("scratch")).unwrap();
    spec.mounts = vec![
        mount("data", "/ro", true),
        mount("data", "/rw", false),
        mount("data/file", "/one", true),
        mount("scratch", "/tmp", false),
    ];
    let done = pod.run(spec).await;
    assert_eq!(done.stdout, "from the node\nfrom the node\nroot\nro\nrw\ntmp\nshm\n", "{}", done.stderr);
    assert!(pod.path("data/new").exists() && pod.path("scratch/x").exists());
    assert!(!pod.path("rootfs/x").exists());
}

#[tokio::test]
async fn a_container_is_alone_in_its_namespaces_and_shares_the_pods() {
    let mut pod = Pod::new();
    let holder = Command::new("unshare").args(["-n", "sleep", "600"]).spawn().unwrap();
    let holder = Holder(holder);
    let own = namespace(std::process::id(), "net");
    until("a network namespace", || namespace(holder.0.id(), "net") != own).await;
    pod.spec.network_namespace = Some(format!("/proc/{}/ns/net", holder.0.id()).into());

    let output = pod.output(pod.shell("hostname; echo $$; echo /proc/[0-9]*")).await;
    assert_eq!(output, "pod-host\n1\n/proc/1\n");
    let a = pod.start(pod.shell("echo hello > /dev/shm/greeting; sleep 1000000")).await;
    let b = pod.start(pod.shell("sleep 1000000")).await;
    let (a, b) = (pid(&*a).await, pid(&*b).await);
    for shared in ["ipc", "uts", "net"] {
        assert_eq!(namespace(a, shared), namespace(b, shared), "{shared}");
        assert_ne!(namespace(a, shared), namespace(std::process::id(), shared), "{shared}");
    }
    assert_eq!(namespace(a, "net"), namespace(holder.0.id(), "net"));
    for own in ["pid", "mnt", "cgroup"] {
        assert_ne!(namespace(a, own), namespace(b, own), "{own}");
        assert_ne!(namespace(a, own), namespace(std::process::id(), own), "{own}");
    }
    let script = "while ! cat /dev/shm/greeting 2>/dev/null; do sleep 0.01; done";
    assert_eq!(pod.output(pod.shell(script)).await, "hello\n");
}

#[tokio::test]
async fn without_a_network_namespace_it_is_the_nodes() {
    let pod = Pod::new();
    let task = pod.start(pod.container(&["sleep", "1000000"])).await;
    assert_eq!(namespace(pid(&*task).await, "net"), namespace(std::process::id(), "net"));
}

struct Holder(std::process::Child);

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn capabilities_and_privileges() {
    let pod = Pod::new();
    let status = "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status";
    let default = pod.output(pod.shell(status)).await;
    // Without MKNOD under version 2 of control groups, see the shim's `spec/capabilities.rs`.
    let is_v2 = std::path::Path::new("/sys/fs/cgroup/cgroup.procs").exists();
    let bits = if is_v2 { "00000000a00425fb" } else { "00000000a80425fb" };
    assert_eq!(default, format!("CapEff:\t{bits}\nCapBnd:\t{bits}\nNoNewPrivs:\t0\n"));

    let mut spec = pod.shell(status);
    spec.capabilities = Capabilities { add: vec!["NET_ADMIN".into()], drop: vec!["ALL".into()] };
    spec.no_new_privileges = true;
    let output = pod.output(spec).await;
    assert_eq!(output, "CapEff:\t0000000000001000\nCapBnd:\t0000000000001000\nNoNewPrivs:\t1\n");

    let mut spec = pod.shell("grep -E '^CapEff' /proc/self/status; mount -t tmpfs x /tmp && echo mounted");
    spec.privileged = true;
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("CapPrm:")).unwrap();
    assert_eq!(pod.output(spec).await, format!("CapEff:{own}\nmounted\n"));

    let mut spec = pod.shell(status);
    spec.user.uid = 1000;
    assert!(pod.output(spec).await.starts_with("CapEff:\t0000000000000000\n"));
}

#[tokio::test]
async fn the_default_seccomp_profile_refuses_what_reaches_out() {
    let pod = Pod::new();
    let script = "grep -E '^Seccomp:' /proc/self/status; unshare -U true 2>/dev/null || echo no namespace; \
        chroot / true 2>/dev/null && echo chroot; (sleep 0; echo forked) | cat";
    assert!(pod.output(pod.shell(script)).await.starts_with("Seccomp:\t0\n"));
    let mut spec = pod.shell(script);
    spec.seccomp = true;
    assert_eq!(pod.output(spec).await, "Seccomp:\t2\nno namespace\nchroot\nforked\n");
    let mut spec = pod.shell(script);
    spec.seccomp = true;
    spec.capabilities = Capabilities { add: Vec::new(), drop: vec!["ALL".into()] };
    assert_eq!(pod.output(spec).await, "Seccomp:\t2\nno namespace\nforked\n");
}

#[tokio::test]
async fn the_kernels_files_are_guarded() {
    let pod = Pod::new();
    let done = pod
        .run(pod.shell(
            "cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware | wc -l; \
             echo 1 > /proc/sys/kernel/panic || echo sysctl; echo b > /proc/sysrq-trigger || echo sysrq; \
             mkdir /sys/x || echo sys; mknod /tmp/disk b 8 0 2>/dev/null; cat /tmp/disk && echo disk || echo safe",
        ))
        .await;
    assert_eq!(done.stdout, "0\n0\nsysctl\nsysrq\nsys\nsafe\n", "{}", done.stderr);
}

#[tokio::test]
async fn signals_are_as_a_program_expects() {
    let pod = Pod::new();
    // Rust ignores SIGPIPE; a container that inherited that would complain here.
    assert_eq!(pod.output(pod.shell("yes | head -1")).await, "y\n");
    let output = pod.output(pod.container(&["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])).await;
    let mask = |line: &str| u64::from_str_radix(line.split_once('\t').unwrap().1, 16).unwrap();
    let masks: Vec<u64> = output.lines().map(mask).collect();
    // Those of the C library's own are left alone.
    let standard = (1 << 31) - 1;
    assert_eq!((masks[0], masks[1] & standard), (0, 0), "{output}");
}

#[tokio::test]
async fn a_user_may_open_its_output_by_name() {
    let pod = Pod::new();
    fs::set_permissions(pod.path("rootfs"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut spec = pod.shell("echo out > /dev/stdout; echo err > /dev/stderr");
    spec.user.uid = 1000;
    let done = pod.run(spec).await;
    assert_eq!((&*done.stdout, &*done.stderr), ("out\n", "err\n"));
}

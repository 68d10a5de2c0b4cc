//! The fake runtime passes the contract, in process and behind a socket; and what the socket adds.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};

use naru_runtime::{
    Capabilities, ContainerId, ContainerSpec, Error, Resources, Root, Runtime, SandboxId, SandboxSpec, User,
    contract::{self, Fixture},
    fake::{FakeRuntime, Script, ScriptedExit},
    logs::Stream,
    shim::{ShimClient, server},
};
use tokio_util::sync::CancellationToken;

struct Fake {
    dir: tempfile::TempDir,
    runtime: Arc<dyn Runtime>,
}

impl Fake {
    fn spec(&self, id: ContainerId, args: &[&str]) -> ContainerSpec {
        let sandbox = SandboxSpec {
            id: SandboxId("sandbox".into()),
            namespace: "default".into(),
            name: "pod".into(),
            hostname: "pod".into(),
            network_namespace: None,
            cgroup: "/none".into(),
            resources: Default::default(),
            share_process_namespace: false,
        };
        ContainerSpec {
            log_path: self.dir.path().join(format!("{id}.log")),
            id,
            sandbox,
            name: "c".into(),
            attempt: 0,
            root: Root::Rootfs { path: "/".into(), read_only: true },
            args: args.iter().map(ToString::to_string).collect(),
            env: Vec::new(),
            working_dir: "/".into(),
            user: User::default(),
            mounts: Vec::new(),
            resources: Resources::default(),
            capabilities: Capabilities::default(),
            privileged: false,
            no_new_privileges: false,
            seccomp: false,
            termination_message_path: None,
        }
    }
}

impl Fixture for Fake {
    fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.runtime)
    }

    fn prints_and_exits(&self, id: ContainerId, text: &str, code: u8) -> ContainerSpec {
        self.spec(id, &["print", text, &code.to_string()])
    }

    fn sleeps(&self, id: ContainerId) -> ContainerSpec {
        self.spec(id, &["sleep"])
    }

    fn fails_to_create(&self, id: ContainerId) -> ContainerSpec {
        self.spec(id, &["fail"])
    }
}

fn scripts(spec: &ContainerSpec) -> Script {
    match spec.args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["print", text, code] => Script {
            create_takes: Duration::from_millis(2),
            start_takes: Duration::from_millis(2),
            output: vec![(Stream::Stdout, format!("{text}\n"))],
            exits: Some(ScriptedExit {
                after: Duration::from_millis(20),
                code: code.parse().unwrap(),
                oom_killed: false,
            }),
            ..Script::default()
        },
        ["fail"] => Script { create_fails: Some(Error::invalid("no such program")), ..Script::default() },
        _ => Script::default(),
    }
}

fn fake(runtime: Arc<dyn Runtime>) -> Fake {
    Fake { dir: tempfile::tempdir().unwrap(), runtime }
}

/// A server that ends with the test.
struct Served {
    socket: PathBuf,
    cancel: CancellationToken,
    done: tokio::task::JoinHandle<()>,
}

fn serve(socket: PathBuf, runtime: Arc<dyn Runtime>) -> Served {
    let cancel = CancellationToken::new();
    let listener = server::bind(&socket).unwrap();
    let done = tokio::spawn(server::serve(listener, runtime, cancel.clone()));
    Served { socket, cancel, done }
}

impl Served {
    async fn end(self) {
        self.cancel.cancel();
        self.done.await.unwrap();
    }
}

#[tokio::test]
async fn fake_in_process() {
    contract::run(&fake(Arc::new(FakeRuntime::new(scripts)))).await;
}

#[tokio::test]
async fn fake_behind_a_socket() {
    let dir = tempfile::tempdir().unwrap();
    let served = serve(dir.path().join("shim.sock"), Arc::new(FakeRuntime::new(scripts)));
    let mode = std::fs::metadata(&served.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let client = ShimClient::connect(&served.socket).await.unwrap();
    contract::run(&fake(Arc::new(client.clone()))).await;
    assert_eq!(server::bind(&served.socket).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    served.end().await;
    let gone = client.info().await.unwrap_err();
    assert!(gone.retryable(), "{gone}");
}

#[tokio::test]
async fn clients_find_a_shim_that_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("shim.sock");
    let runtime: Arc<dyn Runtime> = Arc::new(FakeRuntime::new(scripts));
    let first = serve(socket.clone(), Arc::clone(&runtime));
    let fixture = fake(Arc::new(ShimClient::connect(&socket).await.unwrap()));
    let task = fixture.runtime.create(fixture.sleeps(ContainerId("c".into()))).await.unwrap();
    task.start().await.unwrap();

    // The wait outlives the server; a call made while it is away succeeds when it is back.
    let waiting = tokio::spawn({
        let task = Arc::clone(&task);
        async move { task.wait().await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    first.end().await;
    let listing = tokio::spawn({
        let runtime = Arc::clone(&fixture.runtime);
        async move { runtime.list().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = serve(socket.clone(), runtime);
    assert_eq!(listing.await.unwrap().unwrap().len(), 1);
    task.kill(9).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().code, 137);

    let client = ShimClient::connect(&socket).await.unwrap();
    let refused = client.shutdown().await.unwrap_err();
    assert!(refused.to_string().contains("holds containers"), "{refused}");
    client.delete(task.id()).await.unwrap();
    client.shutdown().await.unwrap();
    second.done.await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test]
async fn garbage_ends_only_its_own_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let dir = tempfile::tempdir().unwrap();
    let served = serve(dir.path().join("shim.sock"), Arc::new(FakeRuntime::new(scripts)));
    let client = ShimClient::connect(&served.socket).await.unwrap();
    // Not JSON, a frame over the limit, another version.
    for bytes in [&b"\0\0\0\x02{{"[..], b"\xff\xff\xff\xff", b"\0\0\0\x0e{\"protocol\":9}"] {
        let mut bad = tokio::net::UnixStream::connect(&served.socket).await.unwrap();
        bad.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        // The server's hello, then the end; or a reset, since it did not read everything.
        let _ = tokio::time::timeout(Duration::from_secs(30), bad.read_to_end(&mut rest)).await.unwrap();
    }
    assert_eq!(client.info().await.unwrap().name, "fake");
    served.end().await;
}

#[tokio::test]
async fn time_ends_a_scripted_container() {
    let after = Duration::from_millis(30);
    let runtime = FakeRuntime::new(move |_| Script {
        exits: Some(ScriptedExit { after, code: 137, oom_killed: true }),
        ..Script::default()
    });
    let fixture = fake(Arc::new(runtime));
    let task = fixture.runtime.create(fixture.sleeps(ContainerId("c".into()))).await.unwrap();
    task.start().await.unwrap();
    let exit = task.wait().await.unwrap();
    assert!(exit.oom_killed);
    assert_eq!(exit.finished_at.duration_since(exit.started_at.unwrap()).as_millis(), 30);
}

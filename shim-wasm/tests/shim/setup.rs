//! A shim of one's own, and specs for it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use naru_runtime::{
    Capabilities, ContainerId, ContainerSpec, EnvVar, Exit, Mount, Resources, Root, Runtime, SandboxId,
    SandboxSpec, Task, User, WasmEncoding,
    logs::{Line, Stream},
    shim::{ShimClient, ShimCommand},
};

/// Longer than anything takes that is not stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(120);

/// A shim and everything it writes; both end with the test.
pub(crate) struct Shim {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) client: ShimClient,
    pid: i32,
}

impl Shim {
    pub(crate) async fn start() -> Self {
        assert!(nix::unistd::geteuid().is_root(), "these tests need root");
        let dir = tempfile::tempdir().unwrap();
        let (client, pid) = spawn(dir.path()).await;
        Self { dir, client, pid }
    }

    /// Another shim in place of this one, which is killed.
    pub(crate) async fn replace(&mut self) {
        kill(self.pid);
        let (client, pid) = spawn(self.dir.path()).await;
        (self.client, self.pid) = (client, pid);
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("shim.sock")
    }

    /// A spec that runs `wasm` (binary).
    pub(crate) fn spec(&self, wasm: &[u8], encoding: WasmEncoding) -> ContainerSpec {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.spec_of(ContainerId(format!("pod-c{number}-0")), wasm, encoding)
    }

    pub(crate) fn spec_of(&self, id: ContainerId, wasm: &[u8], encoding: WasmEncoding) -> ContainerSpec {
        use sha2::Digest;
        let hex: String = sha2::Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect();
        let module = self.path(&format!("{hex}.wasm"));
        std::fs::write(&module, wasm).unwrap();
        let sandbox = SandboxSpec {
            id: SandboxId("pod".into()),
            namespace: "default".into(),
            name: "pod".into(),
            hostname: "pod".into(),
            network_namespace: None,
            cgroup: "/none".into(),
            resources: Default::default(),
            share_process_namespace: false,
        };
        ContainerSpec {
            log_path: self.path(&format!("{id}.log")),
            id,
            sandbox,
            name: "c".into(),
            attempt: 0,
            root: Root::Wasm { module, digest: format!("sha256:{hex}"), encoding },
            args: vec!["guest".into()],
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

    pub(crate) fn module(&self, wat: &str) -> ContainerSpec {
        self.spec(&wat::parse_str(wat).unwrap(), WasmEncoding::Module)
    }

    pub(crate) fn component(&self, wat: &str) -> ContainerSpec {
        self.spec(&crate::components::component(wat), WasmEncoding::Component)
    }

    /// Creates and starts.
    pub(crate) async fn begin(&self, spec: ContainerSpec) -> Arc<dyn Task> {
        let task = tokio::time::timeout(STUCK, self.client.create(spec)).await.unwrap().unwrap();
        task.start().await.unwrap();
        task
    }

    /// Creates, starts and waits.
    pub(crate) async fn run(&self, spec: ContainerSpec) -> Exit {
        exit(&*self.begin(spec).await).await
    }

    /// The message creating fails with.
    pub(crate) async fn refusal(&self, spec: ContainerSpec) -> String {
        match self.client.create(spec).await.err() {
            Some(naru_runtime::Error::Invalid { message }) => message,
            other => panic!("not refused as invalid: {other:?}"),
        }
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        kill(self.pid);
    }
}

async fn spawn(dir: &Path) -> (ShimClient, i32) {
    let (socket, log) = (dir.join("shim.sock"), dir.join("shim.log"));
    let args = ["--socket", "shim.sock", "--run-dir", "run", "--cache-dir", "cache"];
    let args = args.iter().map(|arg| match arg.starts_with("--") {
        true => arg.into(),
        false => dir.join(arg).into_os_string(),
    });
    let command = ShimCommand {
        program: env!("CARGO_BIN_EXE_naru-shim-wasm").into(),
        args: args.collect(),
        socket: socket.clone(),
        log,
    };
    let client = command.spawn().await.unwrap();
    let stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
    (client, stream.peer_cred().unwrap().pid().unwrap())
}

/// Kills a shim and waits until it is gone.
fn kill(pid: i32) {
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL);
    // A child of this process, or of init.
    while alive(pid) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether any thread of a process is left that has not ended: one may hold files after the first has.
pub(crate) fn alive(pid: i32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().any(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        state.is_some_and(|state| !"ZX".contains(state))
    })
}

pub(crate) async fn exit(task: &dyn Task) -> Exit {
    tokio::time::timeout(STUCK, task.wait()).await.expect("the guest is stuck").unwrap()
}

/// What one output has in a log.
pub(crate) fn output(log: &Path, stream: Stream) -> String {
    let mut text = String::new();
    for line in std::fs::read(log).unwrap().split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line = Line::parse(line).unwrap();
        if line.stream == stream {
            text.push_str(std::str::from_utf8(line.text).unwrap());
            text.extend(line.full.then_some('\n'));
        }
    }
    text
}

pub(crate) fn env(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: value.into() }
}

pub(crate) fn mount(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount { source: source.into(), target: target.into(), read_only }
}

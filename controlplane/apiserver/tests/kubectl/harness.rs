//! A server for one test, and kubectl pointed at it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use naru_api::{Object, status::Status};
use naru_apiserver::{
    LogQuery, LogStream, Options, PodLogs, Registry, Server,
    auth::{GroupAuthorizer, Identity, MASTERS},
};
use naru_store::memory::Memory;
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// No command of a test takes this long; it only ends a test that hangs.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// A running server, its port and a home for kubectl.
pub(crate) struct Cluster {
    pub(crate) address: String,
    home: TempDir,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.tasks.abort_all();
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Output {
    /// The output of a command that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.stdout
    }

    /// The complaints of a command that must have failed.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_ne!(self.code, 0, "{self:#?}");
        self.stderr
    }
}

impl Cluster {
    /// Starts a server with the namespace `default`.
    pub(crate) async fn start() -> Self {
        let options = Options {
            store: Arc::new(Memory::new()),
            registry: Arc::new(Registry::default()),
            authenticators: Vec::new(),
            authorizer: Arc::new(GroupAuthorizer),
            admission: Vec::new(),
            clock: Arc::new(jiff::Timestamp::now),
            logs: Arc::new(NoLogs),
            routes: axum::Router::new(),
        };
        let server = Server::new(options);
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let (server, cancel) = (server.clone(), cancel.clone());
            async move { server.run(cancel).await }
        });
        server.ready().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = server.router().layer(axum::Extension(Identity::new("kubernetes-admin", &[MASTERS])));
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let cluster = Cluster { address, home: TempDir::new().unwrap(), cancel, tasks };
        cluster.kubectl(&["create", "namespace", "default"]).await.ok();
        cluster
    }

    /// Runs kubectl with these arguments.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Output {
        self.run(self.command(arguments)).await
    }

    /// Runs kubectl and takes what it prints; it must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_string).collect();
        async move {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let output = self.kubectl(&arguments).await;
            assert_eq!(output.code, 0, "at {caller}: {output:#?}");
            output.stdout
        }
    }

    /// A kubectl command with nothing of this machine's configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(kubectl());
        command
            .arg("--server")
            .arg(&self.address)
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KUBECONFIG", "/dev/null")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, mut command: Command) -> Output {
        let output = tokio::time::timeout(COMMAND_TIMEOUT, command.output()).await;
        let output = output.expect("kubectl hangs").unwrap();
        Output {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Writes a manifest and returns its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_string()
    }
}

/// A pod with one container.
pub(crate) fn pod(name: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\n\
         spec:\n  containers:\n  - name: main\n    image: {image}\n"
    )
}

/// The stock client.
fn kubectl() -> PathBuf {
    if let Some(path) = std::env::var_os("NARU_KUBECTL") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let mut places = test.ancestors().map(|directory| directory.join("tools/bin/kubectl"));
    places.find(|path| Path::is_file(path)).expect(
        "kubectl is missing: set NARU_KUBECTL, or run `tools/clients target/tools/bin` (`make test` does)",
    )
}

/// No node runs here, so there are no logs.
struct NoLogs;

#[async_trait::async_trait]
impl PodLogs for NoLogs {
    async fn open(&self, _: &Object, _: &LogQuery) -> Result<LogStream, Status> {
        Err(Status::unavailable("no node"))
    }
}

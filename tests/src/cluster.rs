//! A cluster of a test's own: `naru up` with its own directory, port and ranges, removed when the test ends.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rand::Rng;
use serde_json::Value;

use crate::{Finished, eventually, images, run, tools};

/// How a cluster is started.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// An etcd to use instead of the embedded store.
    pub etcd: Option<String>,
    /// Further arguments of `naru up`.
    pub arguments: Vec<String>,
    /// Whether the quickstart's images are imported.
    pub images: bool,
}

/// A running `naru up`.
pub struct Cluster {
    setup: Setup,
    dir: tempfile::TempDir,
    process: Option<Child>,
    port: u16,
    pod_cidr: String,
    service_cidr: String,
}

impl Cluster {
    /// A cluster with the embedded store and the quickstart's images, its node Ready.
    pub fn start() -> Self {
        Cluster::start_with(Setup { images: true, ..Setup::default() })
    }

    /// A cluster as `setup` says, its node Ready.
    pub fn start_with(setup: Setup) -> Self {
        let mut random = rand::rng();
        let mut range =
            || format!("10.{}.{}.0/24", random.random_range(128..250), random.random_range(0..256));
        let mut cluster = Cluster {
            dir: tempfile::Builder::new().prefix("naru-test-").tempdir().unwrap(),
            process: None,
            port: free_port(),
            pod_cidr: range(),
            service_cidr: range(),
            setup,
        };
        if cluster.setup.images {
            cluster.import(&images::httpd(), "quickstart/httpd:1");
            cluster.import(&images::greeter(), "quickstart/greeter:1");
        }
        cluster.up();
        cluster
    }

    /// Starts `naru up` (again) and waits until the node is Ready.
    pub fn up(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(tools::ours("naru"));
        command.arg("up").arg("--data-dir").arg(self.data_dir());
        command.args(["--bind", &format!("127.0.0.1:{}", self.port)]);
        command.args(["--pod-cidr", &self.pod_cidr, "--service-cidr", &self.service_cidr]);
        if let Some(etcd) = &self.setup.etcd {
            command.args(["--etcd-endpoints", etcd]);
        }
        command.args(&self.setup.arguments).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        eventually("the node is Ready", || {
            if let Some(status) = self.process.as_mut().unwrap().try_wait().unwrap() {
                panic!("naru up ended with {status}:\n{}", self.log());
            }
            let found = self.naru(&["get", "nodes", "--no-headers"]);
            match found.code == 0 && found.out.contains(" Ready ") {
                true => Ok(()),
                false => Err(format!("{}{}\n{}", found.out, found.err, self.log())),
            }
        });
    }

    /// Ends `naru up` with a signal and waits for it.
    pub fn stop(&mut self, signal: Signal) {
        let mut process = self.process.take().expect("it is running");
        kill(Pid::from_raw(process.id() as i32), signal).unwrap();
        process.wait().unwrap();
    }

    /// The process id of `naru up`.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it is running").id()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The cluster's name.
    pub fn name(&self) -> String {
        let text = std::fs::read_to_string(self.data_dir().join("cluster.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["name"].as_str().unwrap().into()
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.data_dir().join("admin.kubeconfig")
    }

    /// The API server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What `naru up` has written.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("naru.log")
    }

    /// Imports an image from a file.
    #[track_caller]
    pub fn import(&self, file: &Path, name: &str) {
        let mut command = Command::new(tools::ours("naru"));
        command.args(["image", "import"]).arg(file).args(["--name", name, "--data-dir"]).arg(self.data_dir());
        run(&mut command, "").ok();
    }

    /// Runs a client command of ours.
    #[track_caller]
    pub fn naru(&self, arguments: &[&str]) -> Finished {
        self.naru_with(arguments, "")
    }

    /// The same with standard input.
    #[track_caller]
    pub fn naru_with(&self, arguments: &[&str], input: &str) -> Finished {
        run(
            Command::new(tools::ours("naru")).args(arguments).arg("--kubeconfig").arg(self.kubeconfig()),
            input,
        )
    }

    /// Runs the stock kubectl.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> Finished {
        self.kubectl_with(arguments, "")
    }

    /// The same with standard input.
    #[track_caller]
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = Command::new(tools::kubectl());
        command.arg("--kubeconfig").arg(self.kubeconfig());
        // kubectl caches discovery by server address, and ports are used again.
        command.arg("--cache-dir").arg(self.dir.path().join("kubectl-cache"));
        run(command.args(arguments), input)
    }

    /// Applies a manifest with the stock kubectl.
    #[track_caller]
    pub fn apply(&self, manifest: &str) -> String {
        self.kubectl_with(&["apply", "-f", "-"], manifest).ok()
    }

    /// An object as JSON, if it exists.
    pub fn get(&self, resource: &str, name: &str) -> Option<Value> {
        let found = self.naru(&["get", resource, name, "-o", "json"]);
        (found.code == 0).then(|| serde_json::from_str(&found.out).unwrap())
    }

    /// Waits until `check` accepts a pod of the default namespace.
    #[track_caller]
    pub fn pod(&self, name: &str, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("pod {name} {what}"), || match self.get("pod", name) {
            Some(pod) if check(&pod) => Ok(pod),
            found => Err(format!("{found:#?}\n{}", self.log())),
        })
    }

    /// Waits until a pod of the default namespace is Ready.
    #[track_caller]
    pub fn ready(&self, name: &str) -> Value {
        self.pod(name, "is Ready", is_ready)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- naru up's log:\n{}", self.log());
        }
        let mut command = Command::new(tools::ours("naru"));
        let down = command.arg("down").arg("--data-dir").arg(self.data_dir()).output();
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if let Ok(down) = down
            && !down.status.success()
        {
            eprintln!("naru down: {}", String::from_utf8_lossy(&down.stderr));
        }
    }
}

/// Whether a pod's Ready condition is True.
pub fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

/// The status of a pod's container.
pub fn container<'a>(pod: &'a Value, name: &str) -> &'a Value {
    let all = pod["status"]["containerStatuses"].as_array();
    all.and_then(|all| all.iter().find(|one| one["name"] == name)).unwrap_or(&Value::Null)
}

/// A port nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

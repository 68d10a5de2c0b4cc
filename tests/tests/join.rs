//! A control plane and a node as separate processes on separate hosts (network namespaces), joined by a token.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use naru_tests::{
    Finished,
    cluster::{free_port, is_ready},
    eventually, images, run, tools,
};
use rand::Rng;
use serde_json::Value;

/// Another host: a network namespace with a cable to this one.
struct Host {
    name: String,
    here: String,
    there: String,
}

impl Host {
    fn new() -> Self {
        let mut random = rand::rng();
        let id: u16 = random.random_range(0..10_000);
        let net = format!("10.{}.{}", random.random_range(100..120), random.random_range(0..256));
        let host = Host { name: format!("nt{id}"), here: format!("{net}.1"), there: format!("{net}.2") };
        let (name, cable) = (host.name.as_str(), format!("{}c", host.name));
        ip(&["netns", "add", name]);
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", name]);
        ip(&["addr", "add", &format!("{}/24", host.here), "dev", &cable]);
        ip(&["link", "set", &cable, "up"]);
        ip(&["-n", name, "addr", "add", &format!("{}/24", host.there), "dev", "eth0"]);
        ip(&["-n", name, "link", "set", "eth0", "up"]);
        ip(&["-n", name, "link", "set", "lo", "up"]);
        host
    }

    /// A command that runs on the host. Only the network is another; `ip netns exec` would hide the control groups.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(tools::installed("nsenter", "util-linux"));
        command.arg(format!("--net=/run/netns/{}", self.name)).arg("--").arg(program);
        command
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let ip = tools::installed("ip", "iproute2");
        let _ = Command::new(ip).args(["netns", "del", &self.name]).output();
    }
}

fn ip(arguments: &[&str]) {
    run(Command::new(tools::installed("ip", "iproute2")).args(arguments), "").ok();
}

/// A process of ours and its data directory; `naru down` ends it.
struct Running {
    process: Child,
    data: PathBuf,
    log: PathBuf,
    host: Option<String>,
}

impl Running {
    fn start(mut command: Command, data: &Path, host: Option<&Host>) -> Self {
        let log = data.with_extension("log");
        let file = File::create(&log).unwrap();
        command
            .arg("--data-dir")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let process = command.spawn().unwrap();
        Running { process, data: data.into(), log, host: host.map(|host| host.name.clone()) }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn ready(&mut self) {
        eventually("ready", || {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", self.log());
            }
            if self.log().contains(" ready ms=") { Ok(()) } else { Err(self.log()) }
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}:\n{}", self.log.display(), self.log());
        }
        let naru = tools::ours("naru");
        let mut down = match &self.host {
            None => Command::new(naru),
            Some(host) => {
                let mut command = Command::new(tools::installed("nsenter", "util-linux"));
                command.arg(format!("--net=/run/netns/{host}")).arg("--").arg(naru);
                command
            }
        };
        let _ = down.arg("down").arg("--data-dir").arg(&self.data).output();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_node_on_another_host_joins_with_the_token_and_runs_pods() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::new();
    let naru = tools::ours("naru");
    let address = format!("{}:{}", host.here, free_port());
    let url = format!("https://{address}");

    let mut command = Command::new(&naru);
    command.args(["server", "--bind", &address, "--service-cidr", "10.98.0.0/24"]);
    let mut server = Running::start(command, &dir.path().join("server"), None);
    server.ready();
    let token = fs::read_to_string(dir.path().join("server/join-token")).unwrap();
    let identity = fs::read_to_string(dir.path().join("server/cluster.json")).unwrap();
    let identity: Value = serde_json::from_str(&identity).unwrap();
    let run_dir = Path::new("/run/naru").join(identity["name"].as_str().unwrap());
    assert!(!run_dir.exists(), "a server without a node has nothing there");

    // A token of another cluster is refused before anything is sent, a wrong secret by the server.
    let node_dir = dir.path().join("node");
    let join_with = |token: &str, pods: &str| {
        let mut command = host.command(&naru);
        command.args(["node", "--server", &url, "--token", token, "--pod-cidr", pods]);
        command.args(["--node-name", "worker", "--node-ip", &host.there]);
        command
    };
    let join = |token: &str| join_with(token, "10.97.0.0/24");
    let try_join = |token: &str| run(join(token).arg("--data-dir").arg(&node_dir), "").failed();
    let strange = format!("naru.{}.secret", "0".repeat(64));
    assert!(try_join(&strange).contains("authority is not the one the token names"));
    let (known, _) = token.trim().rsplit_once('.').unwrap();
    assert!(try_join(&format!("{known}.wrong")).contains("Unauthorized"));
    assert!(try_join("nonsense").contains("no join token"));
    assert!(!node_dir.exists(), "a node that was refused leaves nothing behind");

    let import = |file: &Path, name: &str| {
        let mut command = Command::new(&naru);
        command.args(["image", "import"]).arg(file).args(["--name", name, "--data-dir"]).arg(&node_dir);
        run(&mut command, "").ok();
    };
    import(&images::httpd(), "quickstart/httpd:1");
    import(&images::greeter(), "quickstart/greeter:1");
    let mut node = Running::start(join(token.trim()), &node_dir, Some(&host));
    node.ready();

    let kubectl = |arguments: &[&str], input: &str| -> Finished {
        let mut command = Command::new(tools::kubectl());
        command.arg("--kubeconfig").arg(dir.path().join("server/admin.kubeconfig"));
        command.arg("--cache-dir").arg(dir.path().join("cache"));
        run(command.args(arguments), input)
    };
    assert!(kubectl(&["get", "nodes", "--no-headers"], "").ok().starts_with("worker   Ready"));
    let second = dir.path().join("second");
    let refused = run(join_with(token.trim(), "10.97.1.0/24").arg("--data-dir").arg(&second), "").failed();
    assert!(refused.contains("a node named worker is in the cluster and answers at"), "{refused}");
    assert!(!second.exists());
    kubectl(&["apply", "-f", tools::repository("manifests/quickstart/pod.yaml").to_str().unwrap()], "").ok();
    let pod = eventually("the pod is Ready", || {
        let found = kubectl(&["get", "pod", "ferry", "-o", "json"], "");
        let pod: Value = serde_json::from_str(&found.out).map_err(|error| error.to_string())?;
        if is_ready(&pod) { Ok(pod) } else { Err(format!("{pod:#}")) }
    });
    assert_eq!(pod["spec"]["nodeName"], "worker");
    assert_eq!(pod["status"]["hostIP"], host.there.as_str());
    // Logs come from the node through the server.
    eventually("the log", || {
        let log = kubectl(&["logs", "ferry", "-c", "greeter"], "").ok();
        if log.contains("over localhost") { Ok(()) } else { Err(log) }
    });
    kubectl(&["delete", "pod", "ferry", "--grace-period=1", "--timeout=60s"], "").ok();
}

//! A real etcd for tests: started on free ports in a folder of its own, stopped when dropped.
#![allow(clippy::unwrap_used)] // A test that cannot have its etcd fails by panicking.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Longest wait for etcd to serve.
const START_WAIT: Duration = Duration::from_secs(60);
/// How often a start is tried, since somebody else may take a port first.
const STARTS: usize = 5;

/// A single etcd server with a data folder of its own.
pub struct EtcdServer {
    dir: TempDir,
    args: Vec<String>,
    scheme: &'static str,
    client: SocketAddr,
    peer: SocketAddr,
    health: SocketAddr,
    process: Option<Child>,
}

impl EtcdServer {
    /// Starts etcd and waits until it serves. Panics if it cannot be started.
    pub fn start() -> Self {
        Self::start_with("http", &[])
    }

    /// Starts etcd with more arguments, its clients using `scheme`.
    pub fn start_with(scheme: &'static str, args: &[&str]) -> Self {
        for _ in 0..STARTS {
            let dir = tempfile::Builder::new().prefix("naru-etcd-").tempdir().unwrap();
            let args = args.iter().map(|arg| arg.to_string()).collect();
            let [client, peer, health] = free_ports();
            let mut server = Self { dir, args, scheme, client, peer, health, process: None };
            if server.run() {
                return server;
            }
        }
        panic!("etcd exits as soon as it is started");
    }

    /// The URL that clients use.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.client)
    }

    /// Kills etcd with SIGKILL; its data stay.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts a killed etcd again on the same data and ports, and waits until it serves.
    pub fn restart(&mut self) {
        self.kill();
        assert!((0..STARTS).any(|_| self.run()), "etcd does not start again:\n{}", self.log());
    }

    /// Runs etcd until it serves; false if it ended first.
    fn run(&mut self) -> bool {
        let log = File::options().create(true).append(true).open(self.dir.path().join("etcd.log")).unwrap();
        let url = |scheme: &str, address: SocketAddr| format!("{scheme}://{address}");
        let (client, peer) = (url(self.scheme, self.client), url("http", self.peer));
        let process = Command::new("etcd")
            .args(["--name", "test", "--logger", "zap", "--log-level", "warn"])
            // An election among one need not take a second.
            .args(["--heartbeat-interval", "10", "--election-timeout", "100"])
            .arg("--data-dir")
            .arg(self.dir.path().join("data"))
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("test={peer}")])
            .args(["--listen-metrics-urls", &url("http", self.health)])
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.process = Some(match process {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("etcd is missing: install etcd-server")
            }
            process => process.unwrap(),
        });
        self.wait()
    }

    fn wait(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < START_WAIT {
            if self.process.as_mut().unwrap().try_wait().unwrap().is_some() {
                self.process = None;
                return false;
            }
            if is_healthy(self.health) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("etcd does not serve after {START_WAIT:?}:\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("etcd.log")).unwrap_or_default()
    }
}

impl Drop for EtcdServer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

fn free_ports<const N: usize>() -> [SocketAddr; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.contains(r#""health":"true""#))
}

//! A real etcd of a test's own.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{cluster::free_port, eventually, tools};

/// An etcd process with its data in a temporary directory; killed and removed on drop.
pub struct Etcd {
    process: Child,
    dir: tempfile::TempDir,
    client_port: u16,
    peer_port: u16,
}

impl Etcd {
    /// Starts one on free ports and waits until it answers.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (client_port, peer_port) = (free_port(), free_port());
        let etcd = Etcd { process: spawn(&dir, client_port, peer_port), dir, client_port, peer_port };
        etcd.wait();
        etcd
    }

    /// For `--etcd-endpoints`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same data and ports.
    pub fn restart(&mut self) {
        self.process = spawn(&self.dir, self.client_port, self.peer_port);
        self.wait();
    }

    fn wait(&self) {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], self.client_port));
        eventually("etcd listens", || {
            let limit = Duration::from_secs(1);
            std::net::TcpStream::connect_timeout(&address, limit).map_err(|error| error.to_string())
        });
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(dir: &tempfile::TempDir, client: u16, peer: u16) -> Child {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    Command::new(tools::installed("etcd", "etcd-server"))
        .args(["--name", "test", "--log-level", "error", "--data-dir"])
        .arg(dir.path())
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("test={peer}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("etcd starts")
}

//! The peer: a stock kube-apiserver, given by its path, on the same etcd and with the same certificates as ours.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::server;

/// Starts `binary`; its port is written to `dir/port` at once, it listens there a few seconds later. Everybody with a certificate may do
/// everything, as with ours; the admission plug-in that wants service accounts is off, because nothing makes them here.
pub fn start(binary: &str, dir: &Path, etcd: &str) -> Child {
    let _ = server::pki(dir);
    let (pki, listener) = (dir.join("pki"), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let file = |name: &str| pki.join(name).display().to_string();
    let mut command = Command::new(binary);
    command.args([
        &format!("--etcd-servers={etcd}"),
        &format!("--secure-port={port}"),
        "--bind-address=127.0.0.1",
        &format!("--cert-dir={}", dir.display()),
        &format!("--tls-cert-file={}", file("server.crt")),
        &format!("--tls-private-key-file={}", file("server.key")),
        &format!("--client-ca-file={}", file("ca.crt")),
        "--authorization-mode=AlwaysAllow",
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://localhost",
        &format!("--service-account-signing-key-file={}", file("server.key")),
        &format!("--service-account-key-file={}", file("server.crt")),
        "--service-cluster-ip-range=10.96.0.0/16",
    ]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::fs::write(dir.join("port"), port.to_string()).unwrap();
    child
}

//! Nobody gets in unasked: TLS only, an identity for everything but health and version, keys for their owner only.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::Path,
    process::Command,
};

use naru_tests::{Cluster, Finished, run, tools};
use serde_json::Value;

fn curl(arguments: &[&str]) -> Finished {
    let all = ["-s", "-k", "-m", "10", "-w", "\n%{http_code}"];
    run(Command::new(tools::installed("curl", "curl")).args(all).args(arguments), "")
}

fn code(url: &str, arguments: &[&str]) -> String {
    let answer = curl(&[arguments, &[url]].concat()).out;
    answer.lines().last().unwrap_or_default().to_string()
}

#[test]
fn strangers_get_health_and_version_and_nothing_else() {
    let cluster = Cluster::start();
    let base = format!("https://127.0.0.1:{}", cluster.port());
    for path in ["/healthz", "/livez", "/readyz", "/readyz?verbose", "/version", "/version/"] {
        assert_eq!(code(&format!("{base}{path}"), &[]), "200", "{path}");
    }
    for path in
        ["/", "/api", "/apis", "/api/v1/pods", "/openapi/v3", "/metrics", "/naru/v1/node-certificates"]
    {
        assert_eq!(code(&format!("{base}{path}"), &[]), "401", "{path}");
        assert_eq!(code(&format!("{base}{path}"), &["-H", "Authorization: Bearer wrong"]), "401", "{path}");
    }
    // Who is refused before his request's body was read still gets the answer.
    for _ in 0..40 {
        for body in ["{}", &"x".repeat(100_000)] {
            assert_eq!(code(&format!("{base}/api/v1/namespaces"), &["-X", "POST", "-d", body]), "401");
        }
    }

    // A join token joins, and does nothing else.
    let token = fs::read_to_string(cluster.data_dir().join("join-token")).unwrap();
    let bearer = format!("Authorization: Bearer {}", token.trim().rsplit('.').next().unwrap());
    assert_eq!(code(&format!("{base}/api/v1/secrets"), &["-H", &bearer]), "403");

    // Plain HTTP is no way in.
    let mut plain = TcpStream::connect(("127.0.0.1", cluster.port())).unwrap();
    plain.write_all(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("gitVersion"));
}

#[test]
fn a_token_file_lets_its_users_in() {
    let cluster = Cluster::start();
    let base = format!("https://127.0.0.1:{}", cluster.port());
    let bearer = ["-H", "Authorization: Bearer of-good-news"];
    assert_eq!(code(&format!("{base}/api/v1/pods"), &bearer), "401");
    fs::write(cluster.data_dir().join("pki/tokens.csv"), "of-good-news,alice,1,\"dev\"\n").unwrap();
    let mut cluster = cluster;
    cluster.stop(nix::sys::signal::Signal::SIGTERM);
    cluster.up();
    assert_eq!(code(&format!("{base}/api/v1/pods"), &bearer), "200");
}

#[test]
fn the_nodes_endpoint_answers_the_api_server_only() {
    let cluster = Cluster::start();
    let node = cluster.naru(&["get", "nodes", "-o", "json"]).ok();
    let node: Value = serde_json::from_str(&node).unwrap();
    let status = &node["items"][0]["status"];
    let port = status["daemonEndpoints"]["kubeletEndpoint"]["Port"].as_u64().unwrap();
    let ip = status["addresses"].as_array().unwrap().iter().find(|one| one["type"] == "InternalIP").unwrap();
    let url = format!("https://{}:{port}/pods", ip["address"].as_str().unwrap());
    // Without a client certificate the handshake fails, which curl reports as no answer at all.
    assert_eq!(code(&url, &[]), "000");
    assert_eq!(code(&url, &["-H", "Authorization: Bearer x"]), "000");
}

#[test]
fn keys_and_sockets_are_for_root_only() {
    let cluster = Cluster::start();
    cluster.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {terminationGracePeriodSeconds: 0, containers: [\
         {name: o, image: 'quickstart/httpd:1', command: [sleep, '1000']}, {name: w, image: 'quickstart/greeter:1'}]}}",
    );
    cluster.ready("a");
    let data = cluster.data_dir();
    for file in ["admin.kubeconfig", "join-token", "pki/ca.key", "pki/server.key", "pki/admin.key"] {
        let mode = fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let mut sockets = 0;
    visit(Path::new(&format!("/run/naru/{}", cluster.name())), &mut |path, metadata| {
        if path.file_name().is_some_and(|name| name == "shim.sock") {
            sockets += 1;
            assert!(metadata.file_type().is_socket());
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    });
    // Whatever libraries put beside them is behind a directory of root's.
    let run_dir = fs::metadata(format!("/run/naru/{}", cluster.name())).unwrap();
    assert_eq!(run_dir.permissions().mode() & 0o777, 0o700);
    assert!(sockets >= 2, "a socket for each shim, not {sockets}");
}

fn visit(dir: &Path, look: &mut impl FnMut(&Path, &fs::Metadata)) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        look(&entry.path(), &metadata);
        // A container's root file system is not ours to walk.
        if metadata.is_dir() && entry.file_name() != "rootfs" && entry.file_name() != "netns" {
            visit(&entry.path(), look);
        }
    }
}

//! The main job: one pod of an OCI container and a Wasm container, from the manifest in `manifests/quickstart`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use naru_tests::{Cluster, eventually, tools};

fn quickstart() -> String {
    fs::read_to_string(tools::repository("manifests/quickstart/pod.yaml")).unwrap()
}

fn fetch(ip: &str) -> Result<String, String> {
    let ask = || -> std::io::Result<String> {
        let address = SocketAddr::new(ip.parse().unwrap(), 8080);
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| error.to_string())?;
    if answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200") {
        Ok(answer)
    } else {
        Err(answer)
    }
}

#[test]
fn both_kinds_share_localhost_and_a_volume() {
    let cluster = Cluster::start();
    cluster.apply(&quickstart());
    let pod = cluster.ready("ferry");
    let ip = pod["status"]["podIP"].as_str().unwrap();

    // The volume: httpd serves what the Wasm container has written, and the host reaches the pod's address.
    let page = eventually("the page", || fetch(ip));
    assert!(page.contains("WebAssembly") && page.contains("ferry") && page.contains(ip), "{page}");
    // Localhost: the Wasm container fetches it from httpd.
    eventually("the Wasm container fetches over localhost", || {
        let log = cluster.kubectl(&["logs", "ferry", "-c", "greeter"]).ok();
        if log.contains("over localhost") { Ok(()) } else { Err(log) }
    });

    let ids: Vec<&str> = pod["status"]["containerStatuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["containerID"].as_str().unwrap().split("://").next().unwrap())
        .collect();
    assert!(ids.contains(&"naru-oci") && ids.contains(&"naru-wasm"), "{ids:?}");

    // Another pod reaches it too.
    let caller = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: caller}}\nspec:\n  restartPolicy: Never\n  containers:\n  \
         - {{name: main, image: 'quickstart/httpd:1', command: [wget, -q, -O, '-', 'http://{ip}:8080/']}}\n"
    );
    cluster.apply(&caller);
    cluster.pod("caller", "has succeeded", |pod| pod["status"]["phase"] == "Succeeded");
    assert!(cluster.kubectl(&["logs", "caller"]).ok().contains("WebAssembly"));

    // Deleting the pod ends it gracefully and frees its address.
    cluster.kubectl(&["delete", "pod", "ferry", "--grace-period=1"]).ok();
    assert!(fetch(ip).is_err());
}

#[test]
fn our_own_client_does_what_kubectl_does() {
    let cluster = Cluster::start();
    let manifest = tools::repository("manifests/quickstart/pod.yaml");
    let manifest = manifest.to_str().unwrap();
    assert_eq!(
        cluster.naru(&["apply", "-f", manifest]).ok(),
        "configmap/greeting created\npod/ferry created\n"
    );
    let waited = cluster.naru(&["wait", "--for=condition=Ready", "pod/ferry", "--timeout=60s"]).ok();
    assert_eq!(waited, "pod/ferry condition met\n");
    assert_eq!(
        cluster.naru(&["apply", "-f", manifest]).ok(),
        "configmap/greeting unchanged\npod/ferry unchanged\n"
    );
    // kubectl takes over what we applied, and we what it applied.
    let theirs = cluster.kubectl(&["apply", "-f", manifest]).ok();
    assert_eq!(theirs, "configmap/greeting unchanged\npod/ferry unchanged\n");

    for arguments in [
        &["get", "pods"][..],
        &["get", "pods", "-o", "wide"],
        &["get", "pods", "-A", "--show-labels"],
        &["get", "pod", "ferry", "-o", "jsonpath={.status.podIP} {.spec.containers[*].name}"],
        &["get", "pod", "ferry", "-o", "name"],
        &["get", "pods", "--no-headers", "-l", "app=ferry"],
        &["get", "pods", "-l", "app=none"],
        &["get", "pod", "missing"],
        &["get", "widgets"],
        &["logs", "missing"],
        &["delete", "pod", "missing"],
    ] {
        let steady =
            |text: &str| text.replace("0s", "*").replace("1s", "*").replace("2s", "*").replace("3s", "*");
        let (ours, theirs) = (cluster.naru(arguments), cluster.kubectl(arguments));
        assert_eq!(ours.code, theirs.code, "{arguments:?}: {ours:?} {theirs:?}");
        if !ours.out.contains("AGE") && !ours.out.contains("Running") {
            assert_eq!(steady(&ours.out), steady(&theirs.out), "{arguments:?}");
        } else {
            assert_eq!(columns(&ours.out), columns(&theirs.out), "{arguments:?}");
        }
        assert_eq!(
            ours.err.trim_start_matches("error: "),
            theirs.err.trim_start_matches("error: "),
            "{arguments:?}"
        );
    }
    let described = cluster.naru(&["describe", "pod", "ferry"]).ok();
    for part in ["Name:", "ferry", "greeter:", "Ready:", "Events:", "Started"] {
        assert!(described.contains(part), "{part} is missing:\n{described}");
    }
    assert!(cluster.naru(&["logs", "ferry", "-c", "greeter", "--tail", "1"]).ok().lines().count() <= 1);
    let deleted = cluster.naru(&["delete", "-f", manifest, "--grace-period=1"]).ok();
    assert!(deleted.contains("pod \"ferry\" deleted"), "{deleted}");
    assert_eq!(cluster.naru(&["get", "pods"]).err, "No resources found in default namespace.\n");
}

/// Every cell but the ages, which differ between two calls.
fn columns(table: &str) -> Vec<Vec<&str>> {
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let is_age =
        |cell: &str| cell.ends_with('s') && cell.trim_end_matches('s').chars().all(|c| c.is_ascii_digit());
    rows.map(|row| row.into_iter().filter(|cell| !is_age(cell)).collect()).collect()
}

//! Bad input gets the words Kubernetes users know, and changes nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, net::TcpListener, process::Command};

use naru_tests::{Cluster, cluster::container, eventually, run, tools};
use serde_json::{Value, json};

fn pod(name: &str, container: Value) -> String {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"terminationGracePeriodSeconds": 0, "restartPolicy": "Never", "containers": [container]},
    })
    .to_string()
}

#[test]
fn the_api_refuses_what_kubernetes_refuses() {
    let cluster = Cluster::start();
    let good = pod("x", json!({"name": "a", "image": "i"}));
    for (what, manifest, words) in [
        (
            "an unknown field",
            good.replace("\"image\"", "\"imagee\":\"j\",\"image\""),
            "unknown field \"spec.containers[0].imagee\"",
        ),
        ("a wrong type", good.replace("\"Never\"", "7"), "restartPolicy"),
        (
            "a bad name",
            good.replace("\"x\"", "\"Bad_Name\""),
            "a lowercase RFC 1123 subdomain must consist of",
        ),
        ("no image", pod("x", json!({"name": "a"})), "spec.containers[0].image: Required value"),
        (
            "no containers",
            good.replace("\"containers\":[{\"image\":\"i\",\"name\":\"a\"}]", "\"containers\":[]")
                .replace("\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]", "\"containers\":[]"),
            "spec.containers: Required value",
        ),
        (
            "a bad policy",
            good.replace("Never", "Sometimes"),
            "supported values: \"Always\", \"Never\", \"OnFailure\"",
        ),
        (
            "a mount of nothing",
            pod("x", json!({"name": "a", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]})),
            "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        ),
        (
            "a request over its limit",
            pod(
                "x",
                json!({"name": "a", "image": "i", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}),
            ),
            "must be less than or equal to cpu limit",
        ),
        (
            "a probe",
            pod("x", json!({"name": "a", "image": "i", "livenessProbe": {"exec": {"command": ["true"]}}})),
            "spec.containers[0].livenessProbe: Forbidden",
        ),
        ("malformed YAML", "apiVersion: v1\nkind: Pod\nmetadata: [".into(), "error parsing"),
        ("malformed JSON", "{\"apiVersion\": \"v1\",".into(), "error"),
    ] {
        for refused in [
            cluster.kubectl_with(&["apply", "-f", "-"], &manifest).failed(),
            cluster.naru_with(&["apply", "-f", "-"], &manifest).failed(),
        ] {
            assert!(refused.contains(words), "{what}: {refused}");
        }
    }
    let widget = "{apiVersion: v1, kind: Widget, metadata: {name: x}}";
    let refused = cluster.naru_with(&["apply", "-f", "-"], widget).failed();
    assert!(refused.contains("no matches for kind \"Widget\" in version \"v1\""), "{refused}");
    cluster.kubectl_with(&["apply", "-f", "-"], widget).failed();
    assert_eq!(cluster.kubectl(&["get", "pods", "-o", "name"]).ok(), "");

    // Without strictness an unknown field is a warning, and is not stored.
    let odd = good.replace("\"image\"", "\"imagee\":\"j\",\"image\"");
    let warned = cluster.kubectl_with(&["apply", "--validate=warn", "-f", "-"], &odd);
    assert!(warned.err.contains("unknown field \"spec.containers[0].imagee\""), "{warned:?}");
    let stored = cluster.get("pod", "x").unwrap();
    assert!(stored["spec"]["containers"][0].get("imagee").is_none());
    let missing = cluster.kubectl(&["get", "pod", "none"]).failed();
    assert_eq!(missing, "Error from server (NotFound): pods \"none\" not found\n");
    let taken = cluster.kubectl_with(&["create", "-f", "-"], &good).failed();
    assert!(
        taken.contains("Error from server (AlreadyExists)") && taken.contains("pods \"x\" already exists"),
        "{taken}"
    );
}

fn reason(pod: &Value) -> (String, String) {
    let waiting = &container(pod, "a")["state"]["waiting"];
    let text = |field: &str| waiting[field].as_str().unwrap_or_default().to_string();
    (text("reason"), text("message"))
}

#[test]
fn an_image_that_cannot_be_had() {
    let cluster = Cluster::start();
    // Nobody listens on this port: the registry is away.
    let port = naru_tests::cluster::free_port();
    cluster.apply(&pod("away", json!({"name": "a", "image": format!("127.0.0.1:{port}/none:1")})));
    cluster.apply(&pod("bad", json!({"name": "a", "image": "Not//An:Image:At all"})));
    cluster.apply(&pod("never", json!({"name": "a", "image": "none:1", "imagePullPolicy": "Never"})));
    let away = cluster.pod("away", "fails to pull", |pod| reason(pod).0 == "ErrImagePull");
    assert!(reason(&away).1.contains("none:1"), "{:?}", reason(&away));
    let away = cluster.pod("away", "backs off", |pod| reason(pod).0 == "ImagePullBackOff");
    assert!(reason(&away).1.starts_with("Back-off pulling image"), "{:?}", reason(&away));
    cluster.pod("bad", "has an invalid name", |pod| reason(pod).0 == "InvalidImageName");
    cluster.pod("never", "is not pulled", |pod| reason(pod).0 == "ErrImageNeverPull");
    let events = cluster.kubectl(&["get", "events"]).ok();
    assert!(events.contains("Failed") && events.contains("BackOff"), "{events}");
}

#[test]
fn a_wasm_module_that_cannot_run() {
    let cluster = Cluster::start();
    let dir = tempfile::tempdir().unwrap();
    let unmet = dir.path().join("unmet.wat");
    fs::write(
        &unmet,
        "(module (import \"env\" \"ferry\" (func)) (import \"env\" \"berth\" (func)) (memory (export \"memory\") 1) \
         (func (export \"_start\")))",
    )
    .unwrap();
    cluster.import(&unmet, "test/unmet:1");
    // A body that pops what nobody has pushed: a valid header, an invalid module.
    let invalid = dir.path().join("invalid.wasm");
    let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x0a\x01\x06_start\0\0\x0a\x05\x01\x03\0\x1a\x0b";
    fs::write(&invalid, bytes).unwrap();
    cluster.import(&invalid, "test/invalid:1");
    cluster.apply(&pod("unmet", json!({"name": "a", "image": "test/unmet:1"})));
    cluster.apply(&pod("invalid", json!({"name": "a", "image": "test/invalid:1"})));
    let unmet = cluster.pod("unmet", "cannot be created", |pod| reason(pod).0 == "CreateContainerError");
    let (_, message) = reason(&unmet);
    assert!(message.contains("env::berth") && message.contains("env::ferry"), "{message}");
    cluster.pod("invalid", "cannot be created", |pod| reason(pod).0 == "CreateContainerError");
}

#[test]
fn a_container_that_cannot_be_made_or_started() {
    let cluster = Cluster::start();
    let image = "quickstart/httpd:1";
    let from_map = json!([{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "k"}}}]);
    cluster.apply(&pod("config", json!({"name": "a", "image": image, "env": from_map})));
    cluster.apply(&pod("program", json!({"name": "a", "image": image, "command": ["no-such-program"]})));
    let config =
        cluster.pod("config", "lacks its config", |pod| reason(pod).0 == "CreateContainerConfigError");
    assert_eq!(reason(&config).1, "configmap \"none\" not found");
    let program = cluster.pod("program", "lacks its program", |pod| {
        let state = &container(pod, "a")["state"];
        !state["waiting"]["message"].is_null() || !state["terminated"]["message"].is_null()
    });
    let state = container(&program, "a")["state"].to_string();
    assert!(state.contains("no-such-program") && state.contains("executable file not found"), "{state}");
    // The config comes, and the pod goes on by itself.
    cluster.kubectl(&["create", "configmap", "none", "--from-literal=k=v"]).ok();
    cluster.pod("config", "runs", |pod| !container(pod, "a")["state"]["running"].is_null());
}

#[test]
fn a_port_in_use_and_mistaken_flags() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let naru = |arguments: &[&str]| {
        let mut command = Command::new(tools::ours("naru"));
        run(command.args(arguments).arg("--data-dir").arg(dir.path().join("data")), "").failed()
    };
    let refused = naru(&["up", "--bind", &address, "--pod-cidr", "10.127.0.0/24"]);
    assert!(
        refused.contains(&address) && refused.contains("in use") && refused.contains("--bind"),
        "{refused}"
    );
    let refused = naru(&["up", "--pod-cidr", "10.1.0.0/16", "--service-cidr", "10.1.2.0/24"]);
    assert!(refused.contains("overlaps"), "{refused}");
    let refused = naru(&["up", "--pod-cidr", "here"]);
    assert!(refused.contains("--pod-cidr"), "{refused}");
    let refused = naru(&["up", "--node-name", "Not_A_Name"]);
    assert!(refused.contains("Not_A_Name") && refused.contains("--node-name"), "{refused}");
    let refused = naru(&["image", "import", "/no/such/file", "--name", "a:1"]);
    assert!(refused.contains("/no/such/file"), "{refused}");
    run(Command::new(tools::ours("naru")).arg("down").arg("--data-dir").arg(dir.path().join("data")), "")
        .ok();

    let cluster = Cluster::start();
    let data = cluster.data_dir();
    let second = run(Command::new(tools::ours("naru")).arg("up").arg("--data-dir").arg(&data), "").failed();
    assert!(second.contains("another naru"), "{second}");
    // A range that is taken can be put right: no cluster has been made with it.
    let identity = fs::read_to_string(data.join("cluster.json")).unwrap();
    let identity: Value = serde_json::from_str(&identity).unwrap();
    let refused = naru(&["up", "--bind", "127.0.0.1:0", "--pod-cidr", identity["podCidr"].as_str().unwrap()]);
    assert!(refused.contains("overlaps the route"), "{refused}");
    assert!(!dir.path().join("data/cluster.json").exists());
    eventually("the first goes on", || {
        if cluster.get("namespace", "default").is_some() { Ok(()) } else { Err(String::new()) }
    });
}

#[test]
fn what_nobody_reads_ends_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(tools::ours("naru"));
    command.args(["image", "ls", "--data-dir"]).arg(dir.path().join("data")).stdout(writer);
    let ended = command.output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), err.as_ref()), (Some(141), ""));
}

//! The requests of the benchmark.

use http::Request;
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/bench/pods";

pub type Asked = Request<String>;

fn name(n: usize) -> String {
    format!("web-7d4b9c6f8d-{n:05}")
}

fn request(method: &str, uri: String, media: &str, body: String) -> Asked {
    Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", media)
        .header("host", "localhost")
        .body(body)
        .unwrap()
}

/// A pod as a ReplicaSet makes it.
pub fn create(n: usize) -> Asked {
    let env: Vec<Value> = (0..6)
        .map(|n| json!({"name": format!("SETTING_{n}"), "value": format!("value number {n}")}))
        .collect();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name(n),
            "labels": {"app": "web", "pod-template-hash": "7d4b9c6f8d", "group": format!("g{}", n % 10)},
            "annotations": {"checksum/config": "8f14e45fceea167a5a36dedd4bea2543d6f9a1c8"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c6f8d",
                "uid": "3b1f5f0e-7c53-4f0a-9b1e-0a4f7c1d2e3f", "controller": true, "blockOwnerDeletion": true}],
        },
        "spec": {
            "nodeName": format!("node-{}", n % 100),
            "containers": [{
                "name": "web", "image": "registry.example/team/web:1.27.3", "imagePullPolicy": "IfNotPresent",
                "args": ["--listen", "0.0.0.0:8080", "--verbose"], "env": env,
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/web", "readOnly": true}],
            }],
            "volumes": [{"name": "config", "configMap": {"name": "web"}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        },
    });
    request("POST", PODS.into(), "application/json", pod.to_string())
}

/// The status that a kubelet reports of a running pod.
pub fn run(n: usize) -> Asked {
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-11-21T09:00:00Z"});
    let address = format!("10.1.{}.{}", n / 250, n % 250 + 1);
    let status = json!({"status": {
        "phase": "Running", "hostIP": "192.0.2.7", "hostIPs": [{"ip": "192.0.2.7"}],
        "podIP": address, "podIPs": [{"ip": address}], "startTime": "2026-11-21T09:00:00Z",
        "conditions": [condition("Initialized"), condition("Ready"), condition("ContainersReady"), condition("PodScheduled")],
        "containerStatuses": [{
            "name": "web", "ready": true, "started": true, "restartCount": 0,
            "image": "registry.example/team/web:1.27.3",
            "imageID": "registry.example/team/web@sha256:0c8fb59a2f1a4ce0b8f5c3f6b3b1a2d4e5f60718293a4b5c6d7e8f9012345678",
            "containerID": "naru-oci://3b1f5f0e-7c53-4f0a-9b1e-0a4f7c1d2e3f-web-0",
            "state": {"running": {"startedAt": "2026-11-21T09:00:01Z"}}, "lastState": {},
        }],
    }});
    let uri = format!("{PODS}/{}/status", name(n));
    request("PATCH", uri, "application/strategic-merge-patch+json", status.to_string())
}

pub fn get(n: usize) -> Asked {
    request("GET", format!("{PODS}/{}", name(n)), "application/json", String::new())
}

pub fn list(query: &str) -> Asked {
    request("GET", format!("/api/v1/pods{query}"), "application/json", String::new())
}

/// The same as most clients ask for it.
pub fn packed(query: &str) -> Asked {
    let mut asked = list(query);
    asked.headers_mut().insert("accept-encoding", http::HeaderValue::from_static("gzip"));
    asked
}

/// A small change of status.
pub fn patch(n: usize, message: &str) -> Asked {
    let body = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "message": message}]}});
    let uri = format!("{PODS}/{}/status", name(n));
    request("PATCH", uri, "application/strategic-merge-patch+json", body.to_string())
}

pub fn delete(n: usize) -> Asked {
    request("DELETE", format!("{PODS}/{}?gracePeriodSeconds=0", name(n)), "application/json", String::new())
}

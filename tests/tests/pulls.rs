//! Images from a registry that asks for a password.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use naru_image::testing::{Compression, ImageSource, LOGIN, Layout, Registry};
use naru_tests::{Cluster, cluster::container};
use serde_json::{Value, json};

fn login(cluster: &Cluster, name: &str, registry: &Registry, password: &str) {
    let server = format!("--docker-server={}", registry.address());
    let (user, password) =
        (format!("--docker-username={}", LOGIN.0), format!("--docker-password={password}"));
    cluster.kubectl(&["create", "secret", "docker-registry", name, &server, &user, &password]).ok();
}

fn pod(cluster: &Cluster, name: &str, image: &str, more: Value) {
    let mut spec = json!({"restartPolicy": "Never", "containers": [{
        "name": "a", "image": image, "imagePullPolicy": "Always", "command": ["sh", "-c", "echo pulled"]}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec});
    cluster.apply(&object.to_string());
}

#[test]
fn a_password_comes_from_the_pods_secret_or_its_accounts() {
    let dir = tempfile::tempdir().unwrap();
    let mut layout = Layout::create(dir.path());
    layout.add("1", &ImageSource::busybox(), Compression::Gzip);
    let registry = Registry::start_with_login();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(registry.push(layout.dir(), "team/busybox"));
    let image = format!("{}/team/busybox:1", registry.address());

    let cluster = Cluster::start_with(naru_tests::Setup::default());
    login(&cluster, "good", &registry, LOGIN.1);
    login(&cluster, "bad", &registry, "mistaken");
    let secret = |name: &str| json!({"imagePullSecrets": [{"name": name}]});
    pod(&cluster, "anonymous", &image, json!({}));
    pod(&cluster, "mistaken", &image, secret("bad"));
    pod(&cluster, "absent", &image, secret("nowhere"));
    for name in ["anonymous", "mistaken", "absent"] {
        let refused = cluster.pod(name, "cannot pull", |pod| {
            let waiting = &container(pod, "a")["state"]["waiting"];
            ["ErrImagePull", "ImagePullBackOff"].iter().any(|reason| waiting["reason"] == *reason)
        });
        let message = container(&refused, "a")["state"]["waiting"]["message"].to_string();
        assert!(message.contains(&image) && message.contains("pull access denied"), "{name}: {message}");
    }
    let succeeds = |name: &str| {
        cluster.pod(name, "has succeeded", |pod| pod["status"]["phase"] == "Succeeded");
        assert_eq!(cluster.kubectl(&["logs", name]).ok(), "pulled\n");
    };
    pod(&cluster, "own", &image, secret("good"));
    succeeds("own");
    // The first secret that has a login for the registry counts.
    pod(&cluster, "second", &image, json!({"imagePullSecrets": [{"name": "nowhere"}, {"name": "good"}]}));
    succeeds("second");
    let patch = r#"{"imagePullSecrets": [{"name": "good"}]}"#;
    cluster.kubectl(&["patch", "serviceaccount", "default", "-p", patch]).ok();
    pod(&cluster, "by-default", &image, json!({}));
    succeeds("by-default");
    cluster.kubectl(&["create", "serviceaccount", "robot"]).ok();
    cluster.kubectl(&["patch", "serviceaccount", "robot", "-p", patch]).ok();
    pod(&cluster, "by-account", &image, json!({"serviceAccountName": "robot"}));
    succeeds("by-account");
    // A mistaken password that is set right is tried anew.
    cluster.kubectl(&["delete", "secret", "bad"]).ok();
    login(&cluster, "bad", &registry, LOGIN.1);
    succeeds("mistaken");
}

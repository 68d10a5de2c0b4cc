//! Bad input: what is refused, and in which words.

use crate::harness::{Cluster, pod};

async fn refused(cluster: &Cluster, manifest: &str) -> String {
    let file = cluster.file("bad.yaml", manifest);
    cluster.kubectl(&["create", "-f", &file]).await.failed()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_double_fields() {
    let cluster = Cluster::start().await;
    let odd = format!("{}  foo: 1\n", pod("web", "nginx"));
    let file = cluster.file("odd.yaml", &odd);
    let error = cluster.kubectl(&["create", "-f", &file, "--validate=strict"]).await.failed();
    assert!(error.contains("strict decoding error: unknown field \"spec.foo\""), "{error}");
    let warned = cluster.kubectl(&["create", "-f", &file, "--validate=warn"]).await;
    assert_eq!((warned.stderr.as_str(), warned.code), ("Warning: unknown field \"spec.foo\"\n", 0));
    assert_eq!(cluster.ok("get pod web -o jsonpath={.spec.foo}").await, "");
    cluster.ok("delete pod web").await;
    let silent = cluster.kubectl(&["create", "-f", &file, "--validate=ignore"]).await;
    assert_eq!((silent.stderr.as_str(), silent.code), ("", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values() {
    let cluster = Cluster::start().await;
    let error = refused(&cluster, &pod("Web", "nginx")).await;
    assert!(
        error.contains(
            "Pod \"Web\" is invalid: metadata.name: Invalid value: \"Web\": a lowercase RFC 1123 subdomain"
        ),
        "{error}"
    );
    let error = refused(
        &cluster,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a}]}\n",
    )
    .await;
    assert_eq!(error, "The Pod \"web\" is invalid: spec.containers[0].image: Required value\n");
    let error = refused(&cluster, &format!("{}  restartPolicy: Sometimes\n", pod("web", "i"))).await;
    assert!(error.contains("spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\""), "{error}");
    let error = refused(&cluster, &format!("{}  hostPID: true\n", pod("web", "i"))).await;
    assert!(
        error.contains("spec.hostPID: Forbidden: the host's process namespace is not supported by naru yet"),
        "{error}"
    );
    let error = refused(&cluster, &format!("{}    ports: [{{containerPort: x}}]\n", pod("web", "i"))).await;
    assert!(error.contains("(BadRequest)") && error.contains("cannot be handled as a Pod"), "{error}");
    let error = refused(&cluster, "apiVersion: v1\nkind: Pod\n  metadata: [\n").await;
    assert!(error.contains("error converting YAML to JSON"), "{error}");
    let error = refused(&cluster, &format!("{}  priorityClassName: high\n", pod("web", "i"))).await;
    assert!(
        error.contains("pods \"web\" is forbidden: no PriorityClass with name high was found"),
        "{error}"
    );
    let error =
        refused(&cluster, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: aGVsb}\n").await;
    assert!(
        error.contains("(BadRequest)") && error.contains("illegal base64 data at input byte 4"),
        "{error}"
    );
    let file = cluster.file("good.yaml", &pod("web", "i"));
    let error = cluster.kubectl(&["apply", "--server-side", "-f", &file]).await.failed();
    assert!(error.contains("the body of the request was in an unknown format"), "{error}");
    let error = cluster.kubectl(&["create", "configmap", "a", "-n", "none"]).await.failed();
    assert!(error.contains("namespaces \"none\" not found"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_change() {
    let cluster = Cluster::start().await;
    let file = cluster.file("pod.yaml", &pod("web", "nginx:1"));
    cluster.ok(&format!("apply -f {file}")).await;
    let file = cluster.file("pod.yaml", &format!("{}  hostname: other\n", pod("web", "nginx:1")));
    let error = cluster.kubectl(&["apply", "-f", &file]).await.failed();
    assert!(error.contains("spec: Forbidden: pod updates may not change fields other than"), "{error}");
    let error =
        cluster.kubectl(&["patch", "pod", "web", "-p", r#"{"spec":{"nodeName":"n"}}"#]).await.failed();
    assert!(error.contains("pod updates may not change fields other than"), "{error}");
    cluster.ok("create configmap m --from-literal=a=1").await;
    cluster.kubectl(&["patch", "cm", "m", "-p", r#"{"immutable":true}"#]).await.ok();
    let error = cluster.kubectl(&["patch", "cm", "m", "-p", r#"{"data":{"a":"2"}}"#]).await.failed();
    assert!(error.contains("data: Forbidden: field is immutable when `immutable` is set"), "{error}");
}

//! What is there: versions, kinds, fields.

use crate::harness::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_kinds() {
    let cluster = Cluster::start().await;
    let version = cluster.ok("version").await;
    assert!(version.contains("Server Version: v1.37."), "{version}");
    assert_eq!(
        cluster.ok("api-versions").await,
        "authentication.k8s.io/v1\nauthorization.k8s.io/v1\ncoordination.k8s.io/v1\nscheduling.k8s.io/v1\nv1\n"
    );
    let resources = cluster.ok("api-resources --no-headers").await;
    let lines: Vec<Vec<&str>> = resources.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected: [&[&str]; 14] = [
        &["configmaps", "cm", "v1", "true", "ConfigMap"],
        &["events", "ev", "v1", "true", "Event"],
        &["namespaces", "ns", "v1", "false", "Namespace"],
        &["nodes", "no", "v1", "false", "Node"],
        &["pods", "po", "v1", "true", "Pod"],
        &["secrets", "v1", "true", "Secret"],
        &["serviceaccounts", "sa", "v1", "true", "ServiceAccount"],
        &["selfsubjectreviews", "authentication.k8s.io/v1", "false", "SelfSubjectReview"],
        &["localsubjectaccessreviews", "authorization.k8s.io/v1", "true", "LocalSubjectAccessReview"],
        &["selfsubjectaccessreviews", "authorization.k8s.io/v1", "false", "SelfSubjectAccessReview"],
        &["selfsubjectrulesreviews", "authorization.k8s.io/v1", "false", "SelfSubjectRulesReview"],
        &["subjectaccessreviews", "authorization.k8s.io/v1", "false", "SubjectAccessReview"],
        &["leases", "coordination.k8s.io/v1", "true", "Lease"],
        &["priorityclasses", "pc", "scheduling.k8s.io/v1", "false", "PriorityClass"],
    ];
    assert_eq!(lines, expected);
    let verbs = cluster.ok("api-resources --no-headers --namespaced=false -o wide").await;
    assert!(verbs.contains("create,delete,get,list,patch,update,watch"), "{verbs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_told() {
    let cluster = Cluster::start().await;
    assert_eq!(cluster.ok("auth can-i create pods").await, "yes\n");
    assert_eq!(cluster.ok("auth can-i get /version").await, "yes\n");
    let rules = cluster.ok("auth can-i --list").await;
    assert!(rules.lines().nth(1).unwrap().starts_with("*.*"), "{rules}");
    assert!(cluster.ok("auth whoami").await.contains("system:authenticated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_explained() {
    let cluster = Cluster::start().await;
    let pod = cluster.ok("explain pod").await;
    assert!(pod.contains("KIND:       Pod"), "{pod}");
    assert!(pod.contains("Specification of the desired behavior of the pod."), "{pod}");
    let ports = cluster.ok("explain pods.spec.containers.ports").await;
    assert!(ports.contains("FIELD: ports <[]ContainerPort>"), "{ports}");
    assert!(ports.contains("containerPort\t<integer> -required-"), "{ports}");
    let lease = cluster.ok("explain lease --recursive").await;
    assert!(lease.contains("holderIdentity"), "{lease}");
    let missing = cluster.kubectl(&["explain", "pod.spec.foo"]).await.failed();
    assert!(missing.contains("field \"foo\" does not exist"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_kinds() {
    let cluster = Cluster::start().await;
    let error = cluster.kubectl(&["get", "things"]).await.failed();
    assert_eq!(error, "error: the server doesn't have a resource type \"things\"\n");
    let raw = cluster.kubectl(&["get", "--raw", "/apis/none.example/v1"]).await.failed();
    assert!(raw.contains("NotFound"), "{raw}");
    assert_eq!(cluster.ok("get --raw /readyz").await, "ok");
    let verbose = cluster.ok("get --raw /readyz?verbose").await;
    assert!(verbose.contains("[+]store ok\n[+]cache ok\n[+]shutdown ok\nreadyz check passed"), "{verbose}");
    assert!(cluster.ok("get --raw /").await.contains("\"/apis/coordination.k8s.io/v1\""));
}

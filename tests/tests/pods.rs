//! What a pod's spec asks for is what its containers get, of either kind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use naru_tests::{Cluster, cluster::container, eventually};
use serde_json::{Value, json};

fn apply(cluster: &Cluster, name: &str, spec: Value) {
    let mut object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"a": "b"}}, "spec": spec});
    if object["spec"]["terminationGracePeriodSeconds"].is_null() {
        object["spec"]["terminationGracePeriodSeconds"] = json!(1);
    }
    cluster.apply(&object.to_string());
}

fn shell(script: &str) -> Value {
    json!({"name": "a", "image": "quickstart/httpd:1", "command": ["sh", "-c", script]})
}

fn ended(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

#[test]
fn environment_volumes_user_and_limits() {
    let cluster = Cluster::start();
    cluster.kubectl(&["create", "configmap", "conf", "--from-literal=key=from map"]).ok();
    cluster.kubectl(&["create", "secret", "generic", "sec", "--from-literal=word=from secret"]).ok();
    let mut main = shell(
        "echo $PLAIN; echo $MAP; echo $NAME; cat /conf/key; echo; cat /sec/word; echo; id -u; pwd; hostname; \
         cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; \
         touch /conf/x 2>&1; cat /labels/l; echo; cat /scratch/from-init",
    );
    let patch = json!({
        "env": [
            {"name": "PLAIN", "value": "plain value"},
            {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "key"}}},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "workingDir": "/tmp",
        "securityContext": {"runAsUser": 1234},
        "resources": {"limits": {"memory": "20Mi", "cpu": "100m"}},
        "volumeMounts": [
            {"name": "conf", "mountPath": "/conf"}, {"name": "sec", "mountPath": "/sec"},
            {"name": "labels", "mountPath": "/labels"}, {"name": "scratch", "mountPath": "/scratch"},
        ],
    });
    main.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
    let mut init = shell("echo made by init > /scratch/from-init");
    init["name"] = json!("first");
    init["volumeMounts"] = json!([{"name": "scratch", "mountPath": "/scratch"}]);
    let label = json!({"path": "l", "fieldRef": {"fieldPath": "metadata.labels['a']"}});
    apply(
        &cluster,
        "all",
        json!({
            "restartPolicy": "Never", "hostname": "anchor", "initContainers": [init], "containers": [main],
            "volumes": [
                {"name": "conf", "configMap": {"name": "conf"}}, {"name": "sec", "secret": {"secretName": "sec"}},
                {"name": "labels", "downwardAPI": {"items": [label]}}, {"name": "scratch", "emptyDir": {}},
            ],
        }),
    );
    let pod = cluster.pod("all", "has ended", ended);
    let log = cluster.kubectl(&["logs", "all", "-c", "a"]).ok();
    for part in [
        "plain value",
        "from map",
        "all",
        "from secret",
        "1234",
        "/tmp",
        "anchor",
        "20971520",
        "Read-only",
        "b\nmade by init",
    ] {
        assert!(log.contains(part), "{part:?} is missing:\n{log}");
    }
    assert_eq!(pod["status"]["phase"], "Succeeded", "{log}");
    assert_eq!(pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"], 0);
}

#[test]
fn restarts_back_off_and_keep_the_last_words() {
    let cluster = Cluster::start();
    apply(&cluster, "crash", json!({"containers": [shell("echo attempt $(cat /proc/uptime); exit 3")]}));
    apply(&cluster, "once", json!({"restartPolicy": "Never", "containers": [shell("exit 4")]}));
    apply(&cluster, "fine", json!({"restartPolicy": "OnFailure", "containers": [shell("exit 0")]}));
    let crash = cluster.pod("crash", "backs off", |pod| {
        let one = container(pod, "a");
        one["state"]["waiting"]["reason"] == "CrashLoopBackOff" && one["restartCount"].as_i64() >= Some(1)
    });
    assert_eq!(container(&crash, "a")["lastState"]["terminated"]["exitCode"], 3);
    assert!(cluster.kubectl(&["logs", "crash", "--previous"]).ok().contains("attempt"));
    let once = cluster.pod("once", "has failed", |pod| pod["status"]["phase"] == "Failed");
    assert_eq!(container(&once, "a")["state"]["terminated"]["exitCode"], 4);
    assert_eq!(container(&once, "a")["restartCount"], 0);
    cluster.pod("fine", "has succeeded", |pod| pod["status"]["phase"] == "Succeeded");
    let refused = cluster.kubectl(&["logs", "once", "--previous"]).failed();
    assert!(refused.contains("previous terminated container \"a\" in pod \"once\" not found"), "{refused}");
}

/// A pod that was told as unready for some time says nothing of that once it is ready, and is left in peace.
#[test]
fn a_pod_that_becomes_ready_late_is_ready_without_a_reason() {
    let cluster = Cluster::start();
    let mut wait = shell("sleep 2");
    wait["name"] = json!("wait");
    apply(&cluster, "late", json!({"initContainers": [wait], "containers": [shell("sleep 1000")]}));
    let condition = |pod: &Value, kind: &str| -> Value {
        let all = pod["status"]["conditions"].as_array();
        all.and_then(|all| all.iter().find(|one| one["type"] == kind)).cloned().unwrap_or_default()
    };
    let unready = cluster.pod("late", "waits", |pod| condition(pod, "Ready")["status"] == "False");
    assert_eq!(condition(&unready, "Ready")["reason"], "ContainersNotReady");
    let ready = cluster.pod("late", "is ready", |pod| condition(pod, "Ready")["status"] == "True");
    for kind in ["Ready", "ContainersReady", "Initialized"] {
        let condition = condition(&ready, kind);
        assert!(condition["reason"].is_null() && condition["message"].is_null(), "{condition}");
    }
}

#[test]
fn logs_follow_tail_and_tell_times() {
    let cluster = Cluster::start();
    apply(
        &cluster,
        "talk",
        json!({"restartPolicy": "Never", "containers": [
        shell("for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done; echo oops >&2")]}),
    );
    cluster.pod("talk", "has begun", |pod| pod["status"]["phase"] != "Pending");
    let followed = cluster.kubectl(&["logs", "-f", "talk"]).ok();
    assert_eq!(followed, "line 1\nline 2\nline 3\nline 4\nline 5\noops\n");
    assert_eq!(cluster.kubectl(&["logs", "talk", "--tail=2"]).ok(), "line 5\noops\n");
    assert_eq!(cluster.naru(&["logs", "talk", "--tail=1"]).ok(), "oops\n");
    let timed = cluster.kubectl(&["logs", "talk", "--timestamps", "--tail=1"]).ok();
    let (time, rest) = timed.split_once(' ').unwrap();
    assert_eq!(rest, "oops\n");
    assert!(time.ends_with('Z') && time.contains('T'), "{time}");
}

#[test]
fn deletion_is_graceful_and_then_not() {
    let cluster = Cluster::start();
    apply(
        &cluster,
        "polite",
        json!({"terminationGracePeriodSeconds": 30, "containers": [
        shell("trap 'exit 0' TERM; while :; do sleep 0.1; done")]}),
    );
    apply(
        &cluster,
        "deaf",
        json!({"terminationGracePeriodSeconds": 1, "containers": [
        shell("trap '' TERM; while :; do sleep 0.1; done")]}),
    );
    cluster.ready("polite");
    cluster.ready("deaf");
    let began = std::time::Instant::now();
    cluster.kubectl(&["delete", "pod", "polite", "deaf", "--timeout=60s"]).ok();
    // The polite one does not use its half minute; a machine under load gets some of it.
    assert!(began.elapsed().as_secs() < 25, "{:?}", began.elapsed());
    assert!(cluster.get("pod", "polite").is_none() && cluster.get("pod", "deaf").is_none());
}

#[test]
fn memory_over_the_limit_is_killed_and_said_so() {
    let cluster = Cluster::start();
    let mut greedy = shell("tail /dev/zero");
    greedy["resources"] = json!({"limits": {"memory": "16Mi"}});
    apply(&cluster, "greedy", json!({"restartPolicy": "Never", "containers": [greedy]}));
    let pod = cluster.pod("greedy", "has ended", ended);
    let state = &container(&pod, "a")["state"]["terminated"];
    assert_eq!((&state["reason"], &state["exitCode"]), (&json!("OOMKilled"), &json!(137)), "{pod:#}");
}

#[test]
fn what_cannot_be_placed_waits_with_a_reason_until_it_can() {
    let cluster = Cluster::start();
    let mut large = shell("sleep 1000");
    large["resources"] = json!({"requests": {"cpu": "1000"}});
    apply(&cluster, "large", json!({"containers": [large]}));
    apply(&cluster, "picky", json!({"nodeSelector": {"dock": "north"}, "containers": [shell("sleep 1000")]}));
    let message = |pod: &Value| {
        let all = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|one| one["type"] == "PodScheduled" && one["status"] == "False");
        found.and_then(|one| one["message"].as_str()).unwrap_or_default().to_string()
    };
    let large = cluster.pod("large", "is unschedulable", |pod| !message(pod).is_empty());
    assert!(
        message(&large).starts_with("0/1 nodes are available: 1 Insufficient cpu."),
        "{}",
        message(&large)
    );
    let picky = cluster.pod("picky", "is unschedulable", |pod| !message(pod).is_empty());
    assert!(message(&picky).contains("didn't match Pod's node affinity/selector"), "{}", message(&picky));
    eventually("the event", || {
        let events = cluster.kubectl(&["get", "events"]).ok();
        if events.contains("FailedScheduling") { Ok(()) } else { Err(events) }
    });
    let node = cluster.naru(&["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"]).ok();
    cluster.kubectl(&["label", "node", &node, "dock=north"]).ok();
    cluster.ready("picky");
    // Nothing new on a cordoned node, until it is not.
    cluster.kubectl(&["cordon", &node]).ok();
    apply(&cluster, "late", json!({"containers": [shell("sleep 1000")]}));
    let late = cluster.pod("late", "is unschedulable", |pod| !message(pod).is_empty());
    assert!(message(&late).contains("unschedulable"), "{}", message(&late));
    cluster.kubectl(&["uncordon", &node]).ok();
    cluster.ready("late");
}

#[test]
fn a_namespace_goes_with_all_it_holds() {
    let cluster = Cluster::start();
    cluster.kubectl(&["create", "namespace", "dock"]).ok();
    cluster.kubectl(&["-n", "dock", "create", "configmap", "a", "--from-literal=b=c"]).ok();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "dock"}, "spec": {
        "terminationGracePeriodSeconds": 1, "containers": [shell("sleep 1000")]}});
    cluster.apply(&pod.to_string());
    cluster.kubectl(&["-n", "dock", "wait", "--for=condition=Ready", "pod/p", "--timeout=60s"]).ok();
    cluster.kubectl(&["delete", "namespace", "dock", "--timeout=80s"]).ok();
    assert!(cluster.get("namespace", "dock").is_none());
    let refused = cluster.kubectl(&["delete", "namespace", "default"]).failed();
    assert!(refused.contains("Forbidden"), "{refused}");
}

#[test]
fn a_part_of_a_volume_may_be_named_by_a_variable() {
    let cluster = Cluster::start();
    let part = |script: &str, expression: &str| {
        let mut one = shell(script);
        one["env"] = json!([
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "SIDE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['side']"}}},
            {"name": "ABS", "value": "/tmp"},
        ]);
        one["securityContext"] = json!({"runAsUser": 1234});
        one["volumeMounts"] = json!([
            {"name": "v", "mountPath": "/whole"},
            {"name": "v", "mountPath": "/part", "subPathExpr": expression},
        ]);
        json!({"restartPolicy": "Never", "containers": [one], "volumes": [{"name": "v", "emptyDir": {}}]})
    };
    // Whoever may write to the volume may write to a part of it that the node has made.
    apply(
        &cluster,
        "own",
        part("echo x > /part/file && ls -R /whole && cat /whole/at/own/file", "at/$(POD)"),
    );
    apply(&cluster, "late", part("find /whole", "$(SIDE)"));
    apply(&cluster, "abs", part("true", "$(ABS)"));
    let pod = cluster.pod("own", "has ended", ended);
    assert_eq!(pod["status"]["phase"], "Succeeded", "{}", cluster.kubectl(&["logs", "own"]).ok());
    let waits = |name: &str, message: &str| {
        cluster.pod(name, "waits", |pod| {
            let waiting = &container(pod, "a")["state"]["waiting"];
            waiting["reason"] == "CreateContainerConfigError" && waiting["message"] == message
        });
    };
    waits("abs", "error SubPath `/tmp` must not be an absolute path");
    waits("late", "missing value for SIDE");
    cluster.kubectl(&["annotate", "pod", "late", "side=port"]).ok();
    cluster.pod("late", "has ended", ended);
    assert_eq!(cluster.kubectl(&["logs", "late"]).ok(), "/whole\n/whole/port\n");
}

#[test]
fn another_image_replaces_a_running_container() {
    let cluster = Cluster::start();
    cluster.import(&naru_tests::images::httpd(), "quickstart/other:2");
    let mut second = shell("sleep 1000");
    second["name"] = json!("b");
    apply(&cluster, "moved", json!({"restartPolicy": "Never", "containers": [shell("sleep 1000"), second]}));
    cluster.ready("moved");
    cluster.kubectl(&["set", "image", "pod/moved", "a=quickstart/other:2"]).ok();
    let pod = cluster.pod("moved", "has the other image", |pod| {
        let one = container(pod, "a");
        one["image"].as_str().is_some_and(|image| image.ends_with("other:2")) && one["ready"] == true
    });
    assert_eq!(
        (&container(&pod, "a")["restartCount"], &container(&pod, "b")["restartCount"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(pod["status"]["phase"], "Running");
    eventually("the event", || {
        let events = cluster.kubectl(&["get", "events"]).ok();
        let told = events.contains("Container a definition changed, will be restarted");
        if told { Ok(()) } else { Err(events) }
    });
}

#[test]
fn names_are_resolved_as_the_pod_says() {
    let cluster = Cluster::start();
    let mut spec = json!({"restartPolicy": "Never", "containers": [shell("cat /etc/resolv.conf")]});
    spec["dnsPolicy"] = json!("None");
    spec["dnsConfig"] = json!({
        "nameservers": ["192.0.2.53"], "searches": ["ships.example"], "options": [{"name": "ndots", "value": "2"}],
    });
    apply(&cluster, "own", spec);
    cluster.pod("own", "has ended", ended);
    let text = cluster.kubectl(&["logs", "own"]).ok();
    assert_eq!(text, "nameserver 192.0.2.53\nsearch ships.example\noptions ndots:2\n");
}

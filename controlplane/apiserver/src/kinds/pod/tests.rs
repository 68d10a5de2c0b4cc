//! Pods as clients send them, and what they are told.
#![allow(clippy::unwrap_used)]

use super::*;

/// A pod with its defaults and this spec.
fn pod(spec: Value) -> Object {
    let mut pod =
        json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "default"}});
    pod["spec"] = spec;
    Rules.default(&mut pod);
    Rules.prepare_create(&mut pod);
    pod
}

fn created(spec: Value) -> Vec<String> {
    Rules.validate_create(&pod(spec)).iter().map(ToString::to_string).collect()
}

fn updated(old: Value, new: Value) -> Vec<String> {
    let old = pod(old);
    let mut new = pod(new);
    Rules.prepare_update(None, &mut new, &old);
    Rules.validate_update(None, &new, &old).iter().map(ToString::to_string).collect()
}

/// A spec of one good container with `more` in it.
fn container(more: Value) -> Value {
    let mut container = json!({"name": "a", "image": "i:1"});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"containers": [container]})
}

/// A spec of one good container with `more` beside it.
fn spec(more: Value) -> Value {
    let mut spec = container(json!({}));
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

/// A spec of one container that mounts a volume, with `more` in the mount.
fn mounted(more: Value) -> Value {
    let mut mount = json!({"name": "v", "mountPath": "/v"});
    mount.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut spec = container(json!({"volumeMounts": [mount]}));
    spec["volumes"] = json!([{"name": "v", "emptyDir": {}}]);
    spec
}

#[test]
fn everything_that_is_supported_passes() {
    let spec = json!({
        "restartPolicy": "Never", "activeDeadlineSeconds": 60, "hostname": "h", "nodeName": "n",
        "nodeSelector": {"kubernetes.io/os": "linux"}, "os": {"name": "linux"},
        "affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}],
                 "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]},
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}],
        }},
        "tolerations": [{"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a.b"]}],
        "readinessGates": [{"conditionType": "example.com/ready"}],
        "imagePullSecrets": [{"name": "s"}],
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000, "runAsNonRoot": true,
            "supplementalGroups": [3000], "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [{"name": "init", "image": "i"}],
        "containers": [{
            "name": "a", "image": "registry:5000/i@sha256:00", "command": ["a"], "args": ["b"], "workingDir": "/w",
            "ports": [{"name": "http", "containerPort": 80}],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
                {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                {"name": "D", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}}],
            "envFrom": [{"prefix": "P_", "secretRef": {"name": "s"}}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi", "example.com/gpu": 2}, "requests": {"cpu": "0.5"}},
            "volumeMounts": [{"name": "e", "mountPath": "/e", "subPath": "x"}, {"name": "p", "mountPath": "/p", "readOnly": true}],
            "securityContext": {"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": false, "privileged": false},
        }],
        "volumes": [
            {"name": "e", "emptyDir": {"sizeLimit": "1Gi", "medium": "Memory"}},
            {"name": "h", "hostPath": {"path": "/tmp", "type": "Directory"}},
            {"name": "c", "configMap": {"name": "c", "items": [{"key": "k", "path": "f", "mode": 256}]}},
            {"name": "s", "secret": {"secretName": "s", "optional": true}},
            {"name": "d", "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                {"path": "cpu", "resourceFieldRef": {"containerName": "a", "resource": "limits.cpu"}}]}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "s"}}]}},
        ],
    });
    assert_eq!(created(spec), [""; 0]);
}

#[test]
fn bad_pods_get_kubernetes_words() {
    let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
        and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
        '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    let table = [
        (json!({}), "spec.containers: Required value".to_string()),
        (json!({"containers": [{"name": "a"}]}), "spec.containers[0].image: Required value".into()),
        (json!({"containers": [{"image": "i"}]}), "spec.containers[0].name: Required value".into()),
        (
            json!({"containers": [{"name": "A", "image": "i"}]}),
            format!("spec.containers[0].name: Invalid value: \"A\": {label}"),
        ),
        (
            json!({"containers": [{"name": "a", "image": "i"}], "initContainers": [{"name": "a", "image": "i"}]}),
            "spec.initContainers[0].name: Duplicate value: \"a\"".into(),
        ),
        (
            container(json!({"image": "i "})),
            "spec.containers[0].image: Invalid value: \"i \": must not have leading or trailing whitespace".into(),
        ),
        (
            spec(json!({"restartPolicy": "Foo"})),
            "spec.restartPolicy: Unsupported value: \"Foo\": supported values: \"Always\", \"Never\", \"OnFailure\""
                .into(),
        ),
        (
            container(json!({"imagePullPolicy": "Sometimes"})),
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \
             \"IfNotPresent\", \"Never\""
                .into(),
        ),
        (
            container(json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]})),
            "spec.containers[0].volumeMounts[0].name: Not found: \"v\"".into(),
        ),
        (
            mounted(json!({"subPath": "a", "subPathExpr": "b"})),
            "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"b\": subPathExpr and subPath are \
             mutually exclusive"
                .into(),
        ),
        (
            mounted(json!({"subPathExpr": "/$(A)"})),
            "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"/$(A)\": must be a relative path".into(),
        ),
        (
            mounted(json!({"subPathExpr": "$(A)/.."})),
            "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"$(A)/..\": must not contain '..'".into(),
        ),
        (
            container(json!({"ports": [{"containerPort": 70000}]})),
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"
                .into(),
        ),
        (
            container(json!({"ports": [{"name": "x", "containerPort": 1}, {"name": "x", "containerPort": 2}]})),
            "spec.containers[0].ports[1].name: Duplicate value: \"x\"".into(),
        ),
        (
            container(json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})),
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"
                .into(),
        ),
        (
            container(json!({"resources": {"requests": {"memory": "-1"}}})),
            "spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than or equal to 0"
                .into(),
        ),
        (
            container(json!({"env": [{"name": "A=B", "value": "x"}]})),
            "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist \
             only of printable ASCII characters other than '='"
                .into(),
        ),
        (
            container(json!({"env": [{"name": "A", "valueFrom": {}}]})),
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, \
             `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
                .into(),
        ),
        (
            spec(json!({"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]})),
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type".into(),
        ),
        (
            spec(json!({"volumes": [{"name": "v"}, {"name": "v"}]})),
            "spec.volumes[1].name: Duplicate value: \"v\"".into(),
        ),
        (
            spec(json!({"tolerations": [{"key": "a", "operator": "Exists", "value": "b"},
                {"operator": "Exists"}]})),
            "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'"
                .into(),
        ),
        (
            spec(json!({"securityContext": {"runAsUser": -1}})),
            "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive".into(),
        ),
        (
            spec(json!({"activeDeadlineSeconds": 0})),
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive".into(),
        ),
        (
            spec(json!({"nodeName": "n", "schedulingGates": [{"name": "g"}]})),
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared".into(),
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(created(spec.clone()), [expected], "{spec}");
    }
}

#[test]
fn a_pod_changes_in_few_fields() {
    let old = spec(json!({"activeDeadlineSeconds": 60}));
    let mut new = old.clone();
    new["containers"][0]["image"] = "i:2".into();
    new["activeDeadlineSeconds"] = 30.into();
    new["tolerations"] = json!([{"key": "more", "operator": "Exists"}]);
    assert_eq!(updated(old.clone(), new), [""; 0]);

    let mut new = old.clone();
    new["nodeName"] = "elsewhere".into();
    let found = updated(old.clone(), new);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("spec: Forbidden: pod updates may not change fields other than"),
        "{found:?}"
    );
    assert!(found[0].ends_with("spec.nodeName: null -> \"elsewhere\""), "{found:?}");

    let mut new = old.clone();
    new["containers"].as_array_mut().unwrap().push(json!({"name": "b", "image": "i"}));
    let expected = ["spec.containers: Forbidden: pod updates may not add or remove containers"];
    assert_eq!(updated(old.clone(), new), expected);

    let mut new = old.clone();
    new["activeDeadlineSeconds"] = 90.into();
    let expected =
        "spec.activeDeadlineSeconds: Invalid value: 90: must be less than or equal to previous value";
    assert_eq!(updated(old.clone(), new), [expected]);

    let old = spec(
        json!({"tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 1, "effect": "NoExecute"}]}),
    );
    let expected =
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds";
    assert_eq!(updated(old, spec(json!({}))), [expected]);
}

#[test]
fn empty_and_missing_are_the_same_in_updates() {
    let old = spec(json!({"hostNetwork": false, "imagePullSecrets": [], "nodeSelector": {}}));
    assert_eq!(updated(old, spec(json!({}))), [""; 0]);
}

#[test]
fn gates_go_and_nodes_narrow_while_there_are_any() {
    let gated = spec(json!({"schedulingGates": [{"name": "a"}, {"name": "b"}], "nodeSelector": {"x": "1"}}));
    let narrowed = spec(json!({"schedulingGates": [{"name": "b"}], "nodeSelector": {"x": "1", "y": "2"}}));
    assert_eq!(updated(gated.clone(), narrowed), [""; 0]);
    let widened = spec(json!({"schedulingGates": [{"name": "a"}, {"name": "b"}]}));
    assert_eq!(updated(gated.clone(), widened).len(), 1);
    let added = spec(json!({"schedulingGates": [{"name": "c"}], "nodeSelector": {"x": "1"}}));
    let expected = "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'c'";
    assert_eq!(updated(gated, added), [expected]);
}

#[test]
fn new_pods_are_pending_and_keep_their_class() {
    let mut new = pod(spec(json!({})));
    assert_eq!(new["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
    let old = new.clone();
    new["status"] = json!({"phase": "Running"});
    new["spec"]["nodeName"] = "n".into();
    Rules.prepare_update(Some("status"), &mut new, &old);
    assert_eq!(new["status"], json!({"phase": "Running", "qosClass": "BestEffort"}));
    assert_eq!(new["spec"], old["spec"]);
    assert_eq!(Rules.validate_update(Some("status"), &new, &old), []);
}

#[test]
fn ended_containers_stay_ended() {
    let mut old = pod(spec(json!({"restartPolicy": "Never"})));
    old["status"]["containerStatuses"] = json!([{"name": "a", "state": {"terminated": {"exitCode": 1}}}]);
    let mut new = old.clone();
    new["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
    let found = Rules.validate_update(Some("status"), &new, &old);
    let expected =
        "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[test]
fn lines_of_kubectl_get_pods() {
    let now: Timestamp = "2026-01-01T01:00:00Z".parse().unwrap();
    let line = |spec: Value, status: Value, deleted: bool| {
        let mut pod = json!({"metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"}});
        pod["spec"] = spec;
        pod["status"] = status;
        if deleted {
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:59:00Z".into();
        }
        let cells = cells::cells(&pod, now);
        format!("{} {} {}", text(&cells[1]), text(&cells[2]), text(&cells[3]))
    };
    let one = json!({"containers": [{}]});
    let two = json!({"containers": [{}, {}]});
    let init = json!({"containers": [{}], "initContainers": [{}, {}]});
    let running = json!({"name": "a", "ready": true, "restartCount": 0, "state": {"running": {}}});
    let done = json!({"name": "a", "restartCount": 0, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    let waiting = |reason: &str| json!({"restartCount": 0, "state": {"waiting": {"reason": reason}}});
    let table = [
        (&one, json!({"phase": "Pending"}), false, "0/1 Pending 0"),
        (
            &one,
            json!({"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}),
            false,
            "0/1 ContainerCreating 0",
        ),
        (
            &one,
            json!({"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff")]}),
            false,
            "0/1 ImagePullBackOff 0",
        ),
        (&one, json!({"phase": "Running", "containerStatuses": [running]}), false, "1/1 Running 0"),
        (&one, json!({"phase": "Running", "containerStatuses": [running]}), true, "1/1 Terminating 0"),
        (
            &one,
            json!({"phase": "Running", "reason": "NodeLost", "containerStatuses": [running]}),
            true,
            "1/1 Unknown 0",
        ),
        (&one, json!({"phase": "Succeeded", "containerStatuses": [done]}), false, "0/1 Completed 0"),
        (&one, json!({"phase": "Failed", "reason": "Evicted"}), false, "0/1 Evicted 0"),
        (
            &one,
            json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}),
            false,
            "0/1 ExitCode:3 0",
        ),
        (
            &one,
            json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 137, "signal": 9}}}]}),
            false,
            "0/1 Signal:9 0",
        ),
        (&two, json!({"phase": "Running", "containerStatuses": [done, running]}), false, "1/2 NotReady 0"),
        (
            &two,
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [done, running]}),
            false,
            "1/2 Running 0",
        ),
        (
            &one,
            json!({"phase": "Running", "containerStatuses": [{"restartCount": 2,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"finishedAt": "2026-01-01T00:55:00Z"}}}]}),
            false,
            "0/1 CrashLoopBackOff 2 (5m ago)",
        ),
        (
            &init,
            json!({"phase": "Pending", "initContainerStatuses": [waiting("PodInitializing"), waiting("PodInitializing")]}),
            false,
            "0/1 Init:0/2 0",
        ),
        (
            &init,
            json!({"phase": "Pending", "initContainerStatuses": [done, {"state": {"running": {}}}]}),
            false,
            "0/1 Init:1/2 0",
        ),
        (
            &init,
            json!({"phase": "Pending", "initContainerStatuses": [done, {"restartCount": 3, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}),
            false,
            "0/1 Init:Error 3",
        ),
        (
            &init,
            json!({"phase": "Pending", "initContainerStatuses": [waiting("CrashLoopBackOff")]}),
            false,
            "0/1 Init:CrashLoopBackOff 0",
        ),
        (
            &init,
            json!({"phase": "Pending", "initContainerStatuses": [done, done], "containerStatuses": [waiting("PodInitializing")]}),
            false,
            "0/1 PodInitializing 0",
        ),
        (
            &one,
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
            false,
            "0/1 SchedulingGated 0",
        ),
    ];
    for (spec, status, deleted, expected) in table {
        assert_eq!(line(spec.clone(), status.clone(), deleted), expected, "{status}");
    }
}

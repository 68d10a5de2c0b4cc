#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

struct Machine(BTreeMap<&'static str, &'static str>);

impl Surroundings for Machine {
    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "./app.conf" => Ok(b"port=1\n".to_vec()),
            "blob" => Ok(vec![0xff, 0]),
            "app.env" => Ok(b"# comment\nFROM_FILE=\"a b\"\nBOTH=file\nHOME\n".to_vec()),
            _ => Err("no such file".into()),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).map(ToString::to_string)
    }
}

fn machine() -> Machine {
    Machine(BTreeMap::from([("HOME", "/home/me"), ("TAG", "1.2"), ("EMPTY", ""), ("TOKEN", "t0k")]))
}

fn converted(text: &str) -> Result<Converted, Error> {
    convert(text.as_bytes(), &machine(), &[])
}

fn object(text: &str, kind: &str) -> Value {
    let all = converted(text).unwrap().objects;
    all.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {all:#?}")).clone()
}

/// A service's field, after conversion, at a pointer below its container.
fn container(service: &str, pointer: &str) -> Value {
    let text = format!("services: {{web: {{image: nginx, {service}}}}}");
    let deployment = object(&text, "Deployment");
    deployment.pointer(&format!("/spec/template/spec/containers/0{pointer}")).cloned().unwrap_or_default()
}

#[test]
fn fields_of_the_container() {
    for (service, pointer, expected) in [
        ("command: echo 'a b' c", "/args", json!(["echo", "a b", "c"])),
        ("entrypoint: [a, 1]", "/command", json!(["a", "1"])),
        (
            "environment: {A: 1, B: null, HOME: null}",
            "/env",
            json!([{"name": "A", "value": "1"}, {"name": "HOME", "value": "/home/me"}]),
        ),
        (
            "environment: ['A=x=y', TOKEN]",
            "/env",
            json!([{"name": "A", "value": "x=y"}, {"name": "TOKEN", "value": "t0k"}]),
        ),
        ("environment: {A: $$(B)}", "/env/0/value", json!("$$(B)")),
        (
            "env_file: app.env, environment: {BOTH: own}",
            "/env",
            json!([
            {"name": "FROM_FILE", "value": "a b"}, {"name": "HOME", "value": "/home/me"}, {"name": "BOTH", "value": "own"}]),
        ),
        (
            "ports: ['80', '8080:80', '127.0.0.1:53:53/udp']",
            "/ports",
            json!([
            {"containerPort": 80, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]),
        ),
        (
            "deploy: {resources: {limits: {cpus: '0.5', memory: 64M}, reservations: {memory: 1.5gb}}}",
            "/resources",
            json!({"limits": {"cpu": "500m", "memory": "64Mi"}, "requests": {"memory": "1536Mi"}}),
        ),
        ("mem_limit: 1000", "/resources/limits/memory", json!("1000")),
        (
            "user: '1000:2000', read_only: true, cap_drop: [ALL], cap_add: [CAP_NET_ADMIN]",
            "/securityContext",
            json!({
            "runAsUser": 1000, "runAsGroup": 2000, "readOnlyRootFilesystem": true,
            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}),
        ),
        ("pull_policy: missing", "/imagePullPolicy", json!("IfNotPresent")),
        ("container_name: My_App", "/name", json!("my-app")),
        ("image: 'nginx:${TAG}'", "/image", json!("nginx:1.2")),
        (
            "healthcheck: {test: curl localhost, interval: 1m30s, retries: 5}",
            "/readinessProbe",
            json!({
            "exec": {"command": ["/bin/sh", "-c", "curl localhost"]}, "periodSeconds": 90, "timeoutSeconds": 30, "failureThreshold": 5}),
        ),
        (
            "healthcheck: {test: [CMD, a, b], start_period: 500ms}",
            "/livenessProbe",
            json!({
            "exec": {"command": ["a", "b"]}, "periodSeconds": 30, "timeoutSeconds": 30, "failureThreshold": 3, "initialDelaySeconds": 1}),
        ),
        ("healthcheck: {disable: true}", "/livenessProbe", Value::Null),
    ] {
        // The key `image` may be given twice here; YAML takes the last.
        assert_eq!(container(service, pointer), expected, "{service}");
    }
}

#[test]
fn variables() {
    for (text, expected) in [
        ("${TAG}", "1.2"),
        ("$TAG!", "1.2!"),
        ("$$TAG", "$TAG"),
        ("${NONE}", ""),
        ("${NONE:-a ${TAG}}", "a 1.2"),
        ("${EMPTY-a}", ""),
        ("${EMPTY:-a}", "a"),
        ("${TAG:+set}", "set"),
        ("${EMPTY+set}", "set"),
        ("${EMPTY:+set}", ""),
        ("${TAG:?}", "1.2"),
    ] {
        let mut value = json!([text]);
        interpolate::document(&mut value, &machine()).unwrap();
        assert_eq!(value, json!([expected]), "{text}");
    }
    for (text, problem) in [
        ("${NONE:?give one}", "must be set: give one"),
        ("${TAG", "without its"),
        ("$ ", "\"$$\""),
        ("${TAG%x}", "'%'"),
    ] {
        let mut value = json!({"a": text});
        let error = interpolate::document(&mut value, &machine()).unwrap_err().to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

#[test]
fn workloads_follow_restart_and_mode() {
    for (service, kind, pointer, expected) in [
        ("deploy: {replicas: 3}", "Deployment", "/spec/replicas", json!(3)),
        ("restart: unless-stopped", "Deployment", "/spec/template/spec/restartPolicy", json!("Always")),
        (
            "deploy: {mode: global}",
            "DaemonSet",
            "/spec/selector/matchLabels",
            json!({"io.compose.service": "web"}),
        ),
        ("restart: 'no'", "Job", "/spec/backoffLimit", json!(0)),
        ("restart: on-failure:3", "Job", "/spec/backoffLimit", json!(3)),
        ("restart: on-failure", "Job", "/spec/template/spec/restartPolicy", json!("OnFailure")),
        (
            "stop_grace_period: 1m",
            "Deployment",
            "/spec/template/spec/terminationGracePeriodSeconds",
            json!(60),
        ),
        ("network_mode: host", "Deployment", "/spec/template/spec/hostNetwork", json!(true)),
        (
            "extra_hosts: ['db:10.0.0.1']",
            "Deployment",
            "/spec/template/spec/hostAliases",
            json!([{"ip": "10.0.0.1", "hostnames": ["db"]}]),
        ),
        ("labels: [a.b=c]", "Deployment", "/spec/template/metadata/annotations", json!({"a.b": "c"})),
    ] {
        let made = object(&format!("services: {{web: {{image: i, {service}}}}}"), kind);
        assert_eq!(made.pointer(pointer).unwrap_or(&Value::Null), &expected, "{service}");
    }
}

#[test]
fn ports_are_reached_by_their_published_and_their_own_number() {
    let service =
        object("services: {web: {image: i, ports: ['8080:80', '8080:80/udp'], expose: [9000]}}", "Service");
    let ports: Vec<_> = service["spec"]["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| {
            format!("{}->{}/{}", port["port"], port["targetPort"], port["protocol"].as_str().unwrap())
        })
        .collect();
    assert_eq!(ports, ["8080->80/TCP", "80->80/TCP", "8080->80/UDP", "80->80/UDP", "9000->9000/TCP"]);
}

const WHOLE: &str = r"
name: shop
x-ours: {a: 1}
services:
  web:
    image: shop/web
    depends_on: {db: {condition: service_healthy}, cache: {}}
    configs: [app]
    secrets: [{source: token, target: api, mode: '0440'}]
    tmpfs: /scratch
  db:
    image: postgres
    expose: ['5432']
    volumes: ['data:/var/lib/postgresql/data', '/etc/localtime:/etc/localtime:ro', '/anon']
    logging: {driver: none}
  cache: {image: redis}
  debug: {image: busybox, profiles: [debug]}
volumes: {data: {driver_opts: {size: 5g}}}
configs: {app: {file: ./app.conf}, blob: {file: blob}}
secrets: {token: {environment: TOKEN}, other: {external: true}}
";

#[test]
fn a_whole_project() {
    let made = converted(WHOLE).unwrap();
    let names: Vec<_> = made
        .objects
        .iter()
        .map(|one| format!("{}/{}", one["kind"].as_str().unwrap(), one["metadata"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            "ConfigMap/app",
            "ConfigMap/blob",
            "Secret/token",
            "PersistentVolumeClaim/data",
            "Service/cache",
            "Deployment/cache",
            "Service/db",
            "Deployment/db",
            "Service/web",
            "Deployment/web",
        ]
    );
    let find = |name: &str| &made.objects[names.iter().position(|one| one == name).unwrap()];
    assert_eq!(find("Secret/token")["data"]["content"], "dDBr");
    assert_eq!(find("ConfigMap/blob")["binaryData"]["content"], "/wA=");
    assert_eq!(find("PersistentVolumeClaim/data")["spec"]["resources"]["requests"]["storage"], "5Gi");
    let db = &find("Deployment/db")["spec"];
    assert_eq!(db["strategy"]["type"], "Recreate");
    assert_eq!(
        db["template"]["spec"]["volumes"],
        json!([
        {"name": "volume-0", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "volume-1", "hostPath": {"path": "/etc/localtime"}},
        {"name": "volume-2", "emptyDir": {}}])
    );
    let web = &find("Deployment/web")["spec"]["template"]["spec"];
    assert_eq!(web["initContainers"].as_array().unwrap().len(), 1, "the cache has no port");
    assert_eq!(web["initContainers"][0]["command"][2], "until nc -z db 5432; do sleep 1; done");
    let mounts: Vec<_> = web["containers"][0]["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| mount["mountPath"].as_str().unwrap())
        .collect();
    assert_eq!(mounts, ["/scratch", "/app", "/run/secrets/api"]);
    assert_eq!(
        web["volumes"][2],
        json!({"name": "volume-2", "secret": {"secretName": "token", "defaultMode": 0o440}})
    );
    assert_eq!(made.warnings.len(), 1, "{:?}", made.warnings);
    let with_debug = convert(WHOLE.as_bytes(), &machine(), &["debug".into()]).unwrap();
    assert!(with_debug.objects.iter().any(|one| one["metadata"]["name"] == "debug"));
}

#[test]
fn what_cannot_be_is_refused_with_the_field_and_the_remedy() {
    for (text, words) in [
        ("services: {}", "services: there are none"),
        ("a: b", "a: this field is not supported"),
        ("services: {web: {image: i, imagee: j}}", "services.web"),
        ("services: {web: {image: i, ports: [x]}}", "services.web.ports"),
        ("services: {web: {image: i, ports: ['1-3:1-2']}}", "equally long"),
        ("services: {web: {build: .}}", "push it"),
        ("services: {web: {}}", "image is missing"),
        ("services: {web: {image: i, volumes: ['./src:/src']}}", "named volume"),
        ("services: {web: {image: i, volumes: ['none:/src']}}", "undefined volume \"none\""),
        ("services: {web: {image: i, configs: [none]}}", "undefined configs \"none\""),
        ("services: {web: {image: i, depends_on: [none]}}", "undefined service \"none\""),
        ("services: {web: {image: i, user: root}}", "numeric id"),
        ("services: {web: {image: i, restart: sometimes}}", "unless-stopped"),
        ("services: {web: {image: i, mem_limit: lots}}", "write 512m"),
        ("services: {web: {image: i, env_file: none}}", "cannot read \"none\""),
        ("services: {web: {image: i}}\nconfigs: {c: {}}", "exactly one of"),
        ("services: [", "not valid YAML"),
    ] {
        let error = converted(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

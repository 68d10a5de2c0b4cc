#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
//! Compose files as people write them: what each becomes, and what is said about it.

use serde_json::{Value, json};

use super::*;

struct Folder;

impl Surroundings for Folder {
    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "./proxy/nginx.conf" => Ok(b"events {}\n".to_vec()),
            "./big.bin" => Ok(vec![0; 2_000_000]),
            "db.env" => Ok(b"POSTGRES_DB=app\n".to_vec()),
            "./password.txt" => Ok(b"hunter2".to_vec()),
            _ => Err("it is a folder".into()),
        }
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn convert_file(text: &str) -> Converted {
    convert(text.as_bytes(), &Folder, &[]).unwrap()
}

/// `Kind/name` of all objects.
fn names(converted: &Converted) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let name = |one: &Value| format!("{}/{}", text(&one["kind"]), text(&one["metadata"]["name"]));
    converted.objects.iter().map(name).collect()
}

fn find<'a>(converted: &'a Converted, name: &str) -> &'a Value {
    let at = names(converted).iter().position(|one| one == name).unwrap();
    &converted.objects[at]
}

const VOTING: &str = r#"
x-defaults: &defaults
  restart: unless-stopped
  networks: [back]
services:
  vote:
    <<: *defaults
    image: example/vote
    depends_on: {redis: {condition: service_healthy}}
    healthcheck: {test: [CMD, curl, -f, http://localhost], interval: 15s, timeout: 5s, retries: 3, start_period: 10s}
    ports: ["8080:80"]
    networks: [front, back]
  result: {<<: *defaults, image: example/result, depends_on: [db], ports: ["8081:80", "127.0.0.1:9229:9229"]}
  worker: {<<: *defaults, image: example/worker, depends_on: [redis, db], deploy: {replicas: 2}}
  redis:
    <<: *defaults
    image: redis:alpine
    healthcheck: {test: redis-cli ping, interval: 5s}
  db:
    <<: *defaults
    image: postgres:15-alpine
    environment: {POSTGRES_USER: postgres, POSTGRES_PASSWORD: postgres}
    volumes: ["db-data:/var/lib/postgresql/data"]
  seed: {image: example/seed, profiles: [seed], restart: "no"}
volumes: {db-data: }
networks: {front: {}, back: {}}
"#;

#[test]
fn a_voting_app() {
    let converted = convert_file(VOTING);
    assert_eq!(
        names(&converted),
        [
            "PersistentVolumeClaim/db-data",
            "Service/db",
            "Deployment/db",
            "Service/redis",
            "Deployment/redis",
            "Service/result",
            "Deployment/result",
            "Service/vote",
            "Deployment/vote",
            "Service/worker",
            "Deployment/worker",
        ]
    );
    // What tells of no ports is found by its name all the same.
    assert_eq!(find(&converted, "Service/db")["spec"]["clusterIP"], "None");
    assert_eq!(find(&converted, "Service/vote")["spec"]["ports"][0]["port"], 8080);
    assert_eq!(find(&converted, "Deployment/worker")["spec"]["replicas"], 2);
    assert_eq!(find(&converted, "Deployment/db")["spec"]["strategy"], json!({"type": "Recreate"}));
    let probe =
        &find(&converted, "Deployment/vote")["spec"]["template"]["spec"]["containers"][0]["readinessProbe"];
    assert_eq!(probe["exec"]["command"], json!(["curl", "-f", "http://localhost"]));
    let warnings = converted.warnings.join("\n");
    for said in ["networks back, front", "service result, left out: ports: an address of the host"] {
        assert!(warnings.contains(said), "{warnings}");
    }
}

#[test]
fn wordpress_and_its_database() {
    let converted = convert_file(
        r#"
services:
  db:
    image: mysql:8
    container_name: wp_db
    command: '--default-authentication-plugin=mysql_native_password'
    env_file: [db.env, {path: missing.env, required: false}]
    environment: [MYSQL_DATABASE=wordpress, MYSQL_PASSWORD_FILE=/run/secrets/db_password]
    secrets: [{source: db_password, mode: 0400}]
    volumes: [db_data:/var/lib/mysql]
    expose: [3306, 33060]
  wordpress:
    image: wordpress:latest
    links: ["db:mysql"]
    ports: ["80:80"]
    restart: always
    environment: {WORDPRESS_DB_HOST: mysql}
    volumes: [wp_data:/var/www/html]
volumes: {db_data: {}, wp_data: {driver_opts: {size: 5g}}}
secrets: {db_password: {file: ./password.txt}}
"#,
    );
    assert_eq!(
        names(&converted),
        [
            "Secret/db-password",
            "PersistentVolumeClaim/db-data",
            "PersistentVolumeClaim/wp-data",
            "Service/db",
            "Service/mysql",
            "Service/wp-db",
            "Deployment/db",
            "Service/wordpress",
            "Deployment/wordpress",
        ]
    );
    let spec = &find(&converted, "Deployment/db")["spec"]["template"]["spec"];
    assert_eq!(spec["volumes"][1]["secret"], json!({"secretName": "db-password", "defaultMode": 0o400}));
    assert_eq!(spec["containers"][0]["env"][0], json!({"name": "POSTGRES_DB", "value": "app"}));
    let claim = find(&converted, "PersistentVolumeClaim/wp-data");
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "5Gi");
    assert!(converted.warnings.is_empty(), "{:?}", converted.warnings);
}

#[test]
fn a_proxy_with_its_configuration() {
    let converted = convert_file(
        r#"
services:
  traefik:
    image: traefik:v3
    command: [--providers.docker, --entryPoints.web.address=:80]
    ports: ["80:80", "8080:8080"]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
  whoami:
    image: traefik/whoami
    labels: ["traefik.http.routers.whoami.rule=Host(`whoami.localhost`)"]
    networks: {default: {aliases: [who]}}
  nginx:
    image: nginx
    build: .
    logging: {driver: json-file}
    volumes: ["./proxy/nginx.conf:/etc/nginx/nginx.conf"]
"#,
    );
    let nginx = &find(&converted, "Deployment/nginx")["spec"]["template"]["spec"];
    assert_eq!(nginx["volumes"][0]["configMap"], json!({"name": "nginx-nginx-conf"}));
    let mount = &nginx["containers"][0]["volumeMounts"][0];
    assert_eq!(
        (&mount["mountPath"], &mount["subPath"]),
        (&json!("/etc/nginx/nginx.conf"), &json!("content"))
    );
    assert_eq!(find(&converted, "ConfigMap/nginx-nginx-conf")["data"]["content"], "events {}\n");
    assert_eq!(find(&converted, "Service/who")["spec"]["selector"], json!({"io.compose.service": "whoami"}));
    let traefik = &find(&converted, "Deployment/traefik")["spec"]["template"]["spec"];
    assert_eq!(traefik["volumes"][0]["hostPath"]["path"], "/var/run/docker.sock");
    let warnings = converted.warnings.join("\n");
    for said in
        ["nginx, left out: build", "nginx, left out: logging", "goes along as the ConfigMap nginx-nginx-conf"]
    {
        assert!(warnings.contains(said), "{warnings}");
    }
}

#[test]
fn what_cannot_be_kept_is_named() {
    for (service, expected) in [
        ("image: a, devices: [/dev/x]", "services.web.devices: this field is not supported; leave it out"),
        (
            "image: a, extends: {service: b}",
            "services.web.extends: this field is not supported; leave it out",
        ),
        (
            "build: .",
            "service web: build: a cluster cannot build; build the image, push it, and name it with image",
        ),
        ("image: a, volumes: ['./src:/src']", "service web: volume \"./src\" is a path of your machine"),
        ("image: a, volumes: ['./big.bin:/x']", "service web: volume \"./big.bin\" has 2000000 bytes"),
        (
            "image: a, deploy: {resources: {limits: {pids: 5}}}",
            "services.web.deploy.resources.limits.pids: this field",
        ),
        ("image: a, secrets: [{source: s, mode: x}]", "services.web.secrets: undefined secrets \"s\""),
        ("image: a, network_mode: 'service:db'", "service web: network_mode \"service:db\""),
    ] {
        let error =
            convert(format!("services: {{web: {{{service}}}}}").as_bytes(), &Folder, &[]).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let error = convert(b"include: [a.yml]\nservices: {a: {image: b}}", &Folder, &[]).unwrap_err();
    assert!(error.to_string().contains("include: this field is not supported"), "{error}");
}

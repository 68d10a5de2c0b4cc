//! Plain manifests, kustomizations and Compose files as releases: installed, compared, upgraded, rolled back, removed.

use std::fs;

use serde_json::{Value, json};

use crate::bench::{Bench, write_chart};

impl Bench {
    /// Writes files below the bench's directory and gives the folder's path.
    fn folder(&self, name: &str, files: &[(&str, &str)]) -> String {
        let path = self.dir.path().join(name);
        write_chart(&path, files);
        path.display().to_string()
    }

    fn data(&self, resource: &str, name: &str) -> Value {
        self.cluster.get(resource, name).map_or(Value::Null, |object| object["data"].clone())
    }

    /// The names of all objects of a kind that belong to a release.
    fn owned(&self, resource: &str) -> Vec<String> {
        let list = self
            .cluster
            .naru(&["get", resource, "-o", "json", "-l", "app.kubernetes.io/managed-by=Helm"])
            .ok();
        let list: Value = serde_json::from_str(&list).unwrap();
        let names = list["items"].as_array().unwrap().iter();
        names.map(|one| one["metadata"]["name"].as_str().unwrap().to_string()).collect()
    }
}

#[test]
fn a_folder_of_manifests_is_a_release() {
    let bench = Bench::new();
    let map = |text: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: conf}}\ndata: {{text: {text:?}}}\n")
    };
    let folder = bench.folder(
        "plain",
        &[
            ("conf.yaml", &map("{{ not a template }}")),
            ("many.yml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {k: first}\n"),
            ("pod.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": "quickstart/httpd:1"}]}}"#),
        ],
    );
    let out = bench.naru(&["install", "app", &folder, "--wait", "--timeout", "60s"]).ok();
    assert!(out.contains("STATUS: deployed\nREVISION: 1\n"), "{out}");
    assert_eq!(bench.data("configmap", "conf"), json!({"text": "{{ not a template }}"}));
    for (resource, names) in [("pods", "web"), ("serviceaccounts", "runner"), ("secrets", "key")] {
        assert_eq!(bench.owned(resource), [names], "{resource}");
    }
    // An unchanged folder changes nothing; Secrets are not shown.
    assert_eq!(bench.naru(&["diff", "app", &folder, "--detailed-exitcode"]).ok(), "");
    fs::write(format!("{folder}/conf.yaml"), map("new")).unwrap();
    fs::write(
        format!("{folder}/many.yml"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {k: second}\n",
    )
    .unwrap();
    let diff = bench.naru(&["diff", "app", &folder, "--detailed-exitcode"]);
    assert_eq!(diff.code, 2, "{}", diff.err);
    for line in [
        "ConfigMap default/conf (v1) will change\n",
        "-  text: '{{ not a template }}'\n+  text: new\n",
        "ServiceAccount default/runner (v1) will be deleted\n",
        "Secret default/key (v1) will change\n",
    ] {
        assert!(diff.out.contains(line), "{line}: {}", diff.out);
    }
    assert!(!diff.out.contains("second") && !diff.out.contains("c2Vjb25k"), "{}", diff.out);
    let shown = bench.naru(&["diff", "app", &folder, "--show-secrets", "--color", "always"]).ok();
    assert!(shown.contains("\u{1b}[32m+  k: c2Vjb25k\u{1b}[0m\n"), "{shown}");
    bench.naru(&["upgrade", "app", &folder]).ok();
    assert!(bench.owned("serviceaccounts").is_empty());
    // A rollback is shown before it is done, and two revisions are compared.
    let back = bench.naru(&["diff", "app", "--revision", "1"]).ok();
    assert!(back.contains("ServiceAccount default/runner (v1) will be created\n"), "{back}");
    let between = bench.naru(&["diff", "app", "--revision", "1", "--revision", "2"]).ok();
    assert!(between.contains("ServiceAccount default/runner (v1) will be deleted\n"), "{between}");
    bench.naru(&["rollback", "app", "1"]).ok();
    assert_eq!(bench.data("configmap", "conf"), json!({"text": "{{ not a template }}"}));
    assert_eq!(bench.owned("serviceaccounts"), ["runner"]);
    // The stock helm knows the release for what it is, and can remove it.
    bench.same(&["list", "-o", "json"]);
    bench.same(&["get", "manifest", "app"]);
    bench.helm(&["uninstall", "app"]).ok();
    assert!(bench.cluster.get("configmap", "conf").is_none());
    // What an install would make is shown on demand.
    assert!(bench.naru(&["diff", "app", &folder]).failed().contains("--install shows"));
    let fresh = bench.naru(&["diff", "app", &folder, "--install"]).ok();
    assert!(fresh.contains("ConfigMap default/conf (v1) will be created\n"), "{fresh}");
}

#[test]
fn a_kustomization_is_a_release() {
    let bench = Bench::new();
    let kustomization = |text: &str, extra: &str| {
        format!(
            "resources: [../base]\nnamePrefix: prod-\nlabels: [{{pairs: {{tier: front}}}}]\nconfigMapGenerator:\n- name: settings\n  literals: [mode={text}]\npatches:\n- patch: '[{{op: replace, path: /data/size, value: large}}]'\n  target: {{kind: ConfigMap, name: conf}}\n{extra}"
        )
    };
    bench.folder(
        "base",
        &[
            ("kustomization.yaml", "resources: [conf.yaml]\n"),
            ("conf.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {size: small}\n"),
        ],
    );
    let folder = bench.folder("prod", &[("kustomization.yaml", &kustomization("a", ""))]);
    bench.naru(&["install", "app", &folder]).ok();
    assert_eq!(bench.data("configmap", "prod-conf"), json!({"size": "large"}));
    let conf = bench.cluster.get("configmap", "prod-conf").unwrap();
    assert_eq!(conf["metadata"]["labels"]["tier"], "front");
    let generated = |bench: &Bench| -> Vec<String> {
        bench.owned("configmaps").into_iter().filter(|name| name.starts_with("prod-settings-")).collect()
    };
    let before = generated(&bench);
    fs::write(format!("{folder}/kustomization.yaml"), kustomization("b", "images: []\n")).unwrap();
    let diff = bench.naru(&["diff", "app", &folder]).ok();
    assert!(diff.contains("will be created\n") && diff.contains("will be deleted\n"), "{diff}");
    bench.naru(&["upgrade", "app", &folder]).ok();
    let after = generated(&bench);
    assert!(after.len() == 1 && before.len() == 1 && after != before, "{before:?} {after:?}");
    bench.naru(&["rollback", "app"]).ok();
    assert_eq!(generated(&bench), before);
    assert_eq!(bench.naru(&["uninstall", "app"]).ok(), "release \"app\" uninstalled\n");
    assert!(bench.owned("configmaps").is_empty());
    // Mistakes name the file and what is wrong with it.
    fs::write(format!("{folder}/kustomization.yaml"), "resources: [missing.yaml]\n").unwrap();
    let error = bench.naru(&["install", "app", &folder]).failed();
    assert!(error.contains("missing.yaml"), "{error}");
    fs::write(format!("{folder}/kustomization.yaml"), "resources: []\nhelmCharts: [{name: x}]\n").unwrap();
    let error = bench.naru(&["install", "app", &folder]).failed();
    assert!(error.contains("helmCharts"), "{error}");
}

#[test]
fn a_compose_file_is_refused_where_its_kinds_are_not_served() {
    let bench = Bench::new();
    let file = "services:\n  web:\n    image: quickstart/httpd:1\n    ports: ['8080:80']\n    environment: {MODE: production}\n";
    let folder = bench.folder("shop", &[("docker-compose.yml", file)]);
    let refused = bench.naru(&["install", "shop", &folder]);
    let served = bench.cluster.kubectl(&["api-resources", "--api-group", "apps", "-o", "name"]).out;
    if served.contains("deployments") {
        refused.ok();
        assert_eq!(bench.owned("deployments"), ["web"]);
        bench.naru(&["uninstall", "shop"]).ok();
        return;
    }
    let error = refused.failed();
    assert!(error.contains("no matches for kind"), "{error}");
    assert!(error.contains("Hint: this server does not serve"), "{error}");
    assert_eq!(bench.naru(&["list", "-q"]).ok(), "", "nothing is left of it");
    let rendered = bench.naru(&["template", "shop", &folder]).ok();
    assert!(rendered.contains("kind: Deployment\n") && rendered.contains("kind: Service\n"), "{rendered}");
}

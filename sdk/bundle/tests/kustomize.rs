//! Kustomizations built by us and by the stock kubectl: the same bytes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod kustomizations {
    pub(crate) mod fields;
    pub(crate) mod plugins;
    pub(crate) mod seams;
    pub(crate) mod variables;

    /// A name, the kustomization in `over/`, and further files.
    pub(crate) type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
}

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use naru_bundle::{kustomize, yaml};
use naru_tests::tools;

struct Folder(PathBuf);

impl kustomize::Files for Folder {
    fn read(&self, folder: &str, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(folder).join(path)).map_err(|error| error.to_string())
    }
    fn is_file(&self, path: &str) -> bool {
        self.0.join(path).is_file()
    }
    fn is_folder(&self, path: &str) -> bool {
        self.0.join(path).is_dir()
    }
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: robot
      initContainers: [{name: init, image: 'reg:5000/tool:1'}]
      containers:
      - name: web
        image: nginx:1.25
        env:
        - {name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}
        envFrom: [{secretRef: {name: keys}}]
        ports: [{containerPort: 80}]
      - {name: side, image: 'nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000'}
      volumes:
      - {name: s, configMap: {name: settings}}
      - {name: p, projected: {sources: [{secret: {name: keys}}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: robot}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot, namespace: default}, {kind: ServiceAccount, name: default}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: []
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: nginx}]}}}}}
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: thing}
spec: {list: [1, 2], text: 'yes'}
";

const BASE: &str = "\
resources: [web.yaml]
configMapGenerator:
- {name: settings, literals: [a=1, 'b=\"x y\"'], files: [app.conf, other=app.conf]}
secretGenerator:
- {name: keys, literals: [k=v], type: Opaque}
";

/// Each case: the kustomization in `over/`, above the base.
const CASES: &[(&str, &str)] = &[
    ("the base alone", "resources: [../base]"),
    ("namespace", "resources: [../base]\nnamespace: shop"),
    ("prefix and suffix", "resources: [../base]\nnamePrefix: a-\nnameSuffix: -z"),
    ("common labels", "resources: [../base]\ncommonLabels: {team: x, app: other}"),
    (
        "labels",
        "resources: [../base]\nlabels: [{pairs: {a: b}}, {pairs: {c: d}, includeSelectors: true}, {pairs: {e: f}, includeTemplates: true}]",
    ),
    ("annotations", "resources: [../base]\ncommonAnnotations: {note: 'true'}"),
    (
        "images",
        "resources: [../base]\nimages: [{name: nginx, newName: my/nginx, newTag: v2}, {name: 'reg:5000/tool', digest: 'sha256:1111111111111111111111111111111111111111111111111111111111111111'}]",
    ),
    ("a tag that looks like a number", "resources: [../base]\nimages: [{name: nginx, newTag: '1.10'}]"),
    ("replicas", "resources: [../base]\nreplicas: [{name: web, count: 7}]"),
    (
        "a strategic patch",
        "resources: [../base]\npatches: [{patch: \"apiVersion: apps/v1\\nkind: Deployment\\nmetadata: {name: web}\\nspec: {template: {spec: {containers: [{name: web, image: other:2, resources: {limits: {cpu: 1}}}]}}}\"}]",
    ),
    (
        "a patch of everything of a kind",
        "resources: [../base]\npatches: [{target: {kind: Deployment}, patch: '[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":3},{\"op\":\"add\",\"path\":\"/metadata/labels/x\",\"value\":\"y\"}]'}]",
    ),
    (
        "a patch by label",
        "resources: [../base]\npatches: [{target: {labelSelector: tier=front}, patch: '[{\"op\":\"remove\",\"path\":\"/metadata/labels/tier\"}]'}]",
    ),
    (
        "a patch by pattern",
        "resources: [../base]\npatches: [{target: {name: we.*, kind: Service}, patch: '[{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":81}]'}]",
    ),
    (
        "a patch that deletes",
        "resources: [../base]\npatches: [{patch: \"apiVersion: v1\\nkind: Service\\nmetadata: {name: web}\\n$patch: delete\"}]",
    ),
    (
        "a patch of an unknown kind",
        "resources: [../base]\npatches: [{patch: \"apiVersion: example.org/v1\\nkind: Thing\\nmetadata: {name: thing}\\nspec: {list: [3], text: null}\"}]",
    ),
    ("patch files", "resources: [../base]\npatches: [{path: patch.yaml}]"),
    (
        "merged generators",
        "resources: [../base]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [c=3, a=9]}]",
    ),
    (
        "replaced generators",
        "resources: [../base]\nsecretGenerator: [{name: keys, behavior: replace, literals: [n=1]}]",
    ),
    (
        "no hash",
        "resources: [../base]\ngeneratorOptions: {disableNameSuffixHash: true, labels: {g: h}}\nconfigMapGenerator: [{name: own, literals: [a=b], options: {immutable: true, annotations: {i: j}}}]",
    ),
    ("environment files", "configMapGenerator: [{name: own, envs: [app.env]}]"),
    ("a component", "resources: [../base]\ncomponents: [../component]\nnamePrefix: c-"),
    (
        "everything at once",
        "resources: [../base]\nnamespace: shop\nnamePrefix: a-\ncommonLabels: {team: x}\nimages: [{name: nginx, newTag: v3}]\nreplicas: [{name: web, count: 2}]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [z=1]}]",
    ),
    // What must fail.
    ("a missing resource", "resources: [none.yaml]"),
    ("an unknown field", "resources: [../base]\nnonsense: 1"),
    (
        "a patch without its object",
        "resources: [../base]\npatches: [{patch: \"apiVersion: v1\\nkind: Service\\nmetadata: {name: none}\"}]",
    ),
    (
        "a patch that takes the metadata away",
        "resources: [../base]\nnamePrefix: p-\npatches: [{target: {kind: Service}, patch: \"[{op: replace, path: /metadata, value: x}]\"}]",
    ),
    (
        "a patch that merges a text into the metadata",
        "resources: [../base]\npatches: [{target: {kind: Service}, patch: \"metadata: x\"}]",
    ),
    ("an object twice", "resources: [../base, ../base/web.yaml]"),
    ("nothing to merge with", "configMapGenerator: [{name: none, behavior: merge, literals: [a=b]}]"),
    ("a cycle", "resources: [../over]"),
    ("a file elsewhere", "resources: [../base/web.yaml]"),
    ("content from elsewhere", "configMapGenerator: [{name: own, files: [../base/app.conf]}]"),
];

fn write(root: &Path, over: &str) {
    let put = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("base/kustomization.yaml", BASE);
    put("base/web.yaml", WEB);
    put("base/app.conf", "line 1\n<line> 2\n");
    put("over/kustomization.yaml", over);
    put("over/app.env", "# comment\nA=1\nB=x=y \n");
    put("over/patch.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n");
    put(
        "component/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nreplicas: [{name: web, count: 4}]\ncommonLabels: {from: component}\n",
    );
}

fn ours(root: &Path) -> Result<String, kustomize::Error> {
    let objects = kustomize::build("over", &Folder(root.into()))?;
    let texts = objects.iter().map(|object| {
        let value = yaml::read_exact(object.to_string().as_bytes()).unwrap();
        yaml::write(&value).unwrap()
    });
    Ok(texts.collect::<Vec<_>>().join("---\n"))
}

/// Builds a kustomization with both; what differs.
fn difference(name: &str, over: &str, files: &[(&str, &str)]) -> Option<String> {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), over);
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let stock =
        Command::new(tools::kubectl()).arg("kustomize").arg(root.path().join("over")).output().unwrap();
    let stock_text = String::from_utf8(stock.stdout).unwrap();
    match ours(root.path()) {
        Ok(text) if stock.status.success() && text == stock_text => None,
        Err(_) if !stock.status.success() => None,
        Ok(text) => {
            let lines = text.lines().zip(stock_text.lines()).enumerate().filter(|(_, (a, b))| a != b);
            let first: Vec<_> = lines.take(6).collect();
            let error = String::from_utf8_lossy(&stock.stderr);
            Some(format!("{name}: ours | kubectl's: {first:?} {error}"))
        }
        Err(error) => Some(format!("{name}: we fail: {error}")),
    }
}

fn compare(differing: Vec<String>, all: usize) {
    assert!(differing.is_empty(), "{} of {all} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn the_same_bytes_as_kubectl() {
    compare(CASES.iter().filter_map(|(name, over)| difference(name, over, &[])).collect(), CASES.len());
}

#[test]
fn the_same_bytes_as_kubectl_for_each_field() {
    let all = kustomizations::fields::CASES;
    compare(all.iter().filter_map(|(name, over, files)| difference(name, over, files)).collect(), all.len());
}

#[test]
fn the_same_bytes_as_kubectl_where_things_meet() {
    let all = kustomizations::seams::CASES;
    compare(all.iter().filter_map(|(name, over, files)| difference(name, over, files)).collect(), all.len());
}

#[test]
fn the_same_bytes_as_kubectl_with_variables() {
    let all = kustomizations::variables::CASES;
    compare(all.iter().filter_map(|(name, over, files)| difference(name, over, files)).collect(), all.len());
}

#[test]
fn the_same_bytes_as_kubectl_by_plugins() {
    let all = kustomizations::plugins::CASES;
    compare(all.iter().filter_map(|(name, over, files)| difference(name, over, files)).collect(), all.len());
}

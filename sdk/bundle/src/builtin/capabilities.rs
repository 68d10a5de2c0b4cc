//! `.Capabilities`: what the cluster offers. Without a cluster, what the stock helm 4.3.1 assumes.

use std::{any::Any, rc::Rc};

use crate::{
    fault::Fault,
    value::{Object, Structure, Value},
};

/// The API versions that rendering without a cluster assumes, in Helm's order.
const API_VERSIONS: [&str; 57] = [
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// What Helm says of itself, as the names of its struct, of its JSON, and the values.
const HELM: [(&str, &str, &str); 5] = [
    ("Version", "version", "v4.3.1"),
    ("GitCommit", "git_commit", "c0d08d0d6d9424d4a14febb5e8a3e51b0dd00dff"),
    ("GitTreeState", "git_tree_state", "clean"),
    ("GoVersion", "go_version", "go1.27.2"),
    ("KubeClientVersion", "kube_client_version", "v1.37"),
];

/// What a cluster offers.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Its version.
    pub kube_version: KubeVersion,
    /// Its API versions (`apps/v1`), and on real clusters its resources too (`apps/v1/Deployment`).
    pub api_versions: Vec<String>,
}

/// A cluster's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// As the cluster gives it: `v1.33.4-gke.1245000`.
    pub version: String,
    /// Without suffixes, for constraints: `v1.33.4`.
    pub normalized: String,
    /// `1`.
    pub major: String,
    /// `33`.
    pub minor: String,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not parse {0:?} as version")]
pub struct KubeVersionError(String);

impl Default for Capabilities {
    fn default() -> Self {
        Self { kube_version: KubeVersion::of(1, 37), api_versions: API_VERSIONS.map(str::to_owned).to_vec() }
    }
}

impl KubeVersion {
    fn of(major: u32, minor: u32) -> Self {
        let version = format!("v{major}.{minor}.0");
        Self { normalized: version.clone(), version, major: major.to_string(), minor: minor.to_string() }
    }

    /// Reads `--kube-version`: at least two numbers, anything after the last.
    ///
    /// # Errors
    /// If there are not.
    pub fn parse(text: &str) -> Result<Self, KubeVersionError> {
        let refuse = || KubeVersionError(text.to_owned());
        let body = text.trim_start().strip_prefix('v').unwrap_or(text.trim_start());
        let digits =
            body.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(body.len());
        let (numbers, _) = body.split_at(digits);
        // What follows may begin with the dot that the numbers end with: `1.33.x`.
        let numbers: Vec<&str> = numbers.strip_suffix('.').unwrap_or(numbers).split('.').collect();
        let is_number =
            |part: &&str| part.parse::<u64>().is_ok() && (part.len() == 1 || !part.starts_with('0'));
        if numbers.len() < 2 || !numbers.iter().all(is_number) {
            return Err(refuse());
        }
        let version = if text.starts_with('v') { text.to_owned() } else { format!("v{text}") };
        let normalized = format!("v{}", numbers.join("."));
        Ok(Self { version, normalized, major: numbers[0].into(), minor: numbers[1].into() })
    }
}

impl Capabilities {
    /// As a value of templates.
    pub fn value(&self) -> Value {
        let versions =
            ApiVersions(self.api_versions.iter().map(|version| Value::string(version.as_str())).collect());
        let kube = KubeObject(self.kube_version.clone());
        Value::Object(Rc::new(CapabilitiesObject {
            kube: Value::Object(Rc::new(kube)),
            versions: Value::Object(Rc::new(versions)),
            helm: Value::Object(Rc::new(HelmObject)),
        }))
    }
}

/// `*common.Capabilities`.
#[derive(Debug)]
struct CapabilitiesObject {
    kube: Value,
    versions: Value,
    helm: Value,
}

/// `common.KubeVersion`.
#[derive(Debug)]
struct KubeObject(KubeVersion);

/// `common.VersionSet`.
#[derive(Debug)]
struct ApiVersions(Vec<Value>);

/// `version.BuildInfo`.
#[derive(Debug)]
struct HelmObject;

fn print(value: &Value) -> String {
    match value {
        Value::Object(object) => object.print(),
        _ => String::new(),
    }
}

fn without_arguments(arguments: &[Value], name: &str, value: &str) -> Option<Result<Value, Fault>> {
    Some(match arguments.len() {
        0 => Ok(Value::string(value)),
        got => Err(Fault::new(format!("wrong number of args for {name}: want 0 got {got}"))),
    })
}

impl Object for CapabilitiesObject {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "*common.Capabilities"
    }

    fn kind_name(&self) -> &str {
        "ptr"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(self.kube.clone()),
            "APIVersions" => Some(self.versions.clone()),
            "HelmVersion" => Some(self.helm.clone()),
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        (name == "Copy" && arguments.is_empty()).then(|| {
            let Self { kube, versions, helm } = self;
            let copy = Self { kube: kube.clone(), versions: versions.clone(), helm: helm.clone() };
            Ok(Value::Object(Rc::new(copy)))
        })
    }

    fn print(&self) -> String {
        format!("&{}", self.print_field())
    }

    /// Of a pointer a template prints what it points to.
    fn print_field(&self) -> String {
        let (kube, versions, helm) = (print(&self.kube), print(&self.versions), print(&self.helm));
        format!("{{{kube} {versions} {helm}}}")
    }

    fn structure(&self) -> Option<Structure> {
        Some(Structure { fields: self.members()?, has_text: false })
    }

    fn plain(&self) -> Value {
        Value::map(self.members().unwrap_or_default())
    }

    fn members(&self) -> Option<Vec<(&'static str, Value)>> {
        let Self { kube, versions, helm } = self;
        Some(vec![
            ("KubeVersion", kube.clone()),
            ("APIVersions", versions.clone()),
            ("HelmVersion", helm.clone()),
        ])
    }
}

impl Object for KubeObject {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "common.KubeVersion"
    }

    fn kind_name(&self) -> &str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(Value::string(self.0.version.as_str())),
            "Major" => Some(Value::string(self.0.major.as_str())),
            "Minor" => Some(Value::string(self.0.minor.as_str())),
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        match name {
            "String" => without_arguments(arguments, name, &self.0.normalized),
            "GitVersion" => without_arguments(arguments, name, &self.0.version),
            _ => None,
        }
    }

    fn print(&self) -> String {
        let KubeVersion { version, normalized, major, minor } = &self.0;
        format!("{{{version} {normalized} {major} {minor}}}")
    }

    fn print_field(&self) -> String {
        self.0.normalized.clone()
    }

    fn structure(&self) -> Option<Structure> {
        let KubeVersion { version, normalized, major, minor } = &self.0;
        let fields =
            [("Version", version), ("normalizedVersion", normalized), ("Major", major), ("Minor", minor)];
        let fields = fields.map(|(name, text)| (name, Value::string(text.as_str()))).to_vec();
        Some(Structure { fields, has_text: false })
    }

    fn plain(&self) -> Value {
        Value::map(self.members().unwrap_or_default())
    }

    fn members(&self) -> Option<Vec<(&'static str, Value)>> {
        let KubeVersion { version, major, minor, .. } = &self.0;
        let texts = [("Version", version), ("Major", major), ("Minor", minor)];
        Some(texts.map(|(name, text)| (name, Value::string(text.as_str()))).to_vec())
    }
}

impl Object for ApiVersions {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "common.VersionSet"
    }

    fn kind_name(&self) -> &str {
        "slice"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        if name != "Has" {
            return None;
        }
        Some(match arguments {
            [Value::Str(wanted)] => Ok(Value::Bool(
                self.0.iter().any(|version| matches!(version, Value::Str(version) if version == wanted)),
            )),
            [other] => {
                Err(Fault::new(format!("wrong type for value; expected string; got {}", other.type_name())))
            }
            other => Err(Fault::new(format!("wrong number of args for Has: want 1 got {}", other.len()))),
        })
    }

    fn print(&self) -> String {
        let texts = self.0.iter().map(|version| match version {
            Value::Str(text) => text.to_string(),
            _ => String::new(),
        });
        format!("[{}]", texts.collect::<Vec<_>>().join(" "))
    }

    fn plain(&self) -> Value {
        Value::list(self.0.iter().cloned())
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        Some(
            self.0
                .iter()
                .enumerate()
                .map(|(index, version)| (Value::Int(index as i64), version.clone()))
                .collect(),
        )
    }

    fn is_true(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Object for HelmObject {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn kind_name(&self) -> &str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Value> {
        HELM.iter().find(|(field, ..)| *field == name).map(|(.., text)| Value::string(*text))
    }

    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Fault>> {
        None
    }

    fn print(&self) -> String {
        format!("{{{}}}", HELM.map(|(.., text)| text).join(" "))
    }

    fn structure(&self) -> Option<Structure> {
        let fields = HELM.map(|(name, _, text)| (name, Value::string(text))).to_vec();
        Some(Structure { fields, has_text: false })
    }

    fn plain(&self) -> Value {
        Value::map(self.members().unwrap_or_default())
    }

    fn members(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(HELM.map(|(_, name, text)| (name, Value::string(text))).to_vec())
    }
}

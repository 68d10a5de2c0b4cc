//! What `Chart.yaml` and the lock files say.

use crate::value::Value;

/// `Chart.yaml`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the fields of Chart.yaml, named as there")]
pub struct Metadata {
    pub name: String,
    pub home: String,
    pub sources: Vec<String>,
    pub version: String,
    pub description: String,
    pub keywords: Vec<String>,
    pub maintainers: Vec<Maintainer>,
    pub icon: String,
    /// `v1` or `v2`; a file without one is `v1`.
    pub api_version: String,
    pub condition: String,
    pub tags: String,
    pub app_version: String,
    pub deprecated: bool,
    /// `None` if absent, which prints as `null`.
    pub annotations: Option<Vec<(String, String)>>,
    pub kube_version: String,
    /// `None` if absent: subcharts of such a chart are never switched off, nor are theirs.
    pub dependencies: Option<Vec<Dependency>>,
    /// `application`, `library` or empty.
    pub kind: String,
}

/// Who maintains a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Chart.yaml, named as there")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// An entry of `dependencies`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the fields of Chart.yaml, named as there")]
pub struct Dependency {
    pub name: String,
    /// A version or a range of versions.
    pub version: String,
    pub repository: String,
    /// Comma-separated paths of values; the first that is a boolean decides.
    pub condition: String,
    pub tags: Vec<String>,
    pub enabled: bool,
    /// Strings, or maps with `child` and `parent`.
    pub import_values: Vec<Value>,
    pub alias: String,
}

/// `Chart.lock` or `requirements.lock`.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// When it was made, RFC 3339.
    pub generated: String,
    /// `sha256:` of the dependencies as `Chart.yaml` and the lock have them.
    pub digest: String,
    /// The exact versions.
    pub dependencies: Vec<Dependency>,
}

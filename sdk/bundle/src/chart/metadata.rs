//! What `Chart.yaml` and the lock files say.

use super::decode::{self, Mismatch};
use crate::value::Value;

/// The fields of Chart.yaml, in the order in which Helm writes them.
pub const METADATA_FIELDS: [&str; 17] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
];

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
    /// Whether a maintainer or a dependency is null, which no valid chart has.
    pub(super) has_null_entry: bool,
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

impl Metadata {
    /// Reads a `Chart.yaml` as it is, valid or not.
    ///
    /// # Errors
    /// If it is no YAML, or a field is of a wrong type.
    pub fn parse(data: &[u8]) -> Result<Self, String> {
        let document = crate::yaml::read_exact(data).map_err(|error| error.to_string())?;
        let mut metadata = Self::default();
        metadata.read(&document).map_err(|mismatch| mismatch.to_string())?;
        Ok(metadata)
    }

    /// Takes over the fields of a document (`Chart.yaml`, then `requirements.yaml` of a v1 chart).
    pub(super) fn read(&mut self, document: &Value) -> Result<(), Mismatch> {
        decode::object(document, |field, value| match field {
            "name" => decode::string(value, &mut self.name),
            "home" => decode::string(value, &mut self.home),
            "sources" => decode::strings(value, &mut self.sources),
            "version" => decode::string(value, &mut self.version),
            "description" => decode::string(value, &mut self.description),
            "keywords" => decode::strings(value, &mut self.keywords),
            "maintainers" => self.read_maintainers(value),
            "icon" => decode::string(value, &mut self.icon),
            "apiversion" => decode::string(value, &mut self.api_version),
            "condition" => decode::string(value, &mut self.condition),
            "tags" => decode::string(value, &mut self.tags),
            "appversion" => decode::string(value, &mut self.app_version),
            "deprecated" => decode::flag(value, &mut self.deprecated),
            "annotations" => decode::string_map(value).map(|annotations| self.annotations = annotations),
            "kubeversion" => decode::string(value, &mut self.kube_version),
            "dependencies" => self.read_dependencies(value),
            "type" => decode::string(value, &mut self.kind),
            _ => Ok(()),
        })
    }

    fn read_maintainers(&mut self, value: &Value) -> Result<(), Mismatch> {
        self.has_null_entry |= has_null(value);
        self.maintainers = decode::list(value, Maintainer::read)?.unwrap_or_default();
        Ok(())
    }

    fn read_dependencies(&mut self, value: &Value) -> Result<(), Mismatch> {
        self.has_null_entry |= has_null(value);
        self.dependencies = decode::list(value, Dependency::read)?;
        Ok(())
    }

    /// Whether it is a library: a chart whose templates are only for others to include.
    pub fn is_library(&self) -> bool {
        self.kind.eq_ignore_ascii_case("library")
    }

    /// As a document, with the names of `Chart.yaml` and without empty fields.
    pub fn document(&self) -> Value {
        let mut fields = Vec::new();
        push_text(&mut fields, "name", &self.name);
        push_text(&mut fields, "home", &self.home);
        push_texts(&mut fields, "sources", &self.sources);
        push_text(&mut fields, "version", &self.version);
        push_text(&mut fields, "description", &self.description);
        push_texts(&mut fields, "keywords", &self.keywords);
        if !self.maintainers.is_empty() {
            fields.push(("maintainers", Value::list(self.maintainers.iter().map(Maintainer::document))));
        }
        push_text(&mut fields, "icon", &self.icon);
        push_text(&mut fields, "apiVersion", &self.api_version);
        push_text(&mut fields, "condition", &self.condition);
        push_text(&mut fields, "tags", &self.tags);
        push_text(&mut fields, "appVersion", &self.app_version);
        if self.deprecated {
            fields.push(("deprecated", Value::Bool(true)));
        }
        if let Some(annotations) = self.annotations.as_ref().filter(|annotations| !annotations.is_empty()) {
            let entries =
                annotations.iter().map(|(key, value)| (key.as_str(), Value::string(value.as_str())));
            fields.push(("annotations", Value::map(entries)));
        }
        push_text(&mut fields, "kubeVersion", &self.kube_version);
        if let Some(dependencies) = self.dependencies.as_ref().filter(|dependencies| !dependencies.is_empty())
        {
            fields.push(("dependencies", Value::list(dependencies.iter().map(Dependency::document))));
        }
        push_text(&mut fields, "type", &self.kind);
        Value::map(fields)
    }
}

impl Maintainer {
    fn read(value: &Value) -> Result<Self, Mismatch> {
        let mut maintainer = Self::default();
        decode::object(value, |field, value| match field {
            "name" => decode::string(value, &mut maintainer.name),
            "email" => decode::string(value, &mut maintainer.email),
            "url" => decode::string(value, &mut maintainer.url),
            _ => Ok(()),
        })?;
        Ok(maintainer)
    }

    fn document(&self) -> Value {
        let mut fields = Vec::new();
        push_text(&mut fields, "name", &self.name);
        push_text(&mut fields, "email", &self.email);
        push_text(&mut fields, "url", &self.url);
        Value::map(fields)
    }
}

impl Dependency {
    fn read(value: &Value) -> Result<Self, Mismatch> {
        let mut dependency = Self::default();
        decode::object(value, |field, value| match field {
            "name" => decode::string(value, &mut dependency.name),
            "version" => decode::string(value, &mut dependency.version),
            "repository" => decode::string(value, &mut dependency.repository),
            "condition" => decode::string(value, &mut dependency.condition),
            "tags" => decode::strings(value, &mut dependency.tags),
            "enabled" => decode::flag(value, &mut dependency.enabled),
            "import-values" => {
                dependency.import_values = decode::list(value, |item| Ok(item.clone()))?.unwrap_or_default();
                Ok(())
            }
            "alias" => decode::string(value, &mut dependency.alias),
            _ => Ok(()),
        })?;
        Ok(dependency)
    }

    /// As a document, with the names of `Chart.yaml` and without empty fields; `repository` is always there.
    pub fn document(&self) -> Value {
        let mut fields = vec![("name", Value::string(self.name.as_str()))];
        push_text(&mut fields, "version", &self.version);
        fields.push(("repository", Value::string(self.repository.as_str())));
        push_text(&mut fields, "condition", &self.condition);
        push_texts(&mut fields, "tags", &self.tags);
        if self.enabled {
            fields.push(("enabled", Value::Bool(true)));
        }
        if !self.import_values.is_empty() {
            fields.push(("import-values", Value::list(self.import_values.iter().cloned())));
        }
        push_text(&mut fields, "alias", &self.alias);
        Value::map(fields)
    }
}

impl Lock {
    pub(super) fn read(value: &Value) -> Result<Self, Mismatch> {
        let mut lock = Self::default();
        decode::object(value, |field, value| match field {
            "generated" => decode::string(value, &mut lock.generated),
            "digest" => decode::string(value, &mut lock.digest),
            "dependencies" => {
                lock.dependencies = decode::list(value, Dependency::read)?.unwrap_or_default();
                Ok(())
            }
            _ => Ok(()),
        })?;
        Ok(lock)
    }

    /// As a document.
    pub fn document(&self) -> Value {
        Value::map([
            ("generated", Value::string(self.generated.as_str())),
            ("digest", Value::string(self.digest.as_str())),
            ("dependencies", Value::list(self.dependencies.iter().map(Dependency::document))),
        ])
    }
}

fn has_null(value: &Value) -> bool {
    matches!(value, Value::List(items) if items.iter().any(|item| matches!(item, Value::Nil)))
}

fn push_text(fields: &mut Vec<(&'static str, Value)>, name: &'static str, text: &str) {
    if !text.is_empty() {
        fields.push((name, Value::string(text)));
    }
}

fn push_texts(fields: &mut Vec<(&'static str, Value)>, name: &'static str, texts: &[String]) {
    if !texts.is_empty() {
        fields.push((name, Value::strings(texts.iter().map(String::as_str))));
    }
}

//! Compose files as bundles: in, the bytes of a `compose.yaml` (and of the files it names) and the environment's
//! variables; out, Kubernetes objects and warnings about what has no counterpart there.
//!
//! Source: the Compose Specification. A service becomes a Deployment (a Job when it says `restart: no` or
//! `on-failure`, a DaemonSet when it is `global`), with a Service for each of its names, a PersistentVolumeClaim for each
//! named volume, and ConfigMaps and Secrets for configs, secrets and single files that are mounted. What cannot be kept is an error; what has no
//! meaning in a cluster is a warning; nothing is dropped in silence.

mod binds;
mod container;
mod files;
mod health;
mod interpolate;
mod model;
mod names;
mod pod;
mod short;
mod storage;
mod units;
mod workload;

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::{json, yaml};
use model::Project;

/// The names under which a folder's Compose file is looked for, in this order.
pub const FILE_NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Why a Compose file cannot become a bundle.
#[derive(Debug, Error)]
pub enum Error {
    /// The file is no YAML.
    #[error("the compose file is not valid YAML")]
    Yaml(#[source] yaml::Error),
    /// The file does not have the specification's form; the text names the field.
    #[error("{path}: {problem}")]
    Form {
        /// The field, as `services.web.ports`.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A `${VARIABLE}` that must be set is not, or cannot be parsed.
    #[error("variable {name}: {problem}")]
    Variable {
        /// The variable, or the text that is none.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Something that Kubernetes cannot do, with the remedy.
    #[error("service {service}: {problem}")]
    Unsupported {
        /// The service.
        service: String,
        /// What, and what to do instead.
        problem: String,
    },
    /// A file that the Compose file names cannot be read.
    #[error("{field}: cannot read {path:?}: {problem}")]
    File {
        /// Where it is named.
        field: String,
        /// The path, relative to the Compose file.
        path: String,
        /// Why not.
        problem: String,
    },
}

/// What a conversion may read besides the Compose file itself.
pub trait Surroundings {
    /// The content of a file, by its path relative to the Compose file.
    ///
    /// # Errors
    /// Why it cannot be read, for the user.
    fn file(&self, path: &str) -> Result<Vec<u8>, String>;
    /// A variable of the user's environment or of `.env`.
    fn variable(&self, name: &str) -> Option<String>;
}

/// What a Compose file becomes.
#[derive(Debug, Default)]
pub struct Converted {
    /// The objects, with `apiVersion`, `kind` and `metadata.name`, in the order of creation.
    pub objects: Vec<Value>,
    /// What was left out because it means nothing in a cluster, one sentence each.
    pub warnings: Vec<String>,
}

/// Converts a Compose file. `profiles` are the active ones; services of other profiles are left out.
///
/// # Errors
/// [`Error`], the first that is met.
pub fn convert(
    text: &[u8],
    surroundings: &dyn Surroundings,
    profiles: &[String],
) -> Result<Converted, Error> {
    let mut document = parse(text)?;
    interpolate::document(&mut document, surroundings)?;
    let mut project = Project::read(document)?;
    let mut converted = Converted::default();
    binds::resolve(&mut project, profiles, surroundings, &mut converted)?;
    project.warn(&mut converted.warnings);
    let active: BTreeMap<_, _> =
        project.services.iter().filter(|(_, service)| service.active(profiles)).collect();
    files::add(&project, surroundings, &mut converted)?;
    storage::add(&project, &active, &mut converted)?;
    for (name, service) in &active {
        service.warn(name, &mut converted.warnings);
        workload::add(name, service, &project, surroundings, &mut converted)?;
    }
    Ok(converted)
}

fn parse(text: &[u8]) -> Result<Value, Error> {
    let value = yaml::read_exact(text).map_err(Error::Yaml)?;
    let text = json::write(&value, json::Style::Compact)
        .map_err(|problem| Error::Form { path: "compose file".into(), problem: problem.to_string() })?;
    serde_json::from_str(&text)
        .map_err(|problem| Error::Form { path: "compose file".into(), problem: problem.to_string() })
}

/// A name of Compose's as Kubernetes takes it: lower case, `-` for everything else.
fn object_name(name: &str) -> String {
    let fitting = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(fitting).collect::<String>().trim_matches('-').into()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod typical;

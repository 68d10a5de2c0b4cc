//! Kustomizations as bundles: in, a folder with a `kustomization.yaml` and what it refers to; out, Kubernetes objects,
//! as `kubectl kustomize` builds them.
//!
//! A kustomization is built from the inside out: its resources (files and other kustomizations) and components, what
//! it generates, then its transformers in kustomize's order; at the very end generated names get their hash and
//! references follow the names. Source: the Kustomize documentation, observed through the stock kubectl.

mod fields;
mod generate;
mod images;
mod labels;
mod metadata;
mod model;
mod names;
mod order;
mod patch;
mod places;
mod replacement;
mod resource;
mod select;
mod transformers;
mod vars;

use serde_json::Value;
use thiserror::Error;

use crate::{json, yaml};
use model::Kustomization;
use resource::{Resource, Resources};

/// The names under which a folder's kustomization is looked for.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Deepest nesting of kustomizations in kustomizations.
const MAX_DEPTH: usize = 64;
/// Most objects of one build.
const MAX_OBJECTS: usize = 100_000;

/// Why a kustomization cannot be built.
#[derive(Debug, Error)]
pub enum Error {
    /// A folder without a kustomization.
    #[error("{0}: no kustomization.yaml, kustomization.yml or Kustomization in this folder")]
    Missing(String),
    /// A file that cannot be read.
    #[error("{path}: {problem}")]
    Read {
        /// The path, as the surroundings know it.
        path: String,
        /// Why not.
        problem: String,
    },
    /// A file that is not YAML.
    #[error("{path} is not valid YAML")]
    Yaml {
        /// The path.
        path: String,
        /// Where and why.
        #[source]
        source: yaml::Error,
    },
    /// A field that has not the right form, or says what cannot be.
    #[error("{path}: {field}: {problem}")]
    Field {
        /// The kustomization.
        path: String,
        /// The field.
        field: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
}

/// The files around a kustomization. Paths have `/`; those of folders may hold `..`.
pub trait Files {
    /// The content of the file `path` within `folder`. What links lead out of the folder must be refused.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, folder: &str, path: &str) -> Result<Vec<u8>, String>;
    /// Whether there is such a file.
    fn is_file(&self, path: &str) -> bool;
    /// Whether there is such a folder.
    fn is_folder(&self, path: &str) -> bool;
}

/// Builds the kustomization in `folder`: the objects in kubectl's order.
///
/// # Errors
/// [`Error`], the first that is met.
pub fn build(folder: &str, files: &dyn Files) -> Result<Vec<Value>, Error> {
    let mut resources = Resources::default();
    let (path, top) = Builder { files, open: Vec::new() }.folder(folder, &mut resources, false)?;
    let fault = |field: &str, problem| Error::Field { path: path.clone(), field: field.into(), problem };
    generate::add_hashes(&mut resources);
    names::follow(&mut resources).map_err(|problem| fault("resources", problem))?;
    vars::resolve(&mut resources).map_err(|problem| fault("vars", problem))?;
    metadata::annotate(&top.build_metadata, &mut resources)
        .map_err(|problem| fault("buildMetadata", problem))?;
    let sorted = order::sort(&mut resources, top.sort_options.as_ref());
    sorted.map_err(|problem| fault("sortOptions", problem))?;
    Ok(resources.into_objects())
}

/// One build: the files, and the folders that are being built, outermost first.
struct Builder<'a> {
    files: &'a dyn Files,
    open: Vec<String>,
}

impl Builder<'_> {
    /// Builds a folder on top of `resources`; gives its kustomization's path and what that says.
    fn folder(
        &mut self,
        folder: &str,
        resources: &mut Resources,
        as_component: bool,
    ) -> Result<(String, Kustomization), Error> {
        let folder = normal(folder);
        let name = FILE_NAMES.iter().find(|name| self.files.is_file(&join(&folder, name)));
        let name = name.ok_or_else(|| Error::Missing(folder.clone()))?;
        let path = join(&folder, name);
        if self.open.contains(&folder) || self.open.len() >= MAX_DEPTH {
            let problem = format!("{folder:?} contains itself, by way of {}", self.open.join(", "));
            return Err(Error::Field { path, field: "resources".into(), problem });
        }
        let kustomization = Kustomization::read(&path, self.read(&folder, name)?)?;
        if kustomization.is_component() != as_component {
            let (is, listed) =
                if as_component { ("Kustomization", "resources") } else { ("Component", "components") };
            let problem = format!("is a {is}, which {listed} list");
            return Err(Error::Field { path, field: "kind".into(), problem });
        }
        self.open.push(folder.clone());
        let at = Place { builder: self, folder: &folder, path: &path };
        let built = build_one(at, &kustomization, resources);
        self.open.pop();
        built.map(|()| (path, kustomization))
    }

    /// A file of a folder; one that lies elsewhere is not the kustomization's to read.
    fn read(&self, folder: &str, path: &str) -> Result<Vec<u8>, Error> {
        let failed = |problem| Error::Read { path: join(folder, path), problem };
        let inside = normal(path);
        if path.starts_with('/') || inside == ".." || inside.starts_with("../") {
            return Err(failed(
                "lies outside of the kustomization's folder: only other kustomizations may".into(),
            ));
        }
        self.files.read(folder, &inside).map_err(failed)
    }
}

/// Where a kustomization is.
struct Place<'a, 'b> {
    builder: &'a mut Builder<'b>,
    folder: &'a str,
    path: &'a str,
}

impl Place<'_, '_> {
    fn fault(&self, field: &str, problem: impl Into<String>) -> Error {
        Error::Field { path: self.path.into(), field: field.into(), problem: problem.into() }
    }

    /// The name of the kustomization's file.
    fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// A path in this folder, as seen from the folder that is built.
    fn seen_from_top(&self, relative: &str) -> String {
        let top = self.builder.open.first().map_or("", String::as_str);
        metadata::seen_from(top, &normal(&join(self.folder, relative)))
    }

    fn read(&self, relative: &str) -> Result<Vec<u8>, Error> {
        self.builder.read(self.folder, relative)
    }

    /// The documents of a file, or of a text that stands in the kustomization itself.
    fn documents(&self, text: &str) -> Result<Vec<Value>, Error> {
        if text.contains('\n') || text.contains(": ") {
            return documents(self.path, text.as_bytes());
        }
        documents(&join(self.folder, text), &self.read(text)?)
    }
}

fn build_one(mut at: Place<'_, '_>, own: &Kustomization, outer: &mut Resources) -> Result<(), Error> {
    // A component works on what its user has so far; everything else on its own resources only.
    let mut resources = if own.is_component() { std::mem::take(outer) } else { Resources::default() };
    for entry in own.resources.iter().chain(&own.bases) {
        add_entry(&mut at, entry, &mut resources, resource::is_local)?;
    }
    for component in &own.components {
        let folder = join(at.folder, component);
        at.builder.folder(&folder, &mut resources, true)?;
    }
    resources.places.read(&at, &own.configurations)?;
    generate::add(&at, own, &mut resources)?;
    transformers::generate(&mut at, own, &mut resources)?;
    patch::strategic_files(&at, own, &mut resources)?;
    patch::apply(&at, own, &mut resources)?;
    if let Some(namespace) = own.namespace.as_ref().filter(|namespace| !namespace.is_empty()) {
        names::set_namespace(&mut resources, namespace);
    }
    names::add_affixes(&mut resources, &own.name_prefix, &own.name_suffix);
    labels::apply(own, &mut resources);
    labels::annotate(own, &mut resources);
    patch::json_files(&at, own, &mut resources)?;
    images::set_replicas(&at, own, &mut resources)?;
    images::set_images(own, &mut resources);
    replacement::apply(&at, own, &mut resources)?;
    transformers::apply(&mut at, own, &mut resources)?;
    vars::define(&own.vars, &mut resources).map_err(|problem| at.fault("vars", problem))?;
    if resources.len() + outer.len() > MAX_OBJECTS {
        return Err(at.fault("resources", format!("more than {MAX_OBJECTS} objects")));
    }
    outer.append(resources).map_err(|problem| at.fault("resources", problem))
}

/// A file of manifests without those that are left out, or a folder with a kustomization.
fn add_entry(
    at: &mut Place<'_, '_>,
    entry: &str,
    resources: &mut Resources,
    left_out: fn(&Value) -> bool,
) -> Result<(), Error> {
    let path = normal(&join(at.folder, entry));
    if at.builder.files.is_folder(&path) {
        return at.builder.folder(&path, resources, false).map(drop);
    }
    if entry.contains("://") || entry.starts_with("git@") || entry.contains("?ref=") {
        let problem = format!("{entry:?} is remote; naru fetches nothing while it builds: download it first");
        return Err(at.fault("resources", problem));
    }
    for object in documents(&path, &at.read(entry)?)? {
        for one in resource::taken_apart(object).into_iter().filter(|one| !left_out(one)) {
            let mut made =
                Resource::new(one).map_err(|problem| at.fault("resources", format!("{entry}: {problem}")))?;
            made.origin = metadata::of_file(&at.seen_from_top(entry));
            resources.add(made).map_err(|problem| at.fault("resources", format!("{entry}: {problem}")))?;
        }
    }
    Ok(())
}

/// The documents of a text that are not empty.
fn documents(path: &str, text: &[u8]) -> Result<Vec<Value>, Error> {
    let failed = |source| Error::Yaml { path: path.into(), source };
    let mut documents = Vec::new();
    for document in yaml::documents(text) {
        let value = yaml::read_modern(&document.map_err(failed)?).map_err(failed)?;
        let value = plain(path, &value)?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    Ok(documents)
}

/// A value of templates as JSON's.
fn plain(path: &str, value: &crate::value::Value) -> Result<Value, Error> {
    let failed = |problem: String| Error::Read { path: path.into(), problem };
    let text = json::write(value, json::Style::Compact).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}

/// `path` as seen from `folder`.
fn join(folder: &str, path: &str) -> String {
    if path.starts_with('/') || folder.is_empty() || folder == "." {
        return path.into();
    }
    format!("{}/{path}", folder.trim_end_matches('/'))
}

/// A path without `.` and, where possible, without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    if parts.is_empty() && start.is_empty() { ".".into() } else { format!("{start}{}", parts.join("/")) }
}

//! What is rendered goes through somebody else's hands before it is sorted: files as one stream of YAML documents, each
//! with an annotation that names its file, and back again. Pure; who changes the stream is the caller's affair.
//!
//! Documents are trees of nodes, so that what nobody touches keeps its order, styles and comments: `resources` reads
//! and writes them, `metadata` changes their annotations.

mod metadata;
mod resources;

use std::collections::BTreeMap;

use naru_bundle::{render, yaml::nodes::Document};

use metadata::{annotation, check, clear_annotation, set_annotation};

/// Names the file of a document while it is away; Helm 4's own.
pub const FILE_ANNOTATION: &str = "postrenderer.helm.sh/postrender-filename";

/// Why files did not come back; in Helm's words.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("error merging manifests: parsing {0}: {1}")]
    Read(String, resources::Error),
    #[error("error merging manifests: annotating {0}: {1}")]
    Annotate(String, metadata::Error),
    #[error("error merging manifests: writing merged docs: {0}")]
    Merge(resources::Error),
    #[error("error while running post render on files: {0}")]
    Run(String),
    #[error("error while parsing post rendered output: error parsing YAML: {0}")]
    Parse(resources::Error),
    #[error("error while parsing post rendered output: getting metadata: {0}")]
    Metadata(metadata::Error),
    #[error("error while parsing post rendered output: clearing filename annotation: {0}")]
    Clear(metadata::Error),
    #[error("error while parsing post rendered output: re-writing {0}: {1}")]
    Rewrite(String, resources::Error),
}

/// Files as `run` changes them, all documents as one stream.
///
/// # Errors
/// A file or what `run` makes of them is no stream of resources, or `run` fails.
pub fn change(
    files: &BTreeMap<String, String>,
    run: impl FnOnce(&str) -> Result<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let changed = merge(files).and_then(|stream| split(&run(&stream).map_err(Error::Run)?));
    changed.map_err(|error| error.to_string())
}

/// All documents of `files` as one stream. Partials and empty files are left out.
fn merge(files: &BTreeMap<String, String>) -> Result<String, Error> {
    let mut all = Vec::new();
    for (name, text) in files {
        let base = name.rsplit('/').next().unwrap_or(name);
        if base.starts_with('_') || text.trim().is_empty() {
            continue;
        }
        for text in render::documents(text) {
            let read = resources::read(text).map_err(|error| Error::Read(name.clone(), error))?;
            for mut document in read {
                let set = set_annotation(&mut document.root, FILE_ANNOTATION, name);
                set.map_err(|error| Error::Annotate(name.clone(), error))?;
                all.push(document);
            }
        }
    }
    resources::write(all).map_err(Error::Merge)
}

/// A stream as files again, without the annotation. A document that has none gets a file of its own.
fn split(stream: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut files: BTreeMap<String, Vec<Document>> = BTreeMap::new();
    for (at, mut document) in resources::read(stream).map_err(Error::Parse)?.into_iter().enumerate() {
        check(&document.root).map_err(Error::Metadata)?;
        let name = match annotation(&document.root, FILE_ANNOTATION) {
            "" => format!("generated-by-postrender-{at}.yaml"),
            name => name.to_owned(),
        };
        clear_annotation(&mut document.root, FILE_ANNOTATION).map_err(Error::Clear)?;
        files.entry(name).or_default().push(document);
    }
    let write = |(name, documents): (String, Vec<Document>)| match resources::write(documents) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(Error::Rewrite(name, error)),
    };
    files.into_iter().map(write).collect()
}

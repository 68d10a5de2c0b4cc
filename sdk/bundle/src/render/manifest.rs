//! The documents a rendering yields.

use super::{Event, Text};

/// Everything that one chart's rendering yields.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// What is applied, in the order of installation.
    pub manifests: Vec<Manifest>,
    /// What runs at events, ordered by kind; the executor of an event sorts by weight and name.
    pub hooks: Vec<Hook>,
    /// The text of `templates/NOTES.txt`; empty if there is none.
    pub notes: String,
}

/// One document that is no hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The template it came from: `chart/templates/service.yaml`.
    pub path: String,
    /// The document's text, without separator.
    pub content: Text,
    /// `apiVersion`, if it has one.
    pub api_version: String,
    /// `kind`, if it has one.
    pub kind: String,
    /// `metadata.name`, if it has one.
    pub name: String,
}

/// One document that runs at events of a release's life instead of being part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `metadata.name`.
    pub name: String,
    /// `kind`.
    pub kind: String,
    /// The template it came from.
    pub path: String,
    /// The document's text, without separator.
    pub content: Text,
    /// When it runs (`helm.sh/hook`), in the order of the annotation.
    pub events: Vec<Event>,
    /// Lower weights run first (`helm.sh/hook-weight`); 0 if absent or no number.
    pub weight: i64,
    /// `helm.sh/hook-delete-policy`, lower-case: `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: Vec<String>,
    /// `helm.sh/hook-output-log-policy`, lower-case.
    pub output_log_policies: Vec<String>,
}

/// One file of a chart's `crds/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomResource {
    /// Its path within its chart: `crds/foo.yaml`.
    pub name: String,
    /// The path with its chart's: `chart/charts/sub/crds/foo.yaml`.
    pub path: String,
    /// The file's text.
    pub content: String,
}

impl Rendered {
    /// The manifests as one text, as Helm's release records keep it.
    pub fn manifest_text(&self) -> String {
        let mut text = String::new();
        for manifest in &self.manifests {
            push_document(&mut text, &manifest.path, &manifest.content);
        }
        text
    }
}

/// Appends one document with its separator and `# Source:` line.
pub fn push_document(text: &mut String, path: &str, content: &str) {
    text.extend(["---\n# Source: ", path, "\n", content, "\n"]);
}

//! Rendering a chart: in, a loaded chart, values and the release's options; out, what `helm template` prints and what
//! an installation applies, in order.

mod document;
mod documents;
mod error;
mod event;
mod head;
mod manifest;
mod order;
mod outside;
mod scope;
mod sort;
mod split;
mod templates;
mod text;

use std::{collections::BTreeMap, sync::Arc};

pub(crate) use document::told_of_lines as told;
pub use error::{RenderError, Unsorted};
pub use event::Event;
pub use manifest::{CustomResource, Hook, Manifest, Rendered, push_document};
pub use order::INSTALL_ORDER;
pub use split::documents;
pub use text::Text;

use documents::Documents;
use outside::Outside;
use templates::Files;

use crate::{
    builtin::{Capabilities, ReleaseOptions},
    chart::{Chart, clean_path, extension, is_compatible, process_dependencies},
    environment::Environment,
    parallel,
    value::Map,
    values::{Nulls, Origins, coalesce, validate},
};

const NOTES: &str = "NOTES.txt";

/// How to render.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// `.Release`.
    pub release: ReleaseOptions,
    /// `.Capabilities`.
    pub capabilities: Capabilities,
    /// Whether the subcharts' notes are wanted too.
    pub subchart_notes: bool,
    /// Whether `values.schema.json` is not looked at.
    pub skip_schema: bool,
    /// Whether `required` and `fail` let everything pass.
    pub lint: bool,
    /// Where the given values come from, to say so of those that a schema refuses.
    pub origins: Option<Arc<Origins>>,
    /// Whether the process ends after this: then the memory of templates and values is left as it is, which takes less
    /// time than to free it.
    pub last: bool,
}

/// Changes rendered files, by path, before they are split into documents.
pub type PostRender<'a> =
    &'a mut dyn FnMut(BTreeMap<String, String>) -> Result<BTreeMap<String, String>, String>;

/// Renders `chart` with the `given` values. The chart is left as its dependencies were resolved: aliased, without
/// what is switched off, with imported values. Warnings are for the user to see.
///
/// # Errors
/// Where Helm fails: a value of a wrong shape, a schema, a version, a template, a document that is no YAML.
pub fn render(
    chart: &mut Chart,
    given: &Map,
    options: &RenderOptions,
    environment: &dyn Environment,
    post_render: Option<PostRender<'_>>,
    warnings: &mut Vec<String>,
) -> Result<Rendered, RenderError> {
    let mut documents = Documents::new();
    let is_final = post_render.is_none();
    let mut files = write_files(chart, given, options, environment, warnings, &mut |path, text| {
        if is_final && !path.ends_with(NOTES) {
            documents.add(path, text);
        }
    })?;
    let notes = take_notes(&mut files, chart, options.subchart_notes);
    if let Some(post_render) = post_render {
        files = shared(post_render(owned(files)).map_err(RenderError::PostRender)?);
        files.iter().for_each(|(path, text)| documents.add(path, text));
    }
    let documents = documents.finish();
    if options.last {
        parallel::dismiss();
    }
    match sort::sort(documents, warnings) {
        Ok((manifests, hooks)) => Ok(Rendered { manifests, hooks, notes }),
        Err(error) => Err(error.in_chart(chart, owned(files))),
    }
}

/// What every template but partials writes, by path: the first half of [`render`].
///
/// # Errors
/// As [`render`].
pub fn render_files(
    chart: &mut Chart,
    given: &Map,
    options: &RenderOptions,
    environment: &dyn Environment,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, String>, RenderError> {
    write_files(chart, given, options, environment, warnings, &mut |_, _| {}).map(owned)
}

fn owned(files: Files) -> BTreeMap<String, String> {
    files.into_iter().map(|(path, text)| (path, Arc::unwrap_or_clone(text))).collect()
}

fn shared(files: BTreeMap<String, String>) -> Files {
    files.into_iter().map(|(path, text)| (path, Arc::new(text))).collect()
}

/// As [`render_files`]; `written` is told of each file as soon as it is written.
fn write_files(
    chart: &mut Chart,
    given: &Map,
    options: &RenderOptions,
    environment: &dyn Environment,
    warnings: &mut Vec<String>,
    written: &mut dyn FnMut(&str, &Arc<String>),
) -> Result<Files, RenderError> {
    process_dependencies(chart, given, warnings).map_err(RenderError::Dependencies)?;
    let outside = Outside::new(environment, options.lint);
    let values = coalesce(chart, given, Nulls::Remove, warnings).map_err(RenderError::Values)?;
    if !options.skip_schema {
        validate(chart, &values, given, options.origins.as_deref())?;
    }
    if !options.lint {
        check_kube_version(chart, &options.capabilities)?;
    }
    templates::render(chart, values, options, &outside, written)
}

fn check_kube_version(chart: &Chart, capabilities: &Capabilities) -> Result<(), RenderError> {
    let wanted = &chart.metadata.kube_version;
    let found = &capabilities.kube_version;
    if wanted.is_empty() || is_compatible(wanted, &found.normalized) {
        return Ok(());
    }
    Err(RenderError::KubeVersion { wanted: wanted.clone(), found: found.version.clone() })
}

/// The notes, which are no documents: the chart's own, and the subcharts' if wanted.
fn take_notes(files: &mut Files, chart: &Chart, with_subcharts: bool) -> String {
    let own = format!("{}/templates/{NOTES}", chart.name());
    let mut notes = String::new();
    files.retain(|path, text| {
        let is_notes = path.ends_with(NOTES);
        if is_notes && (with_subcharts || *path == own) {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(text);
        }
        !is_notes
    });
    notes
}

/// The files of `crds/`, the chart's before its subcharts'.
pub fn custom_resources(chart: &Chart) -> Vec<CustomResource> {
    let mut crds = Vec::new();
    collect_crds(chart, chart.name(), &mut crds);
    crds
}

fn collect_crds(chart: &Chart, path: &str, crds: &mut Vec<CustomResource>) {
    for file in chart.files.iter().filter(|file| file.name.starts_with("crds/")) {
        if matches!(extension(&file.name).to_ascii_lowercase().as_str(), ".yaml" | ".yml" | ".json") {
            let content = file.data.text().into_owned();
            crds.push(CustomResource {
                name: file.name.clone(),
                path: clean_path(&format!("{path}/{}", file.name)),
                content,
            });
        }
    }
    for subchart in &chart.dependencies {
        collect_crds(subchart, &format!("{path}/charts/{}", subchart.name()), crds);
    }
}

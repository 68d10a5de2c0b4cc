//! Lint of what the templates render to.

use std::collections::BTreeMap;

use super::{Findings, LintOptions, Severity, documents, documents::Document, is_yaml, names};
use crate::{
    builtin::{Capabilities, ReleaseOptions},
    chart::{Chart, ChartError, File, extension},
    environment::Environment,
    render::{RenderError, RenderOptions, render_files},
    value::Map,
};

const FOLDER: &str = "templates/";

/// Versions of built-in kinds that are deprecated, one a line; the file says how.
const DEPRECATED: &str = include_str!("deprecated.txt");

/// Checks the templates and what they render to.
pub(super) fn check(
    files: &[File],
    loaded: &Result<Chart, ChartError>,
    given: &Map,
    options: &LintOptions,
    environment: &dyn Environment,
    findings: &mut Findings,
) {
    let there = files.iter().any(|file| file.name.starts_with(FOLDER));
    let there = if there { Ok(()) } else { Err("directory does not exist".to_owned()) };
    if findings.check(Severity::Warning, FOLDER, there).is_none() {
        return;
    }
    let chart = loaded.as_ref().map_err(ToString::to_string);
    let Some(chart) = findings.check(Severity::Error, FOLDER, chart) else { return };
    let capabilities = capabilities(options);
    let minor = capabilities.kube_version.minor.parse().unwrap_or(u32::MAX);
    let mut chart = chart.clone();
    let rendered = match rendered(&mut chart, given, options, capabilities, environment) {
        // Helm is silent about these here.
        Err(RenderError::Dependencies(_) | RenderError::Values(_)) => return,
        // What is no text cannot be taken apart into documents below.
        Err(RenderError::Document { path, cause, .. }) => {
            let own = path.split_once('/').map_or(path.as_str(), |(_, own)| own);
            findings.check(Severity::Error, own, Err::<(), _>(format!("unable to parse YAML: {cause}")));
            return;
        }
        other => other.map_err(|error| error.to_string()),
    };
    let Some(rendered) = findings.check(Severity::Error, FOLDER, rendered) else { return };
    for template in &chart.templates {
        findings.check(Severity::Error, &template.name, check_extension(&template.name));
        let path = format!("{}/{}", chart.name(), template.name);
        let text = rendered.get(&path).map_or("", String::as_str);
        if is_yaml(&template.name)
            && !text.trim().is_empty()
            && !check_text(&template.name, text, minor, findings)
        {
            return;
        }
    }
}

fn capabilities(options: &LintOptions) -> Capabilities {
    let mut capabilities = Capabilities::default();
    if let Some(version) = &options.kube_version {
        capabilities.kube_version = version.clone();
    }
    capabilities
}

fn rendered(
    chart: &mut Chart,
    given: &Map,
    options: &LintOptions,
    capabilities: Capabilities,
    environment: &dyn Environment,
) -> Result<BTreeMap<String, String>, RenderError> {
    let release = ReleaseOptions {
        name: "test-release".into(),
        namespace: options.namespace.clone(),
        revision: 0,
        is_upgrade: false,
        is_install: false,
    };
    let options = RenderOptions {
        release,
        capabilities,
        subchart_notes: false,
        skip_schema: options.skip_schema,
        lint: true,
        origins: None,
        last: false,
    };
    render_files(chart, given, &options, environment, &mut Vec::new())
}

fn check_extension(path: &str) -> Result<(), String> {
    match extension(path) {
        ".yaml" | ".yml" | ".tpl" | ".txt" => Ok(()),
        other => Err(format!(
            "file extension '{other}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
        )),
    }
}

/// Checks one template's text; false if it is no YAML, which ends the lint of templates.
fn check_text(path: &str, text: &str, minor: u32, findings: &mut Findings) -> bool {
    findings.check(Severity::Warning, path, check_indent(text));
    for document in documents::read(text.as_bytes()) {
        let read = document.map_err(|error| format!("unable to parse YAML: {error}"));
        let Some(document) = findings.check(Severity::Error, path, read) else { return false };
        let Some(document) = document else { continue };
        findings.check(Severity::Warning, path, check_name(&document));
        findings.check(Severity::Warning, path, check_deprecation(&document, minor));
        findings.check(Severity::Error, path, check_selector(&document, text));
        let policy = document.item_annotations.iter().any(|key| key == "helm.sh/resource-policy");
        let ignored = "annotation 'helm.sh/resource-policy' within List objects are ignored";
        let outcome = if document.kind == "List" && policy { Err(ignored.to_owned()) } else { Ok(()) };
        findings.check(Severity::Error, path, outcome);
    }
    true
}

fn check_indent(text: &str) -> Result<(), String> {
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) if line.starts_with([' ', '\t']) => {
            Err(format!("document starts with an illegal indent: {line:?}, which may cause parsing problems"))
        }
        _ => Ok(()),
    }
}

fn check_name(document: &Document) -> Result<(), String> {
    let name = &document.name;
    let faults = names::faults(&document.kind, name);
    let told: Vec<_> =
        faults.iter().map(|fault| format!("metadata.name: Invalid value: {name:?}: {fault}")).collect();
    let told = match told.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    Err(format!("object name does not conform to Kubernetes naming requirements: {name:?}: {told}"))
}

fn check_deprecation(document: &Document, minor: u32) -> Result<(), String> {
    for line in DEPRECATED.lines() {
        let mut words = line.splitn(5, ' ');
        let (version, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if document.api_version != version || document.kind != kind {
            continue;
        }
        let (since, gone) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if since.parse().is_ok_and(|since: u32| minor < since) {
            continue;
        }
        let gone = if gone == "-" { String::new() } else { format!(", unavailable in v1.{gone}+") };
        let successor = words.next().map(|successor| format!("; use {successor}")).unwrap_or_default();
        return Err(format!("{version} {kind} is deprecated in v1.{since}+{gone}{successor}"));
    }
    Ok(())
}

fn check_selector(document: &Document, text: &str) -> Result<(), String> {
    let selects = matches!(document.kind.as_str(), "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet");
    if !selects || text.contains("matchLabels") || text.contains("matchExpressions") {
        return Ok(());
    }
    Err(format!(
        "a {} must contain matchLabels or matchExpressions, and {:?} does not",
        document.kind, document.name
    ))
}

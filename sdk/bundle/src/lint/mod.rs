//! Lint: what is wrong or unwise with a chart. In: a chart's files and values. Out: messages, in the order and words
//! of `helm lint`, and one more kind: values that no template reads.

mod chartfile;
mod documents;
mod names;
mod templates;
mod unused;

use std::fmt;

use crate::{
    builtin::KubeVersion,
    chart::{Chart, File, extension},
    environment::Environment,
    value::{Map, MapType},
    values::{Nulls, coalesce_tables, deep_copy_map, validate_one},
    yaml,
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Against conventions; likely works.
    Warning,
    /// Will likely not work.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// The file or folder, relative to the chart.
    pub path: String,
    /// What is wrong.
    pub text: String,
}

/// How to lint.
#[derive(Clone, Debug)]
pub struct LintOptions {
    /// The namespace that templates see.
    pub namespace: String,
    /// The Kubernetes version that templates see, if not the default.
    pub kube_version: Option<KubeVersion>,
    /// Whether `values.schema.json` is not looked at.
    pub skip_schema: bool,
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(out, "[{severity}] {}: {}", self.path, self.text)
    }
}

/// Collects findings.
#[derive(Debug, Default)]
struct Findings(Vec<Message>);

impl Findings {
    /// Notes a failed check; whether it passed.
    fn check<T>(&mut self, severity: Severity, path: &str, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|text| self.0.push(Message { severity, path: path.to_owned(), text })).ok()
    }
}

/// Lints the chart of `files`, whose folder or archive is called `place` in messages.
pub fn lint(
    files: &[File],
    place: &str,
    given: &Map,
    options: &LintOptions,
    environment: &dyn Environment,
) -> Vec<Message> {
    let mut findings = Findings::default();
    check_single(files, given, options, &mut findings);
    let loaded = Chart::from_files(files.to_vec(), &mut Vec::new());
    templates::check(files, &loaded, given, options, environment, &mut findings);
    let loaded = loaded.map_err(|error| format!("unable to load chart\n\t{error}"));
    if let Some(chart) = findings.check(Severity::Error, "", loaded) {
        check_dependencies(&chart, place, &mut findings);
        check_crds(&chart, &mut findings);
        unused::check(&chart, given, &mut findings);
    }
    findings.0
}

/// Lints a chart that cannot be loaded because of a `problem`: only the `files` that are looked at one by one.
pub fn lint_unloaded(files: &[File], problem: &str, given: &Map, options: &LintOptions) -> Vec<Message> {
    let mut findings = Findings::default();
    check_single(files, given, options, &mut findings);
    for (path, text) in
        [("templates/", problem.to_owned()), ("", format!("unable to load chart\n\t{problem}"))]
    {
        findings.check::<()>(Severity::Error, path, Err(text));
    }
    findings.0
}

/// Looks at what needs no chart: its definition and its values.
fn check_single(files: &[File], given: &Map, options: &LintOptions, findings: &mut Findings) {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    if let Some(file) = find("Chart.yaml") {
        chartfile::check(&file.data, findings);
    }
    if findings
        .check(Severity::Info, "values.yaml", find("values.yaml").ok_or("file does not exist".into()))
        .is_some()
    {
        let outcome = check_values(files, given, options);
        findings.check(Severity::Error, "values.yaml", outcome);
    }
}

fn check_values(files: &[File], given: &Map, options: &LintOptions) -> Result<(), String> {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    let Some(file) = find("values.yaml") else { return Ok(()) };
    let defaults = yaml::read_map(&file.data).map_err(|error| format!("unable to parse YAML: {error}"))?;
    let values = Map::new::<&str>(MapType::Any, []);
    coalesce_tables(&values, &deep_copy_map(given), Nulls::Remove, &mut Vec::new());
    coalesce_tables(&values, &defaults, Nulls::Remove, &mut Vec::new());
    match find("values.schema.json").filter(|schema| !schema.data.is_empty() && !options.skip_schema) {
        Some(schema) => validate_one(&schema.data, &values),
        None => Ok(()),
    }
}

fn check_dependencies(chart: &Chart, place: &str, findings: &mut Findings) {
    let named: Vec<&str> =
        chart.metadata.dependencies.iter().flatten().map(|named| named.name.as_str()).collect();
    let there: Vec<&str> = chart.dependencies.iter().map(Chart::name).collect();
    let without = |all: &[&str], known: &[&str]| {
        all.iter().filter(|name| !known.contains(name)).copied().collect::<Vec<_>>().join(",")
    };
    let report = |missing: String, text: &str| {
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("{text} is missing these dependencies: {missing}"))
        }
    };
    findings.check(Severity::Error, place, report(without(&there, &named), "chart metadata"));
    findings.check(Severity::Warning, place, report(without(&named, &there), "chart directory"));
}

fn check_crds(chart: &Chart, findings: &mut Findings) {
    for crd in crate::render::custom_resources(chart) {
        for document in documents::read(crd.content.as_bytes()) {
            let read = document.map_err(|error| format!("unable to parse YAML: {error}"));
            let Some(document) = findings.check(Severity::Error, &crd.name, read) else { return };
            let Some(document) = document else { continue };
            let group = document.api_version.starts_with("apiextensions.k8s.io");
            let group =
                if group { Ok(()) } else { Err("apiVersion is not in 'apiextensions.k8s.io'".to_owned()) };
            findings.check(Severity::Error, &crd.name, group);
            let kind = document.kind == "CustomResourceDefinition";
            let kind =
                if kind { Ok(()) } else { Err("object kind is not 'CustomResourceDefinition'".to_owned()) };
            findings.check(Severity::Error, &crd.name, kind);
        }
    }
}

/// Whether a template is to be YAML.
fn is_yaml(path: &str) -> bool {
    matches!(extension(path).to_ascii_lowercase().as_str(), ".yaml" | ".yml")
}

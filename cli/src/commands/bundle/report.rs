//! What is printed of a release: Helm's status.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use naru_release::{
    record::{Event, Release, Status},
    rendering::computed_values,
};
use serde_json::Value;

use super::{
    global::GlobalArgs,
    output::{self, Form, yaml_of},
};
use crate::client::{
    canonical,
    table::{self, Grid},
};

/// What of a release is printed.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Values, hooks and manifest too.
    pub debug: bool,
    /// The chart's name and versions too.
    pub metadata: bool,
    /// Not the notes.
    pub hide_notes: bool,
    /// Live objects, by version and kind: tables, or objects where the server makes no tables.
    pub resources: BTreeMap<String, Vec<Value>>,
    /// The values with the chart's own, JSON; for `debug`.
    pub computed: Option<String>,
    /// Whether states and namespaces are coloured.
    pub color: bool,
}

impl Report {
    /// For a release that an operation made: with `--debug`, values, hooks and manifest too.
    pub fn of(release: &Release, global: &GlobalArgs) -> Result<Self> {
        let computed = global.debug.then(|| computed_values(release)).transpose();
        let computed = computed.map_err(|error| anyhow!(error))?;
        Ok(Report { debug: global.debug, color: global.color.is_on(), computed, ..Report::default() })
    }

    /// Prints a release.
    pub fn print(&self, release: &Release, form: Form) -> Result<()> {
        match form {
            Form::Table => {
                print!("{}", self.text(release)?);
                Ok(())
            }
            Form::Json => {
                output::print_json(&self.value(release));
                Ok(())
            }
            Form::Yaml => output::print_yaml(&self.value(release)),
        }
    }

    /// The record as JSON, with the live objects in its info.
    fn value(&self, release: &Release) -> Value {
        let mut value = serde_json::to_value(release).expect("a release is made of strings and valid JSON");
        if !self.resources.is_empty() {
            let sorted = canonical::sorted(&serde_json::json!(self.resources));
            value["info"]["resources"] = sorted;
        }
        value
    }

    fn text(&self, release: &Release) -> Result<String> {
        let mut text = String::new();
        let info = &release.info;
        let mut line = |label: &str, value: &str| text.push_str(&format!("{label}: {value}\n"));
        line("NAME", &release.name);
        if let Some(at) = info.last_deployed {
            line("LAST DEPLOYED", &at.ansic());
        }
        line("NAMESPACE", &paint(&release.namespace, NAMESPACE_COLOR, self.color));
        line("STATUS", &paint(info.status.as_str(), status_color(info.status), self.color));
        line("REVISION", &release.version.to_string());
        if self.metadata {
            let metadata = release.chart_metadata().unwrap_or_default();
            line("CHART", &metadata.name);
            line("VERSION", &metadata.version);
            line("APP_VERSION", &metadata.app_version);
        }
        line("DESCRIPTION", &info.description);
        if !self.resources.is_empty() {
            text.push_str(&format!("RESOURCES:\n{}\n", tables(&self.resources)));
        }
        text.push_str(&tests(release));
        if self.debug {
            let given = output::json_of(release.config_text())?;
            text.push_str(&format!("USER-SUPPLIED VALUES:\n{}\n", yaml_of(&null_if_empty(given))?));
            let computed = self.computed.as_deref().unwrap_or("{}");
            text.push_str(&format!("COMPUTED VALUES:\n{}\n", yaml_of(computed)?));
        }
        if self.debug || info.description.eq_ignore_ascii_case("dry run complete") {
            text.push_str("HOOKS:\n");
            text.push_str(&hooks(release));
            text.push_str(&format!("MANIFEST:\n{}\n", release.manifest));
        }
        if !self.hide_notes && !info.notes.is_empty() {
            text.push_str(&format!("NOTES:\n{}\n", info.notes.trim()));
        }
        Ok(text)
    }
}

/// The colour of namespaces: cyan.
pub const NAMESPACE_COLOR: &str = "36";

/// The colour that Helm gives a state; empty if none.
pub fn status_color(status: Status) -> &'static str {
    match status {
        Status::Deployed => "32",
        Status::Failed | Status::Unknown => "31",
        Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback | Status::Uninstalling => {
            "33"
        }
        _ => "",
    }
}

/// Text in a colour, if there is one and colours are on.
pub fn paint(text: &str, code: &str, on: bool) -> String {
    match on && !code.is_empty() && !text.is_empty() {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.into(),
    }
}

/// Helm keeps no empty values, and prints what is not there as null.
pub fn null_if_empty(json: String) -> String {
    if json == "{}" { "null".into() } else { json }
}

/// A release's hooks, each after its template's name.
pub fn hooks(release: &Release) -> String {
    let one =
        |hook: &naru_release::record::Hook| format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest);
    release.hooks.iter().map(one).collect()
}

fn tables(resources: &BTreeMap<String, Vec<Value>>) -> String {
    let mut text = String::new();
    for (kind, objects) in resources {
        text.push_str(&format!("==> {kind}\n"));
        let mut grid = Grid::default();
        let has_rows = |table: &&Value| table["rows"].as_array().is_none_or(|rows| !rows.is_empty());
        let objects: Vec<&Value> = objects.iter().filter(has_rows).collect();
        for (index, object) in objects.iter().enumerate() {
            let columns = objects.first().map(|first| &first["columnDefinitions"]);
            let style = table::Style { no_headers: index > 0, ..table::Style::default() };
            table::append(&mut grid, object, columns, &style);
        }
        text.push_str(&grid.render());
        text.push('\n');
    }
    text
}

fn tests(release: &Release) -> String {
    let tests: Vec<_> = release.hooks.iter().filter(|hook| hook.events.contains(&Event::Test)).collect();
    if tests.is_empty() {
        return "TEST SUITE: None\n".into();
    }
    let mut text = String::new();
    for hook in tests {
        // A test that has not run has nothing to tell.
        let Some(started) = hook.last_run.started_at else { continue };
        let completed = hook.last_run.completed_at.map(|at| at.ansic());
        text.push_str(&format!(
            "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}\n",
            hook.name,
            started.ansic(),
            completed.as_deref().unwrap_or("Mon Jan  1 00:00:00 0001"),
            hook.last_run.phase.as_str()
        ));
    }
    text
}

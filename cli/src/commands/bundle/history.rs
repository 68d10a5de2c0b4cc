//! `naru bundle history`.

use anyhow::Result;
use clap::Args;
use naru_release::{
    operations::Options,
    record::{Release, Time},
};
use serde::Serialize;

use super::{
    connect::operator,
    global::GlobalArgs,
    output::{self, Form, OutputArgs},
};

/// Show a release's revisions.
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// The release.
    release: String,
    /// How many revisions at most; none if negative.
    #[arg(long, value_name = "NUMBER", default_value_t = 256, allow_negative_numbers = true)]
    max: i64,
    /// Show which revision a rollback went back to.
    #[arg(long)]
    show_rollback_revision: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Row {
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Time>,
    status: String,
    chart: String,
    app_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback_revision: Option<u64>,
    description: String,
}

impl Row {
    fn of(release: &Release) -> Self {
        let rollback = release.info.rollback_revision;
        Row {
            revision: release.version,
            updated: release.info.last_deployed,
            status: release.info.status.to_string(),
            chart: release.chart_name(),
            app_version: release.app_version(),
            rollback_revision: (rollback > 0).then_some(rollback),
            description: release.info.description.clone(),
        }
    }

    fn cells(&self, rollback: bool) -> Vec<String> {
        let updated = self.updated.map(Time::ansic).unwrap_or_else(|| "Mon Jan  1 00:00:00 0001".into());
        let mut cells = vec![
            self.revision.to_string(),
            updated,
            self.status.clone(),
            self.chart.clone(),
            self.app_version.clone(),
        ];
        if rollback {
            cells.push(self.rollback_revision.map(|revision| revision.to_string()).unwrap_or_default());
        }
        cells.push(self.description.clone());
        cells
    }
}

impl HistoryArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let cluster = global.connect().await?;
        let operator = operator(&cluster, Options::default());
        let history = operator.history(&self.release).await?;
        let from = history.0.len().saturating_sub(usize::try_from(self.max).unwrap_or_default());
        let rows: Vec<Row> = history.0[from..].iter().map(|one| Row::of(&one.release)).collect();
        match self.output.form {
            Form::Json => output::print_json(&rows),
            Form::Yaml => output::print_yaml(&rows)?,
            Form::Table => {
                let mut names = vec!["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
                if self.show_rollback_revision {
                    names.push("ROLLBACK");
                }
                names.push("DESCRIPTION");
                let heading = names.into_iter().map(String::from).collect();
                let cells = rows.iter().map(|row| row.cells(self.show_rollback_revision));
                print!("{}", output::grid(&std::iter::once(heading).chain(cells).collect::<Vec<_>>()));
            }
        }
        if let Some(advice) = operator.interruption(&history) {
            eprintln!("{advice}");
        }
        Ok(())
    }
}

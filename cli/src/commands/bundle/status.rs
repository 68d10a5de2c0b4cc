//! `naru bundle status`.

use anyhow::Result;
use clap::Args;
use naru_release::operations::Options;

use super::{
    connect::operator,
    global::GlobalArgs,
    output::{Form, OutputArgs},
    report::Report,
};

/// Show how a release is.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// The release.
    release: String,
    /// The revision, instead of the newest.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    revision: i64,
    #[command(flatten)]
    output: OutputArgs,
}

impl StatusArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let cluster = global.connect().await?;
        let operator = operator(&cluster, Options::default());
        let mut release =
            operator.record_of(&self.release, u64::try_from(self.revision).unwrap_or_default()).await?;
        let history = operator.history(&self.release).await?;
        let tables = self.output.form == Form::Table;
        let resources = operator.live_objects(&release, tables).await?;
        release.chart = None;
        Report { resources, color: global.color.is_on(), ..Report::default() }
            .print(&release, self.output.form)?;
        if let Some(advice) = operator.interruption(&history) {
            eprintln!("{advice}");
        }
        Ok(())
    }
}

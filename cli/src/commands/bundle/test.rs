//! `naru bundle test`.

use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use naru_release::operations::{Filter, Options};

use super::{
    connect::{duration, operator},
    global::GlobalArgs,
    output::Form,
    report::Report,
};

/// Run a release's tests.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// The release.
    release: String,
    /// Which tests: name=A for this one, !name=A for all but this one.
    #[arg(long, value_name = "WHICH", value_delimiter = ',')]
    filter: Vec<String>,
    /// Print what the tests' containers have written.
    #[arg(long)]
    logs: bool,
    /// How long one test may take: 5m0s, 90s.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m0s")]
    timeout: Duration,
}

impl TestArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let mut filter = Filter::default();
        for one in &self.filter {
            let negated = one.strip_prefix('!').and_then(|rest| rest.trim_start().strip_prefix("name="));
            match (one.strip_prefix("name="), negated) {
                (Some(name), _) => filter.only.push(name.into()),
                (_, Some(name)) => filter.never.push(name.into()),
                // Helm passes over what it does not know.
                _ => {}
            }
        }
        let cluster = global.connect().await?;
        let operator = operator(&cluster, Options { timeout: self.timeout, ..Options::default() });
        let tested = operator.test(&self.release, &filter).await?;
        Report { hide_notes: true, ..Report::of(&tested.release, global)? }
            .print(&tested.release, Form::Table)?;
        let mut logs = Ok(());
        if self.logs {
            println!();
            logs = operator.test_logs(&tested, &filter).await.map(|text| print!("{text}"));
        }
        match (operator.finish_test(tested).await, logs) {
            (Err(failed), Err(logs)) => {
                Err(anyhow!("{:#}\n{:#}", anyhow::Error::from(failed), anyhow::Error::from(logs)))
            }
            (failed, logs) => Ok(failed.and(logs)?),
        }
    }
}

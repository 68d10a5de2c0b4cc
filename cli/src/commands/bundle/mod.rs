//! `naru bundle`: Helm's commands, with Helm's flags, messages and exit codes.

mod connect;
mod create;
mod folder;
mod get;
mod history;
mod list;
mod lint;
mod operate;
mod output;
mod package;
mod report;
mod rollback;
mod show;
mod source;
mod status;
mod surroundings;
mod template;
mod test;
mod uninstall;
mod value_flags;
mod values;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Install and manage bundles: Helm charts, rendered and released as Helm does.
#[derive(Clone, Debug, Args)]
pub struct BundleArgs {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// What needs no cluster.
    #[command(flatten)]
    Chart(ChartCommand),
    /// Download what is stored of a release.
    Get(get::GetArgs),
    /// Show a release's revisions.
    #[command(visible_alias = "hist")]
    History(history::HistoryArgs),
    /// List releases.
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Roll a release back to a revision that was.
    Rollback(rollback::RollbackArgs),
    /// Show how a release is.
    Status(status::StatusArgs),
    /// Run a release's tests.
    Test(test::TestArgs),
    /// Uninstall releases.
    #[command(visible_aliases = ["del", "delete", "un"])]
    Uninstall(uninstall::UninstallArgs),
}

/// The commands that only read and write charts: no cluster, hence no runtime to start.
#[derive(Clone, Debug, Subcommand)]
enum ChartCommand {
    /// Make a folder with a chart to start from.
    Create(create::CreateArgs),
    /// Examine charts for mistakes.
    Lint(lint::LintArgs),
    /// Pack charts into archives.
    Package(package::PackageArgs),
    /// Show what a chart contains.
    #[command(visible_alias = "inspect")]
    Show(show::ShowArgs),
    /// Render a chart's templates here and print them.
    Template(Box<template::TemplateArgs>),
}

impl ChartCommand {
    fn run(self) -> Result<()> {
        match self {
            Self::Create(args) => args.run(),
            Self::Lint(args) => args.run(),
            Self::Package(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Template(args) => args.run(),
        }
    }
}

impl BundleArgs {
    /// Runs a command that needs no cluster; `None` if it is another.
    pub fn run_offline(&self) -> Option<ExitCode> {
        match &self.command {
            Command::Chart(command) => Some(finish(command.clone().run())),
            _ => None,
        }
    }

    /// Runs the command; failures read as Helm's.
    pub async fn run(self) -> Result<ExitCode> {
        let outcome = match self.command {
            Command::Chart(command) => command.run(),
            Command::Get(args) => args.run().await,
            Command::History(args) => args.run().await,
            Command::List(args) => args.run().await,
            Command::Rollback(args) => args.run().await,
            Command::Status(args) => args.run().await,
            Command::Test(args) => args.run().await,
            Command::Uninstall(args) => args.run().await,
        };
        Ok(finish(outcome))
    }
}

/// Failures read as Helm's.
fn finish(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! `naru bundle`: Helm's commands, with Helm's flags, messages and exit codes.

mod chart_flags;
mod connect;
mod create;
mod dependency;
mod diff;
mod env;
mod folder;
mod foreign;
mod get;
mod get_template;
mod global;
mod hint;
mod history;
mod install;
mod lint;
mod list;
mod listed;
mod operate;
mod output;
mod package;
mod post_renderer;
mod provenance;
mod pull;
mod push;
mod registry;
mod rendering;
mod repo;
mod report;
mod rollback;
mod show;
mod source;
mod status;
mod surroundings;
pub mod switches;
mod template;
mod terminal;
mod test;
mod uninstall;
mod upgrade;
pub mod usage;
mod value_flags;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
pub use rendering::Rendering;

/// The exit code of a diff that found changes, where it was asked for.
const CHANGES: u8 = 2;

/// Install and manage bundles: Helm charts, kustomizations, Compose files and manifests, released as Helm does.
#[derive(Clone, Debug, Args)]
pub struct BundleArgs {
    #[command(flatten)]
    global: global::GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// What needs no cluster.
    #[command(flatten)]
    Chart(ChartCommand),
    /// Manage a chart's dependencies.
    #[command(visible_aliases = ["dep", "dependencies"])]
    Dependency(dependency::DependencyArgs),
    /// Show what an upgrade would change.
    Diff(Box<diff::DiffArgs>),
    /// Download what is stored of a release.
    Get(get::GetArgs),
    /// Show a release's revisions.
    #[command(visible_alias = "hist")]
    History(history::HistoryArgs),
    /// Install a chart.
    Install(Box<install::InstallArgs>),
    /// List releases.
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Fetch charts without installing them.
    #[command(visible_alias = "fetch")]
    Pull(Box<pull::PullArgs>),
    /// Push a chart's archive to a registry.
    Push(Box<push::PushArgs>),
    /// Log in to and out of OCI registries.
    Registry(registry::RegistryArgs),
    /// Manage chart repositories.
    Repo(repo::RepoArgs),
    /// Roll a release back to a revision that was.
    Rollback(rollback::RollbackArgs),
    /// Show how a release is.
    Status(status::StatusArgs),
    /// Run a release's tests.
    Test(test::TestArgs),
    /// Uninstall releases.
    #[command(visible_aliases = ["del", "delete", "un"])]
    Uninstall(uninstall::UninstallArgs),
    /// Upgrade a release.
    Upgrade(Box<upgrade::UpgradeArgs>),
}

/// The commands that only read and write charts: no cluster, hence no runtime to start, unless a chart is to be fetched
/// or a cluster to be asked.
#[derive(Clone, Debug, Subcommand)]
#[command(defer = true)]
enum ChartCommand {
    /// Make a folder with a chart to start from.
    Create(create::CreateArgs),
    /// Print where Helm's files are and what its variables say.
    Env(env::EnvArgs),
    /// Examine charts for mistakes.
    Lint(lint::LintArgs),
    /// Pack charts into archives.
    Package(package::PackageArgs),
    /// Show what a chart contains.
    #[command(visible_alias = "inspect")]
    Show(show::ShowArgs),
    /// Render a chart's templates here and print them.
    Template(Box<template::TemplateArgs>),
    /// Say who has signed a chart.
    Verify(verify::VerifyArgs),
}

impl ChartCommand {
    /// Whether a cluster is asked, or a chart or what it depends on is to be fetched.
    fn reaches_out(&self) -> bool {
        match self {
            Self::Package(args) => args.reaches_out(),
            Self::Show(args) => args.reaches_out(),
            Self::Template(args) => args.reaches_out(),
            Self::Create(_) | Self::Env(_) | Self::Lint(_) | Self::Verify(_) => false,
        }
    }

    async fn run_online(self, global: &global::GlobalArgs) -> Result<()> {
        match self {
            Self::Package(args) => args.run_online(global).await,
            Self::Show(args) => args.run_online(global).await,
            Self::Template(args) => args.run_online(global).await,
            here => here.run(global),
        }
    }

    fn run(self, global: &global::GlobalArgs) -> Result<()> {
        match self {
            Self::Create(args) => args.run(),
            Self::Env(args) => args.run(global),
            Self::Lint(args) => args.run(global),
            Self::Package(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Template(args) => args.run(global),
            Self::Verify(args) => args.run(),
        }
    }
}

impl BundleArgs {
    /// Whether people want to see what is done.
    pub fn debug(&self) -> bool {
        self.global.debug
    }

    /// Runs a command that needs no cluster and gives the status to end with; `None` if it is another.
    pub fn run_offline(&self) -> Option<u8> {
        match &self.command {
            Command::Chart(command) if command.reaches_out() => None,
            Command::Chart(command) => Some(finish(command.clone().run(&self.global))),
            _ => None,
        }
    }

    /// Runs the command; failures read as Helm's.
    pub async fn run(self) -> Result<ExitCode> {
        let global = &self.global;
        let outcome = match self.command {
            Command::Chart(command) if command.reaches_out() => command.run_online(global).await,
            Command::Chart(command) => command.run(global),
            Command::Dependency(args) => args.run(global).await,
            Command::Diff(args) => match args.run(global).await {
                Ok(true) => return Ok(ExitCode::from(CHANGES)),
                outcome => outcome.map(|_| ()),
            },
            Command::Get(args) => args.run(global).await,
            Command::History(args) => args.run(global).await,
            Command::Install(args) => args.run(global).await,
            Command::List(args) => args.run(global).await,
            Command::Pull(args) => args.run(global).await,
            Command::Push(args) => args.run(global).await,
            Command::Registry(args) => args.run(global).await,
            Command::Repo(args) => args.run(global).await,
            Command::Rollback(args) => args.run(global).await,
            Command::Status(args) => args.run(global).await,
            Command::Test(args) => args.run(global).await,
            Command::Uninstall(args) => args.run(global).await,
            Command::Upgrade(args) => args.run(global).await,
        };
        Ok(finish(outcome).into())
    }
}

/// The status to end with. Failures read as Helm's.
fn finish(outcome: Result<()>) -> u8 {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("Error: {error:#}");
            if let Some(hint) = hint::of(&error) {
                eprintln!("Hint: {hint}");
            }
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        bundle: BundleArgs,
    }

    #[test]
    fn global_flags_go_before_and_after_every_command() {
        Cli::command().debug_assert();
        let global = "-n a --kubeconfig k --kube-context c --kube-token t --debug";
        for line in [
            "install x y",
            "upgrade x y",
            "template x y",
            "lint x",
            "list",
            "get values x",
            "repo list",
            "diff x y",
            "show chart x",
            "package x",
        ] {
            for line in [format!("bundle {global} {line}"), format!("bundle {line} {global}")] {
                let parsed = Cli::try_parse_from(line.split(' '));
                assert!(parsed.is_ok_and(|cli| cli.bundle.debug()), "{line}");
            }
        }
        for line in ["bundle diff x", "bundle diff x y --revision 1", "bundle install x y --wait=no"] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}

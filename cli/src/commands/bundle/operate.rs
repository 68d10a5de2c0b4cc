//! Flags that several operations share.

use std::time::Duration;

use clap::{Args, ValueEnum};
use naru_release::operations::{DryRun, ServerSide, Wait};

use super::connect::duration;

/// `--wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    /// Everything, by what objects report.
    Watcher,
    /// Hooks only.
    #[value(name = "hookOnly")]
    HookOnly,
    /// Everything, by the rules of Helm 3.
    Legacy,
    /// What Helm 3 called the watcher.
    #[value(hide = true)]
    True,
    /// What Helm 3 called hooks only.
    #[value(hide = true)]
    False,
}

/// What is waited for, and how long.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// Wait until objects are ready: watcher (what --wait alone means), legacy, or hookOnly.
    #[arg(long, value_name = "STRATEGY", value_enum, default_value = "hookOnly", default_missing_value = "watcher", num_args = 0..=1, require_equals = true)]
    wait: Strategy,
    /// How long any one wait may take: 5m0s, 90s.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m0s")]
    pub timeout: Duration,
}

impl WaitArgs {
    /// What is waited for. Says what to write instead of what Helm is going to drop.
    pub fn strategy(&self) -> Wait {
        let boolean = match self.wait {
            Strategy::True => Some(("true", "watcher")),
            Strategy::False => Some(("false", "hookOnly")),
            _ => None,
        };
        if let Some((word, instead)) = boolean {
            eprintln!(
                "level=WARN msg=\"--wait={word} is deprecated (boolean value) and can be replaced with --wait={instead}\""
            );
        }
        match self.wait {
            Strategy::Watcher | Strategy::True => Wait::Everything,
            Strategy::HookOnly | Strategy::False => Wait::Hooks,
            Strategy::Legacy => Wait::Legacy,
        }
    }
}

/// `--dry-run`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Try {
    /// Change things.
    #[default]
    #[value(alias = "false")]
    None,
    /// Change nothing, and do not ask the cluster.
    Client,
    /// The same; what `--dry-run` alone means.
    #[value(alias = "true", hide = true)]
    Unset,
    /// Change nothing, but ask the cluster.
    Server,
}

impl Try {
    /// Says what to write instead of what Helm is going to drop.
    pub fn warn(self) {
        if self == Try::Unset {
            eprintln!(
                "level=WARN msg=\"--dry-run is deprecated and should be replaced with '--dry-run=client'\""
            );
        }
    }

    /// For operations.
    pub fn strategy(self) -> DryRun {
        match self {
            Try::None => DryRun::None,
            Try::Client | Try::Unset => DryRun::Client,
            Try::Server => DryRun::Server,
        }
    }
}

/// `--server-side`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Where {
    /// By server-side apply.
    True,
    /// By patches computed here.
    False,
    /// As the last revision had it; for a new release, by server-side apply where the server offers it.
    #[default]
    Auto,
}

/// How objects are written.
#[derive(Clone, Debug, Args)]
pub struct WriteArgs {
    /// Where changes are computed: true (server-side apply), false, or auto.
    #[arg(long, value_name = "BOOL", value_enum, default_value = "auto", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    server_side: Where,
    /// Let server-side apply take fields that others manage.
    #[arg(long, conflicts_with_all = ["force_replace", "force"])]
    pub force_conflicts: bool,
    /// Replace objects instead of patching them.
    #[arg(long)]
    force_replace: bool,
    #[arg(long, hide = true, conflicts_with = "force_replace")]
    force: bool,
}

/// How a release is changed.
#[derive(Clone, Debug, Args)]
pub struct ChangeArgs {
    #[command(flatten)]
    pub write: WriteArgs,
    /// Pass over hooks.
    #[arg(long)]
    pub no_hooks: bool,
    /// What the record says of this operation.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub description: String,
}

impl WriteArgs {
    /// Says what to write instead of what Helm is going to drop.
    pub fn warn(&self) {
        if self.force {
            eprintln!("Flag --force has been deprecated, use --force-replace instead");
        }
    }

    /// Whether objects are replaced instead of patched.
    pub fn replaces(&self) -> bool {
        self.force || self.force_replace
    }

    /// For operations.
    pub fn server_side(&self) -> ServerSide {
        match self.server_side {
            Where::True => ServerSide::True,
            Where::False => ServerSide::False,
            Where::Auto => ServerSide::Auto,
        }
    }
}

//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Hosts a node's Wasm containers. Started by naru.
#[derive(Debug, Parser)]
#[command(name = "naru-shim-wasm", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Option<ServeArgs>,
}

/// What to do; serving is the default.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the agent.
    Serve(ServeArgs),
    /// Compiles one module and exits.
    Compile(CompileArgs),
}

/// How to serve.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// The unix socket to serve; its directory exists.
    #[arg(long)]
    pub(crate) socket: PathBuf,
    /// Where containers' records and private mounts go; made if missing, root's only.
    #[arg(long)]
    pub(crate) run_dir: PathBuf,
    /// Where compiled modules are kept; made if missing, root's only.
    #[arg(long)]
    pub(crate) cache_dir: PathBuf,
    /// The control group to move to, relative to each hierarchy's root; without it the shim stays where it was started.
    #[arg(long)]
    pub(crate) cgroup: Option<String>,
}

/// What to compile.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CompileArgs {
    /// The `.wasm` file.
    #[arg(long)]
    pub(crate) module: PathBuf,
    /// `sha256:<hex>` of it; anything else is refused.
    #[arg(long)]
    pub(crate) digest: String,
    /// Whether it is a component.
    #[arg(long)]
    pub(crate) component: bool,
    /// The file to write.
    #[arg(long)]
    pub(crate) output: PathBuf,
}

impl Args {
    /// The command, serving if none is named.
    pub(crate) fn into_command(self) -> Command {
        match (self.command, self.serve) {
            (Some(command), _) => command,
            (None, Some(serve)) => Command::Serve(serve),
            (None, None) => Self::parse_from(["naru-shim-wasm", "serve"]).into_command(),
        }
    }
}

//! The command line: every flag of every command, with the help that teaches it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use ipnet::Ipv4Net;

use crate::commands::{apply, bundle, delete, describe, get, image, logs, wait};

/// Where a cluster lives unless told otherwise.
pub const DEFAULT_DATA_DIR: &str = "/var/lib/naru";

/// A Kubernetes-compatible orchestrator whose pods mix OCI containers and WebAssembly.
///
/// `naru up` starts a whole cluster on this machine; `kubectl` and every other Kubernetes client then work with
/// the kubeconfig it writes. `naru down` removes everything of it.
#[derive(Debug, Parser)]
#[command(name = "naru", version = naru_api::VERSION, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Start a one-machine cluster in the foreground: control plane, node and shims.
    Up(UpArgs),
    /// Start a control plane only; nodes join it with the token it writes.
    Server(ServerArgs),
    /// Start a node that joins a control plane.
    Node(NodeArgs),
    /// Stop a cluster (or node) of this machine and remove everything of it.
    Down(DownArgs),
    /// Manage the images of this machine's node.
    Image(image::ImageArgs),
    /// Install and manage bundles: Helm charts, kustomizations, Compose files and manifests, released as Helm does.
    Bundle(Box<bundle::BundleArgs>),
    /// Print what a shell completes these commands with: `naru completion bash > /etc/bash_completion.d/naru`.
    Completion(CompletionArgs),
    /// Create or change objects to be as files describe them.
    Apply(apply::ApplyArgs),
    /// Show objects.
    Get(get::GetArgs),
    /// Show an object in detail, with its events.
    Describe(describe::DescribeArgs),
    /// Print what a pod's containers have written.
    Logs(logs::LogsArgs),
    /// Delete objects.
    Delete(delete::DeleteArgs),
    /// Wait until objects meet a condition.
    Wait(wait::WaitArgs),
}

/// Where a cluster's state, keys, images and logs are.
#[derive(Clone, Debug, Args)]
pub struct DataDir {
    /// Directory of the cluster's state, keys, images and logs; made if missing.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIR, env = "NARU_DATA_DIR")]
    pub data_dir: PathBuf,
}

/// The external store, if there is one.
#[derive(Clone, Debug, Default, Args)]
pub struct EtcdArgs {
    /// Keep the state in this etcd (comma-separated URLs) instead of the embedded store.
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    pub etcd_endpoints: Vec<String>,
    /// Certificate authority of an etcd with TLS, PEM.
    #[arg(long, value_name = "FILE", requires = "etcd_endpoints")]
    pub etcd_cafile: Option<PathBuf>,
    /// Client certificate for etcd, PEM.
    #[arg(long, value_name = "FILE", requires = "etcd_keyfile")]
    pub etcd_certfile: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, value_name = "FILE", requires = "etcd_certfile")]
    pub etcd_keyfile: Option<PathBuf>,
}

/// The control plane's flags.
#[derive(Clone, Debug, Args)]
pub struct ControlPlaneArgs {
    /// The external store.
    #[command(flatten)]
    pub etcd: EtcdArgs,
    /// Range of the cluster's service addresses; its first address is the API server's inside the cluster.
    #[arg(long, value_name = "CIDR", default_value = "10.96.0.0/16")]
    pub service_cidr: Ipv4Net,
    /// Further names or addresses the API server is reached by, for its certificate.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub tls_san: Vec<String>,
}

/// A node's flags.
#[derive(Clone, Debug, Args)]
pub struct NodeIdentityArgs {
    /// The node's name; the host name if not given.
    #[arg(long, value_name = "NAME")]
    pub node_name: Option<String>,
    /// The address other machines reach this node by; the one that leads to the default route if not given.
    #[arg(long, value_name = "IP")]
    pub node_ip: Option<IpAddr>,
}

/// Start a one-machine cluster in the foreground: control plane, node and shims.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// Where it lives.
    #[command(flatten)]
    pub data: DataDir,
    /// Address and port of the Kubernetes API.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:6443")]
    pub bind: SocketAddr,
    /// The control plane.
    #[command(flatten)]
    pub control_plane: ControlPlaneArgs,
    /// The node.
    #[command(flatten)]
    pub node: NodeIdentityArgs,
    /// Range of this machine's pod addresses.
    #[arg(long, value_name = "CIDR", default_value = "10.244.0.0/16")]
    pub pod_cidr: Ipv4Net,
}

/// Start a control plane only; nodes join it with the token it writes.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// Where it lives.
    #[command(flatten)]
    pub data: DataDir,
    /// Address and port of the Kubernetes API.
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:6443")]
    pub bind: SocketAddr,
    /// The control plane.
    #[command(flatten)]
    pub control_plane: ControlPlaneArgs,
}

/// Start a node that joins a control plane.
#[derive(Clone, Debug, Args)]
pub struct NodeArgs {
    /// Where it lives.
    #[command(flatten)]
    pub data: DataDir,
    /// The control plane's URL.
    #[arg(long, value_name = "https://HOST:PORT")]
    pub server: String,
    /// The join token, as `naru server` wrote it to <data-dir>/join-token; needed the first time only.
    #[arg(long, value_name = "TOKEN", env = "NARU_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The node.
    #[command(flatten)]
    pub node: NodeIdentityArgs,
    /// Range of this node's pod addresses; each node needs its own.
    #[arg(long, value_name = "CIDR")]
    pub pod_cidr: Ipv4Net,
}

/// Stop a cluster (or node) of this machine and remove everything of it.
#[derive(Clone, Debug, Args)]
pub struct DownArgs {
    /// Which cluster.
    #[command(flatten)]
    pub data: DataDir,
    /// Keep state, keys and images, so that the next `naru up` goes on where this one stopped.
    #[arg(long)]
    pub keep_data: bool,
}

/// Print what a shell completes these commands with: `naru completion bash > /etc/bash_completion.d/naru`.
#[derive(Clone, Debug, Args)]
pub struct CompletionArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, CommandFactory};

    use super::*;

    /// What a command says of each of its subcommands.
    fn listed(command: &Command) -> Vec<(String, String)> {
        let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
        command.get_subcommands().map(|sub| (sub.get_name().to_owned(), about(sub))).collect()
    }

    #[test]
    fn a_commands_own_help_begins_as_the_list_says() {
        // Commands take what their arguments say of them only when they are built, which is when they are used.
        for mut command in [Cli::command(), bundle::BundleArgs::augment_args(Command::new("bundle"))] {
            let before = listed(&command);
            command.build();
            let after = listed(&command);
            assert!(before.len() > 5, "{before:?}");
            for ((name, list), (_, own)) in before.iter().zip(&after) {
                assert!(own.starts_with(list), "{name}: {list:?} in the list, {own:?} by itself");
            }
        }
    }
}

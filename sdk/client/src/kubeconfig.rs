//! Finding a cluster the way kubectl does.

use std::path::{Path, PathBuf};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use crate::transport;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A kubeconfig that cannot be read or makes no sense.
    #[error("cannot use the kubeconfig {path}")]
    Kubeconfig {
        /// Which file.
        path: String,
        /// The cause.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// No kubeconfig anywhere.
    #[error(
        "no kubeconfig: none was given with --kubeconfig or $KUBECONFIG, and neither ~/.kube/config nor {fallback} \
         exists; start a cluster with `naru up`, or name its admin.kubeconfig"
    )]
    Missing {
        /// The last place that was looked at.
        fallback: String,
    },
    /// The TLS or HTTP client could not be built.
    #[error("cannot make a client for {server}")]
    Client {
        /// The server's URL.
        server: String,
        /// The cause.
        #[source]
        source: Box<kube::Error>,
    },
}

/// A client for the kubeconfig at `path`, and the default namespace of its current context.
pub async fn from_kubeconfig(path: &Path) -> Result<(Client, String), ConfigError> {
    let failed =
        |source| ConfigError::Kubeconfig { path: path.display().to_string(), source: Box::new(source) };
    let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
    let config =
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(failed)?;
    let namespace = config.default_namespace.clone();
    let server = config.cluster_url.to_string();
    let client = transport::client(config)
        .map_err(|source| ConfigError::Client { server, source: Box::new(source) })?;
    Ok((client, namespace))
}

/// The same for the first that exists: `given`, each file of `$KUBECONFIG`, `~/.kube/config`, `fallback`.
pub async fn from_kubeconfig_or_default(
    given: Option<&Path>,
    fallback: &Path,
) -> Result<(Client, String), ConfigError> {
    if let Some(path) = given {
        return from_kubeconfig(path).await;
    }
    let mut candidates: Vec<PathBuf> =
        std::env::var_os("KUBECONFIG").map(|list| std::env::split_paths(&list).collect()).unwrap_or_default();
    if let Some(home) = std::env::var_os("HOME") {
        candidates.push(Path::new(&home).join(".kube/config"));
    }
    candidates.push(fallback.into());
    match candidates.iter().find(|path| path.exists()) {
        Some(path) => from_kubeconfig(path).await,
        None => Err(ConfigError::Missing { fallback: fallback.display().to_string() }),
    }
}

//! Finding a cluster the way kubectl does.

use std::path::{Path, PathBuf};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use crate::{
    pace::{Rate, paced},
    transport,
};

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
    /// A server's address that is none.
    #[error("{url:?} is no address of an API server")]
    Server {
        /// What was given.
        url: String,
        /// The cause.
        #[source]
        source: http::uri::InvalidUri,
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

/// What takes the place of what a kubeconfig says; everything unset leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// The context, instead of the current one.
    pub context: Option<String>,
    /// The API server's URL.
    pub server: Option<String>,
    /// A bearer token.
    pub token: Option<String>,
    /// The user to act as.
    pub user: Option<String>,
    /// The groups to act as a member of.
    pub groups: Vec<String>,
    /// The certificate authority to trust, PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate of the API server is accepted.
    pub insecure: bool,
    /// The name that the API server's certificate must have.
    pub tls_server_name: Option<String>,
    /// How many requests the server is sent; without limit if unset.
    pub rate: Option<Rate>,
}

impl Overrides {
    fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        if let Some(server) = &self.server {
            let url = if server.contains("://") { server.clone() } else { format!("https://{server}") };
            config.cluster_url =
                url.parse().map_err(|source| ConfigError::Server { url: server.clone(), source })?;
        }
        if let Some(token) = &self.token {
            config.auth_info.token = Some(token.clone().into());
            config.auth_info.token_file = None;
        }
        if let Some(user) = &self.user {
            config.auth_info.impersonate = Some(user.clone());
        }
        if !self.groups.is_empty() {
            config.auth_info.impersonate_groups = Some(self.groups.clone());
        }
        if let Some(path) = &self.ca_file {
            config.root_cert_file = Some(path.clone());
            config.root_cert = None;
        }
        if self.insecure {
            config.accept_invalid_certs = true;
        }
        if let Some(name) = &self.tls_server_name {
            config.tls_server_name = Some(name.clone());
        }
        Ok(())
    }
}

/// A client for the kubeconfig at `path`, and the default namespace of its current context.
pub async fn from_kubeconfig(path: &Path) -> Result<(Client, String), ConfigError> {
    with_overrides(path, &Overrides::default()).await
}

async fn with_overrides(path: &Path, overrides: &Overrides) -> Result<(Client, String), ConfigError> {
    let failed =
        |source| ConfigError::Kubeconfig { path: path.display().to_string(), source: Box::new(source) };
    let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
    let options = KubeConfigOptions { context: overrides.context.clone(), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(failed)?;
    client(config, overrides)
}

fn client(mut config: Config, overrides: &Overrides) -> Result<(Client, String), ConfigError> {
    overrides.apply(&mut config)?;
    let namespace = config.default_namespace.clone();
    let server = config.cluster_url.to_string();
    let client = transport::client(config)
        .map_err(|source| ConfigError::Client { server, source: Box::new(source) })?;
    let client = match overrides.rate {
        Some(rate) => paced(client, rate),
        None => client,
    };
    Ok((client, namespace))
}

/// The same for the first that exists: `given`, each file of `$KUBECONFIG`, `~/.kube/config`, `fallback`. Where none
/// does, a server that `overrides` name is enough.
pub async fn from_kubeconfig_or_default(
    given: Option<&Path>,
    fallback: &Path,
    overrides: &Overrides,
) -> Result<(Client, String), ConfigError> {
    if let Some(path) = given {
        return with_overrides(path, overrides).await;
    }
    let mut candidates = listed_files();
    candidates.extend(home_file());
    candidates.push(fallback.into());
    match candidates.iter().find(|path| path.exists()) {
        Some(path) => with_overrides(path, overrides).await,
        None if overrides.server.is_some() => {
            client(Config::new(http::Uri::from_static("https://localhost")), overrides)
        }
        None => Err(ConfigError::Missing { fallback: fallback.display().to_string() }),
    }
}

/// The files of `$KUBECONFIG`, whether they exist or not.
fn listed_files() -> Vec<PathBuf> {
    let list = std::env::var_os("KUBECONFIG");
    let files = list.iter().flat_map(std::env::split_paths);
    files.filter(|path| !path.as_os_str().is_empty()).collect()
}

/// `~/.kube/config`.
fn home_file() -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| Path::new(&home).join(".kube/config"))
}

/// The namespace of a context, by default the current one: in the kubeconfig `given`, or in the files of `$KUBECONFIG` as
/// one, or in `~/.kube/config`. `None` if there is none or a file makes no sense. Nobody is asked anything.
pub fn configured_namespace(given: Option<&Path>, context: Option<&str>) -> Option<String> {
    let files = match (given, listed_files()) {
        (Some(path), _) => vec![path.to_owned()],
        (None, files) if files.is_empty() => home_file().into_iter().collect(),
        (None, files) => files,
    };
    let read = files.iter().filter(|path| path.exists()).map(Kubeconfig::read_from);
    let merged = read.reduce(|all, next| all?.merge(next?))?.ok()?;
    let wanted = context.map(str::to_owned).or(merged.current_context)?;
    let named = merged.contexts.into_iter().find(|named| named.name == wanted)?;
    named.context?.namespace.filter(|name| !name.is_empty())
}

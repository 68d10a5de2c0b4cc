//! What every bundle command takes, before or after its name: which cluster, which namespace, where Helm's files are.
//! In: flags and Helm's own variables. Out: a connection, or somebody who fetches.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use naru_client::{Overrides, Rate, configured_namespace};
use naru_release::{
    cluster::Cluster,
    fetch::{Access, Fetcher, Home},
};

use super::switches::from_variable;
use crate::client::ClientArgs;

/// Flags of every bundle command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The kubeconfig; otherwise $KUBECONFIG, ~/.kube/config, or the one `naru up` wrote.
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Option<String>,
    /// The namespace.
    #[arg(long, short, value_name = "NAME", env = "HELM_NAMESPACE", hide_env = true, global = true)]
    pub namespace: Option<String>,
    /// The kubeconfig's context.
    #[arg(long, value_name = "NAME", env = "HELM_KUBECONTEXT", hide_env = true, global = true)]
    pub kube_context: Option<String>,
    /// The API server's address, instead of the kubeconfig's.
    #[arg(long, value_name = "URL", env = "HELM_KUBEAPISERVER", hide_env = true, global = true)]
    pub kube_apiserver: Option<String>,
    /// A bearer token, instead of the kubeconfig's credentials.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "HELM_KUBETOKEN",
        hide_env = true,
        hide_env_values = true,
        global = true
    )]
    pub kube_token: Option<String>,
    /// Act as this user.
    #[arg(long, value_name = "NAME", env = "HELM_KUBEASUSER", hide_env = true, global = true)]
    pub kube_as_user: Option<String>,
    /// Act as a member of this group; repeat for more.
    #[arg(
        long,
        value_name = "NAME",
        env = "HELM_KUBEASGROUPS",
        hide_env = true,
        value_delimiter = ',',
        global = true
    )]
    pub kube_as_group: Vec<String>,
    /// Trust this certificate authority of the API server, PEM.
    #[arg(long, value_name = "FILE", env = "HELM_KUBECAFILE", hide_env = true, global = true)]
    pub kube_ca_file: Option<PathBuf>,
    /// Accept any certificate of the API server.
    #[arg(long, env = "HELM_KUBEINSECURE_SKIP_TLS_VERIFY", hide_env = true, value_parser = from_variable, global = true)]
    pub kube_insecure_skip_tls_verify: bool,
    /// The name that the API server's certificate must have.
    #[arg(long, value_name = "NAME", env = "HELM_KUBETLS_SERVER_NAME", hide_env = true, global = true)]
    pub kube_tls_server_name: Option<String>,
    /// At most so many requests to the API server in a second, after the first burst; 5 if 0, any number if negative.
    ///
    /// Without this and --burst-limit there is no limit.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "HELM_QPS",
        hide_env = true,
        allow_hyphen_values = true,
        global = true
    )]
    pub qps: Option<f32>,
    /// So many requests may go to the API server at once; see --qps.
    #[arg(long, value_name = "NUMBER", env = "HELM_BURST_LIMIT", hide_env = true, global = true)]
    pub burst_limit: Option<u32>,
    /// The folder with charts that were fetched.
    #[arg(long, value_name = "FOLDER", env = "HELM_CONTENT_CACHE", hide_env = true, global = true)]
    pub content_cache: Option<PathBuf>,
    /// The file with logins to registries.
    #[arg(long, value_name = "FILE", env = "HELM_REGISTRY_CONFIG", hide_env = true, global = true)]
    pub registry_config: Option<PathBuf>,
    /// The file with the chart repositories.
    #[arg(long, value_name = "FILE", env = "HELM_REPOSITORY_CONFIG", hide_env = true, global = true)]
    pub repository_config: Option<PathBuf>,
    /// The folder with the repositories' indexes.
    #[arg(long, value_name = "FOLDER", env = "HELM_REPOSITORY_CACHE", hide_env = true, global = true)]
    pub repository_cache: Option<PathBuf>,
    /// Colours: auto, always or never.
    #[arg(long, alias = "colour", value_name = "WHEN", value_enum, default_value = "auto", global = true)]
    pub color: Color,
    /// Say more: what is done on standard error, values and manifests with what is printed of a release.
    #[arg(long, env = "HELM_DEBUG", hide_env = true, value_parser = from_variable, global = true)]
    pub debug: bool,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether standard output is coloured.
    pub fn is_on(self) -> bool {
        use std::io::IsTerminal;
        match self {
            Color::Auto => std::env::var_os("NO_COLOR").is_none() && std::io::stdout().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        }
    }
}

impl GlobalArgs {
    fn client(&self) -> ClientArgs {
        ClientArgs {
            kubeconfig: self.kubeconfig.clone().map(PathBuf::from),
            namespace: self.namespace.clone(),
        }
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            context: self.kube_context.clone(),
            server: self.kube_apiserver.clone(),
            token: self.kube_token.clone(),
            user: self.kube_as_user.clone(),
            groups: self.kube_as_group.clone(),
            ca_file: self.kube_ca_file.clone(),
            insecure: self.kube_insecure_skip_tls_verify,
            tls_server_name: self.kube_tls_server_name.clone(),
            rate: self.rate(),
        }
    }

    /// How many requests go to the API server, if that is limited; what is not given, or 0, is what Kubernetes' Go clients
    /// take and helm gives them.
    fn rate(&self) -> Option<Rate> {
        const PER_SECOND: f32 = 5.0;
        const BURST: u32 = 10;
        const HELMS_BURST: u32 = 100;
        (self.qps.is_some() || self.burst_limit.is_some()).then(|| Rate {
            per_second: self.qps.filter(|rate| *rate != 0.0).unwrap_or(PER_SECOND),
            burst: match self.burst_limit {
                None => HELMS_BURST,
                Some(0) => BURST,
                Some(burst) => burst,
            },
        })
    }

    /// Connects.
    pub async fn connect(&self) -> Result<Cluster> {
        let driver = std::env::var("HELM_DRIVER").unwrap_or_default();
        ensure!(
            matches!(driver.as_str(), "" | "secret" | "secrets"),
            "HELM_DRIVER is {driver:?}: releases are stored in Secrets only; unset it, or set it to \"secret\""
        );
        let session = self.client().session_with(&self.overrides()).await?;
        Ok(Cluster::connect(session.client, &session.namespace).await?)
    }

    /// The namespace without asking a cluster: the one given, or the kubeconfig's, or `default`.
    pub async fn namespace(&self) -> String {
        let session = self.client().session_with(&self.overrides()).await;
        self.namespace.clone().or(session.ok().map(|one| one.namespace)).unwrap_or_else(|| "default".into())
    }

    /// The same without anything that connecting takes.
    pub fn namespace_here(&self) -> String {
        let given = self.namespace.clone().filter(|name| !name.is_empty());
        let configured =
            || configured_namespace(self.kubeconfig.as_deref().map(Path::new), self.kube_context.as_deref());
        given.or_else(configured).unwrap_or_else(|| "default".into())
    }

    /// Where Helm keeps its files.
    pub fn home(&self) -> Home {
        let Home { repositories_file, repositories_cache, content_cache, registry_config } =
            Home::from_environment(|name| std::env::var(name).ok());
        Home {
            repositories_file: self.repository_config.clone().unwrap_or(repositories_file),
            repositories_cache: self.repository_cache.clone().unwrap_or(repositories_cache),
            content_cache: self.content_cache.clone().unwrap_or(content_cache),
            registry_config: self.registry_config.clone().unwrap_or(registry_config),
        }
    }

    /// Somebody who fetches, with Helm's own configuration.
    pub fn fetcher(&self, access: Access) -> Fetcher {
        Fetcher::new(self.home(), access)
    }
}

//! `naru bundle env`: where Helm's files are, and what its variables say. Source: `helm env`.

use anyhow::Result;
use clap::Args;
use naru_release::fetch::Folders;

use super::{global::GlobalArgs, post_renderer};

/// How many revisions helm keeps of a release unless told otherwise.
const MAX_HISTORY: i64 = 10;
/// How many requests helm sends at once unless told otherwise.
const BURST_LIMIT: u32 = 100;

/// Print where Helm's files are and what its variables say: all, or the one that is named.
#[derive(Clone, Debug, Args)]
pub struct EnvArgs {
    /// A variable.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl EnvArgs {
    /// Prints them.
    ///
    /// # Errors
    /// None today.
    pub fn run(self, global: &GlobalArgs) -> Result<()> {
        let all = variables(global);
        match self.name {
            Some(name) => {
                let found = all.iter().find(|(known, _)| *known == name);
                println!("{}", found.map(|(_, value)| value.as_str()).unwrap_or_default());
            }
            None => all.iter().for_each(|(name, value)| println!("{name}=\"{value}\"")),
        }
        Ok(())
    }
}

/// Helm's variables in alphabetical order.
fn variables(global: &GlobalArgs) -> Vec<(&'static str, String)> {
    let history = std::env::var("HELM_MAX_HISTORY").ok().and_then(|text| text.parse().ok());
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let home = global.home();
    let folders = Folders::from_environment(|name| std::env::var(name).ok());
    let program = std::env::args_os().next().unwrap_or_default();
    vec![
        ("HELM_BIN", program.to_string_lossy().into_owned()),
        ("HELM_BURST_LIMIT", global.burst_limit.unwrap_or(BURST_LIMIT).to_string()),
        ("HELM_CACHE_HOME", folders.cache.display().to_string()),
        ("HELM_CONFIG_HOME", folders.config.display().to_string()),
        ("HELM_CONTENT_CACHE", home.content_cache.display().to_string()),
        ("HELM_DATA_HOME", folders.data.display().to_string()),
        ("HELM_DEBUG", global.debug.to_string()),
        ("HELM_KUBEAPISERVER", text(&global.kube_apiserver)),
        ("HELM_KUBEASGROUPS", global.kube_as_group.join(",")),
        ("HELM_KUBEASUSER", text(&global.kube_as_user)),
        (
            "HELM_KUBECAFILE",
            global.kube_ca_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
        ),
        ("HELM_KUBECONTEXT", text(&global.kube_context)),
        ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", global.kube_insecure_skip_tls_verify.to_string()),
        ("HELM_KUBETLS_SERVER_NAME", text(&global.kube_tls_server_name)),
        ("HELM_KUBETOKEN", text(&global.kube_token)),
        ("HELM_MAX_HISTORY", history.unwrap_or(MAX_HISTORY).to_string()),
        ("HELM_NAMESPACE", global.namespace_here()),
        ("HELM_PLUGINS", post_renderer::plugins_folders().to_string_lossy().into_owned()),
        ("HELM_QPS", format!("{:.2}", global.qps.unwrap_or(0.0))),
        ("HELM_REGISTRY_CONFIG", home.registry_config.display().to_string()),
        ("HELM_REPOSITORY_CACHE", home.repositories_cache.display().to_string()),
        ("HELM_REPOSITORY_CONFIG", home.repositories_file.display().to_string()),
    ]
}

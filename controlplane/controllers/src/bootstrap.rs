//! The namespaces that every cluster has.

use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Client, api::PostParams};

use crate::{Context, Error, Result, error::is_conflict};

const NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// Makes the namespaces that are missing.
pub async fn bootstrap(client: &Client) -> Result<()> {
    let api = Api::<Namespace>::all(client.clone());
    for name in NAMESPACES {
        let found = api.get_opt(name).await.map_err(Error::api(format!("get namespace {name}")))?;
        if found.is_some() {
            continue;
        }
        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(name.to_string()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        match api.create(&PostParams::default(), &namespace).await {
            Err(error) if !is_conflict(&error) => {
                return Err(Error::api(format!("create namespace {name}"))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The controller's form: once is enough, for nobody can delete them.
pub(crate) async fn run(context: Context) -> Result<()> {
    bootstrap(&context.client).await
}

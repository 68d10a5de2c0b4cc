//! The namespaces and priority classes that every cluster has.

use std::time::Duration;

use k8s_openapi::{
    api::{core::v1::Namespace, scheduling::v1::PriorityClass},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, Client, api::PostParams};

use crate::{Context, Error, Result, error::is_conflict};

/// How often they are looked for (kube-apiserver's pause for namespaces).
const PERIOD: Duration = Duration::from_secs(60);

const NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// Names, numbers and uses of the priority classes. Pods can name them even before they are made.
const CLASSES: &[(&str, i32, &str)] = &[
    (
        "system-cluster-critical",
        2_000_000_000,
        "For pods without which the cluster does not work, on whichever node they run.",
    ),
    ("system-node-critical", 2_000_001_000, "For pods without which their node does not work."),
];

/// Makes the namespaces and priority classes that are missing.
pub async fn bootstrap(client: &Client) -> Result<()> {
    namespaces(client).await?;
    classes(client).await
}

async fn classes(client: &Client) -> Result<()> {
    let api = Api::<PriorityClass>::all(client.clone());
    for (name, value, description) in CLASSES {
        let found = api.get_opt(name).await.map_err(Error::api(format!("get priority class {name}")))?;
        if found.is_some() {
            continue;
        }
        let class = PriorityClass {
            metadata: ObjectMeta { name: Some(name.to_string()), ..ObjectMeta::default() },
            value: Some(*value),
            description: Some(description.to_string()),
            ..PriorityClass::default()
        };
        match api.create(&PostParams::default(), &class).await {
            Err(error) if !is_conflict(&error) => {
                return Err(Error::api(format!("create priority class {name}"))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn namespaces(client: &Client) -> Result<()> {
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

/// The controller's form. Nobody can delete them, but a store can be emptied or put back.
pub(crate) async fn run(context: Context) -> Result<()> {
    loop {
        bootstrap(&context.client).await?;
        tokio::time::sleep(PERIOD).await;
    }
}

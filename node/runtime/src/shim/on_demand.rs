//! A shim that runs only when something needs it: one for a whole node, started by the first container.
//!
//! In: how to start it. Out: a [`Runtime`] that starts it on `create` (again, should it have died) and for everything
//! else asks it only if it is there.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{ShimClient, ShimCommand};
use crate::{ContainerId, ContainerSpec, Error, Info, Result, Runtime, SandboxId, Task, TaskStatus};

/// A node-wide shim, started when it is first needed.
pub struct OnDemand {
    info: Info,
    command: ShimCommand,
    client: Mutex<Option<ShimClient>>,
}

impl OnDemand {
    /// A shim started by `command`; `info` is what it is, without asking it.
    pub fn new(info: Info, command: ShimCommand) -> Self {
        OnDemand { info, command, client: Mutex::new(None) }
    }

    /// A client of the shim, which is started if it does not run.
    async fn running(&self) -> Result<ShimClient> {
        let mut known = self.client.lock().await;
        let client = self.command.ensure().await?;
        Ok(known.insert(client).clone())
    }

    /// A client of the shim if one runs, or did when it was last asked.
    async fn present(&self) -> Option<ShimClient> {
        let mut known = self.client.lock().await;
        if known.is_none() {
            *known = ShimClient::connect(&self.command.socket).await.ok();
        }
        known.clone()
    }
}

#[async_trait::async_trait]
impl Runtime for OnDemand {
    async fn info(&self) -> Result<Info> {
        Ok(self.info.clone())
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>> {
        if let Some(client) = self.present().await {
            match client.create(spec.clone()).await {
                Err(Error::Unreachable { .. }) => {}
                answered => return answered,
            }
        }
        self.running().await?.create(spec).await
    }

    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>> {
        match self.present().await {
            Some(client) => client.get(id).await,
            None => Err(Error::NotFound { id: id.clone() }),
        }
    }

    async fn list(&self) -> Result<Vec<TaskStatus>> {
        let Some(client) = self.present().await else { return Ok(Vec::new()) };
        match client.list().await {
            // A shim that has died took its containers along.
            Err(Error::Unreachable { .. }) => {
                *self.client.lock().await = None;
                Ok(Vec::new())
            }
            answered => answered,
        }
    }

    async fn delete(&self, id: &ContainerId) -> Result<()> {
        match self.present().await {
            Some(client) => client.delete(id).await,
            None => Ok(()),
        }
    }

    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        match self.present().await {
            Some(client) => client.delete_sandbox(id).await,
            None => Ok(()),
        }
    }
}

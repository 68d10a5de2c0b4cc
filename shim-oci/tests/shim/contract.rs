//! The suite that every runtime passes, through the agent's side of the shims.

use std::sync::Arc;

use naru_runtime::{
    ContainerId, ContainerSpec, Runtime,
    contract::{self, Fixture},
};

use crate::pod::Pod;

struct Shims(Pod);

impl Fixture for Shims {
    fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(self.0.shims.clone())
    }

    fn prints_and_exits(&self, id: ContainerId, text: &str, code: u8) -> ContainerSpec {
        self.0.named(id, &["sh", "-c", &format!("echo '{text}'; exit {code}")])
    }

    fn sleeps(&self, id: ContainerId) -> ContainerSpec {
        self.0.named(id, &["sleep", "1000000"])
    }

    fn fails_to_create(&self, id: ContainerId) -> ContainerSpec {
        self.0.named(id, &["no-such-program"])
    }
}

#[tokio::test]
async fn passes_the_contract() {
    contract::run(&Shims(Pod::new())).await;
}

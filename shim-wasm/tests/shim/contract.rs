//! The suite every runtime passes, over the socket.

use std::sync::Arc;

use naru_runtime::{
    ContainerId, ContainerSpec, Runtime, WasmEncoding,
    contract::{self, Fixture},
};

use crate::{components, modules, setup::Shim};

struct Modules<'a>(&'a Shim);

impl Fixture for Modules<'_> {
    fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(self.0.client.clone())
    }

    fn prints_and_exits(&self, id: ContainerId, text: &str, code: u8) -> ContainerSpec {
        let module = modules::prints(&format!("{text}\n"), "", code.into());
        self.0.spec_of(id, &wat::parse_str(module).unwrap(), WasmEncoding::Module)
    }

    fn sleeps(&self, id: ContainerId) -> ContainerSpec {
        self.0.spec_of(id, &wat::parse_str(modules::SLEEPS).unwrap(), WasmEncoding::Module)
    }

    fn fails_to_create(&self, id: ContainerId) -> ContainerSpec {
        self.0.spec_of(id, &wat::parse_str(modules::UNMET).unwrap(), WasmEncoding::Module)
    }
}

struct Components<'a>(&'a Shim);

impl Fixture for Components<'_> {
    fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(self.0.client.clone())
    }

    fn prints_and_exits(&self, id: ContainerId, text: &str, code: u8) -> ContainerSpec {
        let component = components::component(&components::prints(&format!("{text}\n"), "", code));
        self.0.spec_of(id, &component, WasmEncoding::Component)
    }

    fn sleeps(&self, id: ContainerId) -> ContainerSpec {
        self.0.spec_of(id, &components::component(components::SPINS), WasmEncoding::Component)
    }

    fn fails_to_create(&self, id: ContainerId) -> ContainerSpec {
        self.0.spec_of(id, b"\0asm\x0d\0\x01\0 and no more", WasmEncoding::Component)
    }
}

#[tokio::test]
async fn modules_pass() {
    contract::run(&Modules(&Shim::start().await)).await;
}

#[tokio::test]
async fn components_pass() {
    contract::run(&Components(&Shim::start().await)).await;
}

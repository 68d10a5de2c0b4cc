//! What cannot run is refused when it is created, with a message for whoever wrote the pod.

use naru_runtime::{Root, WasmEncoding};

use crate::{components, modules, setup::Shim};

#[tokio::test]
async fn unmet_imports_are_listed() {
    let shim = Shim::start().await;
    assert_eq!(
        shim.refusal(shim.module(modules::UNMET)).await,
        "module has unmet imports: env::alpha, env::zeta, wasi_snapshot_preview2::fd_write"
    );
    let component = components::component_of("unmet", components::UNMET);
    assert_eq!(
        shim.refusal(shim.spec(&component, WasmEncoding::Component)).await,
        "component has unmet imports: acme:things/zoo@1.0.0, wasi:http/types@0.2.0"
    );
    let misfit = shim.refusal(shim.module(modules::MISFIT)).await;
    assert!(misfit.starts_with("module has imports that do not fit: "), "{misfit}");
    assert!(misfit.contains("sched_yield"), "{misfit}");
}

#[tokio::test]
async fn what_is_no_command() {
    let shim = Shim::start().await;
    let message = shim.refusal(shim.module(modules::NO_START)).await;
    assert_eq!(message, "module has no _start function: it is not a command");
    let service = components::component_of("service", components::SERVICE);
    assert_eq!(
        shim.refusal(shim.spec(&service, WasmEncoding::Component)).await,
        "component is not a command: it exports wasi:http/incoming-handler@0.2.0, but not wasi:cli/run"
    );
}

#[tokio::test]
async fn what_does_not_validate() {
    let shim = Shim::start().await;
    let ill_typed =
        wat::parse_str(r#"(module (func (export "_start") (drop (i32.add (i64.const 1) (i32.const 1)))))"#);
    let ill_typed = ill_typed.unwrap();
    let component = components::component(&components::returns(0));
    let cases: [(&[u8], _, &str); 6] = [
        (b"", WasmEncoding::Module, "the module does not validate: "),
        (b"#!/bin/sh\nexit 0\n", WasmEncoding::Module, "the module does not validate: "),
        (b"\0asm\x01\0\0\0\xff\xff", WasmEncoding::Module, "the module does not validate: "),
        (&ill_typed, WasmEncoding::Module, "the module does not validate: "),
        (&component, WasmEncoding::Module, "the module does not validate: "),
        (&ill_typed[..8], WasmEncoding::Component, "the component does not validate: "),
    ];
    for (bytes, encoding, wanted) in cases {
        let message = shim.refusal(shim.spec(bytes, encoding)).await;
        assert!(message.starts_with(wanted) && message.len() > wanted.len(), "{message}");
    }
}

#[tokio::test]
async fn what_is_not_what_it_says() {
    let shim = Shim::start().await;
    let spec = shim.module(modules::RETURNS);
    let Root::Wasm { module, digest, encoding } = spec.root.clone() else { unreachable!() };
    for bad in ["sha256:00", "md5:0", "sha256:../../x", &format!("sha256:{}", "0".repeat(64))] {
        let mut spec = spec.clone();
        spec.root = Root::Wasm { module: module.clone(), digest: bad.into(), encoding };
        let message = shim.refusal(spec).await;
        assert!(message.contains("sha256"), "{message}");
    }
    std::fs::write(&module, b"something else").unwrap();
    let message = shim.refusal(spec.clone()).await;
    assert!(message.contains(&digest), "{message}");
    let mut spec = spec;
    spec.root = Root::Rootfs { path: "/".into(), read_only: true };
    assert_eq!(shim.refusal(spec).await, "the image is not WebAssembly");
}

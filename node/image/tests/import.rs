//! Imports of everything that people have as files, and of what is no image.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Node;
use naru_image::testing::{Compression, ImageSource, Layer, Layout, gzip, tar_of};
use naru_image::{Content, Error, ImageStore, WasmEncoding};
use serde_json::{Value, json};

const MODULE: &str = "(module (func (export \"_start\")))";
const COMPONENT: &str = "(component)";

fn hello() -> ImageSource {
    let config = json!({"Entrypoint": ["/hello"], "Cmd": null, "Env": ["A=b"], "User": "1:2", "WorkingDir": "/w", "StopSignal": "SIGINT"});
    ImageSource::new(config, [Layer::new().file("hello", 0o755, b"#!/bin/sh\n")])
}

fn layout(node: &Node) -> Layout {
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &hello(), Compression::Gzip);
    layout
}

fn write(node: &Node, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = node.dir().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

async fn refusal(node: &Node, path: &Path) -> String {
    match node.import(path, "x:v1").await {
        Err(Error::Invalid { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_layout_in_three_wrappings_is_one_image() {
    let node = Node::new();
    let layout = layout(&node);
    let tar = tar_of(layout.dir());
    let (plain, gz) = (write(&node, "a.tar", &tar), write(&node, "b.tgz", gzip(&tar)));
    let zst = write(&node, "c.tar.zst", zstd::encode_all(&tar[..], 1).unwrap());
    let mut digests = Vec::new();
    for (i, path) in [layout.dir(), &plain, &gz, &zst].into_iter().enumerate() {
        let image = node.import(path, &format!("hello:{i}")).await.unwrap();
        assert_eq!(image.config.entrypoint, ["/hello"]);
        assert_eq!((image.config.env, image.config.cmd), (vec!["A=b".to_owned()], vec![]));
        assert_eq!(
            (&*image.config.user, &*image.config.working_dir, &*image.config.stop_signal),
            ("1:2", "/w", "SIGINT")
        );
        digests.push(image.digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
    let all = node.images.list().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].names.len(), 4);
    assert_eq!(node.kept("layers").len(), 1);
    assert!(node.kept("tmp").is_empty());
}

#[tokio::test]
async fn names_come_from_the_caller_or_the_layout() {
    let node = Node::new();
    let mut named = Layout::create(&node.dir().join("named"));
    named.add("registry.example/app:v2", &hello(), Compression::Plain);
    let image = node.images.import(named.dir(), None, |_| {}).await.unwrap();
    assert_eq!(image.names, ["registry.example/app:v2"]);
    let error = node.images.import(layout(&node).dir(), None, |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("give it a name"), "{error}");
    let bad = node.import(named.dir(), "Bad").await.unwrap_err();
    assert!(matches!(bad, Error::InvalidReference { .. }));
}

#[tokio::test]
async fn several_images_are_told_apart_by_tag() {
    let node = Node::new();
    let mut several = Layout::create(&node.dir().join("several"));
    let one = several.add("one", &hello(), Compression::Plain);
    several.add(
        "two",
        &ImageSource::new(json!({}), [Layer::new().file("a", 0o644, b"")]),
        Compression::Plain,
    );
    assert_eq!(node.import(several.dir(), "app:one").await.unwrap().digest, one);
    let error = node.import(several.dir(), "app:three").await.unwrap_err().to_string();
    assert!(error.contains("holds several images (one, two)"), "{error}");
}

#[tokio::test]
async fn an_index_gives_the_image_for_this_machine() {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    let other = ImageSource::new(json!({}), [Layer::new().file("b", 0o644, b"")]).platform("linux", "s390x");
    layout.add_index("v1", &[other, hello()]);
    assert_eq!(node.import(layout.dir(), "multi:v1").await.unwrap().config.entrypoint, ["/hello"]);

    let mut foreign = Layout::create(&node.dir().join("foreign"));
    let source =
        || ImageSource::new(json!({}), [Layer::new().file("b", 0o644, b"")]).platform("linux", "s390x");
    foreign.add("plain", &source(), Compression::Plain);
    assert!(refusal(&node, foreign.dir()).await.contains("it is made for linux/s390x, this node is linux/"));
    let mut index = Layout::create(&node.dir().join("index"));
    index.add_index("v1", &[source(), source().platform("windows", "amd64")]);
    assert!(refusal(&node, index.dir()).await.contains("no match for platform"));
}

#[tokio::test]
async fn docker_archives() {
    let node = Node::new();
    let tar = Layer::new().file("f", 0o644, b"docker").into_tar();
    let diff_id = digest_of(&tar);
    let config =
        json!({"os": "linux", "config": {"Cmd": ["/f"]}, "rootfs": {"diff_ids": [diff_id, diff_id]}})
            .to_string();
    let manifest =
        json!([{"Config": "c.json", "RepoTags": ["app:v3"], "Layers": ["1/layer.tar", "2/layer.tar"]}])
            .to_string();
    let archive = Layer::new()
        .file("1/layer.tar", 0o644, &tar)
        .symlink("2/layer.tar", "../1/layer.tar")
        .file("c.json", 0o644, config.as_bytes())
        .file("manifest.json", 0o644, manifest.as_bytes())
        .into_tar();
    let path = write(&node, "docker.tar", &archive);
    let image = node.images.import(&path, None, |_| {}).await.unwrap();
    assert_eq!(image.names, ["docker.io/library/app:v3"]);
    assert_eq!(image.config.cmd, ["/f"]);
    let again = node.images.import(&path, Some("other"), |_| {}).await.unwrap();
    assert_eq!(again.digest, image.digest, "the made manifest is always the same");
    let root = node.images.mount(&again, "c").await.unwrap();
    assert_eq!(fs::read(root.join("f")).unwrap(), b"docker");
    node.images.unmount("c").await.unwrap();
}

fn digest_of(bytes: &[u8]) -> String {
    use sha2::Digest;
    format!("sha256:{}", sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>())
}

#[tokio::test]
async fn bare_wasm_files() {
    let node = Node::new();
    let module = wat::parse_str(MODULE).unwrap();
    let component = wat::parse_str(COMPONENT).unwrap();
    for (file, bytes, encoding) in [
        ("module.wasm", &module[..], WasmEncoding::Module),
        ("no-extension", &module, WasmEncoding::Module),
        ("component.wasm", &component, WasmEncoding::Component),
        ("text.wat", MODULE.as_bytes(), WasmEncoding::Module),
    ] {
        let image = node.import(&write(&node, file, bytes), "wasm:v1").await.unwrap();
        let Content::Wasm { module: path, digest, encoding: found } = &image.content else {
            panic!("{image:?}")
        };
        assert_eq!(*found, encoding, "{file}");
        assert_eq!(*digest, digest_of(&fs::read(path).unwrap()));
        assert!(matches!(node.images.mount(&image, "c").await, Err(Error::Invalid { .. })));
    }
    // The name moved from image to image; what it named before is gone.
    assert_eq!(node.kept("wasm").len(), 1);
    assert_eq!(node.images.list().await.unwrap().len(), 1);

    assert!(refusal(&node, &write(&node, "bad.wat", "(module")).await.contains(".wat file does not parse"));
    assert!(refusal(&node, &write(&node, "old.wasm", b"\0asm\x07\0\0\0")).await.contains("not valid"));
    assert!(refusal(&node, &write(&node, "cut.wasm", b"\0asm\x01")).await.contains("Wasm file is"));
}

#[tokio::test]
async fn every_form_of_a_wasm_image() {
    let node = Node::new();
    let module = wat::parse_str(MODULE).unwrap();
    let oci_config = json!({"architecture": "wasm", "os": "wasip1", "config": {"entrypoint": ["m.wasm"]}, "rootfs": {"diff_ids": []}});
    let cncf = json!({"architecture": "wasm", "os": "wasip1", "author": null, "component": null, "layerDigests": []});
    let oci = "application/vnd.oci.image.config.v1+json";
    let mut layout = Layout::create(&node.dir().join("layout"));
    for (tag, config_type, config, layer_type) in [
        ("cncf", "application/vnd.wasm.config.v0+json", &cncf, "application/wasm"),
        ("runwasi", oci, &oci_config, "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm"),
        (
            "krustlet",
            "application/vnd.wasm.config.v1+json",
            &json!({}),
            "application/vnd.wasm.content.layer.v1+wasm",
        ),
        ("wasmcloud", oci, &json!({}), "application/vnd.module.wasm.content.layer.v1+wasm"),
    ] {
        layout.add_artifact(tag, (config_type, config.to_string().as_bytes()), &[(layer_type, &module)]);
        let image = node.import(layout.dir(), &format!("w:{tag}")).await.unwrap();
        assert!(
            matches!(image.content, Content::Wasm { encoding: WasmEncoding::Module, .. }),
            "{tag}: {image:?}"
        );
    }
    assert_eq!(node.kept("wasm").len(), 1, "one module, however it is wrapped");
}

#[tokio::test]
async fn scratch_images_with_a_wasm_entry_point() {
    let node = Node::new();
    let module = wat::parse_str(MODULE).unwrap();
    let layer =
        || Layer::new().file("app.wasm", 0o755, &module).file("dir/text.wat", 0o644, MODULE.as_bytes());
    let image = |config: Value| ImageSource::new(config, [layer()]).platform("wasip1", "wasm");
    let mut layout = Layout::create(&node.dir().join("layout"));
    for (i, (source, entry)) in [
        (image(json!({"Entrypoint": ["/app.wasm", "arg"]})), "/app.wasm"),
        (image(json!({"Entrypoint": ["app.wasm"]})), "app.wasm"),
        (image(json!({"Entrypoint": ["/app.wasm#_start"]})), "/app.wasm"),
        (image(json!({"Entrypoint": ["text.wat"], "WorkingDir": "/dir"})), "text.wat"),
        (ImageSource::new(json!({"Entrypoint": ["/app.wasm"]}), [layer()]), "/app.wasm"),
        (
            ImageSource::new(json!({"Entrypoint": ["/app.wasm"]}), [layer()]).platform("wasi", "wasm32"),
            "/app.wasm",
        ),
        (
            ImageSource::new(
                json!({"Entrypoint": ["/link"]}),
                [layer(), Layer::new().symlink("link", "/app.wasm")],
            ),
            "",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        layout.add(&format!("t{i}"), &source, Compression::Gzip);
        let image = node.import(layout.dir(), &format!("w:t{i}")).await.unwrap();
        match entry {
            // A link across layers is not followed: that image is what it says, a Linux one.
            "" => assert!(matches!(image.content, Content::Oci { .. })),
            entry => {
                assert!(matches!(image.content, Content::Wasm { .. }), "{i}: {image:?}");
                assert_eq!(image.config.entrypoint[0], entry);
            }
        }
    }
    layout.add("fn", &image(json!({"Entrypoint": ["/app.wasm#other"]})), Compression::Plain);
    let error = node.import(layout.dir(), "w:fn").await.unwrap_err().to_string();
    assert!(error.contains("asks for the function \"other\""), "{error}");
    let covered = [layer(), Layer::new().file(".wh.app.wasm", 0o644, b"")];
    layout.add(
        "gone",
        &ImageSource::new(json!({"Entrypoint": ["/app.wasm"]}), covered).platform("wasip1", "wasm"),
        Compression::Plain,
    );
    let error = node.import(layout.dir(), "w:gone").await.unwrap_err().to_string();
    assert!(error.contains("its entry point names no Wasm file"), "{error}");
}

#[tokio::test]
async fn what_is_no_image_is_refused_and_leaves_nothing() {
    let node = Node::new();
    let wasm = "application/wasm";
    let oci = "application/vnd.oci.image.config.v1+json";
    let tar = "application/vnd.oci.image.layer.v1.tar";
    for (i, (config, layers, message)) in [
        (("application/vnd.wasm.config.v0+json", "{}"), vec![(wasm, "a"), (wasm, "b")], "it has 2 layers, 2 of them Wasm"),
        (("application/vnd.wasm.config.v0+json", "{}"), vec![(wasm, "not wasm")], "does not begin with"),
        ((oci, "{}"), vec![], "neither a file system nor a Wasm module (no layers)"),
        (("application/vnd.cncf.helm.config.v1+json", "{}"), vec![("application/x", "")], "neither a file system nor a Wasm module"),
        (("application/vnd.fermyon.spin.application.v1+config", "{}"), vec![(wasm, "")], "it is a Spin application"),
        ((oci, "{}"), vec![("application/x", "")], "layer of type \"application/x\""),
        ((oci, "{}"), vec![(tar, "")], "its configuration names 0 layers, its manifest 1"),
        ((oci, "[]"), vec![(tar, "")], "configuration:"),
        ((oci, r#"{"rootfs":{"diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}"#), vec![(tar, "junk")], "layer"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut layout = Layout::create(&node.dir().join(format!("layout{i}")));
        let layers: Vec<_> = layers.iter().map(|(t, bytes)| (*t, bytes.as_bytes())).collect();
        layout.add_artifact("v1", (config.0, config.1.as_bytes()), &layers);
        let reason = refusal(&node, layout.dir()).await;
        assert!(reason.contains(message), "{reason}");
    }
    assert!(
        refusal(&node, &write(&node, "junk", "hello"))
            .await
            .starts_with("it is neither a whole tar archive (")
    );
    let empty = node.dir().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(refusal(&node, &empty).await.contains("neither an OCI layout"));
    assert!(matches!(node.import(&node.dir().join("absent"), "x").await, Err(Error::Io { .. })));
    assert!(node.images.list().await.unwrap().is_empty());
    assert!(node.kept("tmp").is_empty());
    assert!(node.kept("layers").is_empty());
}

#[tokio::test]
async fn damaged_layouts_are_noticed() {
    let node = Node::new();
    let layout = layout(&node);
    for entry in fs::read_dir(layout.dir().join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        assert!(
            matches!(node.import(layout.dir(), "x").await, Err(Error::Invalid { .. })),
            "{}",
            path.display()
        );
        fs::remove_file(&path).unwrap();
        assert!(refusal(&node, layout.dir()).await.ends_with("is missing"));
        fs::write(&path, good).unwrap();
    }
    node.import(layout.dir(), "x").await.unwrap();
}

#[tokio::test]
async fn several_processes_import_at_once() {
    let node = Node::new();
    let layout = layout(&node);
    let imports = (0..8).map(|i| {
        let (images, dir) = (node.again(), layout.dir().to_owned());
        async move { images.import(&dir, Some(&format!("app:{i}")), |_| {}).await }
    });
    let images = futures::future::try_join_all(imports).await.unwrap();
    assert!(images.iter().all(|image| image.digest == images[0].digest));
    let all = node.images.list().await.unwrap();
    assert_eq!((all.len(), all[0].names.len()), (1, 8));
    let removals = (0..8).map(|i| {
        let images = node.again();
        async move { images.remove(&format!("app:{i}")).await }
    });
    futures::future::try_join_all(removals).await.unwrap();
    drop(node.again());
    assert!(node.kept("layers").is_empty());
}

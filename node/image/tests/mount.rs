//! Root file systems by overlayfs, on this machine's kernel. Needs root.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use common::Node;
use naru_image::testing::{Compression, ImageSource, Layer, Layout};
use naru_image::{Error, ImageStore};
use serde_json::json;

fn layered() -> ImageSource {
    let below = Layer::new()
        .dir("etc", 0o755)
        .file("etc/kept", 0o644, b"kept")
        .file("etc/changed", 0o644, b"old")
        .file("etc/removed", 0o644, b"x")
        .dir("gone", 0o755)
        .file("gone/a", 0o644, b"a")
        .dir("fresh", 0o755)
        .file("fresh/old", 0o644, b"old");
    let above = Layer::new()
        .file("etc/changed", 0o600, b"new")
        .file("etc/.wh.removed", 0o644, b"")
        .file(".wh.gone", 0o644, b"")
        .dir("fresh", 0o755)
        .file("fresh/.wh..wh..opq", 0o644, b"")
        .file("fresh/new", 0o644, b"new");
    ImageSource::new(json!({}), [below, above])
}

#[tokio::test]
async fn containers_see_the_merged_layers_and_write_to_their_own() {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &layered(), Compression::Gzip);
    let image = node.import(layout.dir(), "layered:v1").await.unwrap();

    let one = node.images.mount(&image, "one").await.unwrap();
    assert_eq!(fs::read_to_string(one.join("etc/kept")).unwrap(), "kept");
    assert_eq!(fs::read_to_string(one.join("etc/changed")).unwrap(), "new");
    assert!(!one.join("etc/removed").exists());
    assert!(!one.join("gone").exists());
    let fresh: Vec<_> = fs::read_dir(one.join("fresh")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(fresh, ["new"]);
    assert_eq!(fs::metadata(&one).unwrap().permissions().mode() & 0o7777, 0o755);

    // The same mount point again, with what was written there.
    fs::write(one.join("etc/kept"), "mine").unwrap();
    assert_eq!(node.images.mount(&image, "one").await.unwrap(), one);
    let two = node.again().mount(&image, "two").await.unwrap();
    assert_eq!(fs::read_to_string(two.join("etc/kept")).unwrap(), "kept");
    assert_eq!(node.images.mounted().await.unwrap(), ["one", "two"]);

    match node.images.remove("layered:v1").await {
        Err(Error::InUse { container, .. }) => assert_eq!(container, "one"),
        other => panic!("{other:?}"),
    }
    for container in ["one", "two", "two", "never"] {
        node.images.unmount(container).await.unwrap();
    }
    assert!(node.images.mounted().await.unwrap().is_empty());
    assert!(node.kept("containers").is_empty());
    assert!(!one.exists());
    node.images.remove("layered:v1").await.unwrap();
    // Dropping the store waits for what it still deletes.
    let node = node.closed();
    for directory in ["layers", "blobs", "images", "refs", "tmp"] {
        assert!(node.kept(directory).is_empty(), "{directory}: {:?}", node.kept(directory));
    }
}

#[tokio::test]
async fn many_layers_exceed_the_page_of_mount_options() {
    let node = Node::new();
    let layers = (0..60).map(|i| Layer::new().file(&format!("file{i}"), 0o644, b"x"));
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &ImageSource::new(json!({}), layers), Compression::Plain);
    let image = node.import(layout.dir(), "many:v1").await.unwrap();
    let root = node.images.mount(&image, "c").await.unwrap();
    assert_eq!(fs::read_dir(&root).unwrap().count(), 60);
    node.images.unmount("c").await.unwrap();
}

#[tokio::test]
async fn an_image_in_use_stays_when_its_name_moves_on() {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &layered(), Compression::Zstd);
    layout.add("v2", &ImageSource::new(json!({}), [Layer::new().file("a", 0o644, b"a")]), Compression::Plain);
    let old = node.import(layout.dir(), "app:v1").await.unwrap();
    let root = node.images.mount(&old, "c").await.unwrap();
    let new = node.import(layout.dir(), "app:v2").await.unwrap();
    assert_ne!(old.digest, new.digest);
    // `app:v1` names another image now; the old one is nameless and would go, were it not for the container.
    let mut other = Layout::create(&node.dir().join("other"));
    other.add("v1", &ImageSource::new(json!({}), [Layer::new().file("b", 0o644, b"b")]), Compression::Plain);
    node.import(other.dir(), "app:v1").await.unwrap();
    assert_eq!(fs::read_to_string(root.join("etc/kept")).unwrap(), "kept");
    assert_eq!(node.kept("layers").len(), 4);
    // Another start of the store, as after a crash, leaves it alone too.
    assert_eq!(node.again().mounted().await.unwrap(), ["c"]);
    assert_eq!(node.kept("layers").len(), 4);
    node.images.unmount("c").await.unwrap();
    drop(node.again());
    assert_eq!(node.kept("layers").len(), 2);
}

#[tokio::test]
async fn busybox_runs_from_its_mount() {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("latest", &ImageSource::busybox(), Compression::Gzip);
    let image = node.import(layout.dir(), "busybox").await.unwrap();
    assert_eq!(image.names, ["docker.io/library/busybox:latest"]);
    assert_eq!(image.config.cmd, ["sh"]);
    let root = node.images.mount(&image, "c").await.unwrap();
    assert_eq!(fs::metadata(root.join("tmp")).unwrap().mode() & 0o7777, 0o1777);
    let output = std::process::Command::new("chroot")
        .arg(&root)
        .args(["/bin/sh", "-c", "echo hi > /tmp/x && cat /tmp/x"])
        .output();
    assert_eq!(output.unwrap().stdout, b"hi\n");
    node.images.unmount("c").await.unwrap();
}

#[tokio::test]
async fn container_ids_are_file_names() {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &layered(), Compression::Plain);
    let image = node.import(layout.dir(), "a:v1").await.unwrap();
    for bad in ["", ".", "..", "a/b", "../x", ".containers"] {
        assert!(matches!(node.images.mount(&image, bad).await, Err(Error::Invalid { .. })), "{bad}");
        assert!(matches!(node.images.unmount(bad).await, Err(Error::Invalid { .. })), "{bad}");
    }
}

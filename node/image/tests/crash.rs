//! A process killed at any moment leaves a store that works, without half images. Needs root.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::Node;
use naru_image::testing::{Compression, ImageSource, Layer, Layout};
use naru_image::{Content, DiskImages, ImageStore};
use serde_json::json;

const KILLS: u64 = 40;
/// Layers share a file, so that half an image shows.
const FILES: usize = 20;

fn source(version: &str) -> ImageSource {
    let layer = |part: usize| {
        (0..FILES).fold(Layer::new(), |layer, i| {
            layer.file(&format!("{part}/{i}"), 0o644, version.repeat(500).as_bytes())
        })
    };
    ImageSource::new(json!({"Cmd": [version]}), [layer(0), layer(1)])
}

/// Kills its process with the test, whichever way that ends.
struct Killed(Child);

impl Killed {
    fn start(dir: &Path) -> Self {
        // Cargo builds a package's examples with its tests, into a directory beside theirs.
        let test = std::env::current_exe().unwrap();
        let importer = test.ancestors().nth(2).unwrap().join("examples/import_forever");
        let mut command = Command::new(importer);
        command.arg(dir);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_killed_process_leaves_no_half_images() {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    for version in ["a", "b", "c"] {
        layout.add(version, &source(version), Compression::Gzip);
    }
    for kill in 0..KILLS {
        let mut child = Killed::start(node.dir());
        // Each round a little later, so that over time every step is hit.
        tokio::time::sleep(Duration::from_millis(10 + kill * 3)).await;
        assert!(child.0.try_wait().unwrap().is_none(), "the importer ended by itself");
        drop(child);
        let images = node.again();
        for container in images.mounted().await.unwrap() {
            images.unmount(&container).await.unwrap();
        }
        for image in images.list().await.unwrap() {
            check(&images, &image.names).await;
        }
    }
    let node = node.closed();
    for image in node.images.list().await.unwrap() {
        for name in image.names {
            node.images.remove(&name).await.unwrap();
        }
    }
    let node = node.closed();
    for directory in ["layers", "blobs", "images", "refs", "tmp", "containers"] {
        assert!(node.kept(directory).is_empty(), "{directory}: {:?}", node.kept(directory));
    }
}

/// An image that is listed can be found and is whole.
async fn check(images: &DiskImages, names: &[String]) {
    for name in names {
        // The name may have been the last thing written, or the first thing removed.
        let Some(image) = images.find(name).await.unwrap() else { continue };
        assert!(matches!(image.content, Content::Oci { .. }));
        let root = images.mount(&image, "check").await.unwrap();
        for part in 0..2 {
            assert_eq!(fs::read_dir(root.join(part.to_string())).unwrap().count(), FILES);
        }
        images.unmount("check").await.unwrap();
    }
}

/// Killed between an image's record and the name that leads to it.
#[tokio::test]
async fn a_name_that_leads_nowhere_is_not_listed_and_its_image_goes() {
    let node = Node::new();
    Layout::create(&node.dir().join("layout")).add("a", &source("a"), Compression::Gzip);
    node.import(&node.dir().join("layout"), "app:a").await.unwrap();
    for file in node.kept("refs") {
        fs::remove_file(node.root().join("refs").join(file)).unwrap();
    }
    let listed = node.images.list().await.unwrap();
    assert!(listed.iter().all(|image| image.names.is_empty()), "{listed:?}");
    assert!(node.images.find("app:a").await.unwrap().is_none());
    let node = node.closed();
    assert!(node.images.list().await.unwrap().is_empty());
}

//! Pulls from a real registry (Debian's docker-registry), started by each test.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Node;
use naru_image::testing::{Compression, ImageSource, LOGIN, Layer, Layout, Registry};
use naru_image::{Content, Credentials, Error, ImageStore, Reference};
use serde_json::json;

const ANYBODY: Credentials = Credentials::Anonymous;

fn app(version: &str) -> ImageSource {
    let shared = Layer::new().file("shared", 0o644, &vec![7; 300_000]);
    let own = Layer::new().file("version", 0o644, version.as_bytes());
    ImageSource::new(json!({"Cmd": ["/app"]}), [shared, own])
}

/// The registry's own copy of a blob.
fn blob_in(registry: &Registry, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").unwrap();
    registry.data().join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
}

async fn failure(node: &Node, name: &str) -> String {
    match node.images.pull(name, &ANYBODY).await {
        Err(Error::Pull { reference, reason }) => {
            assert_eq!(reference, name);
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn by_tag_and_by_digest_in_every_compression() {
    let (node, registry) = (Node::new(), Registry::start());
    let mut layout = Layout::create(&node.dir().join("layout"));
    for (tag, compression) in
        [("plain", Compression::Plain), ("gzip", Compression::Gzip), ("zstd", Compression::Zstd)]
    {
        let digest = layout.add(tag, &app(tag), compression);
        registry.push(layout.dir(), "team/app").await;
        let name = format!("{}/team/app", registry.address());
        let image = node.images.pull(&format!("{name}:{tag}"), &ANYBODY).await.unwrap();
        assert_eq!((&image.digest, image.imported), (&digest, false));
        assert_eq!(image.names, [format!("{name}:{tag}")]);
        let root = node.images.mount(&image, tag).await.unwrap();
        assert_eq!(fs::read_to_string(root.join("version")).unwrap(), tag);
        node.images.unmount(tag).await.unwrap();
        let found = node.images.find(&format!("{name}@{digest}")).await.unwrap();
        assert_eq!(found.unwrap().digest, digest, "a pulled tag is found by its digest");
        let by_digest = Node::new();
        let image = by_digest.images.pull(&format!("{name}:ignored@{digest}"), &ANYBODY).await.unwrap();
        assert_eq!(image.names, [format!("{name}@{digest}")]);
    }
    assert_eq!(node.kept("layers").len(), 4, "the shared layer is kept once, whatever its compression");
    assert!(node.kept("tmp").is_empty());
}

#[tokio::test]
async fn a_moved_tag_gives_the_new_image() {
    let (node, registry) = (Node::new(), Registry::start());
    let name = format!("{}/app:latest", registry.address());
    let mut digests = Vec::new();
    for version in ["one", "two"] {
        let mut layout = Layout::create(&node.dir().join(version));
        digests.push(layout.add("latest", &app(version), Compression::Gzip));
        registry.push(layout.dir(), "app").await;
        assert_eq!(node.images.pull(&name, &ANYBODY).await.unwrap().digest, digests[digests.len() - 1]);
    }
    let all = node.images.list().await.unwrap();
    assert_eq!((all.len(), &all[0].digest), (1, &digests[1]), "the old image had no other name");
}

#[tokio::test]
async fn what_is_not_there_is_said_as_containerd_says_it() {
    let (node, registry) = (Node::new(), Registry::start());
    let address = registry.address();
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &app("1"), Compression::Gzip);
    registry.push(layout.dir(), "app").await;
    for name in ["none:v1", "app:v2"] {
        let full = format!("{address}/{name}");
        let expected = format!(
            "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
        );
        assert_eq!(failure(&node, &full).await, expected);
    }
    // A moment ago the port was free.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reason = failure(&node, &format!("127.0.0.1:{port}/app")).await;
    assert!(reason.contains("failed to do request") && reason.contains("Connection refused"), "{reason}");
    let reason = failure(&node, "registry.invalid/app").await;
    assert!(reason.contains("failed to do request"), "{reason}");
}

#[tokio::test]
async fn logins() {
    let (node, registry) = (Node::new(), Registry::start_with_login());
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &app("1"), Compression::Gzip);
    registry.push(layout.dir(), "private/app").await;
    let name = format!("{}/private/app:v1", registry.address());
    assert!(failure(&node, &name).await.contains("pull access denied"), "{}", failure(&node, &name).await);
    let wrong = Credentials::Basic { username: LOGIN.0.to_owned(), password: "wrong".to_owned() };
    let error = node.images.pull(&name, &wrong).await.unwrap_err().to_string();
    assert!(error.contains("pull access denied"), "{error}");
    let secret =
        json!({"auths": {registry.address(): {"username": LOGIN.0, "password": LOGIN.1}}}).to_string();
    let login =
        Credentials::for_registry(secret.as_bytes(), &Reference::parse(&name).unwrap()).unwrap().unwrap();
    node.images.pull(&name, &login).await.unwrap();
    assert!(!format!("{login:?}").contains(LOGIN.1));
}

#[tokio::test]
async fn pulls_at_once_share_the_work() {
    let (node, registry) = (Node::new(), Registry::start());
    let mut layout = Layout::create(&node.dir().join("layout"));
    let versions = ["a", "b", "c"];
    for version in versions {
        layout.add(version, &app(version), Compression::Gzip);
    }
    registry.push(layout.dir(), "app").await;
    let pulls = (0..24).map(|i| {
        let name = format!("{}/app:{}", registry.address(), versions[i % versions.len()]);
        let images = node.images.clone();
        async move { images.pull(&name, &ANYBODY).await }
    });
    for pulled in futures::future::join_all(pulls).await {
        pulled.unwrap();
    }
    assert_eq!(node.kept("layers").len(), 4);
    assert_eq!(node.images.list().await.unwrap().len(), 3);
    let missing = format!("{}/app:missing", registry.address());
    let failures = futures::future::join_all((0..4).map(|_| node.images.pull(&missing, &ANYBODY))).await;
    assert!(failures.iter().all(|failure| matches!(failure, Err(Error::Pull { .. }))));
}

#[tokio::test]
async fn an_abandoned_pull_leaves_nothing_and_can_be_repeated() {
    let (node, registry) = (Node::new(), Registry::start());
    let mut layout = Layout::create(&node.dir().join("layout"));
    let many = ImageSource::new(
        json!({}),
        (0..20).map(|i| Layer::new().file(&format!("f{i}"), 0o644, &vec![i; 200_000])),
    );
    layout.add("v1", &many, Compression::Gzip);
    registry.push(layout.dir(), "many").await;
    let name = format!("{}/many:v1", registry.address());
    for polls in [1, 5, 20, 80] {
        let mut pull = Box::pin(node.images.pull(&name, &ANYBODY));
        for _ in 0..polls {
            if futures::poll!(&mut pull).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let image = node.images.pull(&name, &ANYBODY).await.unwrap();
    assert_eq!(node.kept("layers").len(), 20);
    assert!(matches!(&image.content, Content::Oci { layers } if layers.len() == 20));
}

#[tokio::test]
async fn content_that_does_not_match_its_digest_is_refused() {
    let (node, registry) = (Node::new(), Registry::start());
    let mut layout = Layout::create(&node.dir().join("layout"));
    layout.add("v1", &app("1"), Compression::Gzip);
    registry.push(layout.dir(), "app").await;
    let name = format!("{}/app:v1", registry.address());
    for entry in fs::read_dir(layout.dir().join("blobs/sha256")).unwrap() {
        let hex = entry.unwrap().file_name().into_string().unwrap();
        let blob = blob_in(&registry, &format!("sha256:{hex}"));
        let good = fs::read(&blob).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 0xff;
        fs::write(&blob, bad).unwrap();
        let fresh = Node::new();
        let error = fresh.images.pull(&name, &ANYBODY).await.unwrap_err();
        assert!(matches!(error, Error::Pull { .. } | Error::Invalid { .. }), "{error:?}");
        assert!(fresh.images.list().await.unwrap().is_empty());
        fs::write(&blob, good).unwrap();
    }
    node.images.pull(&name, &ANYBODY).await.unwrap();
    assert!(node.kept("tmp").is_empty());
}

#[tokio::test]
async fn an_index_and_a_wasm_artifact() {
    let (node, registry) = (Node::new(), Registry::start());
    let mut layout = Layout::create(&node.dir().join("layout"));
    let foreign =
        ImageSource::new(json!({}), [Layer::new().file("f", 0o644, b"")]).platform("linux", "s390x");
    let index = layout.add_index("multi", &[foreign, app("1")]);
    let module = wat::parse_str("(module)").unwrap();
    let config = json!({"architecture": "wasm", "os": "wasip1", "layerDigests": []}).to_string();
    let types = ("application/vnd.wasm.config.v0+json", "application/wasm");
    layout.add_artifact("wasm", (types.0, config.as_bytes()), &[(types.1, &module)]);
    registry.push(layout.dir(), "app").await;
    let name = format!("{}/app", registry.address());
    let image = node.images.pull(&format!("{name}:multi"), &ANYBODY).await.unwrap();
    assert_ne!(image.digest, index, "the image is the index' entry for this machine");
    let pinned = format!("{name}@{index}");
    assert_eq!(node.images.pull(&pinned, &ANYBODY).await.unwrap().digest, image.digest);
    assert!(node.images.find(&pinned).await.unwrap().is_some());
    let wasm = node.images.pull(&format!("{name}:wasm"), &ANYBODY).await.unwrap();
    let Content::Wasm { module: path, .. } = wasm.content else { panic!("{wasm:?}") };
    assert_eq!(fs::read(path).unwrap(), module);
}

/// The tools that people build and copy images with: what they make must be what we read.
#[tokio::test]
async fn images_of_umoci_and_skopeo() {
    let (node, registry) = (Node::new(), Registry::start());
    let layout = node.dir().join("made");
    let at = format!("{}:v1", layout.display());
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        let output = output.unwrap_or_else(|e| panic!("{program}: {e}: apt-get install umoci skopeo"));
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let bundle = node.dir().join("bundle");
    let bundle_path = bundle.to_str().unwrap();
    run("umoci", &["init", "--layout", layout.to_str().unwrap()]);
    run("umoci", &["new", "--image", &at]);
    run("umoci", &["unpack", "--image", &at, bundle_path]);
    fs::create_dir(bundle.join("rootfs/bin")).unwrap();
    fs::copy("/bin/busybox", bundle.join("rootfs/bin/busybox")).expect("apt-get install busybox-static");
    run("umoci", &["repack", "--image", &at, bundle_path]);
    run("umoci", &["config", "--image", &at, "--config.cmd", "/bin/busybox"]);
    let imported = node.import(&layout, "made:v1").await.unwrap();
    assert_eq!(imported.config.cmd, ["/bin/busybox"]);

    let archive = node.dir().join("docker.tar");
    run("skopeo", &["copy", &format!("oci:{at}"), &format!("docker-archive:{}:made:v2", archive.display())]);
    let from_docker = node.images.import(&archive, None, |_| {}).await.unwrap();
    assert_eq!(from_docker.names, ["docker.io/library/made:v2"]);
    assert_eq!(layers(&from_docker.content), layers(&imported.content));

    let remote = format!("{}/made:v1", registry.address());
    run("skopeo", &["copy", "--dest-tls-verify=false", &format!("oci:{at}"), &format!("docker://{remote}")]);
    let pulled = node.images.pull(&remote, &ANYBODY).await.unwrap();
    assert_eq!(layers(&pulled.content), layers(&imported.content));
    let root = node.images.mount(&pulled, "c").await.unwrap();
    assert!(Path::new(&root).join("bin/busybox").exists());
    node.images.unmount("c").await.unwrap();
}

fn layers(content: &Content) -> Vec<PathBuf> {
    match content {
        Content::Oci { layers } => layers.clone(),
        Content::Wasm { .. } => Vec::new(),
    }
}

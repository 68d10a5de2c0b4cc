//! What every `ImageStore` does, on a disk and in memory alike.
#![allow(clippy::unwrap_used)]

mod common;

use common::Node;
use naru_image::testing::{Compression, ImageSource, Layer, Layout};
use naru_image::{Credentials, Error, FakeImages, Image, ImageStore};
use serde_json::json;

/// Lets a store hold two images: `one:v1` and `two:v1`.
struct Subject {
    images: Box<dyn ImageStore>,
    one: Image,
    _node: Option<Node>,
}

async fn disk() -> Subject {
    let node = Node::new();
    let mut layout = Layout::create(&node.dir().join("layout"));
    for name in ["one", "two"] {
        let source = ImageSource::new(json!({"Cmd": [name]}), [Layer::new().file(name, 0o644, b"x")]);
        layout.add(name, &source, Compression::Plain);
        node.import(layout.dir(), &format!("{name}:{name}")).await.unwrap();
    }
    let one = node.import(layout.dir(), "one:one").await.unwrap();
    Subject { images: Box::new(node.again()), one, _node: Some(node) }
}

async fn fake() -> Subject {
    let images = FakeImages::new();
    for name in ["one:one", "two:two"] {
        images.hold(name, FakeImages::oci(name)).unwrap();
    }
    let one = images.find("one:one").await.unwrap().unwrap();
    Subject { images: Box::new(images), one, _node: None }
}

macro_rules! contract {
    ($($name:ident),*) => {
        mod on_disk { $(#[tokio::test] async fn $name() { super::$name(super::disk().await).await })* }
        mod in_memory { $(#[tokio::test] async fn $name() { super::$name(super::fake().await).await })* }
    };
}

contract!(
    finds_by_every_form_of_a_name,
    refuses_bad_names,
    removes_by_name,
    a_root_file_system_pins_its_image,
    pulling_what_is_not_there
);

async fn finds_by_every_form_of_a_name(subject: Subject) {
    let one = &subject.one;
    let at_digest = format!("one@{}", one.digest);
    for name in [
        "one:one",
        "docker.io/library/one:one",
        "docker.io/one:one",
        &at_digest,
        &format!("one:any@{}", one.digest),
    ] {
        let found = subject.images.find(name).await.unwrap();
        assert_eq!(found.as_ref(), Some(one), "{name}");
    }
    for name in ["one", "one:two", "three:one", "localhost/one:one", &format!("two@{}", one.digest)] {
        assert_eq!(subject.images.find(name).await.unwrap(), None, "{name}");
    }
    assert_eq!(one.names, ["docker.io/library/one:one"]);
    assert!(one.imported);
    assert_eq!(subject.images.list().await.unwrap().len(), 2);
}

async fn refuses_bad_names(subject: Subject) {
    let images = &subject.images;
    for bad in ["", "UPPER", "a:b:c", "a@sha256:12"] {
        let error = images.find(bad).await.unwrap_err();
        assert!(matches!(error, Error::InvalidReference { .. }), "{bad}: {error}");
        assert!(matches!(
            images.pull(bad, &Credentials::Anonymous).await,
            Err(Error::InvalidReference { .. })
        ));
        assert!(matches!(images.remove(bad).await, Err(Error::InvalidReference { .. })));
    }
}

async fn removes_by_name(subject: Subject) {
    let images = &subject.images;
    images.remove("one:one").await.unwrap();
    assert_eq!(images.find("one:one").await.unwrap(), None);
    let error = images.remove("one:one").await.unwrap_err();
    assert_eq!(error.to_string(), "image one:one not found");
    assert_eq!(images.list().await.unwrap().len(), 1);
}

async fn a_root_file_system_pins_its_image(subject: Subject) {
    let images = &subject.images;
    let root = images.mount(&subject.one, "c-1").await.unwrap();
    assert!(root.ends_with("c-1"));
    assert_eq!(images.mount(&subject.one, "c-1").await.unwrap(), root);
    assert_eq!(images.mounted().await.unwrap(), ["c-1"]);
    let error = images.remove("one:one").await.unwrap_err();
    assert_eq!(error.to_string(), "image one:one is in use by container c-1");
    assert!(images.find("one:one").await.unwrap().is_some());
    images.unmount("c-1").await.unwrap();
    images.unmount("c-1").await.unwrap();
    assert!(images.mounted().await.unwrap().is_empty());
    images.remove("one:one").await.unwrap();
}

async fn pulling_what_is_not_there(subject: Subject) {
    // Port 1 of this machine answers nobody; the fake has an empty registry.
    let error = subject.images.pull("127.0.0.1:1/none:v1", &Credentials::Anonymous).await.unwrap_err();
    let Error::Pull { reference, reason } = error else { panic!("{error:?}") };
    assert_eq!(reference, "127.0.0.1:1/none:v1");
    let start = "failed to pull and unpack image \"127.0.0.1:1/none:v1\": failed to resolve reference \"127.0.0.1:1/none:v1\": ";
    assert!(reason.starts_with(start), "{reason}");
}

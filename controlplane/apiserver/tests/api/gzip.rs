//! Answers in gzip: whatever happens to the objects, what is unpacked is the plain list or object.

use std::io::Read;

use axum::body::Body;
use flate2::read::GzDecoder;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::harness::*;

/// A ConfigMap of some KiB, so that few make a list that is worth compressing.
fn large(name: &str, text: u32) -> Value {
    let data = json!({"k": format!("{text} ").repeat(600), "other": text.to_string()});
    json!({"metadata": {"name": name, "labels": {"odd": (text % 2).to_string()}}, "data": data})
}

async fn get(api: &Api, path: &str, encoding: &str) -> Answer {
    api.send("GET", path, &[("accept-encoding", encoding)], Body::empty()).await
}

/// The list as a client that takes gzip gets it, unpacked, and whether it was packed.
async fn unpacked(api: &Api, path: &str) -> (Vec<u8>, bool) {
    let answer = get(api, path, "gzip").await;
    assert_eq!((answer.code, &answer.headers["content-type"]), (200, &"application/json".parse().unwrap()));
    let Some(encoding) = answer.headers.get("content-encoding") else {
        return (answer.bytes.to_vec(), false);
    };
    assert_eq!(
        (encoding, &answer.headers["vary"]),
        (&"gzip".parse().unwrap(), &"Accept-Encoding".parse().unwrap())
    );
    assert!(answer.headers.get("content-length").is_none());
    let mut bytes = Vec::new();
    // One stream: a decoder of several would hide a wrong end.
    let mut decoder = GzDecoder::new(&answer.bytes[..]);
    decoder.read_to_end(&mut bytes).unwrap();
    assert!(decoder.into_inner().is_empty());
    (bytes, true)
}

#[tokio::test]
async fn large_objects_and_tables_are_packed_too() {
    let api = Api::start().await;
    let long = "x".repeat(130 << 10);
    let path = format!("{MAPS}/long");
    api.post(MAPS, &json!({"metadata": {"name": "long"}, "data": {"k": long}})).await.ok(201);
    api.post(MAPS, &large("short", 1)).await.ok(201);
    let plain = get(&api, &path, "identity").await;
    assert_eq!(plain.headers["vary"], "Accept-Encoding");
    assert!(plain.headers.get("content-encoding").is_none());
    for (accept, path, packed) in [
        ("application/json", path.clone(), true),
        ("application/yaml", path.clone(), true),
        ("application/json", format!("{MAPS}/short"), false),
        ("application/json;as=Table;v=v1;g=meta.k8s.io", path.clone(), false),
        ("application/json;as=Table;v=v1;g=meta.k8s.io", format!("{MAPS}?includeObject=Object"), true),
    ] {
        let ask = async |encoding: &'static str| {
            api.send("GET", &path, &[("accept-encoding", encoding), ("accept", accept)], Body::empty()).await
        };
        let (plain, answer) = (ask("identity").await, ask("gzip").await);
        assert_eq!(answer.headers.contains_key("content-encoding"), packed, "{accept} {path}");
        assert_eq!(answer.headers["content-type"], plain.headers["content-type"]);
        let mut bytes = Vec::new();
        if packed {
            GzDecoder::new(&answer.bytes[..]).read_to_end(&mut bytes).unwrap();
        } else {
            bytes.extend_from_slice(&answer.bytes);
        }
        assert!(bytes == plain.bytes, "{accept} {path}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u32),
    Delete(u8),
    List(usize),
}

const LISTS: [&str; 5] = [
    "/api/v1/configmaps",
    MAPS,
    "/api/v1/configmaps?labelSelector=odd%3D1",
    "/api/v1/configmaps?limit=80",
    "/api/v1/configmaps?labelSelector=odd%3D0&limit=50",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u8..140, any::<u32>()).prop_map(|(name, text)| Step::Put(name, text)),
        3 => (0u8..140).prop_map(Step::Delete),
        1 => (0..LISTS.len()).prop_map(Step::List),
    ];
    proptest::collection::vec(step, 0..30)
}

/// All pages are the same, packed or not.
async fn compare(api: &Api, path: &str) -> bool {
    let (mut next, mut packed_once) = (path.to_string(), false);
    loop {
        let plain = get(api, &next, "identity").await;
        assert!(plain.headers.get("content-encoding").is_none());
        let (bytes, packed) = unpacked(api, &next).await;
        assert!(bytes == plain.bytes, "{next}");
        assert_eq!(packed, bytes.len() > 128 << 10, "{next}: {} bytes", bytes.len());
        packed_once |= packed;
        let list = plain.ok(200);
        let Some(token) = list["metadata"]["continue"].as_str() else { return packed_once };
        let mark = if path.contains('?') { '&' } else { '?' };
        next = format!("{path}{mark}continue={token}");
    }
}

async fn apply(api: &Api, step: &Step) {
    let namespace = |name: u8| if name.is_multiple_of(3) { "other" } else { "default" };
    let path = |name: u8| format!("/api/v1/namespaces/{}/configmaps/m{name:03}", namespace(name));
    match step {
        Step::Put(name, text) => {
            let object = large(&format!("m{name:03}"), *text);
            if api.put(&path(*name), &object).await.code == 404 {
                let all = format!("/api/v1/namespaces/{}/configmaps", namespace(*name));
                api.post(&all, &object).await.ok(201);
            }
        }
        Step::Delete(name) => drop(api.delete(&path(*name)).await),
        Step::List(which) => drop(compare(api, LISTS[*which]).await),
    }
}

#[test]
fn a_packed_list_is_the_plain_list_whatever_happened() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 4, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let api = Api::start().await;
            for name in 0..120 {
                apply(&api, &Step::Put(name, u32::from(name))).await;
            }
            assert!(compare(&api, LISTS[0]).await);
            for step in &steps {
                apply(&api, step).await;
            }
            for path in LISTS {
                compare(&api, path).await;
            }
        });
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn small_lists_and_watches_are_never_packed() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    assert!(!unpacked(&api, MAPS).await.1);
    assert!(get(&api, MAPS, "gzip").await.headers.get("vary").is_none());
    for name in 0..90u8 {
        apply(&api, &Step::Put(name, 1_000_000_000)).await;
    }
    let path = format!("{MAPS}?watch=1&timeoutSeconds=1");
    let watch = get(&api, &path, "gzip").await;
    assert!(watch.headers.get("content-encoding").is_none());
    assert!(watch.bytes.starts_with(b"{\"type\":\"ADDED\"") && watch.bytes.len() > 128 << 10);
}

//! Forms of answers: Table, PartialObjectMetadata, YAML, gzip, and what cannot be made.

use std::io::Read;

use serde_json::{Value, json};

use crate::harness::*;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const PARTIALS: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

#[tokio::test]
async fn tables_and_metadata() {
    let api = Api::start().await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let path = format!("{MAPS}/a");
    let table = api.get_as(&path, TABLE).await.ok(200);
    assert_eq!((&table["kind"], &table["rows"][0]["cells"][0]), (&json!("Table"), &json!("a")));
    let list = api.get_as(&format!("{MAPS}?includeObject=Object"), TABLE).await.ok(200);
    assert_eq!((&list["rows"][0]["object"], version(&list)), (&made, version(&made)));
    api.get_as(&format!("{MAPS}?includeObject=Odd"), TABLE).await.refused(400, "BadRequest");
    let partial = api.get_as(&path, PARTIAL).await.ok(200);
    let expected = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": made["metadata"]});
    assert_eq!(partial, expected);
    let partials = api.get_as(MAPS, PARTIALS).await.ok(200);
    assert_eq!(
        (&partials["kind"], &partials["items"]),
        (&json!("PartialObjectMetadataList"), &json!([expected]))
    );
    let patch = api
        .send("PATCH", &path, &[("content-type", "application/merge-patch+json"), ("accept", PARTIAL)], "{}")
        .await;
    assert_eq!(patch.ok(200), expected);
}

#[tokio::test]
async fn yaml_and_what_cannot_be_made() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    let yaml = api.get_as(&format!("{MAPS}/a"), "application/yaml").await;
    assert_eq!((yaml.code, &yaml.headers["content-type"]), (200, &"application/yaml".parse().unwrap()));
    assert!(std::str::from_utf8(&yaml.bytes).unwrap().contains("kind: ConfigMap"), "{:?}", yaml.bytes);
    assert!(api.get_as(MAPS, "application/yaml").await.bytes.starts_with(b"kind: ConfigMapList"));
    for shape in ["Table", "PartialObjectMetadataList"] {
        let accept = format!("application/yaml;as={shape};v=v1;g=meta.k8s.io");
        for url in [MAPS, &format!("{MAPS}/a")] {
            let answer = api.get_as(url, &accept).await;
            assert_eq!(
                (answer.code, &answer.headers["content-type"]),
                (200, &"application/yaml".parse().unwrap())
            );
            let text = std::str::from_utf8(&answer.bytes).unwrap();
            assert!(
                text.starts_with("kind: Table") || text.starts_with("kind: PartialObjectMetadata"),
                "{text}"
            );
        }
    }
    for accept in ["application/cbor", "text/html", "application/json;as=Odd;v=v1;g=meta.k8s.io"] {
        let status = api.get_as(MAPS, accept).await.refused(406, "NotAcceptable");
        assert!(
            status["message"].as_str().unwrap().starts_with("only the following media types are accepted")
        );
    }
    api.get_as(&format!("{MAPS}?watch=1"), "application/yaml").await.refused(406, "NotAcceptable");
}

#[tokio::test]
async fn large_lists_are_compressed_for_those_who_ask() {
    let api = Api::start().await;
    for n in 0..10 {
        let mut map = config_map(&format!("m{n}"));
        map["data"]["big"] = "text ".repeat(8 << 10).into();
        api.post(MAPS, &map).await.ok(201);
    }
    let plain = api.get(MAPS).await;
    assert_eq!(plain.headers["content-length"], plain.bytes.len().to_string().as_str());
    let packed = api.send("GET", MAPS, &[("accept-encoding", "gzip")], "").await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert!(packed.bytes.len() < plain.bytes.len() / 10);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.bytes[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&unpacked).unwrap(), plain.json());
    let small = api.send("GET", &format!("{MAPS}?limit=1"), &[("accept-encoding", "gzip")], "").await;
    assert_eq!(small.headers.get("content-encoding"), None);
}

#[tokio::test]
async fn watches_in_other_forms() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    let mut tables = api.watch_as(&format!("{MAPS}?watch=1"), TABLE).await;
    let mut partials = api.watch_as(&format!("{MAPS}?watch=1"), PARTIAL).await;
    api.post(MAPS, &config_map("b")).await.ok(201);
    api.delete(&format!("{MAPS}/a")).await.ok(200);
    for (index, (kind, name)) in [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")].into_iter().enumerate() {
        let event = tables.next().await.unwrap();
        let table = &event["object"];
        assert_eq!(
            (&event["type"], &table["kind"], &table["rows"][0]["cells"][0]),
            (&json!(kind), &json!("Table"), &json!(name))
        );
        assert_eq!(table["columnDefinitions"].is_array(), index == 0);
        let event = partials.next().await.unwrap();
        let partial = &event["object"];
        assert_eq!((&event["type"], &partial["kind"]), (&json!(kind), &json!("PartialObjectMetadata")));
        assert_eq!((&partial["metadata"]["name"], partial.get("data")), (&json!(name), None));
    }
}

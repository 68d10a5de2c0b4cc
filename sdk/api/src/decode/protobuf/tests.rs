#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A tiny encoder: a message is its bytes.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint_bytes(mut value: u64, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    fn int(mut self, number: u64, value: i64) -> Self {
        Self::varint_bytes(number << 3, &mut self.0);
        Self::varint_bytes(value as u64, &mut self.0);
        self
    }

    fn bytes(mut self, number: u64, value: &[u8]) -> Self {
        Self::varint_bytes(number << 3 | 2, &mut self.0);
        Self::varint_bytes(value.len() as u64, &mut self.0);
        self.0.extend_from_slice(value);
        self
    }

    fn text(self, number: u64, value: &str) -> Self {
        self.bytes(number, value.as_bytes())
    }

    fn nest(self, number: u64, value: Message) -> Self {
        self.bytes(number, &value.0)
    }

    fn double(mut self, number: u64, value: f64) -> Self {
        Self::varint_bytes(number << 3 | 1, &mut self.0);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn pair(self, number: u64, key: &str, value: &str) -> Self {
        self.nest(number, message().text(1, key).text(2, value))
    }
}

fn message() -> Message {
    Message::default()
}

fn envelope(api_version: &str, kind: &str, raw: Message) -> Vec<u8> {
    let unknown =
        message().nest(1, message().text(1, api_version).text(2, kind)).nest(2, raw).text(3, "").text(4, "");
    [MAGIC.as_slice(), &unknown.0].concat()
}

/// ObjectMeta as Go writes it: all that is no pointer, zero or not.
fn metadata(name: &str) -> Message {
    message()
        .text(1, name)
        .text(2, "")
        .text(3, "")
        .text(4, "")
        .text(5, "")
        .text(6, "")
        .int(7, 0)
        .nest(8, message())
}

fn decoded(api_version: &str, kind: &str, raw: Message) -> Value {
    protobuf(&envelope(api_version, kind, raw)).unwrap()
}

#[test]
fn namespace() {
    let raw = message().nest(1, metadata("a")).nest(2, message()).nest(3, message().text(1, ""));
    let expected =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}, "spec": {}, "status": {}});
    assert_eq!(decoded("v1", "Namespace", raw), expected);
}

#[test]
fn config_map_and_secret() {
    let raw =
        message().nest(1, metadata("c").pair(11, "l", "v")).pair(2, "k", "v").pair(2, "e", "").int(4, 0);
    assert_eq!(
        decoded("v1", "ConfigMap", raw),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {"l": "v"}}, "data": {"k": "v", "e": ""}, "immutable": false})
    );
    let raw = message()
        .nest(1, metadata("s"))
        .nest(2, message().text(1, "a").bytes(2, &[0, 255]))
        .nest(2, message().text(1, "b"))
        .text(3, "Opaque")
        .pair(4, "x", "y");
    assert_eq!(
        decoded("v1", "Secret", raw),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "AP8=", "b": ""}, "type": "Opaque", "stringData": {"x": "y"}})
    );
}

#[test]
fn delete_options_of_any_group() {
    let raw = message().int(1, 0).nest(2, message().text(1, "u")).text(4, "Background");
    assert_eq!(
        decoded("apps/v1", "DeleteOptions", raw),
        json!({"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": {"uid": "u"}, "propagationPolicy": "Background"})
    );
    let empty =
        [MAGIC.as_slice(), &message().nest(1, message().text(1, "v1").text(2, "DeleteOptions")).0].concat();
    assert_eq!(protobuf(&empty).unwrap(), json!({"apiVersion": "v1", "kind": "DeleteOptions"}));
}

#[test]
fn pod_with_inlined_members_and_odd_scalars() {
    let probe = message()
        .nest(
            1,
            message().nest(2, message().text(1, "/").nest(2, message().int(1, 1).int(2, 0).text(3, "http"))),
        )
        .int(2, 0)
        .int(4, 3);
    let quantity = |text| message().text(1, text);
    let resources = message().nest(1, message().text(1, "cpu").nest(2, quantity("500m")));
    let container = message()
        .text(1, "c")
        .text(2, "busybox")
        .text(3, "sh")
        .text(3, "")
        .nest(6, message().text(1, "").int(2, 0).int(3, 80).text(4, ""))
        .nest(8, resources)
        .nest(10, probe)
        .int(16, 0);
    let volume = message()
        .text(1, "v")
        .nest(2, message().nest(2, message().text(1, "Memory").nest(2, quantity("1Gi"))));
    let spec = message()
        .nest(1, volume)
        .nest(2, container)
        .text(3, "Always")
        .int(4, 0)
        .pair(7, "k", "v")
        .text(10, "")
        .int(11, 0)
        .nest(22, message().text(1, "a").int(5, 30));
    let created = message().int(1, 1_795_251_600).int(2, 500_000_000);
    let managed = message().text(1, "m").nest(7, message().text(1, "{\"f:a\":{}}"));
    let raw = message()
        .nest(1, message().text(1, "p").nest(9, created).nest(17, managed))
        .nest(2, spec)
        .nest(3, message());
    let expected = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "deletionTimestamp": "2026-11-21T09:00:00Z", "managedFields": [{"manager": "m", "fieldsV1": {"f:a": {}}}]},
        "spec": {
            "volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
            "containers": [{
                "name": "c", "image": "busybox", "command": ["sh", ""], "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "500m"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 3},
            }],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 0, "nodeSelector": {"k": "v"},
            "tolerations": [{"key": "a", "tolerationSeconds": 30}],
        },
        "status": {},
    });
    let pod = decoded("v1", "Pod", raw);
    assert_eq!(pod, expected);
    assert!(schema::check("io.k8s.api.core.v1.Pod", &pod).is_empty());
}

/// Bodies that kubectl 1.37.1 sent for `create configmap` and `create deployment`.
#[test]
fn bodies_of_kubectl() {
    for (body, expected) in [
        (
            "6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a017812001a0022002a0032003800420012060a01611201621a002200",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}),
        ),
        (
            "6b3873000a150a07617070732f7631120a4465706c6f796d656e7412b0010a1b0a016412001a0022002a0032003800420\
             05a080a0361707012016412820\
             10802120a0a080a036170701201641a6a0a1a0a0012001a0022002a00320038004200\
             5a080a03617070120164124c122e0a056e67696e7812056e67696e782a00320a0a001000185022002a0042006a007200\
             800100880100900100a201001a00320042004a0052005800600068008201008a01009a0100c2010022020a00280038001a0c08001000180020002800380\
             01a002200",
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "labels": {"app": "d"}},
                "spec": {
                    "replicas": 2, "selector": {"matchLabels": {"app": "d"}}, "strategy": {},
                    "template": {
                        "metadata": {"labels": {"app": "d"}},
                        "spec": {"containers": [{"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {}}]},
                    },
                },
                "status": {},
            }),
        ),
    ] {
        let bytes: Vec<u8> =
            (0..body.len()).step_by(2).map(|at| u8::from_str_radix(&body[at..at + 2], 16).unwrap()).collect();
        assert_eq!(protobuf(&bytes).unwrap(), expected);
    }
}

#[test]
fn lease_event_and_others() {
    let renew = message().int(1, 1_795_251_600).int(2, 123_456_789);
    let raw = message().nest(1, metadata("l")).nest(2, message().text(1, "me").int(2, 15).nest(4, renew));
    assert_eq!(
        decoded("coordination.k8s.io/v1", "Lease", raw)["spec"],
        json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-11-21T09:00:00.123456Z"})
    );
    let raw = message()
        .nest(1, metadata("e"))
        .nest(2, message().text(1, "Pod"))
        .int(8, 2)
        .nest(10, message())
        .text(14, "")
        .text(15, "");
    assert_eq!(
        decoded("v1", "Event", raw),
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod"}, "count": 2, "reportingComponent": "", "reportingInstance": ""})
    );
    let extra = message().text(1, "k").nest(2, message().text(1, "a").text(1, "b"));
    let review = message().nest(2, message().nest(5, extra));
    assert_eq!(
        decoded("authorization.k8s.io/v1", "SubjectAccessReview", review)["spec"],
        json!({"extra": {"k": ["a", "b"]}})
    );
    let schema =
        message().double(9, 1.5).nest(29, message().text(1, "p").nest(2, message().text(5, "string")));
    let version = message().text(1, "v1").int(2, 1).int(3, 0).nest(4, message().nest(1, schema));
    let crd = decoded(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        message().nest(2, message().nest(7, version)),
    );
    assert_eq!(
        crd["spec"]["versions"],
        json!([{"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"maximum": 1.5, "properties": {"p": {"type": "string"}}}}}])
    );
}

#[test]
fn numbers_of_all_widths() {
    let packed = message().nest(14, message().int(2, -5).bytes(4, &[1, 2, 0xac, 0x02]).int(4, 7));
    let pod = decoded("v1", "Pod", message().nest(2, packed));
    assert_eq!(
        pod["spec"]["securityContext"],
        json!({"runAsUser": -5, "supplementalGroups": [1, 2, 300, 7]})
    );
}

#[test]
fn failures() {
    for (body, expected) in [
        (b"{}".to_vec(), "proto: provided data does not appear"),
        (envelope("v1", "Nothing", message()), "no kind \"Nothing\" is registered for version \"v1\""),
        (envelope("v1", "Pod", message().int(1, 1)), "proto: wrong wireType"),
        (envelope("v1", "Pod", Message(vec![0x0a, 0x7f])), "proto: unexpected EOF"),
        (envelope("v1", "Pod", Message(vec![0x0a])), "proto: "),
        (
            envelope("v1", "ConfigMap", message().nest(2, message().bytes(1, &[0xff]))),
            "proto: string field contains invalid UTF-8",
        ),
    ] {
        let error = protobuf(&body).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn depth_is_limited() {
    let mut schema = message();
    for _ in 0..10_000 {
        schema = message().nest(28, schema);
    }
    let crd = message().nest(2, message().nest(7, message().nest(4, message().nest(1, schema))));
    let error = protobuf(&envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd)).unwrap_err();
    assert_eq!(error, Error::Protobuf("exceeded max depth".into()));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = protobuf(&bytes);
        let _ = protobuf(&envelope("v1", "Pod", Message(bytes.clone())));
        let _ = protobuf(&envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", Message(bytes)));
    }

    #[test]
    fn random_fields_never_panic(fields in proptest::collection::vec((1u64..45, 0u8..3, any::<u32>(), "[ -~]{0,8}"), 0..30)) {
        let spec = fields.iter().fold(message(), |message, (number, wire, int, text)| match wire {
            0 => message.int(*number, i64::from(*int)),
            1 => message.double(*number, f64::from(*int)),
            _ => message.text(*number, text),
        });
        let _ = protobuf(&envelope("v1", "Pod", spec.clone()));
        let _ = protobuf(&envelope("v1", "Pod", message().nest(2, spec)));
    }

    #[test]
    fn cut_bodies_never_panic(length in 0usize..200) {
        let body = envelope("v1", "ConfigMap", message().nest(1, metadata("abc").pair(11, "a", "b")).pair(2, "k", "v"));
        let _ = protobuf(&body[..length.min(body.len())]);
    }
}

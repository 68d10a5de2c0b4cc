//! The cluster's nftables table: pods reach the world beyond the node under the node's address.

use nftables::helper::{DEFAULT_ARGS, DEFAULT_NFT, NftablesError, apply_ruleset_raw};
use serde_json::{Value, json};

use crate::{Error, PodRange, Result, naming};

const FAMILY: &str = "inet";

/// Makes the table as it must be, whatever state it is in, in one transaction.
pub(crate) fn apply(cluster: &str, range: PodRange) -> Result<()> {
    run(cluster, "make", &rules(cluster, range))
}

/// Removes the table; nothing happens if there is none.
pub(crate) fn remove(cluster: &str) -> Result<()> {
    let table = json!({"table": {"family": FAMILY, "name": naming::table(cluster)}});
    // Adding first makes the deletion succeed where there is none.
    run(cluster, "remove", &json!({"nftables": [{"add": table}, {"delete": table}]}))
}

fn run(cluster: &str, verb: &str, ruleset: &Value) -> Result<()> {
    let applied = apply_ruleset_raw(&ruleset.to_string(), DEFAULT_NFT, DEFAULT_ARGS);
    applied.map(drop).map_err(|error| {
        let context = format!("cannot {verb} the nftables table {}", naming::table(cluster));
        match error {
            NftablesError::NftExecution { inner, .. } if inner.kind() == std::io::ErrorKind::NotFound => {
                Error::kernel(context, "the program nft is missing: install nftables")
            }
            NftablesError::NftFailed { stderr, .. } => Error::kernel(context, stderr),
            error => Error::kernel(context, error),
        }
    })
}

fn rules(cluster: &str, range: PodRange) -> Value {
    let (table, bridge) = (naming::table(cluster), naming::bridge(cluster));
    let network = json!({"prefix": {"addr": range.network().to_string(), "len": range.prefix()}});
    let chain = |name: &str, kind: &str, hook: &str, priority: i32| {
        json!({"add": {"chain": {"family": FAMILY, "table": table, "name": name, "type": kind, "hook": hook,
            "prio": priority, "policy": "accept"}}})
    };
    let flush = |name: &str| json!({"flush": {"chain": {"family": FAMILY, "table": table, "name": name}}});
    let rule = |chain: &str, expr: Value| json!({"add": {"rule": {"family": FAMILY, "table": table, "chain": chain, "expr": expr}}});
    let address = |field: &str, op: &str| json!({"match": {"op": op, "left": {"payload": {"protocol": "ip", "field": field}}, "right": network}});
    let interface =
        |key: &str| json!({"match": {"op": "==", "left": {"meta": {"key": key}}, "right": bridge}});
    json!({"nftables": [
        {"add": {"table": {"family": FAMILY, "name": table}}},
        chain("postrouting", "nat", "postrouting", 100),
        chain("forward", "filter", "forward", 0),
        flush("postrouting"),
        flush("forward"),
        rule("postrouting", json!([address("saddr", "=="), address("daddr", "!="), {"masquerade": null}])),
        rule("forward", json!([interface("iifname"), {"accept": null}])),
        rule("forward", json!([interface("oifname"), {"accept": null}])),
    ]})
}

//! Pods of both kinds come and go while `naru` and the shims are killed: at the end all is as the API says, once, and nothing is left.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;

use naru_tests::{
    Cluster,
    cluster::is_ready,
    eventually,
    machine::{left_of, processes, shims},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

/// The same turns every time; what happens between them is the machine's.
const SEED: u64 = 20_261_121;
/// Pods there may be at a time.
const PODS: usize = 9;
/// Turns of changes, each followed by a kill.
const TURNS: usize = 6;
/// What an OCI container runs; it stands at the beginning of its command line.
const PROGRAM: &str = "sleep 7777";

/// A pod with an OCI container, a Wasm container or both.
fn pod(index: usize) -> Value {
    let mount = json!([{"name": "work", "mountPath": "/work"}]);
    let oci = json!({"name": "oci", "image": "quickstart/httpd:1", "command": ["sleep", "7777"], "volumeMounts": mount});
    let wasm = json!({"name": "wasm", "image": "quickstart/greeter:1", "volumeMounts": mount});
    let containers = match index % 3 {
        0 => vec![oci],
        1 => vec![wasm],
        _ => vec![oci, wasm],
    };
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name(index)},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": containers, "volumes": [{"name": "work", "emptyDir": {}}]},
    })
}

fn name(index: usize) -> String {
    format!("p{index}")
}

/// One turn: about a third of the missing pods come, about a quarter of the others go.
fn change(cluster: &Cluster, dice: &mut StdRng, wanted: &mut BTreeSet<usize>) {
    let mut come = Vec::new();
    let mut go = Vec::new();
    for index in 0..PODS {
        if wanted.contains(&index) {
            if dice.random_bool(0.25) {
                go.push(index);
            }
        } else if dice.random_bool(0.4) {
            come.push(index);
        }
    }
    if !go.is_empty() {
        let names: Vec<String> = go.iter().map(|index| name(*index)).collect();
        let mut arguments = vec!["delete", "pod", "--wait=false"];
        arguments.extend(names.iter().map(String::as_str));
        cluster.naru(&arguments).ok();
        go.iter().for_each(|index| {
            wanted.remove(index);
        });
    }
    if !come.is_empty() {
        let items: Vec<Value> = come.iter().map(|index| pod(*index)).collect();
        cluster
            .naru_with(
                &["apply", "-f", "-"],
                &json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string(),
            )
            .ok();
        wanted.extend(come);
    }
}

/// What is not as it should be; `Ok` if nothing.
fn check(cluster: &Cluster, wanted: &BTreeSet<usize>) -> Result<(), String> {
    let list: Value = serde_json::from_str(&cluster.naru(&["get", "pods", "-o", "json"]).ok()).unwrap();
    let pods = list["items"].as_array().unwrap();
    let names: BTreeSet<&str> = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
    let expected: Vec<String> = wanted.iter().map(|index| name(*index)).collect();
    if names != expected.iter().map(String::as_str).collect() {
        return Err(format!("there are {names:?}, wanted are {expected:?}"));
    }
    if let Some(pod) = pods.iter().find(|pod| !is_ready(pod)) {
        return Err(format!("{pod:#}"));
    }
    let oci = wanted.iter().filter(|index| *index % 3 != 1).count();
    let running = processes(cluster, PROGRAM).len();
    if running != oci {
        return Err(format!("{running} processes of {oci} OCI containers"));
    }
    // One for each pod with an OCI container, and one for all Wasm containers.
    let (found, most) = (shims(cluster).len(), oci + 1);
    if found > most { Err(format!("{found} shims, at most {most} are needed")) } else { Ok(()) }
}

#[test]
fn pods_come_and_go_while_everything_is_killed() {
    let mut cluster = Cluster::start();
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut wanted = BTreeSet::new();
    for turn in 0..TURNS {
        change(&cluster, &mut dice, &mut wanted);
        if turn % 2 == 0 {
            cluster.stop(Signal::SIGKILL);
            cluster.up();
        } else if let Some(shim) = shims(&cluster).choose(&mut dice) {
            // It may have ended by itself meanwhile.
            let _ = kill(Pid::from_raw(*shim), Signal::SIGKILL);
        }
    }
    eventually("all is as it should be", || check(&cluster, &wanted));
    cluster.naru(&["delete", "pods", "--all"]).ok();
    eventually("nothing of the pods is left", || {
        let (name, data) = (cluster.name(), cluster.data_dir());
        let pods = data.join("node/pods");
        let mut left: Vec<String> = left_of(&name, &data)
            .into_iter()
            .filter(|one| one.contains("naru-shim-oci") || one.contains("/pods/"))
            .collect();
        left.extend(
            std::fs::read_dir(&pods)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path().display().to_string()),
        );
        left.extend(processes(&cluster, PROGRAM).iter().map(ToString::to_string));
        if left.is_empty() { Ok(()) } else { Err(left.join("\n")) }
    });
}

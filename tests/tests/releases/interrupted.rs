//! Operations that are killed: the next one says so, and takes them up or rolls them back.

use std::{
    fs,
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use naru_tests::{eventually, tools};
use serde_json::Value;

use crate::bench::Bench;

/// Starts one of our operations that hangs at its last hook, and kills it there.
fn kill_in_the_middle(bench: &Bench, arguments: &[&str], pod: &str) {
    let mut command = bench.command(tools::ours("naru"), &["bundle"], arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the hook's pod is there", || match bench.cluster.get("pod", pod) {
        Some(_) => Ok(()),
        None => Err(format!("{:?}", child.try_wait())),
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn interrupted_operations_are_taken_up_or_rolled_back() {
    let bench = Bench::new();
    let chart = bench.chart();
    kill_in_the_middle(&bench, &["install", "web", &chart, "--set", "slow=true,extra=x"], "web-slow");
    let status = bench.naru(&["status", "web"]);
    assert!(status.out.contains("STATUS: pending-install"), "{}", status.out);
    assert!(status.err.contains("the install of revision 1 was interrupted"), "{}", status.err);
    let again = bench.naru(&["install", "web", &chart]);
    assert!(again.err.contains("taken up from where it stopped"), "{}", again.err);
    assert!(again.ok().contains("STATUS: deployed\nREVISION: 2\n"));
    assert!(bench.cluster.get("secret", "web-extra").is_none(), "what only the interrupted one had goes");
    // An upgrade that was interrupted does not stop the next one, nor a rollback.
    for (what, then) in
        [("upgrade", vec!["upgrade", "web", chart.as_str()]), ("rollback", vec!["rollback", "web"])]
    {
        bench.cluster.naru(&["delete", "pod", "web-slow", "--ignore-not-found"]).ok();
        let arguments = ["upgrade", "web", &chart, "--set", "slow=true,extra=x,greeting=half"];
        kill_in_the_middle(&bench, &arguments, "web-slow");
        assert_eq!(bench.map("web-map").unwrap()["greeting"], "half");
        let helms = bench.helm(&["upgrade", "web", &chart, "--server-side=false"]).failed();
        assert!(helms.contains("another operation"), "{helms}");
        let done = bench.naru(&then);
        assert!(done.err.contains("interrupted"), "{what}: {}", done.err);
        done.ok();
        assert_eq!(bench.map("web-map").unwrap()["greeting"], "hello", "{what}");
        assert!(bench.cluster.get("secret", "web-extra").is_none(), "{what}");
        assert!(bench.same(&["status", "web"]).contains("STATUS: deployed"), "{what}");
    }
}

/// How many operations are killed.
const KILLS: u32 = 33;
/// How many objects the chart has besides the small one's: so many that there is a middle to be killed in.
const OBJECTS: usize = 40;
const WIDE: &str = "{{- range until 40 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ $.Release.Name }}-n{{ . }}'}\ndata: {greeting: {{ $.Values.greeting | quote }}}\n{{- end }}\n{{- range until 8 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: '{{ $.Release.Name }}-h{{ . }}'\n  annotations: {helm.sh/hook: 'pre-install,pre-upgrade,post-upgrade,pre-delete', helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'}\ndata: {a: b}\n{{- end }}\n";

/// Kills one of our operations some time after its start.
fn kill_after(bench: &Bench, arguments: &[&str], time: Duration) {
    let mut command = bench.command(tools::ours("naru"), &["bundle"], arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The states of a release's revisions, oldest first; none if there is no such release.
fn states(bench: &Bench, name: &str) -> Vec<String> {
    let history = bench.naru(&["history", name, "-o", "json"]);
    if history.code != 0 {
        return Vec::new();
    }
    let rows: Value = serde_json::from_str(&history.out).unwrap();
    rows.as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap().to_string()).collect()
}

/// Whether the last revision is half done; then every look at the release says so.
fn is_half_done(bench: &Bench, name: &str) -> bool {
    let last = states(bench, name).pop().unwrap_or_default();
    let half_done = last.starts_with("pending-") || last == "uninstalling";
    let status = bench.naru(&["status", name]);
    assert_eq!(status.err.contains("was interrupted"), half_done, "{last}: {}{}", status.out, status.err);
    half_done
}

/// What the release's ConfigMaps say, hooks left out.
fn greetings(bench: &Bench, name: &str) -> Vec<String> {
    let list: Value =
        serde_json::from_str(&bench.cluster.naru(&["get", "configmaps", "-o", "json"]).ok()).unwrap();
    let own = |one: &&Value| one["metadata"]["annotations"]["meta.helm.sh/release-name"] == name;
    let greeting = |one: &Value| one["data"]["greeting"].as_str().unwrap_or_default().to_string();
    list["items"].as_array().unwrap().iter().filter(own).map(greeting).collect()
}

/// The release is as its last command wanted it, and nothing else is left.
fn is_whole(bench: &Bench, name: &str, greeting: &str) {
    assert_eq!(greetings(bench, name), vec![greeting; OBJECTS + 1], "{name}");
    assert!(bench.cluster.get("secret", &format!("{name}-extra")).is_none(), "{name}");
    let states = states(bench, name);
    let (last, before) = states.split_last().unwrap();
    assert_eq!(last, "deployed", "{states:?}");
    assert!(before.iter().all(|one| matches!(one.as_str(), "failed" | "superseded")), "{states:?}");
}

#[test]
fn killed_operations_are_never_left_half_done_in_silence() {
    let bench = Bench::new();
    let chart = bench.chart();
    fs::write(format!("{chart}/templates/wide.yaml"), WIDE).unwrap();
    let timed = |arguments: &[&str]| {
        let begin = Instant::now();
        bench.naru(arguments).ok();
        begin.elapsed()
    };
    let whole = timed(&["install", "first", &chart]);
    // Kills are spread over the time in which an operation does something.
    let start = timed(&["history", "first"]) / 2;
    let mut recognised = 0;
    for round in 0..KILLS {
        let name = format!("r{round}");
        let name = name.as_str();
        let after = start + whole.saturating_sub(start) * (round + 1) / (KILLS + 1);
        let half = ["--set", "extra=x,greeting=half"];
        let recovers = |arguments: &[&str], half_done: bool| {
            let done = bench.naru(arguments);
            assert_eq!(done.err.contains("was interrupted"), half_done, "{}", done.err);
            done.ok();
        };
        if round % 3 == 0 {
            kill_after(&bench, &[&["install", name, &chart][..], &half].concat(), after);
            let half_done = is_half_done(&bench, name);
            recognised += u32::from(half_done);
            recovers(&["upgrade", "--install", name, &chart, "--set", "greeting=done"], half_done);
            is_whole(&bench, name, "done");
            continue;
        }
        bench.naru(&["install", name, &chart, "--set", "greeting=before"]).ok();
        if round % 3 == 1 {
            kill_after(&bench, &[&["upgrade", name, &chart][..], &half].concat(), after);
            let half_done = is_half_done(&bench, name);
            recognised += u32::from(half_done);
            if round % 2 == 0 {
                recovers(&["upgrade", name, &chart, "--set", "greeting=done"], half_done);
                is_whole(&bench, name, "done");
            } else {
                recovers(&["rollback", name, "1"], half_done);
                is_whole(&bench, name, "before");
            }
        } else {
            kill_after(&bench, &["uninstall", name], after);
            let half_done = is_half_done(&bench, name);
            recognised += u32::from(half_done);
            recovers(&["uninstall", name, "--ignore-not-found"], half_done);
            assert!(greetings(&bench, name).is_empty() && states(&bench, name).is_empty(), "{name}");
        }
    }
    assert!(recognised > 0, "no kill hit the middle of an operation: the test shows nothing");
}

#[test]
fn what_a_killed_helm_leaves_is_seen_through() {
    let bench = Bench::new();
    let chart = bench.chart();
    let kill_helm = |arguments: &[&str]| {
        let arguments =
            [arguments, &[&chart, "--server-side=false", "--set", "slow=true,greeting=half"]].concat();
        let mut command = bench.command(tools::helm(), &[], &arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("the hook's pod is there", || match bench.cluster.get("pod", "web-slow") {
            Some(_) => Ok(()),
            None => Err(format!("{:?}", child.try_wait())),
        });
        child.kill().unwrap();
        child.wait().unwrap();
    };
    kill_helm(&["install", "web"]);
    bench.same(&["list", "--pending", "-o", "json"]);
    // Nobody can tell whether helm is still at work: it is said how to leave that state.
    for command in ["install", "upgrade"] {
        let refused = bench.naru(&[command, "web", &chart]).failed();
        assert!(refused.contains("another operation (install/upgrade/rollback) is in progress"), "{refused}");
        assert!(refused.contains("naru bundle uninstall"), "{refused}");
    }
    let gone = bench.naru(&["uninstall", "web"]);
    assert!(gone.err.contains("is pending-install; it is removed as far as it came"), "{}", gone.err);
    assert_eq!(gone.ok(), "release \"web\" uninstalled\n");
    assert_eq!(bench.map("web-map"), None);
    bench.cluster.naru(&["delete", "pod", "web-slow"]).ok();
    bench.naru(&["install", "web", &chart]).ok();
    kill_helm(&["upgrade", "web"]);
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "half");
    bench.naru(&["upgrade", "web", &chart]).failed();
    bench.naru(&["rollback", "web", "1"]).ok();
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "hello");
    assert_eq!(bench.same(&["list", "--pending", "-q"]), "");
}

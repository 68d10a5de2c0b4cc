//! Each tool goes on where the other stopped; nothing of others is touched.

use std::thread;

use crate::{bench::Bench, compare::Compare};

#[test]
fn each_takes_over_the_others_releases() {
    let bench = Bench::new();
    let chart = bench.chart();
    let out = bench.naru(&["install", "web", &chart]).ok();
    assert!(
        out.starts_with("NAME: web\nLAST DEPLOYED: ") && out.ends_with("NOTES:\nHi web: hello <&>\n"),
        "{out}"
    );
    let queries: &[&[&str]] = &[
        &["list"],
        &["list", "-o", "json"],
        &["list", "-A", "-o", "yaml"],
        &["list", "-q", "--filter", "^w"],
        &["history", "web"],
        &["history", "web", "-o", "yaml"],
        &["status", "web"],
        &["status", "web", "-o", "json"],
        &["get", "values", "web"],
        &["get", "values", "web", "-a", "-o", "json"],
        &["get", "manifest", "web"],
        &["get", "hooks", "web"],
        &["get", "notes", "web"],
        &["get", "all", "web"],
        &["get", "metadata", "web", "-o", "json"],
        &["status", "nobody"],
        &["rollback", "web", "77"],
        &["uninstall", "nobody"],
    ];
    for query in queries {
        bench.same(query);
    }
    // Helm goes on where we stopped.
    bench.helm(&["upgrade", "web", &chart, "--server-side=false", "--set", "greeting=bye,extra=x"]).ok();
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "bye");
    assert!(bench.cluster.get("secret", "web-extra").is_some());
    // We go on where helm stopped: values are kept where none are given.
    let out = bench.naru(&["upgrade", "web", &chart, "--reuse-values", "--set", "extra=false"]).ok();
    assert!(out.starts_with("Release \"web\" has been upgraded. Happy Helming!\nNAME: web\n"), "{out}");
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "bye");
    assert!(bench.cluster.get("secret", "web-extra").is_none(), "what is wanted no more goes");
    for query in queries {
        bench.same(query);
    }
    bench.helm(&["rollback", "web", "2", "--server-side=false"]).ok();
    assert!(bench.cluster.get("secret", "web-extra").is_some());
    assert_eq!(bench.naru(&["rollback", "web", "1"]).ok(), "Rollback was a success! Happy Helming!\n");
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "hello");
    let history = bench.same(&["history", "web", "--show-rollback-revision"]);
    assert!(history.contains("Rollback to 1"), "{history}");
    assert_eq!(bench.helm(&["uninstall", "web"]).ok(), "release \"web\" uninstalled\n");
    assert!(bench.map("web-map").is_none());
    // And the other way round.
    bench.helm(&["install", "web", &chart, "--server-side=false"]).ok();
    bench.naru(&["upgrade", "web", &chart, "--set", "greeting=ours"]).ok();
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "ours");
    bench.same(&["status", "web"]);
    assert_eq!(bench.naru(&["uninstall", "web"]).ok(), "release \"web\" uninstalled\n");
    assert!(bench.map("web-map").is_none());
    bench.same(&["list"]);
    assert!(bench.cluster.naru(&["get", "secrets", "--no-headers"]).out.is_empty(), "no record is left");
}

#[test]
fn nothing_of_others_is_touched_and_failures_are_undone() {
    let bench = Bench::new();
    let chart = bench.chart();
    bench
        .cluster
        .apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-map}\ndata: {mine: yes-it-is}\n");
    let ours = bench.naru(&["install", "web", &chart]).failed();
    let helms = bench.helm(&["install", "web", &chart, "--server-side=false"]).failed();
    assert_eq!(ours, helms);
    assert!(ours.contains("invalid ownership metadata"), "{ours}");
    assert_eq!(bench.map("web-map").unwrap(), serde_json::json!({"mine": "yes-it-is"}));
    bench.naru(&["install", "web", &chart, "--take-ownership"]).ok();
    // What asks to be applied by the server says what to do where that is not on offer.
    let refused = bench.naru(&["install", "other", &chart, "--server-side=true", "--no-hooks"]);
    if refused.code != 0 {
        assert!(refused.err.contains("--server-side=false"), "{}", refused.err);
        bench.naru(&["uninstall", "other"]).ok();
    }
    // A diff shows what an upgrade does, and does nothing.
    let diff = bench.naru(&["diff", "web", &chart, "--set", "greeting=new,extra=x", "--detailed-exitcode"]);
    assert_eq!(diff.code, 2, "{}", diff.err);
    assert!(diff.out.contains("-  greeting: hello\n+  greeting: new\n"), "{}", diff.out);
    assert!(diff.out.contains("Secret default/web-extra (v1) will be created\n"), "{}", diff.out);
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "hello");
    // An upgrade that fails goes back, if that is asked for.
    let failed = bench
        .naru(&[
            "upgrade",
            "web",
            &chart,
            "--set",
            "slow=true,greeting=bad",
            "--timeout",
            "1s",
            "--rollback-on-failure",
        ])
        .failed();
    assert!(failed.contains("has been rolled back due to rollback-on-failure being set"), "{failed}");
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "hello");
    let history = bench.same(&["history", "web"]);
    assert!(history.contains("failed") && history.contains("Rollback to 1"), "{history}");
}

#[test]
fn what_is_being_deleted_is_waited_for() {
    let bench = Bench::new();
    let chart = bench.chart();
    bench.naru(&["install", "web", &chart]).ok();
    let finalizers = |list: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{list}}}}}");
        bench.cluster.kubectl(&["patch", "configmap", "web-map", "--type=merge", "-p", &patch]).ok();
    };
    finalizers("[\"example.com/slow\"]");
    bench.cluster.kubectl(&["delete", "configmap", "web-map", "--wait=false"]).ok();
    let late = bench.naru(&["upgrade", "web", &chart, "--timeout", "1s"]).failed();
    assert!(late.contains("ConfigMap \"web-map\" in namespace \"default\" is being deleted"), "{late}");
    assert!(late.contains("context deadline exceeded"), "{late}");
    thread::scope(|scope| {
        let upgrade = scope.spawn(|| bench.naru(&["upgrade", "web", &chart, "--set", "greeting=new"]));
        finalizers("null");
        upgrade.join().unwrap().ok();
    });
    let map = bench.cluster.get("configmap", "web-map").unwrap();
    assert!(map["metadata"]["deletionTimestamp"].is_null() && map["data"]["greeting"] == "new", "{map}");
}

#[test]
fn a_diff_knows_the_servers_defaults() {
    let compare = Compare::new();
    let bench = &compare.bench;
    let chart = bench.dir.path().join("many").display().to_string();
    let values = bench.dir.path().join("pod.yaml").display().to_string();
    // The server adds `apiVersion: v1` to the item; a list of items is replaced as a whole.
    let pod = "pod:\n  containers: [{name: main, image: 'quickstart/httpd:1'}]\n  volumes: [{name: v, downwardAPI: {items: [{path: p, fieldRef: {fieldPath: metadata.name}}]}}]\n";
    std::fs::write(&values, pod).unwrap();
    bench.naru(&["install", "web", &chart, "-f", &values]).ok();
    let same = bench.naru(&["diff", "web", &chart, "-f", &values]).ok();
    assert!(same.contains("ConfigMap default/web-map") && !same.contains("Pod default/web-pod"), "{same}");
    // What the server would refuse is said, and shown all the same.
    let set = "pod.nodeName=elsewhere";
    let refused = bench.naru(&["diff", "web", &chart, "-f", &values, "--detailed-exitcode", "--set", set]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(
        refused.err.contains("Forbidden") && refused.out.contains("nodeName: elsewhere"),
        "{}",
        refused.err
    );
}

#[test]
fn what_fails_leaves_the_same() {
    let steps = [
        "install web CHART --set account=-bad-,extra=x",
        "list",
        "uninstall web",
        "install web CHART",
        "upgrade web CHART --set account=-bad-,extra=x,greeting=b",
        "upgrade web CHART --set account=fine,extra=x",
        "upgrade web CHART --set account=-bad-,greeting=c,extra=x",
        "rollback web 1",
        "history web",
        "uninstall web",
    ];
    Compare::new().run("parts", &steps);
}

#[test]
fn whoever_does_the_next_step_it_is_the_same_release() {
    let steps = [
        "install web CHART --set greeting=a,hook.h.on=pre-upgrade,extra=x",
        "upgrade web CHART --set extra=y,account=true",
        "upgrade web CHART --reuse-values --set nested.b=null,big=5",
        "rollback web 1",
        "upgrade web CHART --set other=Nope",
        "upgrade web CHART --force-replace --set greeting=b,keep=true",
        "rollback web --force-replace",
        "upgrade web CHART --reset-then-reuse-values --set nested.a=7 --labels l=1",
        "upgrade web CHART --history-max 3 --labels l=null,m=2",
        "uninstall web --keep-history",
        "upgrade web CHART --install --set greeting=c",
        "rollback web",
        "install web CHART",
        "upgrade web CHART --dry-run=server",
        "upgrade web CHART --reset-values",
        "uninstall web",
        "rollback web",
        "upgrade web CHART --install --set extra=z",
        "upgrade web CHART --description words",
        "rollback web 1",
        "history web -o json",
        "uninstall web --keep-history",
        "install web CHART --replace",
        "uninstall web",
    ];
    let compare = Compare::new();
    compare.run_with("odd", &steps, |at| at % 2 == 1);
    compare.run_with("even", &steps, |at| at % 2 == 0);
}

//! Hooks, waiting and undoing, side by side with the stock helm.

use crate::compare::Compare;

/// A pod that no node can take.
const STUCK: &str =
    "pod.nodeSelector.there=is-none,pod.containers[0].name=main,pod.containers[0].image=quickstart/httpd:1";
/// A pod that serves.
const SERVING: &str = "pod.containers[0].name=main,pod.containers[0].image=quickstart/httpd:1";
/// A hook that is a pod and never ends.
const HANGING: &str = "hook.p.kind=Pod,hook.p.spec.nodeSelector.there=is-none,hook.p.spec.containers[0].name=main,hook.p.spec.containers[0].image=quickstart/httpd:1";

fn run(name: &str, lines: &[&str]) -> Compare {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("STUCK", STUCK).replace("SERVING", SERVING).replace("HANGING", HANGING))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let compare = Compare::new();
    compare.run(name, &lines);
    compare
}

#[test]
fn hooks_run_alike() {
    run(
        "hook",
        &[
            "install web CHART --set hook.b.on=pre-install,hook.a.on=pre-install,hook.c.on=pre-install,hook.c.weight=-1,hook.d.on=post-install",
            "get hooks web",
            "upgrade web CHART --set hook.a.on=pre-upgrade\\,post-upgrade,hook.a.policy=hook-succeeded",
            "upgrade web CHART --set hook.a.on=pre-upgrade,hook.a.policy=before-hook-creation\\,hook-succeeded",
            "upgrade web CHART --set hook.a.on=pre-rollback,hook.b.on=post-rollback,hook.b.policy=hook-succeeded\\,before-hook-creation",
            "rollback web 1",
            "rollback web 4",
            "upgrade web CHART --set hook.a.on=pre-upgrade,hook.a.kind=Nope",
            "history web",
            "upgrade web CHART --set hook.a.on=pre-upgrade,hook.a.kind=Nope --no-hooks",
            "get hooks web",
            "upgrade web CHART --set hook.a.on=unknown",
            "uninstall web --no-hooks",
            "$ delete configmaps --all",
            "?install web CHART --set HANGING,hook.p.on=pre-install,hook.q.on=post-install --timeout 1s",
            "list",
            "uninstall web --no-hooks",
            "$ delete pods --all",
            "?install web CHART --set HANGING,hook.p.on=post-install,hook.p.policy=hook-failed --timeout 1s --rollback-on-failure",
            "list",
            "get hooks web",
        ],
    );
}

#[test]
fn hooks_of_tests_and_removals_run() {
    // The stock helm applies these by server-side apply only, whatever the release was made with.
    let compare = Compare::new();
    let bench = &compare.bench;
    let chart = bench.dir.path().join("many").display().to_string();
    let hooks = "hook.t.on=test,hook.u.on=test,hook.d.on=pre-delete,hook.e.on=post-delete,hook.e.policy=hook-succeeded";
    bench.naru(&["install", "web", &chart, "--set", hooks]).ok();
    let out = bench.naru(&["test", "web", "--filter", "name=web-t"]).ok();
    assert!(out.contains("TEST SUITE:     web-t\n") && out.contains("Phase:          Succeeded\n"), "{out}");
    assert!(
        bench.cluster.get("configmap", "web-t").is_some()
            && bench.cluster.get("configmap", "web-u").is_none()
    );
    bench.naru(&["test", "web", "--filter", "!name=web-t"]).ok();
    assert!(bench.cluster.get("configmap", "web-u").is_some());
    bench.same(&["get", "hooks", "web"]);
    bench.naru(&["uninstall", "web"]).ok();
    assert!(bench.cluster.get("configmap", "web-d").is_some(), "only its policy would delete it");
    assert!(bench.cluster.get("configmap", "web-e").is_none());
    let hanging = format!("{HANGING},hook.p.on=test");
    bench.naru(&["install", "web", &chart, "--set", &hanging]).ok();
    let failed = bench.naru(&["test", "web", "--timeout", "1s"]);
    assert!(failed.out.contains("Phase:          Failed\n"), "{}", failed.out);
    assert!(failed.failed().contains("context deadline exceeded"));
}

#[test]
fn waits_end_alike() {
    let compare = run(
        "wait",
        &[
            "install web CHART --set SERVING --wait",
            "upgrade web CHART --reuse-values --wait=legacy --wait-for-jobs",
            "upgrade web CHART --wait=hookOnly --reuse-values",
            "?upgrade web CHART --wait=what",
            "?upgrade web CHART --timeout what",
            "uninstall web --wait",
            "?install web CHART --set STUCK --wait=legacy --timeout 1s",
            "?upgrade web CHART --set STUCK,extra=x --wait --timeout 1s",
            "?upgrade web CHART --wait",
            "?upgrade web CHART --set STUCK,extra=x --wait --timeout 1s --cleanup-on-fail",
            "?rollback web 1 --wait --timeout 1s",
            "?upgrade web CHART --wait",
            "?upgrade web CHART --set STUCK,greeting=bad --rollback-on-failure --timeout 1s",
            "list",
            "get manifest web",
            "uninstall web",
            "?install web CHART --set STUCK --atomic --timeout 1s",
            "list",
        ],
    );
    let late = compare.bench.naru(&["list", "-A", "-q"]).ok();
    assert_eq!(late, "", "everything was removed or undone");
}

#[test]
fn post_renderers_change_what_is_installed() {
    let compare = Compare::new();
    let bench = &compare.bench;
    let chart = bench.dir.path().join("many").display().to_string();
    let script = bench.dir.path().join("shout");
    std::fs::write(&script, "#!/bin/sh\nsed \"s/hello/$1/\"\n").unwrap();
    let mut mode = std::fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&script, mode).unwrap();
    let script = script.display().to_string();
    let by = ["--post-renderer", &script, "--post-renderer-args", "HELLO"];
    bench.naru(&[&["install", "web", &chart][..], &by].concat()).ok();
    assert_eq!(bench.map("web-map").unwrap()["greeting"], "HELLO");
    bench.same(&["get", "manifest", "web"]);
    let failed = bench.naru(&["upgrade", "web", &chart, "--post-renderer", "/bin/false"]).failed();
    assert!(failed.contains("error while running post render on files"), "{failed}");
    let failed = bench.naru(&["upgrade", "web", &chart, "--post-renderer", "no-such-program"]).failed();
    assert!(failed.contains("plugin: \"no-such-program\" not found"), "{failed}");
}

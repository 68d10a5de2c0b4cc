//! The flags of queries that are seldom given, of both tools, by tables.

use std::fs;

use naru_tests::Finished;

use crate::{
    bench::{CHART, write_chart},
    compare::{Compare, PAUSE, both},
};

#[test]
fn rare_flags_of_queries_are_answered_alike() {
    Compare::new().run(
        "rare",
        &[
            "install web CHART --set hook.one.on=test,hook.two.on=test,hook.three.on=pre-install --labels a=b,c=d",
            "upgrade web CHART --set greeting=two --description second",
            "upgrade web CHART --set greeting=three,hook.one.on=post-upgrade",
            PAUSE,
            "install api CHART --labels a=x",
            PAUSE,
            "install db CHART --set other=Nope",
            PAUSE,
            "install gone CHART --set greeting=g",
            "uninstall gone --keep-history",
            "list",
            "list --max 0",
            "list --max -1",
            "list --max 2 --offset 1",
            "list --offset 2 -q",
            "list --offset 9",
            "list --reverse -q",
            "list --date -q",
            "list --date --reverse -q",
            "list --uninstalled --deployed -q",
            "list --superseded -q",
            "list --superseded --filter web",
            "list --failed --pending -o json",
            "list --filter ^(web|api)$ -q",
            "list --filter e -o yaml",
            "list -l a=b -q",
            "list -l a==b -q",
            "list -l a!=b -q",
            "list -l a -q",
            "list -l !a -q",
            "list -l a=b,c=d -q",
            "list -l owner=helm -q",
            "list -l name=web -q",
            "list -l status=deployed -q",
            "list -q -o yaml --no-headers",
            "list --no-headers --max 1",
            "list --time-format 15",
            "list --time-format Monday --no-headers",
            "list -o json --time-format 2006",
            "?list -o xml",
            "?list --max x",
            "history web --max 0",
            "history web --max 2",
            "history web --max 2 -o yaml",
            "history web --max -1",
            "?history web -o xml",
            "history gone",
            "history db -o json",
            "status web --revision 2",
            "status web --revision 2 -o yaml",
            "status web --revision 0",
            "status web --revision -1",
            "status gone",
            "status db",
            "get values web --revision 2",
            "get values web --revision 2 -a -o json",
            "get values web --revision -1",
            "get values api",
            "get values api -o json",
            "get values api -o yaml",
            "?get values web -o xml",
            "get manifest web --revision 2",
            "get manifest web --revision 9",
            "get manifest gone",
            "get hooks web --revision 1",
            "get hooks web --revision 3",
            "get hooks api",
            "get notes web --revision 2",
            "get notes gone",
            "get metadata web --revision 2",
            "get metadata web --revision 2 -o json",
            "get metadata gone -o yaml",
            "get all web --revision 2",
            "get all web --template {{.Release.Name}}-{{.Release.Version}}",
            "get all web --revision 1 --template {{.Release.Info.Status}}:{{.Release.Chart.Metadata.Name}}",
            "get all web --template {{.Release.Config.greeting}}",
            "get all web --template {{range.Release.Hooks}}{{.Name}}{{.Path}}{{.Weight}}{{end}}",
            "?get all web --template {{.Nope}}",
            "?get all web --template {{",
            "test web --filter name=web-one",
            "test web --filter !name=web-one",
            "test web --filter name=nope",
            "test web --filter other=x",
            "test web --logs",
            "test api --logs",
            "test gone",
            "rollback web 1 --description back --history-max 4",
            "history web --show-rollback-revision -o yaml",
            "history web --show-rollback-revision --max 2",
            "get values web",
        ],
    );
}

/// Exit code, output, and messages that are neither logs nor hints.
fn said(one: &Finished) -> (i32, String, String) {
    let errors = one.err.lines().filter(|line| !line.starts_with("level=") && !line.starts_with("Hint: "));
    // Which values no template reads, helm does not say.
    let lines = one.out.lines().filter(|line| !line.contains("no template reads"));
    let out = lines.collect::<Vec<_>>().join("\n").replace("naru bundle", "helm");
    (one.code, out, errors.collect::<Vec<_>>().join("\n").replace("naru bundle", "helm"))
}

#[test]
fn starters_become_the_same_charts() {
    let dir = tempfile::tempdir().unwrap();
    let starter: &[(&str, &str)] = &[
        (
            "Chart.yaml",
            "apiVersion: v2\nname: start\nversion: 9.9.9\ndescription: gone\ndependencies: [{name: below, version: 1.0.0}]\n",
        ),
        ("values.yaml", "# of <CHARTNAME>\nname: <CHARTNAME>\n"),
        ("values.schema.json", "{\"title\": \"<CHARTNAME>\"}\n"),
        ("README.md", "<CHARTNAME>\n"),
        (".helmignore", "ignored.txt\n"),
        ("ignored.txt", "not taken\n"),
        ("crds/kind.yaml", "a: <CHARTNAME>\n"),
        ("templates/_names.tpl", "{{ define \"<CHARTNAME>.name\" }}<CHARTNAME>{{ end }}\n"),
        ("templates/map.yaml", "kind: <CHARTNAME>\n"),
        ("charts/below/Chart.yaml", "apiVersion: v2\nname: below\nversion: 1.0.0\n"),
        ("charts/below/values.yaml", "x: <CHARTNAME>\n"),
    ];
    for own in ["a", "b"] {
        write_chart(&dir.path().join(own).join("helm/data/starters/start"), starter);
        fs::write(dir.path().join(own).join("file"), "").unwrap();
    }
    let absolute = dir.path().join("a/helm/data/starters/start").display().to_string();
    for arguments in [
        &["create", "one", "-p", "start"][..],
        &["create", "one", "--starter", "start"],
        &["create", "deep/two", "--starter", &absolute],
        &["create", "three", "-p", "/nowhere"],
        &["create", "file", "-p", "start"],
        &["create", "file"],
        &["create", "a b"],
        &["create", "no/where"],
    ] {
        let [helm, ours] = both(dir.path(), arguments);
        let own = |(code, out, err): (i32, String, String)| (code, out, err.replace("/b/", "/a/"));
        assert_eq!(own(said(&ours)), own(said(&helm)), "{arguments:?}");
    }
    for chart in ["one", "deep/two"] {
        let [a, b] = ["a", "b"].map(|own| {
            let top = dir.path().join(own).join(chart);
            let mut files = Vec::new();
            let mut folders = vec![top.clone()];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).unwrap().flatten() {
                    if entry.path().is_dir() {
                        folders.push(entry.path());
                    } else {
                        let name = entry.path().strip_prefix(&top).unwrap().display().to_string();
                        // Archives hold the time at which they were made.
                        let is_archive = name.ends_with(".tgz");
                        files.push((
                            name,
                            if is_archive { Vec::new() } else { fs::read(entry.path()).unwrap() },
                        ));
                    }
                }
            }
            files.sort();
            files
        });
        assert_eq!(b, a, "{chart}");
    }
}

#[test]
fn charts_are_linted_packed_and_shown_alike() {
    let dir = tempfile::tempdir().unwrap();
    write_chart(&dir.path().join("small"), CHART);
    let odd: &[(&str, &str)] = &[
        (
            "Chart.yaml",
            "apiVersion: v2\nname: odd\nversion: 1.2.3-rc.1+b\nappVersion: 2\nicon: http://x/y.png\ndependencies: [{name: below, version: 1.0.0}]\n",
        ),
        ("values.yaml", "a: 1\n"),
        ("values.schema.json", "{\"properties\": {\"a\": {\"type\": \"integer\"}}}\n"),
        ("README.txt", "read me\n"),
        ("crds/one.yaml", "---\nkind: One\n"),
        ("crds/two.yaml", "kind: Two\n"),
        (
            "templates/map.yaml",
            "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: {{ .Values.a }}x}\n",
        ),
        ("charts/below/Chart.yaml", "apiVersion: v2\nname: below\nversion: 1.0.0\n"),
        ("charts/below/values.yaml", "b: 1\n"),
        ("charts/below/templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: UPPER}\n"),
    ];
    write_chart(&dir.path().join("odd"), odd);
    for own in ["a", "b"] {
        fs::create_dir_all(dir.path().join(own)).unwrap();
    }
    let lines = [
        "lint ../small",
        "lint ../odd",
        "lint ../small ../odd",
        "lint ../odd --strict",
        "lint ../small --strict",
        "lint ../odd --quiet",
        "lint ../small --quiet",
        "lint ../small ../odd --quiet --strict",
        "lint ../odd --with-subcharts",
        "lint ../odd --with-subcharts --quiet --strict",
        "lint ../odd --kube-version 1.10",
        "lint ../odd --kube-version 1.30.1",
        "lint ../odd --kube-version x",
        "lint ../odd --set a=x --skip-schema-validation",
        "lint ../nowhere",
        "lint ../small/values.yaml",
        "package ../small",
        "package ../small ../odd",
        "package ../small --version 2.0.0 --app-version 7",
        "package ../small --version 2",
        "package ../small --version x",
        "package ../small -d deep/er",
        "package ../nowhere",
        "package ../small/values.yaml",
        "package ../odd -u",
        "show all ../small",
        "show all ../odd",
        "show chart ../odd",
        "show values ../odd",
        "show readme ../odd",
        "show crds ../odd",
        "show values ../odd --jsonpath {.a}",
        "show all small-0.1.0.tgz",
        "show chart odd-1.2.3-rc.1+b.tgz",
        "show chart ../nowhere",
        "lint small-0.1.0.tgz",
        "template r ../odd --skip-schema-validation --set a=x",
        "pull nowhere",
        "pull nowhere/x",
        "push small-0.1.0.tgz http://h/x",
        "push small-0.1.0.tgz h/x",
        "push none.tgz oci://127.0.0.1:1/x",
        "push ../small oci://127.0.0.1:1/x",
    ];
    for line in lines {
        let [helm, ours] = both(dir.path(), &line.split(' ').collect::<Vec<_>>());
        let own = |one: &Finished| {
            let (code, out, err) = said(one);
            (code, out.replace("/b/", "/a/"), err.replace("/b/", "/a/"))
        };
        assert_eq!(own(&ours), own(&helm), "{line}");
    }
}

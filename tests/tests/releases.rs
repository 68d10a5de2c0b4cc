//! Releases by the stock helm and by ours, on one cluster: each takes over what the other made, both print the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use naru_tests::{Cluster, Finished, eventually, run, tools};
use serde_json::Value;

/// A chart of kinds that our server has, with a hook, notes and a test.
const CHART: &[(&str, &str)] = &[
    (
        "Chart.yaml",
        "apiVersion: v2\nname: small\nversion: 0.1.0\nappVersion: \"1.0\"\nannotations: {team: a}\n",
    ),
    ("values.yaml", "greeting: hello\nextra: false\nslow: false\nnested: {a: 1, b: two}\n"),
    (
        "templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\ndata:\n  greeting: {{ .Values.greeting | quote }}\n  revision: \"{{ .Release.Revision }}\"\n",
    ),
    (
        "templates/extra.yaml",
        "{{- if .Values.extra }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}-extra\nstringData:\n  key: {{ .Values.extra | quote }}\n{{- end }}\n",
    ),
    (
        "templates/hook.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-hook\n  annotations:\n    helm.sh/hook: pre-install,pre-upgrade\n    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded\ndata: {a: b}\n",
    ),
    (
        "templates/slow.yaml",
        "{{- if .Values.slow }}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-slow\n  annotations: {helm.sh/hook: 'post-install,post-upgrade'}\nspec:\n  nodeSelector: {there: is-no-such-node}\n  containers: [{name: main, image: 'quickstart/httpd:1'}]\n{{- end }}\n",
    ),
    ("templates/NOTES.txt", "Hi {{ .Release.Name }}: {{ .Values.greeting }} <&>\n"),
];

/// A cluster, a chart and the two tools.
struct Bench {
    cluster: Cluster,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("naru-releases-").tempdir().unwrap();
        write_chart(&dir.path().join("small"), CHART);
        Bench { cluster: Cluster::start(), dir }
    }

    fn chart(&self) -> String {
        self.dir.path().join("small").display().to_string()
    }

    fn command(&self, program: PathBuf, first: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(first).args(arguments).arg("--kubeconfig").arg(self.cluster.kubeconfig());
        configure(&mut command, self.dir.path());
        command
    }

    #[track_caller]
    fn helm(&self, arguments: &[&str]) -> Finished {
        run(&mut self.command(tools::helm(), &[], arguments), "")
    }

    #[track_caller]
    fn naru(&self, arguments: &[&str]) -> Finished {
        run(&mut self.command(tools::ours("naru"), &["bundle"], arguments), "")
    }

    /// Runs a query with both and expects the same from both.
    #[track_caller]
    fn same(&self, arguments: &[&str]) -> String {
        let (helm, ours) = (self.helm(arguments), self.naru(arguments));
        // Objects grow older between the two.
        let ageless = |text: &str| {
            let young = |line: &str| line.ends_with('s') && line.contains("-map");
            let lines =
                text.lines().map(|line| if young(line) { line.split(' ').next().unwrap() } else { line });
            lines.collect::<Vec<_>>().join("\n")
        };
        let all = |one: &Finished| (one.code, ageless(&one.out), one.err.clone());
        assert_eq!(all(&ours), all(&helm), "{arguments:?}");
        ours.out
    }

    fn map(&self, name: &str) -> Option<Value> {
        self.cluster.get("configmap", name).map(|object| object["data"].clone())
    }
}

fn configure(command: &mut Command, dir: &Path) {
    for (variable, part) in
        [("HELM_CONFIG_HOME", "config"), ("HELM_CACHE_HOME", "cache"), ("HELM_DATA_HOME", "data")]
    {
        command.env(variable, dir.join("helm").join(part));
    }
}

fn write_chart(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

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

/// Serves a folder's files over HTTP until the test ends.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().and_then(Result::ok).unwrap_or_default();
            while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            let name = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_string();
            let (status, body) = match fs::read(folder.join(name)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let mut stream = stream;
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    format!("http://{address}")
}

/// The two tools without a cluster, each with its own configuration.
fn both(dir: &Path, arguments: &[&str]) -> [Finished; 2] {
    [(tools::helm(), vec![], "a"), (tools::ours("naru"), vec!["bundle"], "b")].map(|(program, first, own)| {
        let mut command = Command::new(program);
        command.args(first).args(arguments).current_dir(dir.join(own));
        configure(&mut command, &dir.join(own));
        run(&mut command, "")
    })
}

#[test]
fn charts_come_from_repositories() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    write_chart(&dir.path().join("small"), CHART);
    let parent = "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n- {name: small, version: '>=0.1.0 <1', repository: URL}\n- {name: beside, version: 0.1.0, repository: 'file://../beside', alias: other}\n";
    fs::create_dir_all(&site).unwrap();
    let url = serve(site.clone());
    for own in ["a", "b"] {
        write_chart(&dir.path().join(own).join("parent"), &[("Chart.yaml", &parent.replace("URL", &url))]);
        write_chart(
            &dir.path().join(own).join("beside"),
            &[("Chart.yaml", "apiVersion: v2\nname: beside\nversion: 0.1.0\n")],
        );
    }
    let small = dir.path().join("small").display().to_string();
    let packed = site.display().to_string();
    run(Command::new(tools::helm()).args(["package", &small, "-d", &packed]), "").ok();
    run(Command::new(tools::helm()).args(["repo", "index", &packed]), "").ok();
    let steps: &[&[&str]] = &[
        &["repo", "list"],
        &["repo", "add", "site", &url],
        &["repo", "add", "site", &url],
        &["repo", "list", "-o", "json"],
        &["repo", "update"],
        &["repo", "update", "nope"],
        &["pull", "site/small"],
        &["pull", "small", "--repo", &url, "--version", "9"],
        &["pull", "nope/small"],
        &["dependency", "list", "parent"],
        &["dependency", "update", "parent"],
        &["dependency", "list", "parent"],
        &["dependency", "build", "parent"],
        &["repo", "remove", "site"],
        &["repo", "remove", "site"],
    ];
    for step in steps {
        let [helm, ours] = both(dir.path(), step);
        assert_eq!((ours.code, &ours.out, &ours.err), (helm.code, &helm.out, &helm.err), "{step:?}");
    }
    let read = |own: &str, name: &str| fs::read(dir.path().join(own).join(name)).unwrap();
    assert_eq!(read("a", "small-0.1.0.tgz"), read("b", "small-0.1.0.tgz"));
    let lock = |own: &str| {
        let text = String::from_utf8(read(own, "parent/Chart.lock")).unwrap();
        text.lines()
            .filter(|line| !line.starts_with("generated"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    assert_eq!(lock("b"), lock("a"), "the digest is helm's");
    assert!(dir.path().join("b/parent/charts/beside-0.1.0.tgz").is_file());
}

/// Debian's registry.
struct Registry {
    process: Child,
    host: String,
}

impl Registry {
    fn start(dir: &Path) -> Self {
        let port = naru_tests::cluster::free_port();
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}/registry}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            dir.display()
        );
        let path = dir.join("registry.yml");
        fs::write(&path, config).unwrap();
        let program = tools::installed("docker-registry", "docker-registry");
        let mut command = Command::new(program);
        command.arg("serve").arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let host = format!("127.0.0.1:{port}");
        eventually("the registry answers", || {
            std::net::TcpStream::connect(&host).map(|_| ()).map_err(|error| error.to_string())
        });
        Registry { process, host }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn charts_come_from_registries() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::start(dir.path());
    write_chart(&dir.path().join("small"), CHART);
    for own in ["a", "b"] {
        fs::create_dir_all(dir.path().join(own)).unwrap();
    }
    let (small, packed) = (dir.path().join("small"), dir.path().join("packed"));
    run(Command::new(tools::helm()).arg("package").arg(&small).arg("-d").arg(&packed), "").ok();
    let archive = packed.join("small-0.1.0.tgz").display().to_string();
    // The same archive makes the same manifest, whoever pushes it; each pulls what the other has pushed.
    let place = format!("oci://{}/charts", registry.host);
    let [helm, ours] = both(dir.path(), &["push", &archive, &place, "--plain-http"]);
    assert_eq!((ours.code, &ours.out), (helm.code, &helm.out), "{}", ours.err);
    let chart = format!("{place}/small");
    for arguments in [
        &["pull", &chart, "--plain-http"][..],
        &["pull", &chart, "--plain-http", "--version", "~0.1"],
        &["pull", &format!("{chart}:0.1.0"), "--plain-http"],
    ] {
        let [helm, ours] = both(dir.path(), arguments);
        assert_eq!((ours.code, &ours.out), (helm.code, &helm.out), "{arguments:?} {}", ours.err);
    }
    let read = |own: &str| fs::read(dir.path().join(own).join("small-0.1.0.tgz")).unwrap();
    assert_eq!(read("b"), read("a"));
}

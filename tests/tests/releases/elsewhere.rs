//! Charts from repositories and registries: both tools print the same and write the same files.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use naru_tests::{eventually, run, tools};

use crate::{
    bench::{CHART, write_chart},
    compare::both,
};

/// Serves a folder's files over HTTP until the test ends.
pub(crate) fn serve(folder: PathBuf) -> String {
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
        &["pull", "site/small", "--untar"],
        &["pull", "site/small", "--untar", "--untardir", "below", "-d", "deep"],
        &["show", "chart", "small"],
        &["pull", "small", "--repo", &url, "--version", "9"],
        &["pull", "nope/small"],
        &["template", "r", "site/small"],
        &["template", "r", "small", "--repo", &url, "--version", "~0.1"],
        &["template", "r", "nope/small"],
        &["template", "r", "./nowhere"],
        &["dependency", "list", "parent"],
        &["template", "r", "parent", "--dependency-update"],
        &["dependency", "update", "parent"],
        &["dependency", "list", "parent"],
        &["dependency", "list", "parent", "--max-col-width", "12"],
        &["dependency", "list", "nowhere"],
        &["dependency", "update", "nowhere"],
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
    // Both write the same index of what they have fetched.
    let mut old = "apiVersion: v1\nentries:\n  old:\n  - {name: old, version: 1.0.0, urls: [x], created: '2020-01-01T00:00:00Z'}\n";
    for arguments in [
        &["repo", "index", "."][..],
        &["repo", "index", ".", "--url", "http://h/charts"],
        &["repo", "index", ".", "--json"],
        &["repo", "index", ".", "--merge", "old.yaml"],
        &["repo", "index", ".", "--merge", "new.yaml", "--url", "http://h"],
        &["repo", "index", "nowhere"],
    ] {
        for own in ["a", "b"] {
            fs::write(dir.path().join(own).join("old.yaml"), old).unwrap();
        }
        let [helm, ours] = both(dir.path(), arguments);
        assert_eq!((ours.code, &ours.out), (helm.code, &helm.out), "{arguments:?} {} {}", ours.err, helm.err);
        let index = |own: &str| {
            let text = String::from_utf8(read(own, "index.yaml")).unwrap();
            let timeless =
                text.lines().filter(|line| !line.contains("created") && !line.contains("generated"));
            timeless.map(str::trim_end).map(|line| line.trim_end_matches(',')).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(index("b"), index("a"), "{arguments:?}");
        old = "apiVersion: v1\nentries: {}\n";
    }
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

#[test]
fn values_come_from_urls() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    fs::create_dir_all(&site).unwrap();
    fs::write(site.join("more.yaml"), "greeting: from afar\n").unwrap();
    let url = serve(site);
    for own in ["a", "b"] {
        write_chart(&dir.path().join(own).join("small"), CHART);
    }
    let (there, missing) = (format!("{url}/more.yaml"), format!("{url}/nope.yaml"));
    let shouted = there.replacen("http", "HTTP", 1);
    let file = format!("text={there}");
    for values in [
        ["-f", &there],
        ["-f", &shouted],
        ["-f", &missing],
        ["-f", "http://127.0.0.1:1/x.yaml"],
        ["-f", "nope.yaml"],
        ["-f", "."],
        ["--set-file", &file],
    ] {
        let step = [&["template", "r", "small"][..], &values].concat();
        let [helm, ours] = both(dir.path(), &step);
        assert_eq!((ours.code, &ours.out), (helm.code, &helm.out), "{step:?} {}", ours.err);
        assert_eq!(ours.err.is_empty(), helm.err.is_empty(), "{step:?} {} {}", ours.err, helm.err);
    }
}

/// The files of a tool's cache of charts.
fn cached(dir: &Path, own: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join(own).join("kept")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let bytes = fs::read(entry.path()).unwrap();
                    found.push((entry.file_name().to_string_lossy().into_owned(), bytes));
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn charts_that_were_fetched_are_kept_for_both() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    fs::create_dir_all(&site).unwrap();
    let url = serve(site.clone());
    let registry = Registry::start(dir.path());
    write_chart(&dir.path().join("small"), CHART);
    let (small, packed) = (dir.path().join("small").display().to_string(), site.display().to_string());
    run(Command::new(tools::helm()).args(["package", &small, "-d", &packed]), "").ok();
    run(Command::new(tools::helm()).args(["repo", "index", &packed]), "").ok();
    let archive = site.join("small-0.1.0.tgz");
    let place = format!("oci://{}/charts", registry.host);
    both(dir.path(), &["push", &archive.display().to_string(), &place, "--plain-http"]);
    let equal = |step: &[&str], kept: usize| {
        let [helm, ours] = both(dir.path(), step);
        assert_eq!((ours.code, &ours.out, &ours.err), (helm.code, &helm.out, &helm.err), "{step:?}");
        let [a, b] = ["a", "b"].map(|own| cached(dir.path(), own));
        assert_eq!(b, a, "{step:?}");
        assert_eq!(b.len(), kept, "{step:?}");
    };
    equal(&["repo", "add", "site", &url], 0);
    equal(&["pull", "site/small", "--content-cache", "kept"], 0);
    for (reference, kept) in [(format!("{url}/small-0.1.0.tgz"), 1), (format!("{place}/small"), 1)] {
        for own in ["a", "b"] {
            let _ = fs::remove_dir_all(dir.path().join(own).join("kept"));
        }
        equal(&["show", "chart", &reference, "--plain-http", "--content-cache", "kept"], kept);
    }
    // What one has kept is enough for the other, and for everything that fetches.
    fs::remove_file(&archive).unwrap();
    equal(&["show", "chart", "site/small"], 1);
    for step in [
        &["show", "chart", "site/small", "--content-cache", "kept"][..],
        &["template", "r", "site/small", "--content-cache", "../a/kept"],
        &["template", "r", "site/small", "--content-cache", "../b/kept"],
        &["pull", "site/small", "--content-cache", "kept"],
    ] {
        equal(step, 1);
    }
    // What is spoilt there is not used: it is fetched again.
    let [(name, bytes)] = cached(dir.path(), "b").try_into().unwrap();
    let path = dir.path().join("b/kept").join(&name[..2]).join(&name);
    fs::write(&path, "spoilt").unwrap();
    fs::write(&archive, &bytes).unwrap();
    equal(&["show", "chart", "site/small", "--content-cache", "kept"], 1);
}

/// Debian's registry.
pub(crate) struct Registry {
    process: Child,
    pub(crate) host: String,
}

impl Registry {
    pub(crate) fn start(dir: &Path) -> Self {
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
        &["template", "r", &chart, "--plain-http"],
    ] {
        let [helm, ours] = both(dir.path(), arguments);
        assert_eq!((ours.code, &ours.out), (helm.code, &helm.out), "{arguments:?} {}", ours.err);
    }
    let read = |own: &str| fs::read(dir.path().join(own).join("small-0.1.0.tgz")).unwrap();
    assert_eq!(read("b"), read("a"));
}

//! The charts of `manifests/charts`, rendered by the stock helm and by ours: the same bytes, or both fail.
//!
//! Each chart is rendered with its defaults and with each file of its `ci/`, of which those named `fails-*` must be
//! refused; what renders is rendered again with each row of [`FLAGS`]. [`ROWS`] has flags that suit one chart only.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod charts {
    mod post_rendered;
    pub(crate) mod secrets;
}

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use naru_tests::{Finished, run, tools};

/// How many renderings run at one time.
const RUNNERS: usize = 4;

/// The chart whose templates make random texts, which differ each time.
const RANDOM: &str = "secrets";

/// Flags that every chart takes, besides none.
const FLAGS: &[&[&str]] = &[
    &["--is-upgrade", "--namespace=other", "--include-crds"],
    &[
        "--kube-version=v1.21.3",
        "--api-versions=example.com/v1,autoscaling/v2/Thing",
        "-a",
        "x/v1",
        "--skip-tests",
    ],
    &[
        "--no-hooks",
        "--set",
        "added.list[1]=x,added.map.deep=1000000",
        "--set-string",
        "added.text=1",
        "--name-template",
        "{{ \"Named\" | lower }}",
    ],
];

/// A chart, flags for it, and whether they render.
const ROWS: &[(&str, &[&str], bool)] = &[
    ("shop", &["--set", "pages.size=null,sessions.labels.from=flag,tags.fast=true"], true),
    ("shop", &["--set-json", r#"global={"region":"json","n":1e3,"l":[1,{"a":null}]}"#], true),
    ("shop", &["--set-json", r#"{"caching":false,"front":{"enabled":true}}"#], true),
    ("shop", &["-f", "shop/ci/nulls.yaml", "-f", "shop/ci/globals.yaml", "--set", "caching=false"], true),
    ("shop", &["-f", "shop/ci/nulls.yaml,shop/ci/globals.yaml"], true),
    ("shop", &["--set", "front=5"], false),
    ("shop", &["--set", "a[x]=1"], false),
    ("shop", &["--set", "a.b"], false),
    ("shop", &["--set-json", "a={"], false),
    ("shop", &["-f", "shop/ci/missing.yaml"], false),
    ("shop", &["--show-only", "charts/front/templates/front.yaml"], true),
    ("shop", &["-s", "charts/pages/templates/config.yaml", "-s", "templates/shop.yaml"], true),
    ("shop", &["-s", "charts/*/templates/*.yaml"], true),
    ("shop", &["-s", "templates/none.yaml"], false),
    ("lifecycle", &["-s", "templates/tests/ready.yaml"], true),
    ("lifecycle", &["-s", "templates/hooks.yaml", "--no-hooks"], false),
    ("lifecycle", &["--set", "image=a\\,b\\.c", "--set", "image=second"], true),
    ("surroundings", &["--set-file", "greeting=surroundings/files/site.conf.tpl"], true),
    ("surroundings", &["--set-literal", "greeting=a,b=c\\d {{ .Release.Name }}"], true),
    ("surroundings", &["--kube-version", "1.10"], false),
    ("surroundings", &["--kube-version", "one"], false),
    ("strict", &["--set", "replicas=10"], false),
    ("strict", &["--set", "replicas=10", "--skip-schema-validation"], true),
    ("strict", &["--set", "hosts={a.example.com,b.example.com}"], true),
    ("strict", &["--set-string", "replicas=2"], false),
    ("strict", &["--set", "hosts[3]=x"], false),
    ("texts", &["--set", "title=\\{a\\,b\\},quoted=,csv={a,b}"], false),
    ("texts", &["--name-template", "{{ upper \"x\" }}"], false),
    ("parts/names", &[], false),
    ("parts", &[], false),
    ("parts/cache", &["--set", "global.region=x"], true),
    ("parts/cache", &["--set", "global.region=x", "--enable-dns", "-n", "a", "--kube-context", "none"], true),
    ("guarded", &["-f", "guarded/ci/fails-required.yaml", "--debug"], false),
    ("guarded", &["-f", "guarded/ci/fails-nil.yaml", "--debug", "-s", "templates/guarded.yaml"], false),
    ("guarded", &["-f", "guarded/ci/fails-yaml.yaml", "--debug"], false),
    ("guarded", &["-f", "guarded/ci/fails-yaml.yaml", "--debug", "-s", "templates/guarded.yaml"], false),
    ("surroundings", &["--kube-version", "1.10", "--debug"], false),
    ("strict", &["--set", "replicas=10", "--debug"], false),
];

/// A copy of the charts, with their dependencies.
struct Charts {
    dir: tempfile::TempDir,
}

/// One rendering.
struct Case {
    chart: String,
    flags: Vec<String>,
    renders: bool,
}

impl Charts {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("naru-charts-").tempdir().unwrap();
        let charts = Self { dir };
        copy(&tools::repository("manifests/charts"), charts.dir.path());
        // The dependencies of one chart are archives, which each of both makes and the other one reads.
        charts.naru(&["dependency", "update", "shop"]).ok();
        charts
    }

    fn naru(&self, arguments: &[&str]) -> Finished {
        self.command(Command::new(tools::ours("naru")).arg("bundle"), arguments)
    }

    fn helm(&self, arguments: &[&str]) -> Finished {
        self.command(&mut Command::new(tools::helm()), arguments)
    }

    fn command(&self, command: &mut Command, arguments: &[&str]) -> Finished {
        let home = self.dir.path().join("home");
        for part in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"] {
            command.env(part, home.join(part));
        }
        run(command.args(arguments).current_dir(self.dir.path()).env("KUBECONFIG", home.join("none")), "")
    }

    /// What a case tells, if the two do not agree.
    fn difference(&self, case: &Case) -> Option<String> {
        let mut arguments = vec!["template"];
        let is_named = case.flags.iter().any(|flag| flag == "--name-template" || flag == "--generate-name");
        if !is_named {
            arguments.push("demo");
        }
        arguments.push(&case.chart);
        arguments.extend(case.flags.iter().map(String::as_str));
        let (helm, ours) = (self.helm(&arguments), self.naru(&arguments));
        let said = |what: &str| {
            Some(format!("{arguments:?}: {what}\n    helm: {}\n    ours: {}", tail(&helm), tail(&ours)))
        };
        if (helm.code == 0) != case.renders {
            return said("helm does not do what the case expects");
        }
        if helm.code != ours.code {
            return said("only one of them fails");
        }
        let comparable = |finished: &Finished| match case.chart == RANDOM && case.renders {
            true => charts::secrets::without_randomness(&finished.out),
            false => finished.out.clone(),
        };
        let (theirs, mine) = (comparable(&helm), comparable(&ours));
        if theirs == mine {
            return None;
        }
        let lines = theirs.lines().zip(mine.lines()).find(|(theirs, mine)| theirs != mine);
        said(&format!("the output differs, first in {lines:?}"))
    }
}

/// The last lines of what a command said, or nothing if it succeeded.
fn tail(finished: &Finished) -> &str {
    let start = finished.err.len().saturating_sub(400);
    finished.err.get(start..).unwrap_or(&finished.err).trim()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // What somebody fetched beside the charts is not ours.
        if entry.path().extension().is_some_and(|extension| extension == "tgz") {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The charts of a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let charts = entries.filter(|entry| entry.path().join("Chart.yaml").is_file());
    let mut names: Vec<String> = charts.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for chart in names(folder) {
        let mut files: Vec<String> = fs::read_dir(folder.join(&chart).join("ci"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let refused = |file: &str| file.starts_with("fails-");
        let values = files.iter().map(|file| vec!["-f".into(), format!("{chart}/ci/{file}")]);
        let values =
            std::iter::once((Vec::new(), true)).chain(values.zip(files.iter().map(|file| !refused(file))));
        for (values, renders) in values {
            // Keys take their time: one rendering of each kind will do.
            let again = if renders && chart != RANDOM { FLAGS } else { &[] };
            for flags in std::iter::once(&[] as &[&str]).chain(again.iter().copied()) {
                let flags =
                    values.iter().cloned().chain(flags.iter().map(|flag| (*flag).to_owned())).collect();
                cases.push(Case { chart: chart.clone(), flags, renders });
            }
        }
    }
    cases.extend(ROWS.iter().map(|(chart, flags, renders)| Case {
        chart: (*chart).to_owned(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        renders: *renders,
    }));
    cases
}

#[test]
fn charts_render_as_with_helm() {
    let charts = Charts::new();
    let cases = cases(charts.dir.path());
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let (next, differences) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..RUNNERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    differences.lock().unwrap().extend(charts.difference(case));
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    let (count, all) = (differences.len(), cases.len());
    assert!(differences.is_empty(), "{count} of {all} renderings differ:\n{}", differences.join("\n"));
}

#[test]
fn archives_packed_by_either_render_alike() {
    let charts = Charts::new();
    for chart in names(charts.dir.path()).iter().filter(|chart| *chart != RANDOM && *chart != "guarded") {
        let rendered = |arguments: &[&str]| charts.naru(arguments).ok();
        let folder = rendered(&["template", "demo", chart]);
        charts.naru(&["package", chart, "-d", "ours"]).ok();
        charts.helm(&["package", chart, "-d", "helms"]).ok();
        for packer in ["ours", "helms"] {
            let archives = charts.dir.path().join(packer);
            let entries = fs::read_dir(&archives).unwrap().map(|entry| entry.unwrap().path());
            let archive = entries.into_iter().next().unwrap().display().to_string();
            assert_eq!(rendered(&["template", "demo", &archive]), folder, "{chart} packed by {packer}");
            assert_eq!(
                charts.helm(&["template", "demo", &archive]).ok(),
                folder,
                "{chart} packed by {packer}"
            );
            fs::remove_dir_all(&archives).unwrap();
        }
    }
}

#[test]
fn notes_and_hooks_are_those_of_helm() {
    let charts = Charts::new();
    for flags in [&[][..], &["--set", "migrate=false"], &["--no-hooks"], &["--hide-notes"]] {
        let arguments = [&["install", "demo", "lifecycle", "--dry-run=client"], flags].concat();
        let shown = |finished: Finished| {
            let (head, rest) = (finished.line.clone(), finished.ok());
            // The time of the deployment differs.
            let lines: Vec<_> = rest.lines().filter(|line| !line.starts_with("LAST DEPLOYED")).collect();
            assert!(lines.len() > 20, "{head}");
            lines.join("\n")
        };
        assert_eq!(shown(charts.naru(&arguments)), shown(charts.helm(&arguments)), "{flags:?}");
    }
}

#[test]
fn files_are_written_where_helm_writes_them() {
    let charts = Charts::new();
    for chart in ["shop", "lifecycle", "documents"] {
        let written = |program: &str, finished: &dyn Fn(&[&str]) -> Finished| {
            let arguments = ["template", "demo", chart, "--include-crds", "--output-dir", program];
            let said = finished(&arguments).ok().replace(program, "DIR");
            let mut files = Vec::new();
            list(&charts.dir.path().join(program), &mut files);
            fs::remove_dir_all(charts.dir.path().join(program)).unwrap();
            (said, files)
        };
        let ours = written("ours", &|arguments| charts.naru(arguments));
        assert_eq!(ours, written("helms", &|arguments| charts.helm(arguments)), "{chart}");
    }
}

/// The files of a folder with their content, in order; paths within it.
fn list(folder: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.push((format!("{name}/"), String::new()));
            list(&path, files);
        } else {
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

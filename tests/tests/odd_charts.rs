//! Charts that are laid out oddly, rendered, packed, linted and shown by the stock helm and by ours: the same output and
//! exit code. Marks at the beginning of files, foreign line ends, bytes that are no text, nothing where something is
//! usual, names in the wrong place, archives in archives, links, old formats.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod odd_charts {
    pub(crate) mod table;
}

use std::{
    fs,
    io::Read,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use naru_tests::{Finished, run, tools};

use odd_charts::table::{CHARTS, DUMP, TWICE};

/// Commands and charts of which helm says something else, with reason.
const UNLIKE: &[(&str, &str)] = &[
    // A format to come, of which helm shows nothing and says so no more.
    ("show", "third-format"),
    ("dependency", "third-format"),
    ("lint", "third-format"),
    // Only lint stumbles over a mark before the schema, which helm's other commands take.
    ("lint", "marked-schema"),
];

/// Links that lead nowhere, in a chart each, and what they lead to.
const BROKEN: &[(&str, &str)] = &[
    ("broken-template/templates/l.yaml", "nowhere"),
    ("broken-folder/files", "../nowhere/deep"),
    ("broken-values/values.yaml", "templates/../nowhere.yaml"),
    ("broken-subchart/charts/sub", "../../nowhere"),
    ("broken-root/l", "/nowhere/at/all"),
    ("broken-file/l", "Chart.yaml/x"),
];

struct Charts {
    top: tempfile::TempDir,
}

impl Charts {
    fn new() -> Self {
        let top = tempfile::Builder::new().prefix("naru-odd-").tempdir().unwrap();
        for (name, files) in CHARTS {
            let plain = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
            write(&top.path().join(name).join("Chart.yaml"), plain.as_bytes());
            for (file, data) in *files {
                let data = match *data {
                    b"DUMP" => DUMP.as_bytes(),
                    b"TWICE" => TWICE.as_bytes(),
                    data => data,
                };
                write(&top.path().join(name).join(file), data);
            }
        }
        let linked = top.path().join("linked");
        write(&linked.join("Chart.yaml"), b"apiVersion: v2\nname: linked\nversion: 0.1.0\n");
        fs::create_dir_all(linked.join("charts")).unwrap();
        symlink("../../undeclared", linked.join("charts/other")).unwrap();
        symlink("../crlf/templates", linked.join("templates")).unwrap();
        for (broken, target) in BROKEN {
            let name = broken.split('/').next().unwrap();
            let folder = top.path().join(name);
            write(&folder.join("templates/a.yaml"), b"a: 1\n");
            let plain = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\nicon: x\n");
            write(&folder.join("Chart.yaml"), plain.as_bytes());
            fs::create_dir_all(top.path().join(broken).parent().unwrap()).unwrap();
            symlink(target, top.path().join(broken)).unwrap();
        }
        Self { top }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        CHARTS.iter().map(|(name, _)| *name).chain(["linked"])
    }

    fn run(&self, mut command: Command, arguments: &[&str]) -> Finished {
        let home = self.top.path().join("home");
        for part in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"] {
            command.env(part, home.join(part));
        }
        run(command.args(arguments).current_dir(self.top.path()).env("KUBECONFIG", home.join("none")), "")
    }

    fn helm(&self, arguments: &[&str]) -> Finished {
        self.run(Command::new(tools::helm()), arguments)
    }

    fn naru(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(tools::ours("naru"));
        command.arg("bundle");
        self.run(command, arguments)
    }

    /// Fails unless both do the same with every chart: the same exit code, and the same of what `told` makes of their
    /// output.
    fn compare<T: PartialEq + std::fmt::Debug>(
        &self,
        arguments: impl Fn(&str) -> Vec<&str>,
        told: impl Fn(&Finished) -> T,
    ) {
        let mut differences = Vec::new();
        for name in self.names() {
            let arguments = arguments(name);
            if UNLIKE.contains(&(arguments[0], name)) {
                continue;
            }
            let (helm, ours) = (self.helm(&arguments), self.naru(&arguments));
            if (helm.code, told(&helm)) != (ours.code, told(&ours)) {
                let shown = |said: &Finished| format!("{:?} {:?} {}", said.code, told(said), said.err);
                differences.push(format!(
                    "{arguments:?}\n  helm: {}\n  ours: {}",
                    shown(&helm),
                    shown(&ours)
                ));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

fn write(path: &Path, data: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, data).unwrap();
}

#[test]
fn odd_charts_render_as_with_helm() {
    let charts = Charts::new();
    charts.compare(|name| vec!["template", "demo", name, "--include-crds"], |finished| finished.out.clone());
}

#[test]
fn odd_charts_are_shown_as_with_helm() {
    let charts = Charts::new();
    charts.compare(|name| vec!["show", "all", name], |finished| finished.out.clone());
    charts
        .compare(|name| vec!["show", "values", name, "--jsonpath", "{.a}"], |finished| finished.out.clone());
    charts.compare(|name| vec!["dependency", "list", name], |finished| finished.out.clone());
}

#[test]
fn odd_charts_are_packed_as_by_helm() {
    let charts = Charts::new();
    for name in charts.names() {
        let arguments = |folder| ["package", name, "--destination", folder, "--app-version", "7"];
        let packed = |said: Finished, folder: &str| {
            let path = charts.top.path().join(folder);
            let found = (said.code, said.out.replace(folder, "FOLDER"), entries(&path));
            let _ = fs::remove_dir_all(path);
            found
        };
        let helms = packed(charts.helm(&arguments("helms")), "helms");
        let ours = packed(charts.naru(&arguments("ours")), "ours");
        assert_eq!(ours, helms, "{name} (ours, helm's)");
    }
}

/// What the archives of a folder hold: names, modes, types and content of the entries, in order.
fn entries(folder: &Path) -> Vec<(PathBuf, u32, u8, Vec<u8>)> {
    let mut found = Vec::new();
    for archive in fs::read_dir(folder).into_iter().flatten() {
        let file = fs::File::open(archive.unwrap().path()).unwrap();
        for entry in tar::Archive::new(flate2::read::GzDecoder::new(file)).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let header = entry.header();
            let kind = header.entry_type().as_byte();
            found.push((entry.path().unwrap().into_owned(), header.mode().unwrap(), kind, content));
        }
    }
    found
}

#[test]
fn odd_charts_are_linted_as_by_helm() {
    let charts = Charts::new();
    // The words are ours where a file cannot be read; names and versions are judged in Kubernetes' words.
    let told = |finished: &Finished| -> Vec<String> {
        let judged =
            |line: &str| line.contains("is deprecated in") || line.contains("object name does not conform");
        let place = |line: &str| line.split(": ").next().unwrap_or_default().to_owned();
        let found =
            finished.out.lines().filter(|line| line.starts_with("[WARNING]") || line.starts_with("[ERROR]"));
        found.map(|line| if judged(line) { line.to_owned() } else { place(line) }).collect()
    };
    charts.compare(|name| vec!["lint", name], told);
    charts.compare(|name| vec!["lint", name, "--strict", "--with-subcharts"], told);
}

#[test]
fn links_that_lead_nowhere_are_named_as_by_helm() {
    let charts = Charts::new();
    for (link, _) in BROKEN {
        let name = link.split('/').next().unwrap();
        for arguments in [["lint", name].as_slice(), &["template", "demo", name], &["package", name]] {
            let (helm, ours) = (charts.helm(arguments), charts.naru(arguments));
            let told = |said: &Finished| (said.code, said.out.clone(), said.err.clone());
            assert_eq!(told(&ours), told(&helm), "{arguments:?}");
        }
    }
}

/// Charts of as many bytes as may be and of one more, as folders and as archives, which may have one byte less.
#[test]
fn charts_may_be_as_large_as_with_helm() {
    const MOST: usize = 100 << 20;
    let charts = Charts::new();
    let folder = charts.top.path().join("large");
    let metadata = b"apiVersion: v2\nname: large\nversion: 0.1.0\n";
    let template = b"a: {{ len (.Files.GetBytes \"zeros\") }}\n";
    write(&folder.join("Chart.yaml"), metadata);
    write(&folder.join("templates/a.yaml"), template);
    let rest = metadata.len() + template.len();
    for (bytes, passes) in [(6 << 20, [true, true]), (MOST, [true, false]), (MOST + 1, [false, false])] {
        let zeros = fs::File::create(folder.join("zeros")).unwrap();
        zeros.set_len((bytes - rest) as u64).unwrap();
        run(Command::new("tar").args(["czf", "large.tgz", "large"]).current_dir(charts.top.path()), "").ok();
        for (chart, passes) in ["large", "./large.tgz"].into_iter().zip(passes) {
            let (helm, ours) =
                (charts.helm(&["template", "demo", chart]), charts.naru(&["template", "demo", chart]));
            assert_eq!((&ours.out, ours.code), (&helm.out, helm.code), "{chart} of {bytes}: {}", ours.err);
            assert_eq!(ours.code == 0, passes, "{chart} of {bytes}: {}", ours.err);
            if chart == "large" {
                assert_eq!(ours.err, helm.err, "{bytes}");
            }
        }
    }
}

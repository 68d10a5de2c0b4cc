//! Expressions rendered by the stock helm and by us, compared byte for byte.
//!
//! Each line of `tests/expressions/*.txt` is an expression or, if it has a `{{`, a template (`⏎` stands for a
//! newline; `#` starts a comment). Those that we render go through one run of helm: a chart with one partial for
//! each and one manifest that includes them all. Those that fail with us get a run of their own, and must fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use naru_bundle::{
    builtin::{Capabilities, Files, chart_object},
    chart::{Chart, File},
    environment::Environment,
    fault::Fault,
    functions::Templates,
    template::{Engine, TemplateSet},
    value::{Map, MapType, Str, Value},
    yaml,
};

/// The lines, and `values.yaml`, which all of them may use.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expressions");

/// The chart they are in.
const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

/// How many helms run at one time.
const RUNNERS: usize = 4;

/// One line of a file.
struct Case {
    /// File and line, for messages.
    origin: String,
    template: String,
    /// What our engine makes of it.
    ours: Result<Vec<u8>, Fault>,
}

#[test]
fn expressions_render_as_with_helm() {
    let (rendering, failing): (Vec<_>, Vec<_>) = cases().into_iter().partition(|case| case.ours.is_ok());
    let total = rendering.len() + failing.len();
    let mut differences = compare_output(rendering);
    differences.extend(compare_failures(&failing));
    let count = differences.len();
    assert!(differences.is_empty(), "{count} of {total} expressions differ:\n{}", differences.join("\n"));
}

fn cases() -> Vec<Case> {
    let only = std::env::var("NARU_EXPRESSIONS").ok();
    let mut files: Vec<PathBuf> = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.retain(|file| only.as_ref().is_none_or(|only| file.to_string_lossy().contains(only.as_str())));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (index, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.replace('⏎', "\n");
            let template = if line.contains("{{") { line } else { format!("{{{{ {line} }}}}") };
            let ours = render(&template);
            cases.push(Case { origin: format!("{name}:{}", index + 1), template, ours });
        }
    }
    assert!(!cases.is_empty(), "no expressions found");
    cases
}

/// All lines that render with us, in one run of helm, repeated without each line that fails there.
fn compare_output(mut cases: Vec<Case>) -> Vec<String> {
    let mut differences = Vec::new();
    loop {
        let output = run_all(&cases);
        if output.status.success() {
            differences.extend(compare_texts(&cases, &output.stdout));
            return differences;
        }
        let message = String::from_utf8_lossy(&output.stderr);
        let blamed = (0..cases.len()).find(|index| message.contains(&partial(*index)));
        let case = cases.remove(blamed.unwrap_or_else(|| panic!("helm fails:\n{message}")));
        differences.push(case.difference(&format!("fails: {}", message.trim())));
    }
}

/// All lines in one manifest.
fn run_all(cases: &[Case]) -> Output {
    let mut manifest = String::from("cases:\n");
    for index in 0..cases.len() {
        manifest.push_str(&format!("- {{{{ include {:?} . | b64enc | quote }}}}\n", partial(index)));
    }
    let templates = cases.iter().map(|case| case.template.as_str());
    helm(chart(templates, &manifest).path())
}

fn compare_texts(cases: &[Case], manifest: &[u8]) -> Vec<String> {
    let theirs: Vec<Vec<u8>> = String::from_utf8_lossy(manifest)
        .lines()
        .filter_map(|line| line.strip_prefix("- \"")?.strip_suffix('"'))
        .map(|text| BASE64_STANDARD.decode(text).unwrap())
        .collect();
    assert_eq!(theirs.len(), cases.len(), "one line a case");
    let pairs = cases.iter().zip(&theirs);
    let different = pairs.filter(|(case, theirs)| case.ours.as_ref().is_ok_and(|ours| ours != *theirs));
    different.map(|(case, theirs)| case.difference(&shown(theirs))).collect()
}

/// Each line that fails with us, in a run of helm of its own.
fn compare_failures(cases: &[Case]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let cases: Vec<_> = cases.iter().map(|case| (case, case.template.as_str())).collect();
    let templates: Vec<_> = cases.iter().map(|(_, template)| *template).collect();
    let run = || {
        let mut rendered = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(template) = templates.get(index) else {
                return rendered;
            };
            let manifest = format!("cases:\n- {{{{ include {:?} . | b64enc | quote }}}}\n", partial(0));
            let output = helm(chart([*template].into_iter(), &manifest).path());
            if output.status.success() {
                rendered.push(index);
            }
        }
    };
    let rendered: Vec<usize> = thread::scope(|scope| {
        let runners: Vec<_> = (0..RUNNERS).map(|_| scope.spawn(run)).collect();
        runners.into_iter().flat_map(|runner| runner.join().unwrap()).collect()
    });
    rendered.into_iter().map(|index| cases[index].0.difference("renders")).collect()
}

impl Case {
    /// Both results, for people.
    fn difference(&self, theirs: &str) -> String {
        let ours = match &self.ours {
            Ok(ours) => shown(ours),
            Err(fault) => format!("fails: {}", fault.cause),
        };
        format!("{}: {}\n    helm: {theirs}\n    ours: {ours}", self.origin, self.template)
    }
}

fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

fn partial(index: usize) -> String {
    format!("c/templates/_{index}.tpl")
}

fn values() -> Vec<u8> {
    fs::read(Path::new(FOLDER).join("values.yaml")).unwrap()
}

/// A chart with one partial for each of `templates`, and a manifest.
fn chart<'a>(templates: impl Iterator<Item = &'a str>, manifest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path();
    fs::create_dir(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), CHART).unwrap();
    fs::write(chart.join("values.yaml"), values()).unwrap();
    fs::write(chart.join("templates/all.yaml"), manifest).unwrap();
    for (index, template) in templates.enumerate() {
        fs::write(chart.join(format!("templates/_{index}.tpl")), template).unwrap();
    }
    folder
}

fn helm(chart: &Path) -> Output {
    Command::new(naru_tests::tools::helm()).arg("template").arg("r").arg(chart).output().unwrap()
}

/// What our engine writes for one template.
fn render(template: &str) -> Result<Vec<u8>, Fault> {
    let mut set = TemplateSet::default();
    let name = partial(0);
    set.parse(&name, template)?;
    let data = data();
    let engine = Engine::new(&set, &Nowhere);
    engine.include(&Str::from(name), &data).map(|out| out.to_vec())
}

/// What helm gives to the templates of such a chart.
fn data() -> Value {
    let values = yaml::read_map(&values()).unwrap().seen_as(MapType::Values);
    let files = vec![File { name: "Chart.yaml".into(), data: CHART.into() }];
    let chart = Chart::from_files(files, &mut Vec::new()).unwrap();
    let release = [("Name", Value::from("r")), ("Namespace", Value::from("default"))];
    let entries = [
        ("Values", Value::Map(values)),
        ("Chart", chart_object(&chart.metadata, true)),
        ("Files", Files::new(&[]).into_value()),
        ("Capabilities", Capabilities::default().value()),
        ("Release", Value::map(release)),
    ];
    Value::Map(Map::new(MapType::Values, entries))
}

/// No cluster; the expressions show neither the clock nor what is random.
struct Nowhere;

impl Environment for Nowhere {
    fn now(&self) -> jiff::Zoned {
        jiff::Zoned::default()
    }
    fn random(&self, bytes: &mut [u8]) {
        rand::RngCore::fill_bytes(&mut rand::rng(), bytes);
    }
    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

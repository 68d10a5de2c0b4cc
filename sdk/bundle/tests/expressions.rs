//! Expressions rendered by the stock helm and by us, compared byte for byte.
//!
//! Each line of `tests/expressions/*.txt` is a template (`⏎` stands for a newline, `#` starts a comment). Lines
//! that begin with `! ` must fail on both sides. All others go through one run of helm: a chart with one partial
//! for each line and one manifest that includes them all.
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
    environment::Environment,
    fault::Fault,
    functions::Templates,
    template::{Engine, TemplateSet},
    value::{Map, MapType, Str, Value},
    yaml,
};

/// The lines, and `values.yaml`, which all of them may use.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expressions");

/// How many helms run at one time.
const RUNNERS: usize = 4;

/// One line of a file.
struct Case {
    /// File and line, for messages.
    origin: String,
    template: String,
    fails: bool,
}

#[test]
fn expressions_render_as_with_helm() {
    let cases = cases();
    let (failing, rendering): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.fails);
    let mut differences = compare_output(&rendering);
    differences.extend(compare_failures(&failing));
    let (count, total) = (differences.len(), rendering.len() + failing.len());
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
            let (fails, text) = match line.strip_prefix("! ") {
                Some(text) => (true, text),
                None => (false, line),
            };
            let origin = format!("{name}:{}", index + 1);
            cases.push(Case { origin, template: text.replace('⏎', "\n"), fails });
        }
    }
    assert!(!cases.is_empty(), "no expressions found");
    cases
}

/// All lines that render, in one run of helm.
fn compare_output(cases: &[Case]) -> Vec<String> {
    let chart = chart(cases);
    let mut manifest = String::from("cases:\n");
    for index in 0..cases.len() {
        manifest.push_str(&format!("- {{{{ include {:?} . | b64enc | quote }}}}\n", partial(index)));
    }
    fs::write(chart.path().join("templates/all.yaml"), manifest).unwrap();
    let output = helm(chart.path());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "helm fails:\n{message}\n{}", blamed(&message, cases));
    let theirs: Vec<Vec<u8>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("- \"")?.strip_suffix('"'))
        .map(|text| BASE64_STANDARD.decode(text).unwrap())
        .collect();
    assert_eq!(theirs.len(), cases.len(), "one line a case");
    let mut differences = Vec::new();
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = render(case);
        if ours.as_ref().is_ok_and(|ours| ours == theirs) {
            continue;
        }
        let ours = ours.map_or_else(|fault| format!("fails: {}", fault.cause), |ours| shown(&ours));
        let (origin, template) = (&case.origin, &case.template);
        differences.push(format!("{origin}: {template}\n    helm: {}\n    ours: {ours}", shown(theirs)));
    }
    differences
}

/// The lines that helm's message names.
fn blamed(message: &str, cases: &[Case]) -> String {
    let named = |index: usize| message.contains(&partial(index));
    let lines = cases.iter().enumerate().filter(|(index, _)| named(*index));
    lines.map(|(_, case)| format!("{}: {}\n", case.origin, case.template)).collect()
}

/// Each line that fails, in a run of helm of its own.
fn compare_failures(cases: &[Case]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut differences = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            differences.extend(compare_failure(case));
        }
        differences
    };
    thread::scope(|scope| {
        let runners: Vec<_> = (0..RUNNERS).map(|_| scope.spawn(run)).collect();
        runners.into_iter().flat_map(|runner| runner.join().unwrap()).collect()
    })
}

fn compare_failure(case: &Case) -> Option<String> {
    let chart = chart(std::slice::from_ref(case));
    let manifest = format!("a: {{{{ include {:?} . | b64enc | quote }}}}\n", partial(0));
    fs::write(chart.path().join("templates/all.yaml"), manifest).unwrap();
    let theirs = helm(chart.path());
    let ours = render(case);
    if !theirs.status.success() && ours.is_err() {
        return None;
    }
    let (origin, template) = (&case.origin, &case.template);
    let theirs = if theirs.status.success() { "renders" } else { "fails" };
    let ours = ours.map_or_else(|fault| format!("fails: {}", fault.cause), |ours| shown(&ours));
    Some(format!("{origin}: {template}\n    helm: {theirs}\n    ours: {ours}"))
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

/// A chart with one partial for each case.
fn chart(cases: &[Case]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path();
    fs::create_dir(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    fs::write(chart.join("values.yaml"), values()).unwrap();
    for (index, case) in cases.iter().enumerate() {
        fs::write(chart.join(format!("templates/_{index}.tpl")), &case.template).unwrap();
    }
    folder
}

fn helm(chart: &Path) -> Output {
    Command::new(helm_path()).arg("template").arg("r").arg(chart).output().unwrap()
}

/// The stock helm: `$NARU_HELM`, or `tools/bin/helm` in the target directory.
fn helm_path() -> PathBuf {
    if let Some(path) = std::env::var_os("NARU_HELM") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let mut places = test.ancestors().map(|folder| folder.join("tools/bin/helm"));
    places
        .find(|path| path.is_file())
        .expect("helm is missing: set NARU_HELM, or run `tools/clients target/tools/bin` (`make test` does)")
}

/// What our engine writes for one case.
fn render(case: &Case) -> Result<Vec<u8>, Fault> {
    let mut set = TemplateSet::default();
    let name = partial(0);
    set.parse(&name, case.template.as_str())?;
    let values = yaml::read_map(&values()).unwrap().seen_as(MapType::Values);
    let data = Value::Map(Map::new(MapType::Values, [("Values", Value::Map(values))]));
    let engine = Engine::new(&set, &Nowhere);
    engine.include(&Str::from(name), &data).map(|out| out.to_vec())
}

/// No cluster; the expressions use neither the clock nor randomness.
struct Nowhere;

impl Environment for Nowhere {
    fn now(&self) -> jiff::Zoned {
        jiff::Zoned::default()
    }
    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

//! The same steps by both tools, each in a namespace of its own: what they print, how they end and what they leave must
//! be the same but for times.

use std::{fs, io::Read, path::Path, thread, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use naru_tests::{Finished, run, tools};
use regex_automata::meta::Regex;
use serde_json::{Value, json};

use crate::bench::{Bench, write_chart};

/// A step that lets a second pass.
pub(crate) const PAUSE: &str = "pause";

/// A chart whose values decide what it has, and how it fails.
pub(crate) const CHART: &[(&str, &str)] = &[
    (
        "Chart.yaml",
        "apiVersion: v2\nname: many\nversion: 0.1.0\nappVersion: \"1.0\"\nannotations: {team: a}\ndescription: A chart of many parts\nkeywords: [x, y]\nmaintainers: [{name: m, email: m@x.y}]\n",
    ),
    (
        "values.yaml",
        "greeting: hello\nextra: false\nnested: {a: 1, b: two}\nfail: false\nhook: {}\nkeep: false\naccount: false\npod: false\nbig: 1000000\n",
    ),
    ("README.md", "# many\n"),
    (
        "templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\n  {{- if .Values.keep }}\n  annotations: {helm.sh/resource-policy: keep}\n  {{- end }}\ndata:\n  greeting: {{ .Values.greeting | quote }}\n  revision: \"{{ .Release.Revision }}\"\n  a: {{ .Values.nested.a | quote }}\n  b: {{ .Values.nested.b | quote }}\n",
    ),
    (
        "templates/extra.yaml",
        "{{- if .Values.extra }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}-extra\nstringData:\n  key: {{ .Values.extra | quote }}\n{{- end }}\n",
    ),
    (
        "templates/account.yaml",
        "{{- if .Values.account }}\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ .Release.Name }}-account\n  labels: {a: {{ .Values.account | quote }}}\n{{- end }}\n",
    ),
    (
        "templates/pod.yaml",
        "{{- if .Values.pod }}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-pod\nspec:\n{{ toYaml .Values.pod | indent 2 }}\n{{- end }}\n",
    ),
    (
        "templates/other.yaml",
        "{{- if .Values.other }}\napiVersion: v1\nkind: {{ .Values.other }}\nmetadata:\n  name: {{ .Release.Name }}-other\n{{- end }}\n",
    ),
    (
        "templates/look.yaml",
        "{{- with .Values.look }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ $.Release.Name }}-look\ndata:\n  found: {{ lookup .version .kind $.Release.Namespace (.name | default \"\") | len | quote }}\n{{- end }}\n",
    ),
    (
        "templates/hooks.yaml",
        "{{- range $name, $hook := .Values.hook }}\n---\napiVersion: v1\nkind: {{ $hook.kind | default \"ConfigMap\" }}\nmetadata:\n  name: {{ $.Release.Name }}-{{ $name }}\n  annotations:\n    helm.sh/hook: {{ $hook.on }}\n    {{- with $hook.policy }}\n    helm.sh/hook-delete-policy: {{ . }}\n    {{- end }}\n    {{- with $hook.weight }}\n    helm.sh/hook-weight: {{ . | quote }}\n    {{- end }}\n    {{- with $hook.log }}\n    helm.sh/hook-output-log-policy: {{ . }}\n    {{- end }}\n{{- if $hook.spec }}\nspec:\n{{ toYaml $hook.spec | indent 2 }}\n{{- else }}\ndata: {a: b}\n{{- end }}\n{{- end }}\n",
    ),
    ("templates/NOTES.txt", "Hi {{ .Release.Name }}: {{ .Values.greeting }} <&>\n"),
];

/// Runs tables of steps.
pub(crate) struct Compare {
    pub(crate) bench: Bench,
    times: Regex,
}

impl Compare {
    pub(crate) fn new() -> Self {
        let bench = Bench::new();
        write_chart(&bench.dir.path().join("many"), CHART);
        let times = [
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00| \+0000 UTC)?",
            r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d \d{4}",
            r#""?(modifiedAt|createdAt)"?[=:] ?"?\d+"#,
            r"web-map( +)\d+( +)\d+m?\d*s",
            r"-\d{10}\b",
            r"resourceVersion: .*",
            r"uid: .*",
            r#""(uid|resourceVersion)":"[^"]*""#,
            // How wide a column of times is depends on the times.
            r" *\t",
            r"(?m) +$",
        ];
        Compare { bench, times: Regex::new_many(&times).unwrap() }
    }

    /// Steps in a pair of fresh namespaces. A step is a command line of either tool, CHART stands for the chart; what begins
    /// with `?` need only end alike; what begins with `$` is for kubectl.
    #[track_caller]
    pub(crate) fn run(&self, name: &str, steps: &[&str]) {
        self.run_with(name, steps, |_| true);
    }

    /// The same, but the second namespace is worked on by both in turn, ours at the steps that `ours` says.
    #[track_caller]
    pub(crate) fn run_with(&self, name: &str, steps: &[&str], ours: impl Fn(usize) -> bool) {
        let spaces = [format!("space-a-{name}"), format!("space-b-{name}")];
        for space in &spaces {
            self.bench.cluster.kubectl(&["create", "namespace", space]).ok();
        }
        for (at, step) in steps.iter().enumerate() {
            self.step(&spaces, step, ours(at));
        }
    }

    #[track_caller]
    fn step(&self, spaces: &[String; 2], step: &str, by_ours: bool) {
        if step == PAUSE {
            // Helm tells times of releases apart by whole seconds, and puts those of one second in any order.
            return thread::sleep(Duration::from_millis(1100));
        }
        if let Some(line) = step.strip_prefix('$') {
            for space in spaces {
                let words: Vec<&str> = line.split_whitespace().chain(["-n", space]).collect();
                self.bench.cluster.kubectl(&words).ok();
            }
            return;
        }
        let (line, only_code) = match step.strip_prefix('?') {
            Some(line) => (line, true),
            None => (step, false),
        };
        let (helm, ours) = thread::scope(|scope| {
            let helm = scope.spawn(|| self.tool(line, &spaces[0], true));
            let ours = self.tool(line, &spaces[1], !by_ours);
            (helm.join().unwrap(), ours)
        });
        assert_eq!(ours.code, helm.code, "{step}\n{}{}\n---\n{}{}", ours.out, ours.err, helm.out, helm.err);
        if only_code {
            return;
        }
        let said = |one: &Finished, space: &str| {
            (self.ageless(&one.out, space), self.ageless(&errors(&one.err), space))
        };
        let ((out, err), (helms_out, helms_err)) = (said(&ours, &spaces[1]), said(&helm, &spaces[0]));
        assert_eq!(out, helms_out, "standard output of {step}\n{}", ours.err);
        assert_eq!(err, helms_err, "standard error of {step}");
        if writes(line) {
            assert_eq!(self.state(&spaces[1]), self.state(&spaces[0]), "what is left by {step}");
        }
    }

    fn tool(&self, line: &str, space: &str, helm: bool) -> Finished {
        let chart = self.bench.dir.path().join("many").display().to_string();
        let mut words: Vec<&str> =
            line.split_whitespace().map(|word| if word == "CHART" { chart.as_str() } else { word }).collect();
        if writes(line)
            && words[0] != "uninstall"
            && !words.iter().any(|word| word.starts_with("--server-side"))
        {
            words.push("--server-side=false");
        }
        words.extend(["-n", space]);
        if helm { self.bench.helm(&words) } else { self.bench.naru(&words) }
    }

    /// Text without times, and with one name for both namespaces.
    fn ageless(&self, text: &str, space: &str) -> String {
        let mut clean = String::new();
        let mut last = 0;
        for found in self.times.find_iter(text) {
            clean.push_str(&text[last..found.start()]);
            if !text[found.range()].trim().is_empty() {
                clean.push_str("TIME");
            }
            last = found.end();
        }
        clean.push_str(&text[last..]);
        clean.replace(space, "SPACE")
    }

    /// Everything that is in a namespace, records decoded, times left out.
    fn state(&self, space: &str) -> Vec<String> {
        let kinds = "secrets,configmaps,pods,serviceaccounts";
        let list = self.bench.cluster.kubectl(&["get", kinds, "-n", space, "-o", "json"]).ok();
        let list: Value = serde_json::from_str(&list).unwrap();
        let objects = list["items"].as_array().unwrap().iter();
        objects
            .map(|object| serde_json::to_string_pretty(&plain(object)).unwrap().replace(space, "SPACE"))
            .collect()
    }
}

/// Whether a command changes anything.
fn writes(line: &str) -> bool {
    ["install", "upgrade", "rollback", "uninstall"].iter().any(|command| line.starts_with(command))
}

/// Of standard error what is neither a log nor a hint of ours.
fn errors(text: &str) -> String {
    text.lines()
        .filter(|line| !line.starts_with("level=") && !line.starts_with("Hint: ") && !is_klog(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Whether a line is of helm's Kubernetes client (`I1123 00:31:38.573129 12568 reflector.go:664] ...`): now and then it tells
/// of a watch that helm has ended itself.
fn is_klog(line: &str) -> bool {
    let head = line.split_once("] ").map_or("", |(head, _)| head);
    head.starts_with(['I', 'W'])
        && head[1..].starts_with(|char: char| char.is_ascii_digit())
        && head.contains(".go:")
}

/// Of an object what does not differ between two of the same.
fn plain(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut labels = metadata["labels"].clone();
    let mut annotations = metadata["annotations"].clone();
    for (map, names) in
        [(&mut labels, &["modifiedAt", "createdAt"][..]), (&mut annotations, &["naru.dev/operation"])]
    {
        if let Some(map) = map.as_object_mut() {
            map.retain(|name, _| !names.contains(&name.as_str()));
        }
    }
    let annotations = if annotations == json!({}) { Value::Null } else { annotations };
    let content = match object["type"] == "helm.sh/release.v1" {
        true => record(object["data"]["release"].as_str().unwrap()),
        false => json!({"data": object["data"], "image": object["spec"]["containers"][0]["image"]}),
    };
    json!({"kind": object["kind"], "name": metadata["name"], "labels": labels, "annotations": annotations, "content": content})
}

/// A record's JSON without times.
pub(crate) fn record(text: &str) -> Value {
    let bytes = STANDARD.decode(STANDARD.decode(text).unwrap()).unwrap();
    let mut json = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut json).unwrap();
    let mut record = serde_json::from_str(&json).unwrap();
    timeless(&mut record);
    record
}

fn timeless(value: &mut Value) {
    const TIMES: &[&str] = &[
        "first_deployed",
        "last_deployed",
        "deleted",
        "started_at",
        "completed_at",
        "modtime",
        "schemamodtime",
    ];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !TIMES.contains(&name.as_str()));
            fields.values_mut().for_each(timeless);
        }
        Value::Array(items) => items.iter_mut().for_each(timeless),
        _ => {}
    }
}

/// The two tools without a cluster, each in a folder and with a configuration of its own.
pub(crate) fn both(dir: &Path, arguments: &[&str]) -> [Finished; 2] {
    [(tools::helm(), vec![], "a"), (tools::ours("naru"), vec!["bundle"], "b")].map(|(program, first, own)| {
        fs::create_dir_all(dir.join(own)).unwrap();
        let mut command = std::process::Command::new(program);
        command.args(first).args(arguments).current_dir(dir.join(own));
        crate::bench::configure(&mut command, &dir.join(own));
        run(&mut command, "")
    })
}

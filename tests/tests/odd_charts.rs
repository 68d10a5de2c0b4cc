//! Charts that are laid out oddly, rendered, packed, linted and shown by the stock helm and by ours: the same output and
//! exit code. Marks at the beginning of files, foreign line ends, bytes that are no text, nothing where something is
//! usual, names in the wrong place, archives in archives, links, old formats.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::Read,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use naru_tests::{Finished, run, tools};

/// Writes every value that templates see.
const DUMP: &str =
    "kind: Dump\nvalues: {{ toJson .Values | quote }}\nchart: {{ .Chart.Name }} {{ .Template.BasePath }}\n";

/// Needs a chart twice, under two names.
const TWICE: &str = "dependencies:\n- {name: sub, version: 0.1.0, alias: one}\n- {name: sub, version: '>=0.0.0', alias: two, \
    condition: two.enabled, tags: [t]}\n";

/// A chart's name and its files; without a Chart.yaml it gets a plain one. `DUMP` stands for [`DUMP`], `TWICE` for
/// [`TWICE`].
type Row = (&'static str, &'static [(&'static str, &'static [u8])]);

const CHARTS: &[Row] = &[
    ("crlf", &[
        ("Chart.yaml", b"apiVersion: v2\r\nname: crlf\r\nversion: 0.1.0\r\n"),
        ("values.yaml", b"a: 1\r\nm: |\r\n  l1\r\n  l2\r\n"),
        ("templates/_h.tpl", b"{{- define \"h\" -}}\r\nx\r\n{{- end -}}\r\n"),
        ("templates/b.yaml", b"{{- if .Values.a }}\r\nkind: X\r\nx: {{ include \"h\" . }}\r\n---\r\nkind: Y\r\nm: {{ quote .Values.m }}\r\n{{- end }}\r\n"),
    ]),
    ("marked", &[
        ("Chart.yaml", b"\xef\xbb\xbfapiVersion: v2\nname: marked\nversion: 0.1.0\n"),
        ("values.yaml", b"\xef\xbb\xbfa: 1\n"),
        ("templates/a.yaml", b"\xef\xbb\xbfkind: A\nf: {{ .Files.Get \"f.txt\" | quote }}\n"),
        ("f.txt", b"\xef\xbb\xbftext"),
        (".helmignore", b"\xef\xbb\xbf*.bak\n"),
        ("templates/x.yaml.bak", b"{{ fail \"x\" }}"),
    ]),
    ("bytes", &[("f", b"caf\xe9\x00"), ("templates/a.yaml", b"q: {{ .Files.Get \"f\" | quote }}\ny: {{ .Files.Get \"f\" | toYaml }}\nj: {{ .Files.Get \"f\" | toJson }}\nb: {{ .Files.Get \"f\" | b64enc }}\ns: {{ (.Files.Glob \"*\").AsSecrets | nindent 2 }}\n")]),
    ("bytes-out", &[("f", b"caf\xe9"), ("templates/a.yaml", b"f: {{ .Files.Get \"f\" }}\n")]),
    ("bytes-in-template", &[("templates/a.yaml", b"# caf\xe9\na: 1\n")]),
    ("bytes-in-values", &[("values.yaml", b"a: caf\xe9\n"), ("templates/a.yaml", b"DUMP")]),
    ("bare", &[]),
    ("blank", &[("values.yaml", b""), ("templates/a.yaml", b""), ("templates/b.yaml", b"\n \n"), ("templates/c.yaml", b"# only\n"), ("templates/e.yaml", b"---\n---\n# c\n---\nx: 1\n"), ("templates/f.yaml", b"null\n"), ("templates/g.yaml", b"{}\n")]),
    ("a-list", &[("templates/a.yaml", b"- a\n- b\n")]),
    ("a-text", &[("templates/a.yaml", b"text\n")]),
    ("null-values", &[("values.yaml", b"null\n"), ("templates/a.yaml", b"DUMP")]),
    ("list-values", &[("values.yaml", b"[]\n"), ("templates/a.yaml", b"DUMP")]),
    ("two-values", &[("values.yaml", b"---\na: 1\n---\nb: 2\n"), ("templates/a.yaml", b"DUMP")]),
    ("odd-keys", &[("values.yaml", b"1: a\n1.5: b\ntrue: c\nnull: d\n\"\": e\ny: z\n0x10: h\n2020-01-01: t\n"), ("templates/a.yaml", b"DUMP")]),
    ("merged", &[("values.yaml", b"base: &b {x: 1, y: {z: 2}}\nd:\n  <<: *b\n  y: 3\ne: {<<: [*b, {q: 1}]}\n"), ("templates/a.yaml", b"DUMP")]),
    ("endings", &[("templates/a.json", b"{\"kind\":\"A\"}"), ("templates/b.txt", b"plain: text"), ("templates/c.yml", b"kind: C\n"), ("templates/d", b"kind: D\n"), ("templates/.h.yaml", b"kind: H\n"), ("templates/s/t/e.yaml", b"kind: E\n"), ("templates/_f.yaml", b"kind: F\n"), ("templates/s/_g/h.yaml", b"kind: GH\n"), ("templates/s/NOTES.txt", b"sub notes"), ("templates/i.tpl", b"kind: I\n")]),
    ("first-format", &[
        ("Chart.yaml", b"name: first-format\nversion: 0.1.0\n"),
        ("requirements.yaml", b"TWICE"),
        ("values.yaml", b"one: {x: 1}\ntwo: {enabled: false}\n"),
        ("charts/sub/Chart.yaml", b"name: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", b"x: 0\nd: {e: f}\n"),
        ("charts/sub/templates/s.yaml", b"DUMP"),
    ]),
    ("first-format-bare", &[("Chart.yaml", b"apiVersion: v1\nname: first-format-bare\nversion: 0.1.0\n"), ("requirements.yaml", b"TWICE"), ("requirements.lock", b"dependencies: []\n")]),
    ("both-formats", &[("Chart.yaml", b"apiVersion: v2\nname: both-formats\nversion: 0.1.0\ndependencies: []\n"), ("requirements.yaml", b"TWICE"), ("charts/sub/Chart.yaml", b"apiVersion: v2\nname: sub\nversion: 0.1.0\n"), ("charts/sub/templates/s.yaml", b"DUMP")]),
    ("library", &[
        ("Chart.yaml", b"apiVersion: v2\nname: library\nversion: 0.1.0\ndependencies: [{name: shared, version: 1.x.x}]\n"),
        ("templates/a.yaml", b"{{ include \"shared.x\" . }}\n"),
        ("charts/shared/Chart.yaml", b"apiVersion: v2\ntype: library\nname: shared\nversion: 1.5.0\n"),
        ("charts/shared/values.yaml", b"v: 1\n"),
        ("charts/shared/templates/_x.tpl", b"{{ define \"shared.x\" }}kind: {{ .Chart.Name }}\nv: {{ toJson .Values | quote }}{{ end }}"),
        ("charts/shared/templates/y.yaml", b"kind: Hidden\n"),
    ]),
    ("ignoring", &[(".helmignore", b"# c\n*.md\n/top.txt\nsub/\nsecret?.txt\n[ab].cfg\ntemplates/skip*\ncharts/off\n"), ("templates/a.yaml", b"f:\n{{- range $k, $v := .Files.Glob \"**\" }}\n  - {{ $k }}\n{{- end }}\n"), ("templates/skip.yaml", b"{{ fail \"no\" }}"), ("x.md", b""), ("top.txt", b"1"), ("d/top.txt", b"1"), ("sub/a.txt", b""), ("secret1.txt", b""), ("a.cfg", b""), ("c.cfg", b""), ("charts/off/Chart.yaml", b"no"), ("charts/on/Chart.yaml", b"apiVersion: v2\nname: on\nversion: 0.1.0\n"), ("charts/on/.helmignore", b"templates/z.yaml\n"), ("charts/on/templates/x.yaml", b"x: 1\n"), ("charts/on/templates/z.yaml", b"{{ fail \"no\" }}")]),
    ("ignoring-deep", &[(".helmignore", b"**/deep.txt\n"), ("templates/a.yaml", b"a: 1\n")]),
    ("undeclared", &[("values.yaml", b"sub: {x: 1}\n"), ("templates/a.yaml", b"DUMP"), ("charts/sub/Chart.yaml", b"apiVersion: v2\nname: sub\nversion: 0.1.0\n"), ("charts/sub/values.yaml", b"x: 2\ny: 3\n"), ("charts/sub/templates/s.yaml", b"DUMP")]),
    ("missing", &[("Chart.yaml", b"apiVersion: v2\nname: missing\nversion: 0.1.0\ndependencies: [{name: nope, version: 1.x, repository: 'https://charts.invalid'}]\n")]),
    ("wrong-version", &[("Chart.yaml", b"apiVersion: v2\nname: wrong-version\nversion: 0.1.0\ndependencies: [{name: sub, version: 2.x, repository: 'file://../sub'}]\n"), ("charts/sub/Chart.yaml", b"apiVersion: v2\nname: sub\nversion: 0.1.0\n")]),
    ("definitions", &[("crds/a.yaml", b"kind: CustomResourceDefinition\n"), ("crds/b.json", b"{}"), ("crds/c.txt", b"no"), ("crds/sub/d.yaml", b"---\nkind: D\n---\nkind: E\n"), ("templates/a.yaml", b"a: 1"), ("charts/s/Chart.yaml", b"apiVersion: v2\nname: s\nversion: 0.1.0\n"), ("charts/s/crds/x.yaml", b"\xef\xbb\xbfkind: X\r\n")]),
    ("no-schema", &[("values.schema.json", b""), ("templates/a.yaml", b"a: 1")]),
    ("bad-schema", &[("values.schema.json", b"not json"), ("templates/a.yaml", b"a: 1")]),
    ("marked-schema", &[("values.yaml", b"a: 1\n"), ("values.schema.json", b"\xef\xbb\xbf{\"properties\":{\"a\":{\"const\":1}}}"), ("templates/a.yaml", b"a: 1")]),
    ("separators", &[("templates/a.yaml", b"a: 1\n---    \nb: 2\n--- # c\nc: 3\n---\n\n...\n---\nd: 4\n"), ("templates/b.yaml", b"kind: A\nmetadata: {annotations: {helm.sh/hook: \"pre-install, post-install\", helm.sh/hook-weight: \"-5\"}}\n---\nkind: B\nmetadata: {annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: \"x\"}}\n"), ("templates/c.yaml", b"kind: Z\nmetadata: {annotations: {\"helm.sh/hook\": \"\"}}\n")]),
    ("hook-number", &[("templates/b.yaml", b"kind: A\nmetadata: {annotations: {helm.sh/hook: 1}}\n")]),
    ("kind-list", &[("templates/b.yaml", b"kind: [A]\n")]),
    ("directive", &[("templates/b.yaml", b"%YAML 1.1\n---\na: 1\n")]),
    ("twice", &[("templates/b.yaml", b"a: 1\na: 2\n")]),
    ("control", &[("templates/b.yaml", b"a: \x01\n")]),
    ("short-version", &[("Chart.yaml", b"apiVersion: v2\nname: short-version\nversion: 1.0\n"), ("templates/a.yaml", b"v: {{ .Chart.Version }}\n")]),
    ("v-version", &[("Chart.yaml", b"apiVersion: v2\nname: v-version\nversion: v1.2.3\nappVersion: 1.10\n"), ("templates/a.yaml", b"v: {{ .Chart.Version }} {{ .Chart.AppVersion }}\n")]),
    ("long-version", &[("Chart.yaml", b"apiVersion: v2\nname: long-version\nversion: 1.2.3.4\n")]),
    ("no-version", &[("Chart.yaml", b"apiVersion: v2\nname: no-version\n")]),
    ("no-name", &[("Chart.yaml", b"apiVersion: v2\nversion: 0.1.0\n")]),
    ("third-format", &[("Chart.yaml", b"apiVersion: v3\nname: third-format\nversion: 0.1.0\n")]),
    ("much-said", &[("Chart.yaml", b"apiVersion: v2\nname: much-said\nversion: 0.1.0\nappVersion: 2020-01-01\nkubeVersion: '>=1.20.0-0 <2'\nkeywords: [a]\nunknown: {a: 1}\nmaintainers: [{name: a, email: b}]\nannotations: {a/b: '1'}\ndeprecated: true\n"), ("templates/a.yaml", b"c: {{ toJson .Chart | quote }}\n")]),
    ("number-annotation", &[("Chart.yaml", b"apiVersion: v2\nname: number-annotation\nversion: 0.1.0\nannotations: {a: 1}\n")]),
    ("too-new", &[("Chart.yaml", b"apiVersion: v2\nname: too-new\nversion: 0.1.0\nkubeVersion: '>=99'\n")]),
    ("odd-type", &[("Chart.yaml", b"apiVersion: v2\nname: odd-type\nversion: 0.1.0\ntype: wrong\n")]),
    ("slash", &[("Chart.yaml", b"apiVersion: v2\nname: a/b\nversion: 0.1.0\n"), ("templates/a.yaml", b"a: 1\n")]),
    ("null-dependency", &[("Chart.yaml", b"apiVersion: v2\nname: null-dependency\nversion: 0.1.0\ndependencies: [null]\n")]),
    ("on-the-way-out", &[("templates/a.yaml", b"kind: StorageClass\napiVersion: storage.k8s.io/v1beta1\nmetadata: {name: a}\n---\nkind: PodDisruptionBudgetList\napiVersion: policy/v1beta1\nmetadata: {name: a}\n---\nkind: Scale\napiVersion: extensions/v1beta1\nmetadata: {name: a}\n---\nkind: Endpoints\napiVersion: v1\nmetadata: {name: a}\n---\nkind: Service\napiVersion: v1\nmetadata: {name: 1a}\n---\nkind: Namespace\napiVersion: v1\nmetadata: {name: a.b}\n---\nkind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: a/%}\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: A}\n")]),
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
        for name in self.names() {
            let arguments = arguments(name);
            let (helm, ours) = (self.helm(&arguments), self.naru(&arguments));
            assert_eq!(helm.code, ours.code, "{arguments:?}\n  helm: {}\n  ours: {}", helm.err, ours.err);
            assert_eq!(told(&ours), told(&helm), "{arguments:?} (ours, helm's)");
        }
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

//! The charts, as their files.

/// Writes every value that templates see.
pub(crate) const DUMP: &str =
    "kind: Dump\nvalues: {{ toJson .Values | quote }}\nchart: {{ .Chart.Name }} {{ .Template.BasePath }}\n";

/// Needs a chart twice, under two names.
pub(crate) const TWICE: &str = "dependencies:\n- {name: sub, version: 0.1.0, alias: one}\n- {name: sub, version: '>=0.0.0', alias: two, \
    condition: two.enabled, tags: [t]}\n";

/// A chart's name and its files; without a Chart.yaml it gets a plain one. `DUMP` stands for [`DUMP`], `TWICE` for
/// [`TWICE`].
pub(crate) type Row = (&'static str, &'static [(&'static str, &'static [u8])]);

pub(crate) const CHARTS: &[Row] = &[
    ("listed-nothing", &[("Chart.yaml", b"apiVersion: v2\nname: listed-nothing\nversion: 0.1.0\ndependencies: []\n")]),
    ("required-nothing", &[
        ("Chart.yaml", b"apiVersion: v1\nname: required-nothing\nversion: 0.1.0\n"),
        ("requirements.yaml", b"dependencies: []\n"),
    ]),
    ("required-null", &[
        ("Chart.yaml", b"apiVersion: v1\nname: required-null\nversion: 0.1.0\n"),
        ("requirements.yaml", b"dependencies:\n"),
    ]),
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

//! Commands that need no cluster, asked of the stock helm and of ours: the same exit codes, the same output where it is the
//! same thing, and what is wrong on standard error.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::Path, process::Command};

use naru_tests::{Finished, run, tools};

const VALUES: &str = r#"
a: 1
b: {c: two, d: [1, 2.5, x, {k: v, nul: null}], e: 3.0, f: 1e21, big: 12345678901234567890, big2: 1e7}
list: [{name: a, v: 1}, {name: b, v: 2}, {name: c, v: 3.5}]
nul: null
t: true
"k.x": dotted
empty: {}
emptyl: []
s: "it's \"q\" <&>"
ml: |
  line1
  line2
neg: -5
"#;

/// What one line each asks of the values. (Where several keys of a map are looked at, helm takes them in any order.)
const EXPRESSIONS: &[&str] = &[
    ".b.c",
    "{.b.c}",
    "{.b}",
    "{.list}",
    "{.list[*].name}",
    "{.list[0]}",
    "{.list[-1].name}",
    "{.list[0:2].name}",
    "{.list[1:].name}",
    "{.list[::2].name}",
    "{.list[5].name}",
    "{.list[?(@.v>1)].name}",
    "{.list[?(@.v==2.0)].name}",
    "{.list[?(@.name==\"a\")].v}",
    "{.list[?(@.name!='a')].v}",
    "{.list[?(@.v>=3.5)].name}",
    "{.list[?(@.q)].name}",
    "{.list[?(@.name)].name}",
    "{range .list[*]}{.name}={.v}{\"\\n\"}{end}",
    "{.nul}",
    "{.nul.x}",
    "{.t}",
    "{.nope}",
    "{.b.nope}",
    "{.a.b}",
    "{.k\\.x}",
    "{['k.x']}",
    "{[\"k.x\"]}",
    "{$}",
    "{@}",
    "{.}",
    "{..name}",
    "{..nul}",
    "{.b['c','e']}",
    "{.b['c', 'e']}",
    "{.list[0,2].name}",
    "{.list[0:1,2].name}",
    "{.list[0]['name','v']}",
    "text {.b.c} more",
    "{.b.c} {.a}",
    "{\"lit\"}",
    "{1}",
    "{-1}",
    "{+1.5}",
    "{1.2.3}",
    "{-}",
    "{.e",
    ".b.c}",
    "}",
    "{}",
    "{ }",
    "{ .b.c }",
    "{.b .c}",
    "{.empty}",
    "{.emptyl}",
    "{.s}",
    "{.s.*}",
    "{.s[0]}",
    "{.ml}",
    "{.b.e}",
    "{.b.f}",
    "{.b.big}",
    "{.b.big2}",
    "{.neg}",
    "{.list[a]}",
    "{.list[}",
    "{.list]}",
    "{.list[*]}",
    "{range .list[*]}{.name}",
    "{range .list[*]}x",
    "{end}",
    "a{range .list[*]}x{end}{end}",
    "{range .b}{.c}{end}",
    "{range .nope[*]}x{end}",
    "{range .emptyl[*]}x{end}y",
    "{range .emptyl[*]}{.name}{end}y",
    "{range .list[*]}{range .name}{@}-{end}|{end}{.a}",
    "{range .list[*]}{$.a}{end}",
    "{range .list[*]}[{.name}, {.v}] {end}",
    "{range}{.a}{end}",
    "{.b[0]}",
    "{.list.name}",
    "{.list.*.name}",
    "{.list[?(@.v>1].name}",
    "{.list[?(@.v~1)].name}",
    "{.list[?(@.name=~\"a\")].v}",
    "{.list[?(@.v=1)].name}",
    "{.list[?(@.v===1.0)].name}",
    "{.list[?(1==1)].name}",
    "{.list[?(1.0<2.0)].name}",
    "{.list[?(true==true)].name}",
    "{.list[?(true<true)].name}",
    "{.list[?(@.name<\"b\")].name}",
    "{.list[?(@.name[0])].v}",
    "{.list[?()].name}",
    "{.list[?(@.v<+2.5)].name}",
    "{.b.d[?(@==\"x\")]}",
    "{.list[?(@.v in 1)].name}",
    "{.list[?(@.v > 1 && @.v < 3)].name}",
    "{.list[?(@.name==\"a\")",
    "{.list[?(@.name==\"a\"]",
    "{.list[?(@.name==\"a)\")].v}",
    "{.a?(1)}",
    "{#}",
    "{.a#}",
    "{.a\t}",
    "{..v}",
    "{.list[*]..v}",
    "{...c}",
    "{..c..}",
    "{.b....c}",
    "{..*}",
    "{\"\\u00e9\\x41\\101\\n\"}",
    "{\"\\q\"}",
    "{'it\\'s'}",
    "{'a\"b'}",
    "{\"unterminated}",
    "{\"\"}",
    "a\\nb",
    "{.list[:].name}",
    "{.list[0:4].name}",
    "{.list[3:].name}",
    "{.list[99999999999999999999]}",
    "{.list[-4]}",
    "{.list[].name}",
    "{.list[ 0 ].name}",
    "{.list[2:1].name}",
    "{.list[1:1].name}",
    "{.list[::0].name}",
    "{.list[1.5]}",
    "{true}{false}",
    "{truex}",
    "{.a foo}",
    "{.b.c,}",
    "{.b.c}}",
    "{{.a}}",
    "x{y",
    "{.\\.}",
    "{.b\\}",
    "{.b.d[3].k}",
    "{.b.d[3].nul}",
    "{.list[0].name[0]}",
    "{.t}{.nope}{.a}",
    "{$.b.c}",
    "{b.c}",
    "{.b..k}",
    "{len .list}",
];

/// Command lines that cannot do what they say, or say nothing: both tools end alike.
const LINES: &[&str] = &[
    "",
    "repo",
    "show",
    "get",
    "dependency",
    "registry",
    "--help",
    "show --help",
    "help install",
    "repo add",
    "repo add a",
    "repo add a b c",
    "repo list x",
    "repo index",
    "repo index a b",
    "repo remove",
    "show chart",
    "show chart a b",
    "show values",
    "get all",
    "get values a b",
    "dependency list a b",
    "dependency build a b",
    "dependency update a b",
    "registry login",
    "registry logout",
    "install",
    "install a b c",
    "install --nope a b",
    "install a b --set",
    "template",
    "template a b c",
    "template --nope",
    "upgrade",
    "upgrade a",
    "upgrade a b c",
    "rollback",
    "rollback a x",
    "uninstall",
    "list a",
    "status",
    "status a b",
    "history",
    "test",
    "create",
    "create a b",
    "lint",
    "lint --nope",
    "package",
    "package --nope",
    "pull",
    "push",
    "push a",
    "verify",
    "verify a b",
    "nope",
    "instal",
    "--nope",
    "-x",
    "list -o nope",
    "list --max x",
    "history a --max x",
    "install a b --timeout x",
    "install a b --wait=nope",
    "template a b --kube-version",
    "get all a --revision x",
    "show -x",
    "env a b",
    "template r c --labels a",
    "template r c --labels a=b,c=",
    "template r c --wait=nope",
    "template r c --wait=legacy",
    "template r c --server-side=nope",
    "template r c --server-side=false",
    "template r c --dry-run=none",
    "template r c --dry-run=false",
    "template r c --dry-run=client",
    "template r c --post-renderer a --post-renderer b",
    "template r c --ca-file none",
    "show chart c --ca-file none",
    "package c --ca-file none",
    "dependency update c --ca-file none",
    "template r c --cert-file none --key-file none",
    "template r c --ca-file values.yaml",
    "template r c --username u",
    "dependency build c --cert-file c/values.yaml --key-file c/values.yaml",
    "pull x --repo http://127.0.0.1:1 --ca-file none",
];

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with the chart `c`.
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("naru-offline-").tempdir().unwrap();
        let chart = dir.path().join("c");
        fs::create_dir(&chart).unwrap();
        fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
        fs::write(chart.join("values.yaml"), VALUES).unwrap();
        Self(dir)
    }

    fn run(&self, mut command: Command, arguments: &[&str]) -> Finished {
        let home = self.0.path().join("home");
        for part in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"] {
            command.env(part, home.join(part));
        }
        run(command.args(arguments).current_dir(self.0.path()).env("KUBECONFIG", home.join("none")), "")
    }

    fn both(&self, arguments: &[&str]) -> [Finished; 2] {
        let mut ours = Command::new(tools::ours("naru"));
        ours.arg("bundle");
        [self.run(Command::new(tools::helm()), arguments), self.run(ours, arguments)]
    }
}

/// Runs `check` for each of `rows`; it says what differs.
fn compare(rows: &[&str], check: impl Fn([Finished; 2]) -> bool, arguments: impl Fn(&str) -> Vec<String>) {
    let folder = Folder::new();
    let mut differences = Vec::new();
    for row in rows {
        let arguments = arguments(row);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let [helm, ours] = folder.both(&arguments);
        let shown = |one: &Finished| format!("{} {:?} {:?}", one.code, one.out, one.err);
        let told = format!("{row}\n  helm: {}\n  ours: {}", shown(&helm), shown(&ours));
        if !check([helm, ours]) {
            differences.push(told);
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn jsonpath_templates_print_what_helm_prints() {
    let arguments = |row: &str| ["show", "values", "c", "--jsonpath", row].map(String::from).to_vec();
    // helm says nothing of a template that does not fit the values; ours warns.
    let check = |[helm, ours]: [Finished; 2]| {
        (helm.code, &helm.out) == (ours.code, &ours.out) && (helm.code == 0 || helm.err == ours.err)
    };
    compare(EXPRESSIONS, check, arguments);
}

#[test]
fn mistakes_end_as_with_helm() {
    let arguments = |row: &str| row.split_whitespace().map(String::from).collect();
    let says = |text: &str| !text.is_empty();
    let check = |[helm, ours]: [Finished; 2]| {
        let fails_aloud = ours.code == 0 || ours.err.starts_with("Error: ") || ours.err.contains("\nError: ");
        helm.code == ours.code && says(&helm.out) == says(&ours.out) && fails_aloud
    };
    compare(LINES, check, arguments);
}

#[test]
fn helms_variables_are_printed_alike() {
    let own = |text: &str| {
        text.lines().filter(|line| !line.starts_with("HELM_BIN=")).map(String::from).collect::<Vec<_>>()
    };
    let check = |[helm, ours]: [Finished; 2]| {
        (helm.code, own(&helm.out), &helm.err) == (ours.code, own(&ours.out), &ours.err)
    };
    let rows = [
        "env",
        "env HELM_NAMESPACE",
        "env NOPE",
        "env --kube-context q -n x --qps 2.5 --debug",
        "env --registry-config a --repository-cache b --kube-as-user c --burst-limit 7",
    ];
    compare(&rows, check, |row| row.split(' ').map(String::from).collect());
}

#[test]
fn charts_that_are_here_need_no_network_for_files_of_certificates() {
    let folder = Folder::new();
    let place = folder.0.path().join("home");
    assert!(!Path::new(&place).exists());
    let [helm, ours] = folder.both(&["template", "r", "c", "--ca-file", "none"]);
    assert_eq!(ours.err, helm.err);
}

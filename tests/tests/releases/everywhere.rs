//! Releases of several namespaces, in several states, listed by both tools from the same cluster.

use crate::bench::Bench;

/// What is done in each namespace, by the tool that is named first. No name is twice: those helm lists in any order.
const STEPS: &[(&str, &str, &str)] = &[
    ("helm", "one", "install web-a CHART --labels team=a"),
    ("naru", "one", "install api-a CHART"),
    ("naru", "two", "install web-b CHART --labels team=b --set greeting=x"),
    ("helm", "two", "upgrade web-b CHART --set greeting=y"),
    ("naru", "two", "install gone-b CHART"),
    ("helm", "two", "uninstall gone-b --keep-history"),
    ("helm", "three", "install web-c CHART"),
    ("naru", "three", "upgrade web-c CHART --set greeting=z"),
    ("naru", "three", "rollback web-c 1"),
    ("helm", "three", "upgrade web-c CHART --version 0.1.0 --set greeting=[1"),
    ("naru", "default", "install api-d CHART --description somewhere"),
];

/// What is asked of all namespaces; not by date, as helm tells times apart by whole seconds.
const QUESTIONS: &[&str] = &[
    "list -A",
    "list --all-namespaces -o json",
    "list -A -o yaml",
    "list -A -q",
    "list -A -q -o json",
    "list -A -r",
    "list -A --filter ^w",
    "list -A -l team",
    "list -A -l team=b",
    "list -A -l team!=b",
    "list -A --uninstalled",
    "list -A --superseded",
    "list -A --failed --deployed",
    "list -A --max 2",
    "list -A --max 2 --offset 2",
    "list -A --offset 9",
    "list -A --no-headers",
    "list -A --time-format 2006-01-02",
    "list -A -n two",
    "list -n two",
    "list -n nowhere",
    "list -n nowhere -o json",
];

#[test]
fn releases_of_all_namespaces_are_listed_alike() {
    let bench = Bench::new();
    let chart = bench.chart();
    for space in ["one", "two", "three"] {
        bench.cluster.kubectl(&["create", "namespace", space]).ok();
    }
    for (tool, space, line) in STEPS {
        let mut words: Vec<&str> =
            line.split(' ').map(|word| if word == "CHART" { &chart } else { word }).collect();
        words.extend(["-n", space]);
        if !line.starts_with("uninstall") {
            words.push("--server-side=false");
        }
        match *tool {
            "helm" => bench.helm(&words).ok(),
            _ => bench.naru(&words).ok(),
        };
    }
    for question in QUESTIONS {
        bench.same(&question.split(' ').collect::<Vec<_>>());
    }
}

//! `dependency update|build|list` of both tools, by a table: the same words, exit codes, archives and lock files.

use std::{fs, path::Path, process::Command};

use naru_tests::{Finished, run, tools};

use crate::{
    bench::{CHART, configure, write_chart},
    compare::both,
    elsewhere::{Registry, serve},
};

/// A chart, what is beside it, and what is done with it.
struct Case {
    /// `dependencies:` of its Chart.yaml. URL is the repository's, OCI the registry's.
    wanted: &'static str,
    /// More files, by their paths from the chart's folder. SMALL is the archive of the chart that the repository has.
    files: &'static [(&'static str, &'static str)],
    /// The commands, after `dependency`; `! NAME=TEXT` writes a file between them.
    lines: &'static [&'static str],
}

const ALL: &[&str] =
    &["list parent", "update parent", "list parent", "build parent", "update parent --skip-refresh"];

const OWN: &str = "apiVersion: v2\nname: own\nversion: 1.2.0\n";

const CASES: &[Case] = &[
    Case { wanted: "", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: 0.1.0, repository: URL}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: '>=0.1.0 <1', repository: 'URL/'}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: ~0.1, repository: '@site'}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: ^0.1.0, repository: 'alias:site'}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: 0.1.0, repository: '@nope'}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: 0.1.0, repository: stable}", files: &[], lines: ALL },
    Case { wanted: "- {name: nope, version: 0.1.0, repository: URL}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: '>3', repository: URL}", files: &[], lines: ALL },
    Case { wanted: "- {name: small, version: '', repository: URL}", files: &[], lines: ALL },
    Case {
        wanted: "- {name: small, version: 0.1.0, repository: URL}\n- {name: small, version: 0.1.0, repository: URL, alias: again}",
        files: &[],
        lines: ALL,
    },
    Case {
        wanted: "- {name: small, version: 0.1.0, repository: URL, condition: a.b, tags: [x, y], import-values: [p, {child: c, parent: d}]}",
        files: &[],
        lines: ALL,
    },
    Case {
        wanted: "- {name: own, version: 1.x, repository: 'file://../own'}\n- {name: own, version: ^1.0.0, repository: 'file://../own', alias: two}",
        files: &[("../own/Chart.yaml", OWN)],
        lines: ALL,
    },
    Case {
        wanted: "- {name: own, version: 2.x, repository: 'file://../own'}",
        files: &[("../own/Chart.yaml", OWN)],
        lines: ALL,
    },
    Case { wanted: "- {name: own, version: 1.x, repository: 'file://../nowhere'}", files: &[], lines: ALL },
    Case {
        wanted: "- {name: own, version: 1.x, repository: ''}",
        files: &[("charts/own/Chart.yaml", OWN)],
        lines: ALL,
    },
    Case { wanted: "- {name: own, version: 2.x}", files: &[("charts/own/Chart.yaml", OWN)], lines: ALL },
    Case { wanted: "- {name: own, version: 1.x}", files: &[], lines: ALL },
    Case {
        wanted: "- {name: small, version: 0.1.0, repository: URL}",
        files: &[("charts/small-0.0.9.tgz", "SMALL"), ("charts/other/Chart.yaml", OWN)],
        lines: ALL,
    },
    Case {
        wanted: "- {name: small, version: 0.2.0, repository: URL}",
        files: &[("charts/small-0.2.0.tgz", "SMALL")],
        lines: &["list parent"],
    },
    Case {
        wanted: "- {name: own, version: 1.x, repository: URL}",
        files: &[("charts/own-1.2.0.tgz", "SMALL")],
        lines: &["list parent"],
    },
    Case {
        wanted: "- {name: own, version: 3.x, repository: URL}",
        files: &[("charts/own/Chart.yaml", OWN)],
        lines: &["list parent", "list parent --max-col-width 10", "list parent --max-col-width 0"],
    },
    Case {
        wanted: "- {name: small, version: 0.1.0, repository: URL}",
        files: &[("charts", "a file")],
        lines: &["update parent"],
    },
    Case {
        wanted: "- {name: small, version: 0.1.0, repository: '@site'}",
        files: &[],
        lines: &[
            "update parent",
            "! parent/Chart.yaml=apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies: [{name: small, version: ~0.1.0, repository: '@site'}]\n",
            "build parent",
            "update parent",
            "build parent --skip-refresh",
        ],
    },
    Case {
        wanted: "- {name: small, version: 0.1.0, repository: 'OCI'}\n- {name: own, version: 1.x, repository: 'file://../own'}",
        files: &[("../own/Chart.yaml", OWN)],
        lines: &["update parent --plain-http", "list parent", "build parent --plain-http"],
    },
    Case {
        wanted: "- {name: small, version: '>=0.1', repository: 'OCI'}",
        files: &[],
        lines: &["update parent --plain-http", "build parent --plain-http"],
    },
    Case {
        wanted: "- {name: small, version: '>3', repository: 'OCI'}",
        files: &[],
        lines: &["update parent --plain-http", "list parent"],
    },
    Case {
        wanted: "",
        files: &[],
        lines: &[
            "update nowhere",
            "build nowhere",
            "list nowhere",
            "list .",
            "list parent/Chart.yaml",
            "update parent/Chart.yaml",
        ],
    },
];

/// What both have written below the chart: names, and the lock file without its time.
fn written(parent: &Path) -> (Vec<String>, String) {
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.path().strip_prefix(parent).unwrap().display().to_string()).collect();
        names.sort();
        names
    };
    let lock = ["Chart.lock", "requirements.lock"]
        .iter()
        .find_map(|name| fs::read_to_string(parent.join(name)).ok());
    let lock = lock.unwrap_or_default();
    let timeless = lock.lines().filter(|line| !line.starts_with("generated")).collect::<Vec<_>>().join("\n");
    ([names(parent), names(&parent.join("charts"))].concat(), timeless)
}

#[test]
fn dependencies_are_brought_alike() {
    let dir = tempfile::tempdir().unwrap();
    let (site, registry) = (dir.path().join("site"), Registry::start(dir.path()));
    write_chart(&dir.path().join("small"), CHART);
    let helm = |arguments: &[&str]| {
        let mut helm = Command::new(tools::helm());
        configure(&mut helm, dir.path());
        run(helm.args(arguments).current_dir(dir.path()), "").ok();
    };
    helm(&["package", "small", "-d", "site"]);
    helm(&["repo", "index", "site"]);
    let oci = format!("oci://{}/charts", registry.host);
    helm(&["push", "site/small-0.1.0.tgz", &oci, "--plain-http"]);
    let small = fs::read(site.join("small-0.1.0.tgz")).unwrap();
    let url = serve(site);
    for is_known in [false, true] {
        if is_known {
            let _ = both(dir.path(), &["repo", "add", "site", &url]).map(Finished::ok);
        }
        for version in ["v2", "v1"] {
            for Case { wanted, files, lines } in CASES {
                // Helm takes the alias of a repository that it does not know for a URL of a protocol that it does not know.
                if wanted.contains("alias:") && !is_known {
                    continue;
                }
                let wanted = wanted.replace("URL", &url).replace("OCI", &oci);
                for own in ["a", "b"] {
                    let parent = dir.path().join(own).join("parent");
                    let _ = fs::remove_dir_all(&parent);
                    let about = format!("apiVersion: {version}\nname: parent\nversion: 1.0.0\n");
                    let wanted =
                        if wanted.is_empty() { String::new() } else { format!("dependencies:\n{wanted}\n") };
                    match version {
                        "v2" => write_chart(&parent, &[("Chart.yaml", &(about + &wanted))]),
                        _ => write_chart(&parent, &[("Chart.yaml", &about), ("requirements.yaml", &wanted)]),
                    }
                    write_chart(&parent, files);
                    for (name, _) in files.iter().filter(|(_, text)| *text == "SMALL") {
                        fs::write(parent.join(name), &small).unwrap();
                    }
                }
                for line in *lines {
                    if let Some((name, text)) = line.strip_prefix("! ").and_then(|line| line.split_once('='))
                    {
                        for own in ["a", "b"] {
                            fs::write(dir.path().join(own).join(name), text).unwrap();
                        }
                        continue;
                    }
                    let words: Vec<&str> = std::iter::once("dependency").chain(line.split(' ')).collect();
                    let [helm, ours] = both(dir.path(), &words);
                    let what =
                        format!("{line} {version} known: {is_known}\n{wanted}\n{}{}", ours.out, ours.err);
                    assert_eq!(said(&ours, "/b/"), said(&helm, "/a/"), "{what}");
                    let [a, b] = ["a", "b"].map(|own| written(&dir.path().join(own).join("parent")));
                    assert_eq!(b, a, "{what}");
                }
            }
        }
    }
}

/// Exit code, output and messages, but for what differs between two tools in two folders; and for what helm says of
/// files that are no charts, or of locks by Helm 2, with times and numbers of processes.
fn said(one: &Finished, own: &str) -> (i32, String, String) {
    let same = |text: &str| {
        let lines = text.lines().filter(|line| {
            !line.starts_with("level=")
                && !line.starts_with("Hint: ")
                && !line.starts_with("Could not verify")
                && !line.contains("warning: a valid Helm v3 hash was not found")
        });
        lines.collect::<Vec<_>>().join("\n").replace("naru bundle", "helm").replace(own, "/own/")
    };
    (one.code, same(&one.out), same(&one.err))
}

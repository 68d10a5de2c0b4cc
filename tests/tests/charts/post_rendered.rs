//! What goes through a post-renderer: both give a program the same stream, and print the same afterwards or say the
//! same of what is wrong.

use std::fs;

use naru_tests::Finished;

use crate::{Charts, RANDOM, names};

/// A post-renderer that runs a shell script.
const PLUGIN: &str = "apiVersion: v1\ntype: postrenderer/v1\nname: shell\nversion: 0.1.0\nruntime: subprocess\n\
    runtimeConfig:\n  platformCommand:\n  - command: /bin/sh\n    args: [-c]\n";

/// Scripts that change the stream, and whether what they make of it renders.
const SCRIPTS: &[(&str, bool)] = &[
    ("tee stream", true),
    ("sed -e 's/demo/other/' -e 's/^#/# changed:/' -e 's/^  *#.*//'", true),
    ("cat; printf -- '\\n---\\n# added\\nkind: Added # here\\nmetadata: {name: x}\\n'", true),
    (
        "printf -- '---\\n# alone\\nkind: List\\nitems:\\n# one\\n- kind: A\\n# two\\n- kind: B\\n'; cat >/dev/null",
        true,
    ),
    ("awk 'BEGIN {RS=\"---\\n\"; ORS=\"---\\n\"} {d[NR]=$0} END {for (i=NR; i>0; i--) print d[i]}'", true),
    ("grep -v 'postrender-filename:'", true),
    ("sed 's/$/\\r/'", true),
    ("cat; echo 'a: ['", false),
    ("cat; echo ---x; echo", false),
    ("cat >/dev/null; exit 3", false),
    ("echo text; cat >/dev/null", false),
    ("cat >/dev/null", false),
];

/// The first line of what a command complained about.
fn complaint(finished: &Finished) -> &str {
    finished.err.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default()
}

#[test]
fn what_goes_through_a_post_renderer_is_as_with_helm() {
    let charts = Charts::new();
    let plugin = charts.dir.path().join("home/HELM_DATA_HOME/plugins/shell");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("plugin.yaml"), PLUGIN).unwrap();
    let stream = charts.dir.path().join("stream");
    for chart in names(charts.dir.path()).iter().filter(|chart| *chart != RANDOM) {
        for (script, renders) in SCRIPTS {
            let arguments =
                ["template", "demo", chart, "--post-renderer", "shell", "--post-renderer-args", script];
            let [helm, ours] = [Charts::helm, Charts::naru].map(|run| {
                let finished = run(&charts, &arguments);
                (finished.code, finished.out.clone(), complaint(&finished).to_owned(), fs::read(&stream).ok())
            });
            let _ = fs::remove_file(&stream);
            assert_eq!(helm.0 == 0, *renders, "{chart}, {script}: {}", helm.2);
            assert_eq!(ours, helm, "{chart}, {script} (ours, helm's)");
        }
    }
}

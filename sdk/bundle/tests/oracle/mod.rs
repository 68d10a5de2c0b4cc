//! What the stock helm makes of a template: the surest source of the behaviour these tests compare with.
//!
//! In: a template and the lines it goes over, any bytes each. Out: the lines it rendered. Bytes travel in base 64
//! both ways, so that neither YAML nor the shell touches them.

use std::{fs, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};

/// Renders `body` once for each case, with `$s` set to the case, and returns what it rendered for each: the
/// `b64enc`oded words of `body`, decoded. One run of helm, whatever the number of cases.
pub(crate) fn each(cases: &[Vec<u8>], body: &str) -> Vec<Vec<Vec<u8>>> {
    let lines: Vec<String> = cases.iter().map(|case| format!("={}", STANDARD.encode(case))).collect();
    let template = format!(
        "x: |\n{{{{- range splitList \"\\n\" (.Files.Get \"cases\") }}}}\n{{{{- $s := b64dec (trimPrefix \"=\" .) }}}}\n  =\n{{{{- {body} }}}}\n{{{{- end }}}}\n"
    );
    let chart = tempfile::tempdir().unwrap();
    fs::create_dir(chart.path().join("templates")).unwrap();
    fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: oracle\nversion: 0.1.0\n").unwrap();
    fs::write(chart.path().join("templates/each.yaml"), template).unwrap();
    fs::write(chart.path().join("cases"), lines.join("\n")).unwrap();
    let output = Command::new(naru_tests::tools::helm())
        .args(["template", "oracle"])
        .arg(chart.path())
        .env("HOME", chart.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "helm failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let rendered: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("  =")).map(words).collect();
    assert_eq!(rendered.len(), cases.len(), "helm rendered another number of lines");
    rendered
}

fn words(line: &str) -> Vec<Vec<u8>> {
    line.split(' ').skip(1).map(|word| STANDARD.decode(word).unwrap()).collect()
}

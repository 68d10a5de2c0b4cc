//! A cluster of its own, a chart, and both tools.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use naru_tests::{Cluster, Finished, run, tools};
use serde_json::Value;

/// A chart of kinds that our server has, with a hook, notes and a test.
pub(crate) const CHART: &[(&str, &str)] = &[
    (
        "Chart.yaml",
        "apiVersion: v2\nname: small\nversion: 0.1.0\nappVersion: \"1.0\"\nannotations: {team: a}\n",
    ),
    ("values.yaml", "greeting: hello\nextra: false\nslow: false\nnested: {a: 1, b: two}\n"),
    (
        "templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\ndata:\n  greeting: {{ .Values.greeting | quote }}\n  revision: \"{{ .Release.Revision }}\"\n",
    ),
    (
        "templates/extra.yaml",
        "{{- if .Values.extra }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}-extra\nstringData:\n  key: {{ .Values.extra | quote }}\n{{- end }}\n",
    ),
    (
        "templates/hook.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-hook\n  annotations:\n    helm.sh/hook: pre-install,pre-upgrade\n    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded\ndata: {a: b}\n",
    ),
    (
        "templates/slow.yaml",
        "{{- if .Values.slow }}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-slow\n  annotations: {helm.sh/hook: 'post-install,post-upgrade'}\nspec:\n  nodeSelector: {there: is-no-such-node}\n  containers: [{name: main, image: 'quickstart/httpd:1'}]\n{{- end }}\n",
    ),
    ("templates/NOTES.txt", "Hi {{ .Release.Name }}: {{ .Values.greeting }} <&>\n"),
];

/// A cluster, a chart and the two tools.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
    pub(crate) dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("naru-releases-").tempdir().unwrap();
        write_chart(&dir.path().join("small"), CHART);
        Bench { cluster: Cluster::start(), dir }
    }

    pub(crate) fn chart(&self) -> String {
        self.dir.path().join("small").display().to_string()
    }

    pub(crate) fn command(&self, program: PathBuf, first: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(first).args(arguments).arg("--kubeconfig").arg(self.cluster.kubeconfig());
        configure(&mut command, self.dir.path());
        command
    }

    #[track_caller]
    pub(crate) fn helm(&self, arguments: &[&str]) -> Finished {
        run(&mut self.command(tools::helm(), &[], arguments), "")
    }

    #[track_caller]
    pub(crate) fn naru(&self, arguments: &[&str]) -> Finished {
        run(&mut self.command(tools::ours("naru"), &["bundle"], arguments), "")
    }

    /// Runs a query with both and expects the same from both.
    #[track_caller]
    pub(crate) fn same(&self, arguments: &[&str]) -> String {
        let (helm, ours) = (self.helm(arguments), self.naru(arguments));
        // Objects grow older between the two.
        let ageless = |text: &str| {
            let young = |line: &str| line.ends_with('s') && line.contains("-map");
            let lines =
                text.lines().map(|line| if young(line) { line.split(' ').next().unwrap() } else { line });
            lines.collect::<Vec<_>>().join("\n")
        };
        let all = |one: &Finished| (one.code, ageless(&one.out), one.err.clone());
        assert_eq!(all(&ours), all(&helm), "{arguments:?}");
        ours.out
    }

    pub(crate) fn map(&self, name: &str) -> Option<Value> {
        self.cluster.get("configmap", name).map(|object| object["data"].clone())
    }
}

pub(crate) fn configure(command: &mut Command, dir: &Path) {
    for (variable, part) in
        [("HELM_CONFIG_HOME", "config"), ("HELM_CACHE_HOME", "cache"), ("HELM_DATA_HOME", "data")]
    {
        command.env(variable, dir.join("helm").join(part));
    }
}

pub(crate) fn write_chart(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

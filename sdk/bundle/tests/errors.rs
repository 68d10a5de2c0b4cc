//! The mistakes that authors of charts make most, and what they are told: chart, file, line and column, the line
//! itself, the value's path and what it is, the templates on the way, and what to do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod nowhere;
mod rendering;

use naru_bundle::value::{Map, MapType};

use nowhere::Nowhere;
use rendering::rendered;

/// A mistake.
struct Row {
    /// What is wrong.
    name: &'static str,
    /// The chart's files besides `Chart.yaml`.
    files: &'static [(&'static str, &'static str)],
    /// What is told, in this order.
    told: &'static [&'static str],
}

const HELPERS: (&str, &str) = (
    "templates/_helpers.tpl",
    "{{- define \"web.port\" }}\nport: {{ .Values.service.port.number }}\n{{- end }}\n{{- define \"web.labels\" }}app: web{{ end }}\n",
);

const ROWS: &[Row] = &[
    Row {
        name: "a value under one that is not there",
        files: &[("templates/x.yaml", "kind: A\nimage: {{ .Values.image.tag.name | quote }}\n")],
        told: &[
            "web/templates/x.yaml:2:11: nil pointer evaluating interface {}.tag\n",
            "  2 | image: {{ .Values.image.tag.name | quote }}\n",
            "    |           ^^^^^^^^^^^^^^^^^^^^^^",
            "chart: web\n",
            "value: .Values.image is null or not there\n",
            "help: set .Values.image, or ask first: {{ with .Values.image }}",
        ],
    },
    Row {
        name: "the same, in a template that another one includes",
        files: &[HELPERS, ("templates/x.yaml", "kind: A\n{{ include \"web.port\" . }}\n")],
        told: &[
            "web/templates/_helpers.tpl:2:10: nil pointer evaluating interface {}.port",
            "  2 | port: {{ .Values.service.port.number }}",
            "value: .Values.service is null or not there",
            "from: web/templates/x.yaml:2:4: include \"web.port\" .",
        ],
    },
    Row {
        name: "a field of what is no map",
        files: &[
            ("values.yaml", "service: 80\n"),
            HELPERS,
            ("templates/x.yaml", "{{ include \"web.port\" . }}"),
        ],
        told: &[
            "can't evaluate field port in type",
            "value: .Values.service is ",
            "help: only maps have fields",
        ],
    },
    Row {
        name: "a template that is not defined, but one that is spelt alike",
        files: &[HELPERS, ("templates/x.yaml", "labels: {{ include \"web.label\" . }}\n")],
        told: &["x.yaml:1:12: ", "no template \"web.label\"", "help: there is a template \"web.labels\""],
    },
    Row {
        name: "a template that is not defined at all",
        files: &[("templates/x.yaml", "{{ template \"common.names.fullname\" . }}\n")],
        told: &[
            "x.yaml:1:",
            "no template \"common.names.fullname\"",
            "help: define it, or add the chart that does",
        ],
    },
    Row {
        name: "a function that is spelt wrongly",
        files: &[("templates/x.yaml", "a: b\nc: {{ .Values.x | qoute }}\n")],
        told: &[
            "x.yaml:2:",
            "function \"qoute\" not defined",
            "    |                   ^^^^^",
            "help: there is a function \"quote\"",
        ],
    },
    Row {
        name: "an argument of a wrong type",
        files: &[("values.yaml", "ports: [80]\n"), ("templates/x.yaml", "a: {{ upper .Values.ports }}\n")],
        told: &[
            "x.yaml:1:13: wrong type for value; expected string; got []interface {}",
            "    |             ^^^^^^^^^^^^^",
            "value: .Values.ports is a list, not a text",
            "help: take a part of it, or write it with toYaml",
        ],
    },
    Row {
        name: "a number where a text is wanted",
        files: &[("values.yaml", "tag: 1.10\n"), ("templates/x.yaml", "a: {{ trunc 5 .Values.tag }}\n")],
        told: &[
            "value: .Values.tag is a number, not a text",
            "help: convert it with toString, or put it in quotes in the values",
        ],
    },
    Row {
        name: "too few arguments",
        files: &[("templates/x.yaml", "a: {{ \"x\" | replace \"x\" }}\n")],
        told: &[
            "x.yaml:1:",
            "wrong number of args for replace: want 3 got 2",
            "help: what comes through a pipe counts as the last argument",
        ],
    },
    Row {
        name: "numbers of two kinds compared",
        files: &[
            ("values.yaml", "count: 3\n"),
            ("templates/x.yaml", "{{ if gt .Values.count 2 }}a: b{{ end }}\n"),
        ],
        told: &[
            "x.yaml:1:7: error calling gt: incompatible types for comparison",
            "help: convert one side: int",
        ],
    },
    Row {
        name: "an action that is not closed",
        files: &[("templates/x.yaml", "a: b\nc: {{ .Values.x }\nd: e\n")],
        told: &["x.yaml:2:", "  2 | c: {{ .Values.x }", "chart: web"],
    },
    Row {
        name: "a block that is not ended",
        files: &[("templates/x.yaml", "{{ if .Values.x }}\na: b\n")],
        told: &[
            "x.yaml:",
            "unexpected EOF",
            "help: an {{ if }}, {{ with }}, {{ range }} or {{ define }} lacks its {{ end }}",
        ],
    },
    Row {
        name: "a variable used outside its block",
        files: &[("templates/x.yaml", "{{ if true }}{{ $x := 1 }}{{ end }}\na: {{ $x }}\n")],
        told: &["x.yaml:2:7: undefined variable \"$x\"", "    |       ^^", "help: declare it first with :="],
    },
    Row {
        name: "an indentation that makes bad YAML",
        files: &[(
            "templates/x.yaml",
            "kind: A\nmetadata:\n  labels:\n{{ toYaml (dict \"a\" \"b\") | indent 3 }}\n    c: d\n",
        )],
        told: &[
            "YAML parse error on web/templates/x.yaml",
            "rendered:",
            "  4 |    a: b",
            "  5 |     c: d",
            "help: ",
        ],
    },
    Row {
        name: "a text that needs quotes",
        files: &[
            ("values.yaml", "text: 'a: b'\n"),
            ("templates/x.yaml", "kind: A\ntext: {{ .Values.text }}\n"),
        ],
        told: &[
            "YAML parse error on web/templates/x.yaml",
            "  2 | text: a: b\n",
            "from: line 2 of the template",
            "help: a text with \": \" needs quotes (| quote)",
        ],
    },
    Row {
        name: "half a character",
        files: &[("templates/x.yaml", "a: {{ trunc 1 \"ä\" }}\n")],
        told: &[
            "YAML parse error on web/templates/x.yaml",
            "octet",
            "help: a character was cut in two: trunc",
        ],
    },
    Row {
        name: "a demand of the chart's",
        files: &[("templates/x.yaml", "a: {{ required \"set host, please\" .Values.host }}\n")],
        told: &["web/templates/x.yaml:1:7: set host, please", "  1 | a: {{ required"],
    },
    Row {
        name: "a text of values that is no template",
        files: &[
            ("values.yaml", "text: '{{ .Values.a'\n"),
            ("templates/x.yaml", "a: {{ tpl .Values.text . }}\n"),
        ],
        told: &[
            "unclosed action",
            "  1 | {{ .Values.a",
            "from: web/templates/x.yaml:1:7: tpl .Values.text .",
        ],
    },
    Row {
        name: "a mistake in a subchart's subchart",
        files: &[
            ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 0.1.0\n"),
            ("charts/db/charts/disk/Chart.yaml", "apiVersion: v2\nname: disk\nversion: 0.1.0\n"),
            ("charts/db/charts/disk/templates/x.yaml", "a: {{ .Values.size.gib }}\n"),
        ],
        told: &[
            "web/charts/db/charts/disk/templates/x.yaml:1:7",
            "chart: disk, a subchart of db, a subchart of web",
        ],
    },
    Row {
        name: "a template that includes itself",
        files: &[(
            "templates/x.yaml",
            "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}\n",
        )],
        told: &["nested reference name: a", "more ...", "from: web/templates/x.yaml:1:"],
    },
    Row {
        name: "a value that is no map where a subchart wants one",
        files: &[
            ("values.yaml", "db: postgres\n"),
            ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 0.1.0\n"),
        ],
        told: &["type mismatch on db"],
    },
    Row {
        name: "values that the schema refuses",
        files: &[
            ("values.yaml", "replicas: many\n"),
            ("values.schema.json", "{\"properties\": {\"replicas\": {\"type\": \"integer\"}}}"),
        ],
        told: &[
            "values don't meet the specifications of the schema(s) in the following chart(s)",
            "web:",
            "'/replicas'",
            "integer",
        ],
    },
];

fn failure(files: &[(&str, &str)]) -> String {
    rendered("web", files, &Map::new::<&str>(MapType::Any, []), &Nowhere).unwrap_err()
}

#[test]
fn mistakes_are_told_with_place_value_and_remedy() {
    let mut wrong = String::new();
    for Row { name, files, told } in ROWS {
        let message = failure(files);
        let mut rest = message.as_str();
        for part in *told {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => {
                    wrong.push_str(&format!("{name}: no {part:?} in\n{message}\n\n"));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

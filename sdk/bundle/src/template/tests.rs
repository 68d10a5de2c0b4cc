//! Tables of what templates write and why they fail; each row was observed with the stock helm.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use super::{Engine, TemplateSet};
use crate::{
    fault::Fault,
    functions::trial::Fixed,
    value::{Map, MapType, Value},
};

/// `.Values` of the tests.
fn data() -> Value {
    let values = Map::new(
        MapType::Values,
        [
            ("name", Value::from("web")),
            ("list", Value::list([Value::Int(1), Value::Int(2), Value::Int(3)])),
            ("map", Value::map([("b", Value::from("two")), ("a", Value::from("one"))])),
            ("empty", Value::map::<&str>([])),
            ("float", Value::Float(1e6)),
            ("null", Value::Nil),
        ],
    );
    Value::Map(Map::new(MapType::Values, [("Values", Value::Map(values))]))
}

fn render_all(files: &[(&str, &str)], name: &str) -> Result<String, Fault> {
    let mut set = TemplateSet::default();
    for (file, text) in files {
        set.parse(file, *text)?;
    }
    Engine::new(&set, &Fixed).render(name, &data()).map(|out| String::from_utf8(out).unwrap())
}

fn render(text: &str) -> Result<String, Fault> {
    render_all(&[("x", text)], "x")
}

#[test]
fn texts() {
    let cases = [
        ("plain", "plain"),
        ("a {{- 1 -}} b", "a1b"),
        ("a {{-1}} b", "a -1 b"),
        ("a {{- /* c */ -}} b {{/* d */}} c", "ab  c"),
        ("{{- /* c */}} x", " x"),
        ("a\n\n{{- \"x\" }}\n", "ax\n"),
        ("{{ \"\\u00e9\\x41\" }} {{ `a\"b\\n` }}", "éA a\"b\\n"),
        ("{{\n  1\n| printf\n\"%d\" }}", "1"),
        (
            "{{ 'a' }} {{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ -0 }} {{ 0o17 }} {{ 017 }} {{ 0x1p4 }} {{ 1.0 }} {{ +5 }}",
            "97 31 1000 1000 0 15 15 16 1 5",
        ),
        ("{{ 1i }} {{ 2+3i }} {{ 0i }}", "(0+1i) (2+3i) (0+0i)"),
        ("{{ print 1 2 \"a\" \"b\" 3 nil nil 1.5 }}", "1 2ab3 <nil> <nil> 1.5"),
        ("{{ true }}{{ false | not }}", "truetrue"),
        (
            "{{ html \"<a>\" 1 nil .x }} {{ js \"a'b\\u00e9\\u2028\" }} {{ urlquery \"a b&c\" }}",
            "&lt;a&gt;1&lt;no value&gt;&lt;no value&gt; a\\'bé\\u2028 a+b%26c",
        ),
        ("{{ .x | }}|{{ .Values.missing }}|{{ .Values.float }}|{{ .Values.list }}", "||1e+06|[1 2 3]"),
        ("{{ \"<no value>\" }}x", "x"),
        ("a {{- `{{ \n` -}} b{{\"}}é\"}} {{`\r\n.\r`}}{{ \"\" }}{{ ` ` -}} c", "a{{ \nb}}é \n. c"),
        ("{{ `a` | upper }}{{ \"b\\x41\" }}{{ `c` }}{{ if `d` }}{{ \"e\" | }}{{ end }}", "AbAce"),
        ("{{ .Values.map }}{{ .Values.map.a }}{{ (.Values.map).b }}", "map[a:one b:two]onetwo"),
        ("{{ (.Values.missing).y.z }}|{{ $x := .Values.missing }}{{ $x.y.z }}|", "||"),
        ("{{ printf \"%T %T\" . .Values.AsMap }}", "common.Values map[string]interface {}"),
        (
            "{{ and nil 1 }}|{{ or nil 0 \"\" \"z\" }}|{{ and 1 0 2 }}|{{ and 0 (index nil 1) }}|{{ 3 | or 0 }}",
            "|z|0|0|3",
        ),
        (
            "{{ eq nil nil }} {{ eq .x nil }} {{ eq .x 1 }} {{ eq .x .Values }} {{ eq 1 2 3 1 }} {{ ne 1 2 }} {{ lt \"a\" \"b\" }} {{ le 2 2 }} {{ gt 1.5 1.0 }} {{ ge 1 2 }}",
            "true true false false true true true true true false",
        ),
        (
            "{{ index .Values \"map\" \"a\" }} {{ index .Values.list 1 }} {{ \"a\" | index }} {{ index \"abc\" 1 }} {{ len \"é\" }} {{ len .Values.map }}",
            "one 2 a 98 2 2",
        ),
        ("{{ range .Values.list }}<{{ . }}>{{ end }}", "<1><2><3>"),
        ("{{ range $i, $e := .Values.list }}{{ $i }}={{ $e }},{{ end }}", "0=1,1=2,2=3,"),
        ("{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }},{{ end }}", "a=one,b=two,"),
        (
            "{{ range .Values.empty }}x{{ else }}none{{ end }}{{ range .Values.null }}{{ else }}nil{{ end }}",
            "nonenil",
        ),
        (
            "{{ range $i := 3 }}<{{ $i }}{{ . }}>{{ end }}{{ range 0 }}{{ else }}zero{{ end }}",
            "<00><11><22>zero",
        ),
        (
            "{{ range .Values.list }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ . }}{{ if eq . 3 }}{{ break }}{{ end }}{{ end }}",
            "13",
        ),
        ("{{ $x := 0 }}{{ $i := 9 }}{{ range $i, $x = .Values.list }}{{ end }}{{ $i }}{{ $x }}", "23"),
        (
            "{{ with $y := \"q\" }}{{ $y }}{{ . }}{{ else with 1 }}{{ . }}{{ end }}{{ with \"\" }}{{ else with 1 }}{{ . }}{{ end }}",
            "qq1",
        ),
        ("{{ if 0 }}a{{ else if \"\" }}b{{ else if 1 }}c{{ else }}d{{ end }}", "c"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x = 3 }}{{ $x }}{{ end }}{{ $x }}", "31"),
        ("{{ $x := 1 }}{{ if false }}{{ $x := 2 }}{{ else }}{{ $x }}{{ end }}", "1"),
        (
            "{{ define \"t\" }}[{{ . }}{{ $ }}]{{ end }}{{ template \"t\" 1 }}{{ template \"t\" }}{{ include \"t\" 2 }}",
            "[11][][22]",
        ),
        ("{{ block \"b\" 1 }}<{{ . }}>{{ end }}", "<1>"),
        (
            "{{ tpl \"{{ .Values.name }}{{ define \\\"in\\\" }}X{{ end }}{{ include \\\"in\\\" . }}\" . }}",
            "webX",
        ),
        ("{{ define \"n\" }}{{ .y.z }}{{ end }}{{ include \"n\" nil }}|", "|"),
        ("{{ required \"needed\" .Values.name }}", "web"),
        ("{{ lookup \"v1\" \"Pod\" \"\" \"\" }}", "map[]"),
        ("{{ $a := 1 }}{{ range (.Values.list) }}{{ $a }}{{ $a = . }}{{ end }}", "112"),
        ("{{ printf \"%d\" 3 | printf \"%s-%s\" \"a\" }}", "a-3"),
        ("{{ .Values.Table \"map\" }} {{ .Values.PathValue \"map.a\" }}", "map[a:one b:two] one"),
    ];
    for (text, expected) in cases {
        match render(text) {
            Ok(out) => assert_eq!(out, expected, "{text}"),
            Err(fault) => panic!("{text}: {fault:?}"),
        }
    }
}

#[test]
fn failures() {
    let cases = [
        ("{{", "unclosed action"),
        ("{{ 1", "unclosed action"),
        ("{{/* x }}", "unclosed comment"),
        ("{{/* x */ y }}", "comment ends before closing delimiter"),
        ("{{ /* c */ }}", "unexpected \"/\" in command"),
        ("{{ \"a }}", "unterminated quoted string"),
        ("{{ `a }}", "unterminated raw quoted string"),
        ("{{ 'a }}", "unterminated character constant"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ 1) }}", "unexpected right paren"),
        ("{{ 3k }}", "bad number syntax"),
        ("{{ $x }}", "undefined variable \"$x\""),
        ("{{ $x = 1 }}", "undefined variable"),
        ("{{ nope }}", "function \"nope\" not defined"),
        ("{{ }}", "missing value for command"),
        ("{{ if }}{{ end }}", "missing value for if"),
        ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{ if 1 }}", "unexpected EOF"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "expected end; found {{else}}"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ define \"a\" }}{{ define \"b\" }}{{ end }}{{ end }}", "unexpected <define> in command"),
        ("{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}", "multiple definition of template \"a\""),
        ("{{ template .x }}", "unexpected \".x\" in template clause"),
        ("{{ 99999999999999999999 }}", "integer overflow: \"99999999999999999999\""),
        ("{{ 18446744073709551615 }}", "18446744073709551615 overflows int"),
        ("{{ nil }}", "nil is not a command"),
        ("{{ if nil }}{{ end }}", "nil is not a command"),
        ("{{ 1 2 }}", "can't give argument to non-function"),
        ("{{ (1) .x }}", "can't give argument to non-function"),
        ("{{ .Values.missing.y }}", "nil pointer evaluating interface {}.y"),
        ("{{ .Values.name.x }}", "can't evaluate field x in type string"),
        ("{{ .Values.name \"x\" }}", "name is not a method but has arguments"),
        ("{{ range \"abc\" }}{{ end }}", "range can't iterate over abc"),
        ("{{ range $i, $e := 3 }}{{ end }}", "can't use 3 to iterate over more than one variable"),
        ("{{ range 2.5 }}{{ end }}", "range can't iterate over 2.5"),
        ("{{ range (list nil) }}{{ .y }}{{ end }}", "nil pointer evaluating interface {}.y"),
        ("{{ len nil }}", "error calling len"),
        ("{{ len 1 }}", "error calling len: len of type int"),
        ("{{ eq .Values .Values }}", "error calling eq: non-comparable type"),
        ("{{ lt 1 2.0 }}", "incompatible types for comparison: int and float64"),
        ("{{ lt nil 1 }}", "invalid type for comparison"),
        ("{{ eq 1 }}", "missing argument for comparison"),
        ("{{ index .Values \"a\" \"b\" }}", "index of nil pointer"),
        ("{{ index nil \"a\" }}", "index of untyped nil"),
        ("{{ index (list 1 2) 2 }}", "index out of range: 2"),
        ("{{ index (list 1 2) 1.0 }}", "cannot index slice/array with type float64"),
        ("{{ call nil }}", "call of nil"),
        ("{{ call \"x\" }}", "non-function of type string"),
        ("{{ and }}", "wrong number of args for and: want at least 1 got 0"),
        ("{{ not 1 2 }}", "wrong number of args for not: want 1 got 2"),
        ("{{ printf 1 }}", "expected string; found 1"),
        ("{{ printf nil }}", "cannot assign nil to string"),
        ("{{ printf .x }}", "wrong type for value; expected string; got interface {}"),
        ("{{ printf (.x) }}", "invalid value; expected string"),
        ("{{ .x | printf }}", "invalid value; expected string"),
        ("{{ 1 | printf }}", "wrong type for value; expected string; got int"),
        ("{{ template \"foo\" }}", "no template \"foo\""),
        ("{{ include \"foo\" . }}", "no template \"foo\" associated with template \"gotpl\""),
        ("{{ required \"needed\" .x }}", "needed"),
        ("{{ required \"needed\" \"\" }}", "needed"),
        ("{{ tpl \"{{ define \\\"in\\\" }}X{{ end }}\" . }}{{ include \"in\" . }}", "no template \"in\""),
        ("{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}", "nested reference name: r"),
        (
            "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
            "nested deeper than the limit",
        ),
        ("{{ range 1000000000 }}{{ end }}", "more steps than the limit"),
    ];
    for (text, expected) in cases {
        match render(text) {
            Ok(out) => panic!("{text}: wrote {out:?}"),
            Err(fault) => assert!(fault.cause.contains(expected), "{text}: {fault:?}"),
        }
    }
}

#[test]
fn faults_name_the_stack() {
    let files = [
        ("c/_a.tpl", "{{ define \"a\" }}\n  {{ .Values.name.x.y }}{{ end }}"),
        ("c/b.yaml", "x: 1\ny: {{ include \"a\" . | quote }}\n"),
    ];
    let fault = render_all(&files, "c/b.yaml").unwrap_err();
    let places: Vec<_> = fault.trace.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["c/_a.tpl:2:6", "c/b.yaml:2:7"]);
    assert_eq!(fault.trace[0].excerpt, ".Values.name.x.y");
    let fault = render_all(&[("c/b.yaml", "a\n{{ if }}")], "c/b.yaml").unwrap_err();
    assert_eq!((fault.trace[0].line, fault.trace[0].file.as_str()), (2, "c/b.yaml"));
}

#[test]
fn the_last_definition_wins_unless_empty() {
    let files = [
        ("a", "{{ define \"t\" }}1{{ end }}"),
        ("b", "{{ define \"t\" }}2{{ end }}"),
        ("c", "{{ define \"t\" }}  {{ /* */ -}}"),
    ];
    assert!(render_all(&files, "a").is_err());
    let files = [files[0], files[1], ("c", "{{ define \"t\" }} \n{{ end }}{{ template \"t\" }}")];
    assert_eq!(render_all(&files, "c").unwrap(), "2");
}

#[test]
fn deep_nesting_neither_overflows_nor_passes() {
    let parentheses = format!("{{{{ {}1{} }}}}", "(".repeat(1_900), ")".repeat(1_900));
    assert_eq!(render(&parentheses).unwrap(), "1");
    let too_deep = format!("{{{{ {}1{} }}}}", "(".repeat(10_001), ")".repeat(10_001));
    assert_eq!(render(&too_deep).unwrap_err().cause, "max expression depth exceeded");
    let blocks = format!("{}x{}", "{{ if 1 }}".repeat(1_900), "{{ end }}".repeat(1_900));
    assert_eq!(render(&blocks).unwrap(), "x");
    let text = "{{ define \"r\" }}{{ if . }}{{ include \"r\" (slice . 1) }}{{ end }}x{{ end }}{{ include \"r\" .Values.list }}";
    assert_eq!(render(text).unwrap(), "xxxx");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_parses_or_fails(text in "(\\{\\{-? ?|-?\\}\\}|if|else|end|range|define|with|\"a\"|[$.()|=:,'`0-9a-z_+-]| |\n|é){0,30}") {
            // Rendering may fail; nothing may panic.
            drop(render(&text));
        }

        #[test]
        fn any_action_parses_or_fails(inner in "[ -~é]{0,20}") {
            drop(render(&format!("{{{{ {inner} }}}}{{{{ end }}}}")));
            drop(render(&format!("{{{{ {inner} }}}}")));
        }

        #[test]
        fn text_without_actions_is_written_unchanged(text in "[^{]{0,40}") {
            prop_assume!(!text.contains("<no value>"));
            prop_assert_eq!(render(&text).unwrap(), text);
        }
    }
}

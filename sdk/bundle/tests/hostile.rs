//! Charts that mean harm: each fails, or does nothing, in bounded time and memory, and says which limit it met.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod rendering;

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use naru_bundle::{
    chart::{Chart, ChartError},
    environment::Environment,
    fault::Fault,
    value::{Map, MapType, Value},
    values::ValueOptions,
    yaml,
};

/// Most memory that all rows of a test may take together, in KiB.
const MAX_MEMORY: u64 = 3 << 20;

/// What the chart is called, and where its only template is.
const CHART: &str = "apiVersion: v2\nname: hostile\nversion: 0.1.0\n";
const TEMPLATE: &str = "templates/x.yaml";

/// Texts, lists and paddings that are too large.
const LARGE: &[(&str, &str)] = &[
    ("{{ until 1000000000 }}", "limit of 2097152 items"),
    ("{{ untilStep 0 1000000000 1 }}", "limit of 2097152 items"),
    ("{{ untilStep 0 -1000000000 -1 }}", "limit of 2097152 items"),
    ("{{ seq 1000000000 }}", "limit of 2097152 items"),
    ("{{ repeat 1000000000 \"x\" }}", "limit of 67108864 bytes"),
    ("{{ repeat 9223372036854775807 \"xx\" }}", "limit of 67108864 bytes"),
    ("{{ indent 1000000000 \"x\" }}", "limit of 67108864 bytes"),
    ("{{ nindent 100000000 (repeat 10000 \"x\\n\") }}", "limit of 67108864 bytes"),
    ("{{ $s := repeat 1000000 \"a\" }}{{ replace \"a\" $s $s }}", "limit of 67108864 bytes"),
    ("{{ join (repeat 1000 \"x\") (until 1000000) }}", "limit of 67108864 bytes"),
    ("{{ regexReplaceAll \"\" (repeat 1000000 \"a\") (repeat 10000 \"b\") }}", "limit of 67108864 bytes"),
    ("{{ randAlphaNum 1000000000 }}", "limit of 67108864 bytes"),
    ("{{ randBytes 1000000000 }}", "limit of 67108864 bytes"),
    ("{{ wrapWith 1 (repeat 1000 \"x\") (repeat 1000000 \"a \") }}", "limit of 67108864 bytes"),
    ("{{ $s := \"ab\" }}{{ range 64 }}{{ $s = print $s $s }}{{ end }}", "limit of 134217728 bytes"),
    ("{{ $l := list 1 2 }}{{ range 64 }}{{ $l = concat $l $l }}{{ end }}", "limit of 2097152 items"),
    ("{{ splitList \"\" (repeat 60000000 \"x\") }}", "limit of 2097152 items"),
    ("{{ regexFindAll \".\" (repeat 60000000 \"x\") -1 }}", "limit of 2097152 items"),
    ("{{ $x := repeat 60000000 \"x\" }}{{ range 10 }}{{ $x }}{{ end }}", "limit of 134217728 bytes"),
];

/// Loops and calls without end.
const ENDLESS: &[(&str, &str)] = &[
    ("{{ range 1000000000 }}{{ end }}", "limit of 100000000"),
    ("{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}", "limit of 100000000"),
    ("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}", "nested reference name: a"),
    ("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "limit of 10000"),
    (
        "{{ define \"a\" }}{{ tpl \"{{ template \\\"a\\\" . }}\" . }}{{ end }}{{ template \"a\" . }}",
        "limit of 10000",
    ),
    ("{{ $x := \"{{ tpl .x . }}\" }}{{ tpl $x (dict \"x\" $x) }}", "limit of 10000"),
    ("{{ $l := list }}{{ range 10000000 }}{{ $l = append $l 1 }}{{ end }}", "limit of 1000000000"),
    ("{{ until 1000000 | uniq }}", "limit of 50000000 pairs"),
    ("{{ range 1000 }}{{ bcrypt \"x\" }}{{ end }}", "limit of 100000000"),
];

/// Values that contain themselves, or others many times over.
const TANGLED: &[(&str, &str)] = &[
    ("{{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ deepCopy $d }}", "limit of 20000 levels"),
    (
        "{{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ $e := dict }}{{ $_ := set $e \"a\" $e }}{{ deepEqual $d $e }}",
        "limit of 20000 levels",
    ),
];

/// The same map many times over: little memory, but without end for who follows it.
const SHARED: &[(&str, &str)] = &[
    ("{{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ mustToJson $d }}", "exceeded max depth"),
    ("{{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ mustToYaml $d }}", "limit of 67108864 bytes"),
    (
        "{{ $d := dict \"a\" 1 }}{{ range 40 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ toJson $d }}",
        "limit of 67108864 bytes",
    ),
    (
        "{{ $d := dict \"a\" 1 }}{{ range 40 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ toYaml $d }}",
        "limit of 67108864 bytes",
    ),
    (
        "{{ $d := dict \"a\" 1 }}{{ range 40 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ deepCopy $d }}",
        "limit of 2097152 items",
    ),
    (
        "{{ $d := dict \"a\" 1 }}{{ range 40 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ mergeOverwrite (dict) $d (deepCopy (dict \"a\" $d)) }}",
        "limit of 2097152 items",
    ),
    (
        "{{ $d := dict \"a\" 1 }}{{ range 40 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ $e := dict \"a\" 1 }}{{ range 40 }}{{ $e = dict \"a\" $e \"b\" $e }}{{ end }}{{ deepEqual $d $e }}",
        "limit of 2097152 items",
    ),
];

/// What is no harm, though it looks like it: it renders, and gives nothing away.
const HARMLESS: &[(&str, &str)] = &[
    ("a: {{ .Files.Get \"../../../../etc/passwd\" | quote }}", "a: \"\""),
    ("a: {{ .Files.Get \"/etc/passwd\" | quote }}", "a: \"\""),
    ("a: {{ range $path, $_ := .Files.Glob \"/**\" }}{{ $path }}{{ end }}", "a:"),
    ("a: {{ range $path, $_ := .Files.Glob \"../**\" }}{{ $path }}{{ end }}", "a:"),
    ("a: {{ getHostByName \"localhost\" | quote }}", "a: \"\""),
    ("a: {{ lookup \"v1\" \"Secret\" \"\" \"\" | toJson }}", "a: {}"),
    ("a: {{ printf \"%2000000000d\" 1 | len }}", "a: "),
    ("a: {{ printf \"%.2000000000f\" 1.5 | len }}", "a: "),
    ("a: {{ regexMatch \"(a*)*b\" (repeat 100000 \"a\") }}", "a: false"),
    ("a: {{ regexMatch \"(a|aa)+$\" (print (repeat 10000 \"a\") \"b\") }}", "a: false"),
    ("a: {{ regexMatch \"((a{1,1000}){1,1000}){1,1000}\" \"aaa\" }}", "a: "),
    ("a: {{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ print $d | len }}", "a: "),
];

struct Nowhere;

impl Environment for Nowhere {
    fn now(&self) -> jiff::Zoned {
        jiff::Zoned::default()
    }
    fn random(&self, bytes: &mut [u8]) {
        rand::RngCore::fill_bytes(&mut rand::rng(), bytes);
    }
    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

/// What a chart with this template makes, or why it fails.
fn rendered(template: &str) -> Result<String, String> {
    let none = Map::new::<&str>(MapType::Any, []);
    rendering::rendered("hostile", &[(TEMPLATE, template)], &none, &Nowhere)
}

#[track_caller]
fn refused(rows: &[(&str, &str)]) {
    for (template, expected) in rows {
        let message = rendered(template).expect_err(template);
        assert!(message.contains(expected), "{template}:\n{}", message.get(..2000).unwrap_or(&message));
        assert!(message.contains(TEMPLATE), "{template}: no place in {message}");
    }
    modest();
}

/// Asserts that this process never took much memory.
#[track_caller]
fn modest() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MAX_MEMORY, "{peak} KiB");
}

#[test]
fn what_is_too_large_is_refused() {
    refused(LARGE);
}

#[test]
fn what_does_not_end_is_stopped() {
    refused(ENDLESS);
}

#[test]
fn tangled_values_are_refused() {
    refused(TANGLED);
}

#[test]
fn shared_values_are_not_followed_without_end() {
    refused(SHARED);
}

#[test]
fn nothing_outside_the_chart_is_seen() {
    for (template, expected) in HARMLESS {
        match rendered(template) {
            Ok(text) => {
                let text = text.split_once("x.yaml\n").unwrap().1;
                assert!(text.starts_with(expected) && !text.contains("root"), "{template}: {text}");
            }
            Err(message) => {
                assert!(message.contains("limit") || message.contains("large"), "{template}: {message}")
            }
        }
    }
    modest();
}

#[test]
fn deep_nesting_is_refused_or_read() {
    let deep = 100_000;
    let texts = [
        "[".repeat(deep),
        "{".repeat(deep),
        "{a: ".repeat(deep),
        "- ".repeat(deep),
        "? ".repeat(deep),
        "a: ".repeat(deep),
        "!!str ".repeat(deep),
        "&a ".repeat(deep),
        "\n".repeat(deep) + &"  - a:\n".repeat(deep),
        (0..2000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
        "\"".repeat(deep),
        "#".repeat(deep),
        "--- ".repeat(deep),
    ];
    for text in texts {
        let _ = yaml::read(text.as_bytes());
        let _ = yaml::check(text.as_bytes());
        let _ = naru_bundle::json::read(text.as_bytes());
    }
    let parenthesised = format!("a: {{{{ {}1{} }}}}", "(".repeat(deep), ")".repeat(deep));
    assert!(rendered(&parenthesised).unwrap_err().contains("max expression depth exceeded"));
    let nested = format!("{}{}", "{{ if true }}".repeat(deep), "{{ end }}".repeat(deep));
    assert!(rendered(&nested).unwrap_err().contains("limit"));
    modest();
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let error = yaml::read(bomb.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("excessive aliasing"), "{error}");
    let own = "a: &a [*a]";
    assert!(yaml::read(own.as_bytes()).is_err());
    modest();
}

#[test]
fn values_flags_have_limits() {
    let rows = ["a[999999999]=1", "a[-1]=1", "a[65537]=1"];
    for row in rows {
        let options = ValueOptions { set: vec![row.into()], ..ValueOptions::default() };
        assert!(options.merge(&mut |_| Ok(Vec::new())).is_err(), "{row}");
    }
    for deep in
        ["a.".repeat(100_000) + "a=1", "a=".to_owned() + &"{".repeat(100_000), "a[0]".repeat(50_000) + "=1"]
    {
        let options = ValueOptions { set: vec![deep], ..ValueOptions::default() };
        let _ = options.merge(&mut |_| Ok(Vec::new()));
    }
    modest();
}

/// An archive of entries: path, type, content.
fn archive(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        // The crate refuses such paths, which is why they are written as bytes.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
            header.set_link_name("../../../../etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn loaded(bytes: &[u8]) -> Result<Chart, ChartError> {
    Chart::from_archive(bytes, &mut Vec::new())
}

#[test]
fn archives_stay_in_their_folder() {
    use tar::EntryType::{Link, Regular, Symlink};
    let chart = ("c/Chart.yaml", Regular, CHART.as_bytes());
    for path in ["c/../../evil", "c//etc/evil", "c/..", "evil", "c/a/../../../evil", "c/C:/evil"] {
        let error = loaded(&archive(&[chart, (path, Regular, b"x")])).unwrap_err().to_string();
        assert!(error.contains("illegal") || error.contains("outside"), "{path}: {error}");
    }
    // What stands before the first slash is dropped, whatever it is.
    for path in ["../evil", "/evil"] {
        let chart = loaded(&archive(&[chart, (path, Regular, b"x")])).unwrap();
        assert!(chart.raw.iter().any(|file| file.name == "evil"), "{path}");
    }
    for kind in [Symlink, Link] {
        // A link is an empty file: what it points to is never read.
        if let Ok(chart) = loaded(&archive(&[chart, ("c/link", kind, b"")])) {
            assert!(chart.files.iter().all(|file| file.data.is_empty()));
        }
    }
}

#[test]
fn archives_that_unpack_to_much_are_refused() {
    use tar::EntryType::Regular;
    let chart = ("c/Chart.yaml", Regular, CHART.as_bytes());
    let zeros = vec![0; 5 << 20];
    let large = vec![0; 100 << 20];
    assert!(
        loaded(&archive(&[chart, ("c/zeros", Regular, &large)]))
            .unwrap_err()
            .to_string()
            .contains("maximum size")
    );
    let half =
        archive(&[("s/Chart.yaml", Regular, CHART.as_bytes()), ("s/zeros", Regular, &large[..60 << 20])]);
    let names: Vec<_> = (0..7).map(|number| format!("c/charts/s{number}.tgz")).collect();
    let nested = |count: usize| {
        let subcharts = names[..count].iter().map(|name| (name.as_str(), Regular, &*half));
        loaded(&archive(&std::iter::once(chart).chain(subcharts).collect::<Vec<_>>()))
    };
    assert_eq!(nested(6).unwrap().dependencies.len(), 6);
    assert!(nested(7).unwrap_err().to_string().contains("unpack to more than"));
    let many: Vec<_> = std::iter::once(chart).chain((0..30).map(|_| ("c/zeros", Regular, &*zeros))).collect();
    assert!(loaded(&archive(&many)).unwrap_err().to_string().contains("maximum size"));
    // More than the limit behind the last entry.
    let mut endless = GzEncoder::new(archive(&[chart]), Compression::fast());
    for _ in 0..60 {
        endless.write_all(&zeros).unwrap();
    }
    drop(loaded(&endless.finish().unwrap()));
    let mut inner = archive(&[chart]);
    for _ in 0..40 {
        inner = archive(&[chart, ("c/charts/c.tgz", Regular, &inner)]);
    }
    let error = format!("{:?}", loaded(&inner).unwrap_err());
    assert!(error.contains("levels of subcharts"), "{error}");
    for bytes in [&b""[..], b"\x1f\x8b\x08", b"not an archive", &archive(&[chart])[..40]] {
        assert!(loaded(bytes).is_err());
    }
    modest();
}

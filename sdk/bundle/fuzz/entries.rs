//! What is fuzzed: each entry takes any bytes, and panics only if something that must hold does not.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use naru_bundle::{
    builtin::Glob,
    chart::{Chart, pattern},
    environment::Environment,
    fault::Fault,
    json::{self, Style},
    semver,
    template::{Engine, TemplateSet},
    toml,
    value::{Map, MapType, Value},
    values, yaml,
};

/// Longest input that is looked at, in bytes: what is longer finds nothing new.
const MAX_INPUT: usize = 1 << 16;

/// A clock that stands, no randomness, no cluster.
struct Nowhere;

impl Environment for Nowhere {
    fn now(&self) -> jiff::Zoned {
        jiff::Zoned::default()
    }

    fn random(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = (index * 151 + 7) as u8;
        }
    }

    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

fn data() -> Value {
    let values = yaml::read_map(b"{a: {b: [1, x, ~]}, t: 'text', n: 2.5, f: false}").expect("it is YAML");
    Value::map([("Values", Value::Map(values.seen_as(MapType::Values)))])
}

/// The lexer, the parser and the engine: a template is refused with a place, or renders or fails within limits.
pub fn template(input: &[u8]) {
    if input.len() > MAX_INPUT {
        return;
    }
    let mut set = TemplateSet::default();
    match set.parse("x", input) {
        Err(fault) => assert!(!fault.trace.is_empty() && !fault.to_string().is_empty()),
        Ok(()) => {
            if let Err(fault) = Engine::new(&set, &Nowhere).render("x", &data()) {
                assert!(!fault.to_string().is_empty());
            }
        }
    }
}

/// The YAML reader and both emitters: a check agrees with a reading, and what is written reads back as the same JSON.
pub fn yaml(input: &[u8]) {
    if input.len() > MAX_INPUT {
        return;
    }
    let read = yaml::read(input);
    assert_eq!(yaml::check(input).is_ok(), read.is_ok());
    let _ = (yaml::read_strict(input), yaml::read_list(input), yaml::read_map(input));
    let Ok(value) = read else { return };
    let Ok(before) = json::write(&value, Style::Compact) else { return };
    for written in [yaml::write(&value), yaml::write_pretty(&value)].into_iter().flatten() {
        let again = yaml::read(written.as_bytes())
            .and_then(|value| json::write(&value, Style::Compact).map_err(yaml::Error::Json));
        // Go's emitter writes some characters so that its own reader refuses them.
        if let Ok(again) = again {
            assert_eq!(again, before, "{written}");
        }
    }
}

/// The JSON reader and writer: what is written reads back the same.
pub fn json(input: &[u8]) {
    let Ok(value) = json::read(input) else { return };
    for style in [Style::Compact, Style::Pretty, Style::Raw] {
        let text = json::write(&value, style).expect("what was read has only finite numbers");
        let again = json::read(text.as_bytes()).expect("what was written is JSON");
        assert_eq!(json::write(&again, style), Ok(text));
    }
}

/// The TOML reader and writer.
pub fn toml(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(map) = toml::read(text, 0) {
        let _ = toml::write(&Value::Map(map));
    }
}

/// The grammar of `--set` and its relatives.
pub fn set_flags(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let values = Map::new::<&str>(MapType::Any, []);
    let _ = values::set_typed(text, &values);
    let _ = values::set_string(text, &values);
    let _ = values::set_json(text, &values);
    let _ = values::set_literal(text, &values);
    let _ = values::set_file(text, &values, &mut |path| Ok(Value::string(path)));
}

/// Archives: the bytes as they are, and as what is packed.
pub fn archive(input: &[u8]) {
    let _ = Chart::from_archive(input, &mut Vec::new());
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(input).expect("memory takes it");
    let packed = packed.finish().expect("memory takes it");
    if let Ok(chart) = Chart::from_archive(&packed, &mut Vec::new()) {
        assert!(chart.raw.iter().all(|file| !file.name.starts_with(['/', '.']) || !file.name.contains("..")));
    }
}

/// `printf` with any format.
pub fn printf(input: &[u8]) {
    let format = json::write(&Value::string(input), Style::Raw).expect("a text is JSON");
    template(format!("{{{{ printf {format} 1 -2.5 `x` nil true (list 1 `a`) (dict `k` 1) }}}}").as_bytes());
}

/// Patterns of files, and version ranges, both against a text: the halves of the input.
pub fn patterns(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (left, right) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let _ = Glob::new(left).matches(right);
    let _ = pattern::matches(left, right);
    if let (Ok(range), Ok(version)) = (semver::Constraint::parse(left), semver::Version::parse(right)) {
        let _ = range.accepts(&version);
    }
}

//! What holds for every value and every text: what is written is read back equal, a check agrees with a reading,
//! nothing panics, and nesting is bounded.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use naru_bundle::{json, value::Value, yaml};
use proptest::prelude::*;

/// A value that can be shared between threads, as proptest wants it.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Nil,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    fn value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Float(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::List(items) => Value::list(items.iter().map(Self::value)),
            Self::Map(entries) => Value::map(entries.iter().map(|(key, item)| (key.as_str(), item.value()))),
        }
    }
}

/// Text without the characters that goyaml does not read (control characters) or reads as something else (NEL).
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        "[a-z0-9.:#' \"\\-\n]{0,12}",
        "[a-z \t]{0,4}",
        "[ -~¡-\u{d7ff}\u{e000}-\u{fefe}\u{10000}-\u{10ffff}\u{2028}\n]{0,8}",
        "([a-z]{1,9} ){5,30}",
        Just("true".to_owned()),
        Just("0x1F".to_owned()),
        Just("2001-12-14".to_owned()),
        Just("~".to_owned()),
    ];
    proptest::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Nil),
        any::<bool>().prop_map(Tree::Bool),
        any::<i32>().prop_map(|number| Tree::Number(f64::from(number))),
        any::<f64>()
            .prop_filter("JSON has no such number", |number| number.is_finite())
            .prop_map(Tree::Number),
        text().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Tree::List),
            proptest::collection::vec((text(), inner), 0..6).prop_map(Tree::Map),
        ]
    })
}

fn compact(value: &Value) -> String {
    json::write(value, json::Style::Compact).unwrap()
}

/// As JSON, with minus zero as goyaml reads it: an integer, without a sign.
fn normal(value: &Value) -> String {
    compact(value).replace("-0,", "0,").replace("-0]", "0]").replace("-0}", "0}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(tree in tree()) {
        let value = Value::map([("v", tree.value())]);
        let text = yaml::write(&value).unwrap();
        prop_assert_eq!(normal(&yaml::read(text.as_bytes()).unwrap()), normal(&value), "{}", text);
        prop_assert_eq!(yaml::check(text.as_bytes()), Ok(()));
        for style in [json::Style::Compact, json::Style::Pretty, json::Style::Raw] {
            let text = json::write(&value, style).unwrap();
            prop_assert_eq!(compact(&json::read(text.as_bytes()).unwrap()), compact(&value));
        }
    }

    #[test]
    fn what_is_written_pretty_is_read_back(tree in tree()) {
        let value = Value::map([("v", tree.value())]);
        let text = yaml::write_pretty(&value).unwrap();
        // Version 3 writes blocks that start with a tab, which version 2 does not read.
        prop_assume!(!text.contains('\t'));
        prop_assert_eq!(normal(&yaml::read(text.as_bytes()).unwrap()), normal(&value), "{}", text);
    }

    #[test]
    fn a_check_agrees_with_a_reading(
        text in "([a-c]|[a-c]: |- |\n|\n  |\n    |\\[|\\]|\\{|\\}|, |: |\\? |&a |\\*a|!!str |!!int |\\||>|'|\"|#|~: |\\.inf|<<: |---\n|18446744073709551615: ){0,14}"
    ) {
        let read = yaml::read(text.as_bytes());
        prop_assert_eq!(yaml::check(text.as_bytes()), read.clone().map(drop), "{:?}", text);
        let some = yaml::read_some(text.as_bytes(), |_| true);
        prop_assert_eq!(some.map(|value| compact(&value)), read.clone().map(|value| compact(&value)), "{:?}", text);
        let entry = |value: &Value| match value {
            Value::Map(map) => map.get(b"a").map(|value| compact(&value)),
            other => Some(compact(other)),
        };
        let one = yaml::read_some(text.as_bytes(), |key| key == b"a");
        prop_assert_eq!(one.map(|value| entry(&value)), read.map(|value| entry(&value)), "{:?}", text);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = yaml::read(&bytes);
        let _ = yaml::check(&bytes);
        let _ = json::read(&bytes);
        let _ = yaml::documents(&bytes).count();
        for value in [Value::string(bytes.as_slice()), Value::map([(bytes.as_slice(), Value::Nil)])] {
            let _ = yaml::write(&value);
            yaml::write_pretty(&value).unwrap();
            json::write(&value, json::Style::Raw).unwrap();
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[\\[\\]{}:,\\-?&*!|>'\"%@`#a \t\n\r\u{85}\u{2028}é0.]{0,60}") {
        let read = yaml::read(text.as_bytes());
        prop_assert_eq!(yaml::check(text.as_bytes()), read.map(drop));
        let _ = json::read(text.as_bytes());
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = 100_000;
    let texts = ["[".repeat(deep), "{a: ".repeat(deep), "- ".repeat(deep), "? ".repeat(deep)];
    for text in texts {
        assert!(yaml::read(text.as_bytes()).is_err());
        assert!(yaml::check(text.as_bytes()).is_err());
    }
    assert_eq!(json::read("[".repeat(deep).as_bytes()).map(drop), Err(json::Error::Depth));
    let deepest = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let value = yaml::read(deepest(yaml::MAX_DEPTH).as_bytes()).unwrap();
    assert!(yaml::write(&value).is_ok() && yaml::write_pretty(&value).is_ok());
    assert!(json::write(&value, json::Style::Compact).is_ok());
}

#[test]
fn aliases_are_bounded() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    let error = yaml::read(bomb.as_bytes()).unwrap_err();
    assert!(error.to_string().ends_with("document contains excessive aliasing"), "{error}");
    let itself = yaml::read(b"a: &a [*a]\n").unwrap_err();
    assert!(itself.to_string().ends_with("anchor 'a' value contains itself"), "{itself}");
}

//! The grammar of `--set` and the merge of values, by tables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use proptest::prelude::*;

use super::*;
use crate::{
    json::{self, Style},
    value::{Map, Value},
};

fn map(text: &str) -> Map {
    json::read_map(text.as_bytes()).unwrap()
}

fn text(values: &Map) -> String {
    json::write(&Value::Map(values.clone()), Style::Raw).unwrap()
}

fn set(setter: fn(&str, &Map) -> Result<(), SetError>, start: &str, argument: &str) -> Option<String> {
    let values = map(start);
    setter(argument, &values).ok().map(|()| text(&values))
}

#[test]
fn set_typed_values() {
    let cases = [
        ("", "{}"),
        ("a=1", r#"{"a":1}"#),
        ("a=0", r#"{"a":0}"#),
        ("a=007", r#"{"a":"007"}"#),
        ("a=-5", r#"{"a":-5}"#),
        ("a=1.5", r#"{"a":"1.5"}"#),
        ("a=9223372036854775808", r#"{"a":"9223372036854775808"}"#),
        ("a=true,b=FALSE,c=null", r#"{"a":true,"b":false,"c":null}"#),
        ("a=", r#"{"a":""}"#),
        ("a=,b=1", r#"{"a":"","b":1}"#),
        ("a=b=c", r#"{"a":"b=c"}"#),
        (r"a=b\,c", r#"{"a":"b,c"}"#),
        (r"a\.b=c", r#"{"a.b":"c"}"#),
        (r"a\\b=c", r#"{"a\\b":"c"}"#),
        ("a.b.c=1,a.b.d=2", r#"{"a":{"b":{"c":1,"d":2}}}"#),
        ("a={x,y}", r#"{"a":["x","y"]}"#),
        ("a={x,1},b=2", r#"{"a":["x",1],"b":2}"#),
        ("a={}", r#"{"a":[""]}"#),
        (r"a={x\,y,z}", r#"{"a":["x,y","z"]}"#),
        ("a[0]=1", r#"{"a":[1]}"#),
        ("a[2]=1", r#"{"a":[null,null,1]}"#),
        ("a[0].b=1,a[0].c=2,a[1].b=3", r#"{"a":[{"b":1,"c":2},{"b":3}]}"#),
        ("a[0][1]=x", r#"{"a":[[null,"x"]]}"#),
        ("a[0]={x,y}", r#"{"a":[["x","y"]]}"#),
        ("a[1].b=1,a[0].b=2", r#"{"a":[{"b":2},{"b":1}]}"#),
        ("a[0]=", r#"{"a":[""]}"#),
        ("a[0]", r#"{"a":[]}"#),
        ("a[=1", "{}"),
        ("a=2,b[0=1", r#"{"a":2}"#),
        ("a[0][1=x", r#"{"a":[]}"#),
        ("=x", "{}"),
        ("a=x,,", "-"),
        ("a", "-"),
        ("a,b=1", "-"),
        ("a.=x", "-"),
        ("a={x", "-"),
        ("a[-1]=x", "-"),
        ("a[x]=x", "-"),
        ("a[65537]=x", "-"),
        ("a[0]b=x", "-"),
        ("a=1,a.b=2", "-"),
        ("a=1,a[0]=2", "-"),
        ("name1.name2", "-"),
        ("name1.=name2", "-"),
    ];
    for (argument, expected) in cases {
        assert_eq!(set(set_typed, "{}", argument).as_deref().unwrap_or("-"), expected, "{argument}");
    }
    let nested = "a.".repeat(MAX_NESTING) + "b=1";
    assert!(set(set_typed, "{}", &nested).is_some());
    assert!(set(set_typed, "{}", &format!("a.{nested}")).is_none());
}

#[test]
fn set_over_what_is_there() {
    let start = r#"{"a":{"b":[1,{"c":2}]},"s":"x"}"#;
    let cases = [
        ("a.b[0]=9", r#"{"a":{"b":[9,{"c":2}]},"s":"x"}"#),
        ("a.b[1].d=3", r#"{"a":{"b":[1,{"c":2,"d":3}]},"s":"x"}"#),
        ("a.b[0].d=3", r#"{"a":{"b":[{"d":3},{"c":2}]},"s":"x"}"#),
        ("a=null", r#"{"a":null,"s":"x"}"#),
        ("s.t=1", "-"),
        ("a.b.c=1", "-"),
    ];
    for (argument, expected) in cases {
        assert_eq!(set(set_typed, start, argument).as_deref().unwrap_or("-"), expected, "{argument}");
    }
}

#[test]
fn the_other_setters() {
    type Setter = fn(&str, &Map) -> Result<(), SetError>;
    let cases: [(Setter, &str, &str); 15] = [
        (set_json, "a[=1", "{}"),
        (set_literal, "a[0=1", "{}"),
        (set_string, "a=1,b=true,c=null", r#"{"a":"1","b":"true","c":"null"}"#),
        (set_string, "a={1,2}", r#"{"a":["1","2"]}"#),
        (set_json, r#"a={"b":[1,2.5]},c=null"#, r#"{"a":{"b":[1,2.5]},"c":null}"#),
        (set_json, r#"a=, b=1"#, r#"{" b":1,"a":null}"#),
        (set_json, r#"a=1 , b=2"#, r#"{" b":2,"a":1}"#),
        (set_json, r#"a.b[1]="x""#, r#"{"a":{"b":[null,"x"]}}"#),
        (set_json, "a=x", "-"),
        (set_literal, r"a=b\,c{},d=1", r#"{"a":"b\\,c{},d=1"}"#),
        (set_literal, "a.b[1].c=x=y", r#"{"a":{"b":[null,{"c":"x=y"}]}}"#),
        (set_literal, "a=", r#"{"a":""}"#),
        (set_literal, "a", "-"),
        (set_literal, "a[0][1]=x", r#"{"a":[[null,"x"]]}"#),
        (set_literal, "a[0", "{}"),
    ];
    for (setter, argument, expected) in cases {
        assert_eq!(set(setter, "{}", argument).as_deref().unwrap_or("-"), expected, "{argument}");
    }
}

#[test]
fn files_are_read_for_each_value() {
    let values = map("{}");
    let mut read =
        |path: &str| if path == "p" { Ok(Value::from("content")) } else { Err("no file".to_owned()) };
    set_file("a.b=p", &values, &mut read).unwrap();
    assert_eq!(text(&values), r#"{"a":{"b":"content"}}"#);
    assert!(set_file("a=q", &values, &mut read).is_err());
}

#[test]
fn plain_merges() {
    let merged =
        merge_maps(&map(r#"{"a":{"b":1,"c":[1]},"d":1}"#), &map(r#"{"a":{"c":[2],"e":null},"d":{"x":1}}"#));
    assert_eq!(text(&merged), r#"{"a":{"b":1,"c":[2],"e":null},"d":{"x":1}}"#);
}

#[test]
fn paths() {
    let values = map(r#"{"a":{"b":{"c":1}},"t":{}}"#);
    assert!(matches!(scalar_at(&values, "a.b.c"), Some(Value::Float(_))));
    assert!(scalar_at(&values, "a.b").is_none());
    assert!(scalar_at(&values, "x.y").is_none());
    assert_eq!(text(&table_at(&values, "a.b").unwrap()), r#"{"c":1}"#);
    assert_eq!(table_at(&values, "a.x.y").unwrap_err(), NoValue("x".into()));
}

proptest! {
    #[test]
    fn no_text_panics(argument in "[a.\\[\\]0-9={},\\\\ n\"]{0,40}") {
        for setter in [set_typed, set_string, set_json, set_literal] {
            let _ = setter(&argument, &map("{}"));
        }
    }

    #[test]
    fn escaped_strings_come_back(value in "\\PC{0,30}") {
        let escaped: String = value.chars().flat_map(|letter| ['\\', letter]).collect();
        let values = map("{}");
        set_string(&format!("a={escaped}"), &values).unwrap();
        prop_assert!(matches!(values.get(b"a"), Some(Value::Str(found)) if found.text() == value));
    }
}

#[test]
fn a_values_file_that_is_no_yaml_shows_the_line() {
    let error = crate::chart::read_values(b"a: 1\nb: [1, 2\nc: 3\n").expect_err("it is not closed");
    assert!(error.contains("\n  2 | b: [1, 2\n  3 | c: 3\n"), "{error}");
}

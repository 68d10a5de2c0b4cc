//! The entries of the fuzz targets (`fuzz/`), driven with any bytes and with texts made of the grammars' own words.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../fuzz/entries.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz targets")]
mod entries;

use proptest::{collection::vec, prelude::*, sample::select};

const TEMPLATE: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{- ",
    " -}}",
    "/*",
    "*/",
    "if",
    "else",
    "else if",
    "else with",
    "end",
    "range",
    "with",
    "define",
    "block",
    "template",
    "break",
    "continue",
    "nil",
    "true",
    ".",
    "..",
    ".Values",
    ".a",
    ".b",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "|",
    "(",
    ")",
    "\"",
    "\"a\"",
    "`",
    "'a'",
    "'",
    "\\",
    "1",
    "0x1F",
    "1e3",
    "-5",
    "1_0",
    "1i",
    " ",
    "\n",
    "text",
    "include",
    "tpl",
    "printf",
    "toYaml",
    "dict",
    "list",
    "index",
    "set",
    "fail",
    "required",
    "and",
    "or",
    "not",
    "eq",
    "len",
    "quote",
    "until",
    "ternary",
    "default",
    "<no value>",
];
const YAML: &[&str] = &[
    "a",
    "b: ",
    ":",
    "- ",
    "-",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    "\t",
    "#",
    " # c",
    "'",
    "\"",
    "\\",
    "\\x41",
    "\\u263a",
    "|",
    ">",
    "|-",
    ">+",
    "|2",
    "&x ",
    "*x",
    "<<: ",
    "!!str ",
    "!!binary ",
    "!!int ",
    "!t ",
    "%YAML 1.1\n",
    "---",
    "...",
    "~",
    "null",
    "true",
    "0x1F",
    "1e3",
    "1:30",
    ".inf",
    "2001-01-01",
    "é",
    "😀",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\r\n",
    "@",
    "`",
    "=",
];
const SET: &[&str] = &[
    "a", "b", ".", "=", ",", "[", "]", "0", "1", "65536", "-1", "{", "}", "\\", "\\,", "\\.", "\"", "null",
    "true", "1e3", "0123", " ", "é",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"a\"",
    "\"",
    "\\u00e9",
    "\\ud834\\udd1e",
    "\\",
    "1",
    "-0",
    "1e999",
    "1.5e-7",
    "true",
    "null",
    " ",
    "é",
    "12345678901234567890",
];
const TOML: &[&str] = &[
    "a",
    "b",
    "=",
    ".",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    "\"x\"",
    "'y'",
    "\"\"\"",
    "1",
    "1.5",
    "inf",
    "true",
    "2026-01-02",
    "T10:00:00Z",
    "\n",
    " ",
    "#",
];
const FORMAT: &[&str] = &[
    "%", "d", "s", "v", "q", "x", "f", "g", "t", "T", "c", "U", "b", "e", "+", "-", "#", "0", " ", "1", "12",
    ".", "*", "[1]", "[2]", "[", "]", "w", "é",
];
const PATTERN: &[&str] = &[
    "*", "**", "?", "[a-z]", "[!a]", "[", "]", "{a,b}", "{", "}", ",", "/", "a", "b", "\\", "1", ".", ">=",
    "<", "~", "^", "||", " - ", "x", "-rc.1", "+b", "v",
];

fn words(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    vec(select(words), 0..40).prop_map(|words| words.concat().into_bytes())
}

fn input(grammar: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => words(grammar), 1 => vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn templates(bytes in input(TEMPLATE)) {
        entries::template(&bytes);
    }

    #[test]
    fn actions(bytes in input(TEMPLATE)) {
        entries::template(&[b"{{ ", &*bytes, b" }}"].concat());
    }

    #[test]
    fn yaml(bytes in input(YAML)) {
        entries::yaml(&bytes);
    }

    #[test]
    fn json(bytes in input(JSON)) {
        entries::json(&bytes);
    }

    #[test]
    fn toml(bytes in input(TOML)) {
        entries::toml(&bytes);
    }

    #[test]
    fn set_flags(bytes in input(SET)) {
        entries::set_flags(&bytes);
    }

    #[test]
    fn printf(bytes in input(FORMAT)) {
        entries::printf(&bytes);
    }

    #[test]
    fn patterns(bytes in input(PATTERN)) {
        entries::patterns(&bytes);
    }

    #[test]
    fn archives(bytes in vec(any::<u8>(), 0..2048), header in any::<bool>(), at in 0_usize..512, byte in any::<u8>()) {
        let mut bytes = bytes;
        if header {
            let mut block = tar::Header::new_gnu();
            block.set_path("c/Chart.yaml").unwrap();
            block.set_size(bytes.len() as u64);
            block.set_cksum();
            let mut whole = block.as_bytes().to_vec();
            whole[at] = byte;
            whole.append(&mut bytes);
            bytes = whole;
        }
        entries::archive(&bytes);
    }
}

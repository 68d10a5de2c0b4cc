//! Properties of sprig's functions: none panics whatever it is given, inverses undo each other, limits hold.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod nowhere;

use naru_bundle::{
    fault::Fault,
    functions::{self, Call, Function, Parameter},
    value::{Element, List, Map, MapType, Value},
};
use proptest::{collection::vec, prelude::*};

use nowhere::Nowhere;

/// All but those that take long on purpose (keys, passwords) or render templates.
const FAMILIES: [&[Function]; 20] = [
    functions::builtin::FUNCTIONS,
    functions::ciphers::FUNCTIONS,
    functions::conversion::FUNCTIONS,
    functions::dates::FUNCTIONS,
    functions::defaults::FUNCTIONS,
    functions::dicts::FUNCTIONS,
    functions::digests::FUNCTIONS,
    functions::documents::FUNCTIONS,
    functions::durations::FUNCTIONS,
    functions::encodings::FUNCTIONS,
    functions::lists::FUNCTIONS,
    functions::network::FUNCTIONS,
    functions::numbers::FUNCTIONS,
    functions::paths::FUNCTIONS,
    functions::random::FUNCTIONS,
    functions::reflection::FUNCTIONS,
    functions::regex::FUNCTIONS,
    functions::strings::FUNCTIONS,
    functions::urls::FUNCTIONS,
    functions::versions::FUNCTIONS,
];

fn call(name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let function = functions::lookup(name).expect("a function");
    (function.call)(&Call::new(arguments, &Nowhere))
}

fn shown(value: &Value) -> String {
    naru_bundle::printf::sprint(value).to_string()
}

/// Texts that hurt: cut characters, white space, separators, patterns, numbers.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<char>().prop_map(|piece| piece.to_string().into_bytes()),
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            "a", "B", " ", "\n", "é", "_", "-", ".", "/", "..", "1", "0x", "$1", "(", ")", "[", "]", "*",
            "{2}", "\\", "(?", ":", "?", "#", "@", "%", "%41", "HTTP", "1e400", "nan", "%s", "%*d", "%[9]v",
            "%-010.3x", "2006", "Jan", "MST", "-0700", "Z07:00", "T", "15:04:05", "1h", "m", ".000", "99",
            "~>", "^v", "<=", "||", "-rc.1", "+b", "=", "AAAA", "{", "}", "\"a\"", ": ", "- ", "&x", "*x",
            "|", "!!int",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![-5..20_i64, prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, 1000, i64::MAX])]
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        prop::sample::select(vec![0.0, -0.0, 0.5, 1e30, -1e30, f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::list),
            map_of(inner).prop_map(Value::Map),
            vec(text(), 0..4).prop_map(Value::strings),
        ]
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Int),
        number().prop_map(Value::Int64),
        float().prop_map(Value::Float),
        text().prop_map(Value::string),
        text().prop_map(|bytes| Value::Bytes(bytes.into())),
        Just(Value::List(List::nil(Element::Any))),
        text().prop_map(|text| Value::Map(Map::new(MapType::Str, [("_0", Value::string(text))]))),
    ]
}

fn map_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map> {
    let key = prop::sample::select(vec!["a", "b", "c", "host", "path", "scheme"]);
    vec((key, value), 0..5).prop_map(|entries| Map::new(MapType::Any, entries))
}

/// Something that the engine would let through for that parameter.
fn argument(parameter: Parameter) -> BoxedStrategy<Value> {
    match parameter {
        Parameter::Str => text().prop_map(Value::string).boxed(),
        Parameter::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Parameter::Int => number().prop_map(Value::Int).boxed(),
        Parameter::Float => float().prop_map(Value::Float).boxed(),
        Parameter::Map => {
            prop_oneof![4 => map_of(value()).prop_map(Value::Map), 1 => Just(Value::Nil)].boxed()
        }
        _ => value().boxed(),
    }
}

/// A function with arguments for it; of the repeated parameter none to three.
fn invocation() -> impl Strategy<Value = (&'static str, Vec<Value>)> {
    let names: Vec<&'static str> = FAMILIES.into_iter().flatten().map(|function| function.name).collect();
    (prop::sample::select(names), 0..4_usize).prop_flat_map(|(name, repeats)| {
        let function = functions::lookup(name).expect("a function");
        let mut parameters = function.parameters.to_vec();
        if function.variadic {
            let repeated = parameters.pop().unwrap();
            parameters.extend(std::iter::repeat_n(repeated, repeats));
        }
        let arguments: Vec<_> = parameters.into_iter().map(argument).collect();
        (Just(name), arguments)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn no_function_panics((name, arguments) in invocation()) {
        let _ = call(name, &arguments).map(|result| shown(&result));
    }

    #[test]
    fn any_pattern_compiles_or_fails(pattern in text(), text in text()) {
        let arguments = [Value::string(pattern), Value::string(text), Value::from("<$0$1${x}>")];
        let _ = call("regexReplaceAll", &arguments);
    }
}

proptest! {
    #[test]
    fn quoted_patterns_match_themselves(text in text()) {
        prop_assume!(std::str::from_utf8(&text).is_ok());
        let quoted = call("regexQuoteMeta", &[Value::string(text.clone())]).unwrap();
        let found = call("mustRegexFind", &[quoted, Value::string(text.clone())]).unwrap();
        prop_assert_eq!(shown(&found), shown(&Value::string(text)));
    }

    #[test]
    fn join_undoes_split(separator in text(), text in text()) {
        let (separator, text) = (Value::string(separator), Value::string(text));
        let parts = call("splitList", &[separator.clone(), text.clone()]).unwrap();
        let joined = call("join", &[separator, parts]).unwrap();
        prop_assert_eq!(shown(&joined), shown(&text));
    }

    #[test]
    fn truncations_add_up(text in text(), at in 1..40_i64) {
        let text = [text, b"xy".to_vec()].concat();
        let length = i64::try_from(text.len()).unwrap();
        let at = at % (length - 1) + 1;
        let [head, tail] = [at, at - length].map(|count| {
            let Value::Str(part) = call("trunc", &[Value::Int(count), Value::string(text.clone())]).unwrap() else {
                panic!("a text")
            };
            part.to_vec()
        });
        prop_assert_eq!([head, tail].concat(), text);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(path in "[a./]{0,12}") {
        let once = call("clean", &[Value::from(path)]).unwrap();
        prop_assert_eq!(shown(&call("clean", std::slice::from_ref(&once)).unwrap()), shown(&once));
    }

    #[test]
    fn integers_survive_their_text(number in any::<i64>()) {
        let text = call("toString", &[Value::Int(number)]).unwrap();
        prop_assert!(matches!(call("int", std::slice::from_ref(&text)).unwrap(), Value::Int(read) if read == number));
        prop_assert!(matches!(call("atoi", &[text]).unwrap(), Value::Int(read) if read == number));
    }

    #[test]
    fn floats_survive_their_text(number in float()) {
        let text = call("toString", &[Value::Float(number)]).unwrap();
        let Value::Float(read) = call("float64", &[text]).unwrap() else { panic!("a float") };
        prop_assert!(read == number || read.is_nan() && number.is_nan() || number.is_infinite());
    }

    #[test]
    fn copies_are_equal_and_apart(map in map_of(value())) {
        let map = Value::Map(map);
        let copy = call("deepCopy", std::slice::from_ref(&map)).unwrap();
        let before = shown(&map);
        if !before.contains("NaN") {
            let equal = call("deepEqual", &[map.clone(), copy.clone()]).unwrap();
            prop_assert!(equal.is_true());
        }
        call("set", &[copy, Value::from("added"), Value::Int(1)]).unwrap();
        prop_assert_eq!(shown(&map), before);
    }

    #[test]
    fn merging_keeps_or_overwrites(left in map_of(scalar()), right in map_of(scalar())) {
        let copy = || call("deepCopy", &[Value::Map(left.clone())]).unwrap();
        let right = Value::Map(right);
        let (Value::Map(kept), Value::Map(overwritten)) =
            (call("merge", &[copy(), right.clone()]).unwrap(), call("mergeOverwrite", &[copy(), right.clone()]).unwrap())
        else {
            panic!("maps")
        };
        let Value::Map(right) = right else { panic!("a map") };
        for (key, value) in left.snapshot() {
            if value.is_true() && !matches!(value, Value::Map(_)) {
                prop_assert_eq!(shown(&kept.get(&key).unwrap()), shown(&value));
            }
        }
        for (key, value) in right.snapshot() {
            if !matches!(value, Value::Map(_)) {
                prop_assert_eq!(shown(&overwritten.get(&key).unwrap()), shown(&value));
            }
        }
    }
}

#[test]
fn limits_hold() {
    let large = Value::Int(1 << 40);
    for (name, arguments) in [
        ("until", vec![large.clone()]),
        ("untilStep", vec![Value::Int(0), large.clone(), Value::Int(1)]),
        ("untilStep", vec![Value::Int(i64::MAX - 7), Value::Int(i64::MIN), Value::Int(-1)]),
        ("seq", vec![large.clone()]),
        ("repeat", vec![large.clone(), Value::from("ab")]),
        ("indent", vec![large.clone(), Value::from("ab")]),
        ("nindent", vec![Value::Int(i64::MAX), Value::from("a\nb")]),
        ("replace", vec![Value::from(""), Value::from("x".repeat(10_000)), Value::from("y".repeat(10_000))]),
        (
            "regexReplaceAll",
            vec![Value::from(""), Value::from("y".repeat(10_000)), Value::from("x".repeat(10_000))],
        ),
    ] {
        let fault = call(name, &arguments).expect_err(name);
        assert!(fault.limit, "{name}: {fault}");
    }
}

#[test]
fn values_that_hold_themselves_fail() {
    let map = Map::new(MapType::Any, [("a", Value::Int(1))]);
    map.set("self", Value::Map(map.clone()));
    let twin = Map::new(MapType::Any, [("a", Value::Int(1))]);
    twin.set("self", Value::Map(twin.clone()));
    let arguments = [Value::Map(map.clone()), Value::Map(twin.clone())];
    for name in ["deepEqual", "merge", "deepCopy"] {
        let count = if name == "deepCopy" { 1 } else { 2 };
        let fault = call(name, &arguments[..count]).expect_err(name);
        assert!(fault.limit, "{name}: {fault}");
    }
    map.remove(b"self");
    twin.remove(b"self");
}

#[test]
fn shuffling_keeps_the_characters() {
    let shuffled = shown(&call("shuffle", &[Value::from("aébc日")]).unwrap());
    let mut characters: Vec<char> = shuffled.chars().collect();
    characters.sort_unstable();
    assert_eq!(characters, ['a', 'b', 'c', 'é', '日']);
}

#[test]
fn more_patterns_than_are_kept() {
    for number in 0..600 {
        let arguments = [Value::from(format!("^{number}$")), Value::from(number.to_string())];
        assert!(call("regexMatch", &arguments).unwrap().is_true());
    }
}

//! Tables of what Go prints, each row observed with the stock helm.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use super::{float, quote, sprint, sprint_all, sprintf, sprintln};
use crate::value::Value;

fn int(number: i64) -> Value {
    Value::Int(number)
}

fn float(number: f64) -> Value {
    Value::Float(number)
}

fn text(text: &str) -> Value {
    Value::from(text)
}

#[test]
fn formats() {
    let nested = Value::list([int(1), text("a"), Value::Nil, Value::map([("k", float(1.5))])]);
    let cases: &[(&str, Vec<Value>, &str)] = &[
        (
            "%v %v %v %g",
            vec![float(123_456_789.0), float(1e20), float(1e21), float(1e-5)],
            "1.23456789e+08 1e+20 1e+21 1e-05",
        ),
        ("%v %v %v", vec![float(100_000.0), float(1e6), float(0.0001)], "100000 1e+06 0.0001"),
        (
            "%.3g|%.10g|%g|%G",
            vec![float(1234.5678), float(1234.5678), float(1e100), float(1e-10)],
            "1.23e+03|1234.5678|1e+100|1E-10",
        ),
        (
            "%e|%E|%.0f|%f",
            vec![float(0.0), float(1.5), float(2.5), float(1.0)],
            "0.000000e+00|1.500000E+00|2|1.000000",
        ),
        (
            "%8.2f|%-8.2f|%08.2f",
            vec![float(2.64159), float(2.64159), float(-2.64159)],
            "    2.64|2.64    |-0002.64",
        ),
        (
            "%+.1f|% .1f|%#g|%#.3x|%x|%b",
            vec![float(2.0), float(2.0), float(1.0), float(1.0), float(1.0), float(1.0)],
            "+2.0| 2.0|1.00000|0x1.000p+00|0x1p+00|4503599627370496p-52",
        ),
        ("%#v|%#e", vec![float(1e6), float(1.0)], "1e+06|1.000000e+00"),
        (
            "%-05d|%0-5d|%05s|%-5s|%5s|%.2s",
            vec![int(3), int(3), text("ab"), text("ab"), text("ab"), text("abc")],
            "3    |3    |000ab|ab   |   ab|ab",
        ),
        (
            "%05d|%+d|% d|%x|%X|%#x|%o|%#o|%O",
            vec![int(-3), int(3), int(3), int(255), int(255), int(255), int(8), int(8), int(8)],
            "-0003|+3| 3|ff|FF|0xff|10|010|0o10",
        ),
        (
            "%b|%#b|%c|%q|%U|%#U",
            vec![int(5), int(5), int(65), int(65), int(65), int(128_512)],
            "101|0b101|A|'A'|U+0041|U+1F600 '😀'",
        ),
        ("%5t|%t", vec![true.into(), false.into()], " true|false"),
        (
            "%q %+q %#q %x %X % x %#x % #x",
            vec![
                text("aé\n"),
                text("é"),
                text("a`b"),
                text("hi"),
                text("hi"),
                text("hi"),
                text("hi"),
                text("hi"),
            ],
            r#""aé\n" "\u00e9" "a`b" 6869 6869 68 69 0x6869 0x68 0x69"#,
        ),
        ("%s %v %d", vec![text("x"), text("y"), text("z")], "x y %!d(string=z)"),
        (
            "%[2]d %[1]d|%d %d|%[3]*.[2]*[1]f|%*d|%-*d|%.*f",
            vec![int(1), int(2)],
            "2 1|2 %!d(MISSING)|%!(BADWIDTH)%!f(BADINDEX)|2|%!(BADWIDTH)%!d(MISSING)|%!(BADPREC)%!f(MISSING)",
        ),
        (
            "%!|%z|%|%%|%d %s",
            vec![int(1), int(2)],
            "%!!(int=1)|%!z(int=2)|%!|(MISSING)%|%!d(MISSING) %!s(MISSING)",
        ),
        ("%[3]*.[2]*[1]f|%6.2f%%", vec![float(12.0), int(2), int(6)], " 12.00|%!f(int=    02)%"),
        (
            "%*d|%-*d|%.*f|%*d",
            vec![int(5), int(1), int(5), int(1), int(2), float(2.64159), text("x"), int(1)],
            "    1|1    |2.64|%!(BADWIDTH)1",
        ),
        ("%s", vec![nested.clone()], "[%!s(int=1) a <nil> map[k:%!s(float64=1.5)]]"),
        ("%v %d", vec![nested, Value::list([int(1), int(2)])], "[1 a <nil> map[k:1.5]] [1 2]"),
        (
            "%#v %#v",
            vec![
                Value::list([int(1), text("a"), Value::Nil]),
                Value::map([("a", int(1)), ("b", Value::Nil)]),
            ],
            r#"[]interface {}{1, "a", interface {}(nil)} map[string]interface {}{"a":1, "b":interface {}(nil)}"#,
        ),
        ("%+v %+d", vec![Value::map([("a", int(1))]), Value::list([int(1), int(-1)])], "map[a:1] [+1 -1]"),
        ("%s %d", vec![float(1.5)], "%!s(float64=1.5) %!d(MISSING)"),
        ("%d", vec![int(1), int(2), text("a"), Value::Nil], "1%!(EXTRA int=2, string=a, <nil>)"),
        ("no", vec![text("x")], "no%!(EXTRA string=x)"),
        (
            "%T %T %T %T %T %T",
            vec![int(1), float(1.0), text("s"), Value::list([]), true.into(), Value::Nil],
            "int float64 string []interface {} bool <nil>",
        ),
        ("%t %t", vec![int(1), text("true")], "%!t(int=1) %!t(string=true)"),
        (
            "%5v|%-5v|%05v|%x|%X",
            vec![
                Value::list([int(1), int(2)]),
                Value::map([("a", int(1))]),
                int(3),
                Value::list([text("ab"), int(10)]),
                Value::map([("a", int(255))]),
            ],
            "[    1     2]|map[a    :1    ]|00003|[6162 a]|map[61:FF]",
        ),
        ("%p %w", vec![int(1), int(1)], "%!p(int=1) %!w(int=1)"),
        (
            "%.3d|%8.3d|%08.3d|%.0d|%+.3x",
            vec![int(5), int(5), int(5), int(0), int(10)],
            "005|     005|     005||+00a",
        ),
        (
            "%c%c%q %U",
            vec![int(128_512), int(1_114_112), int(128_512), int(-1)],
            "😀\u{fffd}'😀' U+FFFFFFFFFFFFFFFF",
        ),
        (
            "%10.3q|%-10q|%010q",
            vec![text("abcdef"), text("ab"), text("ab")],
            "     \"abc\"|\"ab\"      |000000\"ab\"",
        ),
        ("%6.3v|%.2v", vec![float(2.64159), text("abc")], "  2.64|ab"),
        (
            "%08v|%+v|% v|%08d",
            vec![float(-3.5), float(3.5), float(3.5), int(-42)],
            "-00003.5|3.5| 3.5|-0000042",
        ),
        (
            "%e %E %.2e",
            vec![float(123_456.789), float(0.000_123), float(5.0)],
            "1.234568e+05 1.230000E-04 5.00e+00",
        ),
        ("%-", vec![int(1)], "%!(NOVERB)%!(EXTRA int=1)"),
        ("%.[1]d %[5]d %[x]d %[1", vec![int(3)], "3 %!d(BADINDEX) %!d(BADINDEX) %!(NOVERB)"),
        ("%5s|%-5s|%5q", vec![Value::Nil, text("é"), text("é")], "%!s(<nil>)|é    |  \"é\""),
        (
            "%10v|%-10v|%5d",
            vec![Value::Nil, Value::Nil, text("x")],
            "     <nil>|<nil>     |%!d(string=    x)",
        ),
        ("%6.2f", vec![Value::list([float(1.0), float(2.5)])], "[  1.00   2.50]"),
    ];
    for (format, arguments, expected) in cases {
        assert_eq!(sprintf(format.as_bytes(), arguments).text(), *expected, "{format}");
    }
}

#[test]
fn prints() {
    let values = [int(1), int(2), text("a"), text("b"), int(3), Value::Nil, Value::Nil, float(1.5)];
    assert_eq!(sprint_all(&values).text(), "1 2ab3 <nil> <nil> 1.5");
    assert_eq!(sprintln(&values).text(), "1 2 a b 3 <nil> <nil> 1.5\n");
    assert_eq!(sprint(&Value::Bytes("hi".into())).text(), "[104 105]");
    let all: Vec<u8> = (0..=255).collect();
    let numbers: Vec<_> = all.iter().map(u8::to_string).collect();
    let printed = sprint(&Value::Bytes(all.as_slice().into()));
    assert_eq!(printed.text(), format!("[{}]", numbers.join(" ")));
    assert_eq!(sprint(&Value::Nil).text(), "<nil>");
}

#[test]
fn floats() {
    let cases = [
        (0.1, b'f', None, "0.1"),
        (1e21, b'f', None, "1000000000000000000000"),
        (0.5, b'f', Some(0), "0"),
        (1.005, b'f', Some(2), "1.00"),
        (f64::MIN_POSITIVE, b'g', None, "2.2250738585072014e-308"),
        (5e-324, b'x', None, "0x1p-1074"),
        (1.75, b'x', Some(0), "0x1p+01"),
        (-0.0, b'g', None, "-0"),
        (f64::INFINITY, b'g', None, "+Inf"),
    ];
    for (number, verb, precision, expected) in cases {
        assert_eq!(float::format(number, verb, precision), expected, "{number}");
    }
}

#[test]
fn quotes() {
    let cases: &[(&[u8], &str)] = &[
        (b"\xff\xfe", r#""\xff\xfe""#),
        (
            "a\"\\\u{7f}\u{a0}\u{2028}\u{1f600}\u{10ffff}\0\x07".as_bytes(),
            r#""a\"\\\x7f\u00a0\u2028😀\U0010ffff\x00\a""#,
        ),
    ];
    for (text, quoted) in cases {
        assert_eq!(quote::quote(text), *quoted);
        assert_eq!(quote::unquote(quoted.as_bytes()).unwrap(), *text);
    }
    for malformed in [r#""\q""#, r#""\x4""#, r#""\ud800""#, "\"a\nb\"", "`a", r#""\'""#, "\"", ""] {
        assert_eq!(quote::unquote(malformed.as_bytes()), None, "{malformed}");
    }
    assert_eq!(quote::unquote_character(br"'\''"), Some(39));
    assert_eq!(quote::unquote_character(b"'ab'"), None);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_format_prints(format in "[%a-zA-Z0-9\\[\\]*.+# é-]{0,24}", number in any::<i64>(), size in any::<f64>(), word in ".{0,8}") {
            let arguments = [int(number), float(size), text(&word), Value::Nil, Value::list([float(size), text(&word)])];
            for count in 0..=arguments.len() {
                sprintf(format.as_bytes(), &arguments[..count]);
            }
        }

        #[test]
        fn quoting_is_undone(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for quoted in [quote::quote(&bytes), quote::quote_ascii(&bytes)] {
                let read = quote::unquote(quoted.as_bytes()).unwrap();
                prop_assert_eq!(&*read, &*bytes);
            }
        }

        #[test]
        fn shortest_floats_read_back(number in any::<f64>().prop_filter("a number", |number| number.is_finite())) {
            prop_assert_eq!(float::shortest(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }
}

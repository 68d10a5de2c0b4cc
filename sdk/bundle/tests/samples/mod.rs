//! The texts and values that are compared with the stock helm.

mod document;

pub(crate) use document::random_yaml;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

/// What YAML is made of, and what breaks it.
pub(crate) const YAML_PIECES: [&str; 96] = [
    "a",
    "b",
    "c",
    "1",
    "a: ",
    "b: ",
    "c:",
    "a:\n",
    "b:\n",
    "- ",
    "- ",
    "-\n",
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n  ",
    "\n    ",
    " ",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    ": ",
    ":",
    "? ",
    "?",
    "&a ",
    "&b ",
    "*a",
    "*b",
    "*a ",
    "!!str ",
    "!!int ",
    "!t ",
    "! ",
    "!<x> ",
    "!a!b ",
    "|\n",
    "|-\n",
    "|+\n",
    ">\n",
    ">-\n",
    ">+\n",
    "|2\n",
    "|1-\n",
    ">3+\n",
    "'",
    "'",
    "''",
    "\"",
    "\"",
    "\\",
    "\\n",
    "\\x41",
    "\\u263a",
    "#",
    " # c\n",
    "\t",
    "\n\t",
    "---\n",
    "--- ",
    "...\n",
    "<<: ",
    "<<: *a\n",
    "<<: [*a, *b]\n",
    "%YAML 1.1\n",
    "%TAG !a! tag:x,2000:\n",
    "%FOO\n",
    "%",
    "@",
    "`",
    "é",
    "日本",
    "\u{2028}",
    "\u{85}",
    "\r\n",
    "\r",
    "~",
    "null",
    "yes",
    "0x1F",
    ".inf",
    "word word",
    "a: &a\n  b: 1\n",
    "b: *a\n",
    "key: [a, b]\n",
    "key: {a: b}\n",
    "- a\n",
    "- - a\n",
    "a: |\n  x\n  y\n",
    "a: >\n  x\n\n  y\n",
    "\u{feff}",
];

/// What JSON is made of, and what breaks it.
pub(crate) const JSON_PIECES: [&str; 45] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"b\":",
    "\"",
    "1",
    "-",
    "0",
    "1.5",
    "1e3",
    "e",
    ".",
    "+",
    "true",
    "false",
    "null",
    "tru",
    "nul",
    " ",
    "\n",
    "\t",
    "x",
    "'",
    "\"\\n\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u263a\"",
    "\"\\ud834\\udd1e\"",
    "\"\\ud834\"",
    "\"\\udd1e\"",
    "\"é\"",
    "\"\u{1}\"",
    "\"\t\"",
    "{\"a\":",
    "[1,",
    "{\"a\":1,",
    "\u{7f}",
    "é",
    "{}",
    "[]",
    "\"a\":1",
];

/// Texts of random pieces.
pub(crate) fn pieced(random: &mut StdRng, count: usize, pieces: &[&str]) -> Vec<Vec<u8>> {
    let text = |_| {
        let length = random.random_range(1..12);
        (0..length).map(|_| *pieces.choose(random).unwrap()).collect::<String>().into_bytes()
    };
    (0..count).map(text).collect()
}

/// Strings that look like something else, and each indicator in each place.
pub(crate) fn hand_picked() -> Vec<Vec<u8>> {
    let mut cases: Vec<Vec<u8>> = "|~|null|Null|NULL|nULL|true|True|TRUE|false|False|FALSE|y|Y|n|N|yes|Yes|YES|no|No|NO|\
        on|On|ON|off|Off|OFF|yEs|0|-0|+0|1|-1|+1|00|08|09|0644|0o17|0O17|0x1F|0X1f|-0x1f|0b101|0B1|-0b1|0b-1|0b|0x|0o|\
        1_000|_1|1_|1__0|0_7|0x_1|1.|.5|-.5|+.5|.|..|...|....|1.5|1e3|1E3|1e+3|1e-3|1e|e1|1.e5|.e5|1e999|-1e999|1e-999|\
        .inf|.Inf|.INF|+.inf|-.inf|-.Inf|.nan|.NaN|.NAN|.nAn|inf|nan|NaN|Infinity|1:30|1:60|12:30:45|190:20:30.15|1:2.5|\
        -1:30|+1:30|:30|1:|a:1|2001-12-14|2001-1-2|2001-13-01|2001-02-30|2001-12-14t21:59:43.10-05:00|\
        2001-12-14T21:59:43Z|2001-12-14 21:59:43.10 -5|2001-12-14 21:59:43|2001-12-14 21:59:43Z|20011214|2001-12|\
        9223372036854775807|9223372036854775808|18446744073709551615|18446744073709551616|-9223372036854775808|\
        -9223372036854775809|0x10000000000000000|<<|=|!|!!|!!str|!!str a|!a|&|&a|*|*a|*x|?|? a|?a|-|- a|-a|--|---|--- a|\
        ---a|:|: a|:a|a:|a: b|a :b|a:b|#|# a|#a|a#|a #|a # b|a#b|,|,a|a,|[|]|[]|[a|a]|{|}|{}|{a|a}|a[b|%|%a|a%|@|@a|`|`a|\
        '|'a|a'|''|\"|\"a|a\"|\"\"|a\"b|a'b|\\|a\\b|/|a/b|>|>-|>a|a>|<a>|&amp;|a&b|http://a:80/b?c=d#e|a b|a  b|a   b| a|\
        a | a |  |   |{{ a }}|${a}|$(a)|a=b|~a|null a|true b|1 2|1a|a1|- - a|? - a|key: [a, b]"
        .split('|')
        .map(|case| case.as_bytes().to_vec())
        .collect();
    let controls = "a\tb·\t·a\t·\ta·a\nb·a\n·\n·\n\n·\na·\n\na·a\n\n·a\n\nb· a\nb·a\n b·a \nb·a\n b\n·a\n b \n·a\r\nb·a\rb·\r·a\n\tb·\ta\nb·a\t\nb·\
        a\u{85}b·a \u{85} b·\u{85}·a\u{2028}b·a\u{2029}b·\u{2028}·\u{2028}a·a\u{2028}·a\u{2028}\nb·a \u{2028}b·a\u{2028} b·a\u{2028}b'c·\u{feff}·\u{feff}a·a\u{feff}b·\
        \u{feff}a b\u{85}\u{a0}\"é·\u{a0}·a\u{a0}b·\u{0}·a\u{0}b·\u{1}·\u{7}\u{8}\u{b}\u{c}\u{e}\u{1b}\u{1f}·\u{7f}·a\u{7f}b·\u{80}·\u{9f}·\u{fffd}·\u{fffe}·\u{ffff}·\
        é·é: é·☃·☃ ☃·𝄞·a𝄞b·\u{e000}·\u{d7ff}·\u{10ffff}·日本語 日本語·ß: ß·|·|a·a|·a\n#b·#a\nb·- a\n- b·a: b\nc: d·\
        ---\na·a\n---\nb·a\n...\n·%a\nb·'a'\n\"b\"·a\n\n\n·\n\n\n·  \n·  \n  ·\n  ·a\n  b\n    c\n·  a\n b\nc\n· \na·a\n \nb·a \n b"
        .split('·')
        .map(|case| case.as_bytes().to_vec());
    cases.extend(controls);
    for indicator in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n".chars() {
        for shape in [
            "X", "Xa", "aX", "aXb", "X a", "a X", "a X b", "Xa b", "aX b", "a Xb", "a\nX", "X\na", "a\nXb",
            "XX", "aXXb",
        ] {
            cases.push(shape.replace('X', &indicator.to_string()).into_bytes());
        }
    }
    cases.extend(
        [&b"\xff"[..], b"a\xffb", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\x80"]
            .map(<[u8]>::to_vec),
    );
    cases.push([b"\xff".as_slice(), &[b'x'; 100]].concat());
    cases.push([0xfe; 51].to_vec());
    cases.push([0xfe; 52].to_vec());
    cases.push([0xfe; 53].to_vec());
    cases
}

/// Texts of words around the width at which lines are folded.
pub(crate) fn long_texts() -> Vec<Vec<u8>> {
    let mut cases = Vec::new();
    for length in [
        60, 70, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 90, 120, 126, 127, 128, 129, 130, 160, 161, 1020,
        1021, 1022, 1023, 1030,
    ] {
        cases.push("x".repeat(length));
        cases.push(format!("{} yy zz", "x".repeat(length)));
        cases.push(format!("{}  yy  zz ", "x".repeat(length)));
        cases.push(format!("{}: yy  zz", "x".repeat(length)));
        cases.push(format!("{}\t yy  zz  w", "x".repeat(length)));
        cases.push(format!("'{}' yy", "é".repeat(length)));
        cases.push(format!("# {} '' y  y", "ab ".repeat(length / 3)));
        cases.push(format!("{} \u{2028} y", "ab ".repeat(length / 3)));
        cases.push("ab ".repeat(length / 3));
        cases.push("abc d  ".repeat(length / 5).trim().to_owned());
        cases.push("日本 ".repeat(length / 3).trim().to_owned());
        cases.push(format!("{}\n{}", "ab ".repeat(length / 3).trim(), "cd ".repeat(length / 3).trim()));
        cases.push(format!("\"{}\u{1}", "a b\\c ".repeat(length / 3)));
        cases.push(format!("\u{1}{}", "ab  c ".repeat(length / 3)));
        cases.push("\"".repeat(length));
        cases.push("é".repeat(length));
    }
    cases.into_iter().map(String::into_bytes).collect()
}

/// Random strings over pieces that matter to the emitters.
pub(crate) fn random_texts(random: &mut StdRng, count: usize) -> Vec<Vec<u8>> {
    let pieces = [
        "a",
        "b",
        "word",
        "1",
        "0",
        ".",
        "-",
        ":",
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\n",
        "\t",
        "#",
        "'",
        "\"",
        "\\",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        "?",
        "~",
        "=",
        "<",
        "_",
        "+",
        "e",
        "x",
        "é",
        "日",
        "𝄞",
        "\u{85}",
        "\u{2028}",
        "\r",
        "\u{1}",
        "\u{7f}",
        "\u{a0}",
        "\u{feff}",
        "a rather long run of words that takes lines beyond the width",
        "- ",
        ": ",
        " #",
        "--- ",
    ];
    let safe = pieces.len() - 15;
    let text = |random: &mut StdRng| {
        let limit = if random.random_bool(0.6) { safe } else { pieces.len() };
        let length = random.random_range(1..10);
        (0..length).map(|_| *pieces[..limit].choose(random).unwrap()).collect::<String>().into_bytes()
    };
    (0..count).map(|_| text(random)).collect()
}

/// A random JSON text.
pub(crate) fn random_json(random: &mut StdRng, depth: usize) -> String {
    let scalar = |random: &mut StdRng| match random.random_range(0..7) {
        0 => "null".to_owned(),
        1 => random.random::<bool>().to_string(),
        2 => random.random_range(-1000i64..1000).to_string(),
        3 => format!("{}e{}", random.random_range(-99999i64..99999), random.random_range(-30..30)),
        4 => f64::from_bits(random.random()).to_string().replace("inf", "0").replace("NaN", "1"),
        5 => (random.random::<u64>() >> random.random_range(0..64)).to_string(),
        _ => "\"text\"".to_owned(),
    };
    let kind = if depth == 0 { 0 } else { random.random_range(0..4) };
    let count = random.random_range(0..5);
    match kind {
        0 | 1 => scalar(random),
        2 => {
            let items: Vec<_> = (0..count).map(|_| random_json(random, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let keys = [
                "a", "a1", "a2", "a10", "a-1", "b", "B", "10", "9", "_x", "true", "", "a b", "é", "x.y/z",
                "a01", "a001", "é1", "Ä", "aa1",
            ];
            let items: Vec<_> = (0..count)
                .map(|_| format!("\"{}\":{}", keys.choose(random).unwrap(), random_json(random, depth - 1)))
                .collect();
            format!("{{{}}}", items.join(","))
        }
    }
}

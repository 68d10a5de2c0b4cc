//! Validators of names, labels and keys; each returns what is wrong, empty when nothing is.
//!
//! Wording and limits follow apimachinery `util/validation` and `api/validate/content`: clients and people match on it.

/// Longest DNS label in bytes.
pub const LABEL_MAX: usize = 63;
/// Longest DNS subdomain in bytes.
pub const SUBDOMAIN_MAX: usize = 253;
/// Longest port name in bytes.
const PORT_NAME_MAX: usize = 15;

const LABEL_RE: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_WHAT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_RE: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_WHAT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_1035_RE: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035_WHAT: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const KEY_RE: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const KEY_WHAT: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_RE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const LABEL_VALUE_WHAT: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const CONFIG_KEY_RE: &str = "[-._a-zA-Z0-9]+";
const CONFIG_KEY_WHAT: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const ENV_WHAT: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";
const C_IDENTIFIER_RE: &str = "[A-Za-z_][A-Za-z0-9_]*";
const C_IDENTIFIER_WHAT: &str = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";

/// An RFC 1123 label, for example a namespace's or a container's name.
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL_MAX, "characters");
    if !is_label(value) {
        if is_subdomain(value) {
            wrong.push("must not contain dots".into());
        } else {
            wrong.push(pattern(LABEL_WHAT, LABEL_RE, &["my-name", "123-abc"]));
        }
    }
    wrong
}

/// An RFC 1123 subdomain, for example a pod's name.
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    subdomain(value, "characters")
}

/// An RFC 1035 label, for example a service's name.
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL_MAX, "characters");
    if !(is_label(value) && value.as_bytes()[0].is_ascii_lowercase()) {
        wrong.push(pattern(LABEL_1035_WHAT, LABEL_1035_RE, &["my-name", "abc-123"]));
    }
    wrong
}

/// A label or annotation key: a name with an optional `prefix/`.
pub fn qualified_name(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut parts = value.split('/');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, None) => name,
        (Some(prefix), Some(name), None) => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".into());
            } else {
                wrong.extend(subdomain(prefix, "bytes").iter().map(|one| format!("prefix part {one}")));
            }
            name
        }
        _ => {
            let what = pattern(KEY_WHAT, KEY_RE, &["MyName", "my.name", "123-abc"]);
            let suffix = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {what} {suffix}")];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".into());
    } else if name.len() > LABEL_MAX {
        wrong.push(format!("name part must be no more than {LABEL_MAX} bytes"));
    }
    if !is_key_name(name) {
        let what = pattern(KEY_WHAT, KEY_RE, &["MyName", "my.name", "123-abc"]);
        wrong.push(format!("name part {what}"));
    }
    wrong
}

/// A label's key.
pub fn label_key(value: &str) -> Vec<String> {
    qualified_name(value)
}

/// A label's value.
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL_MAX, "bytes");
    if !(value.is_empty() || is_key_name(value)) {
        wrong.push(pattern(LABEL_VALUE_WHAT, LABEL_VALUE_RE, &["MyValue", "my_value", "12345"]));
    }
    wrong
}

/// A key of a ConfigMap or Secret: also a file name when it is mounted.
pub fn config_map_key(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, SUBDOMAIN_MAX, "characters");
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if value.is_empty() || !value.bytes().all(good) {
        wrong.push(pattern(CONFIG_KEY_WHAT, CONFIG_KEY_RE, &["key.name", "KEY_NAME", "key-name"]));
    }
    match value {
        "." => wrong.push("must not be '.'".into()),
        ".." => wrong.push("must not be '..'".into()),
        _ if value.starts_with("..") => wrong.push("must not start with '..'".into()),
        _ => {}
    }
    wrong
}

/// A container's environment variable (the relaxed rule, in force since v1.34).
pub fn env_var_name(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if value.is_empty() {
        wrong.push("environment variable name must be non-empty".into());
    }
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=') {
        wrong.push(ENV_WHAT.into());
    }
    wrong
}

/// Whether `value` keeps the strict rule for variable names; `envFrom` once skipped keys that do not.
pub fn is_plain_env_var_name(value: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    value.bytes().next().is_some_and(|first| !first.is_ascii_digit()) && value.bytes().all(good)
}

/// A C identifier.
pub fn c_identifier(value: &str) -> Vec<String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts = value.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if starts && value.bytes().all(good) {
        return Vec::new();
    }
    vec![pattern(C_IDENTIFIER_WHAT, C_IDENTIFIER_RE, &["my_name", "MY_NAME", "MyName"])]
}

/// A port's name.
pub fn port_name(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, PORT_NAME_MAX, "characters");
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if value.is_empty() || !value.bytes().all(good) {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".into());
    }
    if value.contains("--") {
        wrong.push("must not contain consecutive hyphens".into());
    }
    if value.starts_with('-') || value.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".into());
    }
    wrong
}

/// A port's number.
pub fn port_number(value: i64) -> Vec<String> {
    in_range(value, 1, 65535)
}

/// A number between two bounds, both included.
pub fn in_range(value: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&value) {
        return Vec::new();
    }
    vec![format!("must be between {low} and {high}, inclusive")]
}

/// Object names and label prefixes have the same rule; only the unit is worded differently.
fn subdomain(value: &str, unit: &str) -> Vec<String> {
    let mut wrong = too_long(value, SUBDOMAIN_MAX, unit);
    if !is_subdomain(value) {
        wrong.push(pattern(SUBDOMAIN_WHAT, SUBDOMAIN_RE, &["example.com"]));
    }
    wrong
}

fn too_long(value: &str, limit: usize, unit: &str) -> Vec<String> {
    if value.len() <= limit {
        return Vec::new();
    }
    vec![format!("must be no more than {limit} {unit}")]
}

fn pattern(what: &str, regex: &str, examples: &[&str]) -> String {
    let quoted: Vec<String> = examples.iter().map(|one| format!("'{one}', ")).collect();
    format!("{what} (e.g. {}regex used for validation is '{regex}')", quoted.join(" or "))
}

fn is_label(value: &str) -> bool {
    let edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = value.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    edge(first) && edge(last) && bytes.iter().all(|byte| edge(byte) || *byte == b'-')
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

fn is_key_name(value: &str) -> bool {
    let bytes = value.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() && bytes.iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&str) -> Vec<String>;

    #[test]
    fn good_and_bad() {
        let long = "a".repeat(64);
        let table: &[(Rule, &[&str], &[&str])] = &[
            (dns1123_label, &["a", "a-1", "0", "1--a"], &["", "A", "a.b", "-a", "a-", "a_b", &long]),
            (dns1123_subdomain, &["a", "a.b-c.1", &long], &["", "a..b", ".a", "a.", "A.a", "a.-b", "a b"]),
            (dns1035_label, &["a", "a-1"], &["", "1a", "a.b", "-a"]),
            (qualified_name, &["a", "A_b.c", "x.io/a"], &["", "/a", "x.io/", "a/b/c", "-a", "X/a", &long]),
            (label_value, &["", "a", "A_b.c-1"], &["-a", "a-", "a b", "a/b", &long]),
            (config_map_key, &["a", ".a", "A_-", "a..b"], &["", ".", "..", "..a", "a/b"]),
            (env_var_name, &["A", "a b", "1", "x.y"], &["", "a=b", "a\n", "ä"]),
            (c_identifier, &["a", "_1"], &["", "1a", "a-b"]),
            (port_name, &["http", "a1", "0-a"], &["", "1", "a--b", "-a", "a-", "A", "abcdefghijklmnop"]),
        ];
        for (rule, good, bad) in table {
            for value in *good {
                assert_eq!(rule(value), Vec::<String>::new(), "{value}");
            }
            for value in *bad {
                assert!(!rule(value).is_empty(), "{value}");
            }
        }
    }

    #[test]
    fn wording() {
        assert_eq!(
            dns1123_label("A"),
            [
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            ]
        );
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
        assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
        let prefix = format!("{}/a", "a".repeat(254));
        assert_eq!(qualified_name(&prefix), ["prefix part must be no more than 253 bytes"]);
    }
}

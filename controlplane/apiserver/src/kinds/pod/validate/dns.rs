//! What a pod says about its name resolution.

use serde_json::Value;

use crate::kinds::{
    fields::{items, text},
    path::{Path, Problems},
    words,
};

/// Most name servers: the resolver reads no more.
const SERVERS_MAX: usize = 3;
/// Most domains to search in, and most characters of all of them with the spaces between.
const SEARCHES_MAX: usize = 32;
const SEARCHES_LENGTH_MAX: usize = 2048;
/// The longest domain.
const DOMAIN_MAX: usize = 253;
const NO_DOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and \
    must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

/// Checks `dnsConfig`, of which `dnsPolicy: None` needs some.
pub(super) fn check(spec: &Value, path: &Path<'_>, problems: &mut Problems) {
    let config = &spec["dnsConfig"];
    let (servers, searches) = (items(&config["nameservers"]), items(&config["searches"]));
    let list = path.child("nameservers");
    if text(&spec["dnsPolicy"]) == "None" && servers.is_empty() {
        match config.is_null() {
            true => problems.required(path, "must provide `dnsConfig` when `dnsPolicy` is None"),
            false => {
                problems.required(&list, "must provide at least one DNS nameserver when `dnsPolicy` is None");
            }
        }
    }
    if servers.len() > SERVERS_MAX {
        let why = format!("must not have more than {SERVERS_MAX} nameservers");
        problems.invalid(&list, servers.to_vec(), &why);
    }
    for (index, server) in servers.iter().map(text).enumerate() {
        problems.invalid_all(&list.index(index), server, words::ip_address(server));
    }
    check_searches(searches, &path.child("searches"), problems);
    for (index, option) in items(&config["options"]).iter().enumerate() {
        if text(&option["name"]).is_empty() {
            problems.required(&path.child("options").index(index), "must not be empty");
        }
    }
}

fn check_searches(searches: &[Value], list: &Path<'_>, problems: &mut Problems) {
    if searches.len() > SEARCHES_MAX {
        let why = format!("must not have more than {SEARCHES_MAX} search paths");
        problems.invalid(list, searches.to_vec(), &why);
    }
    let length: usize = searches.iter().map(|search| text(search).len() + 1).sum();
    if length > SEARCHES_LENGTH_MAX + 1 {
        let why = format!(
            "must not have more than {SEARCHES_LENGTH_MAX} characters (including spaces) in the search list"
        );
        problems.invalid(list, searches.to_vec(), &why);
    }
    for (index, search) in searches.iter().map(text).enumerate() {
        // The root alone, and a dot at the end, are names, too.
        if search == "." {
            continue;
        }
        let path = list.index(index);
        let domain = search.strip_suffix('.').unwrap_or(search);
        if domain.len() > DOMAIN_MAX {
            problems.invalid(&path, search, &format!("must be no more than {DOMAIN_MAX} characters"));
        }
        if !domain.split('.').all(is_label) {
            problems.invalid(&path, search, NO_DOMAIN);
        }
    }
}

/// A label of a domain, which may begin with an underscore and have others within.
fn is_label(label: &str) -> bool {
    let label = label.strip_prefix('_').unwrap_or(label).as_bytes();
    let plain = |one: &u8| one.is_ascii_lowercase() || one.is_ascii_digit();
    label.first().is_some_and(plain)
        && label.last().is_some_and(plain)
        && label.iter().all(|one| plain(one) || matches!(one, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(spec: &Value) -> Vec<String> {
        let mut problems = Problems::default();
        check(spec, &Path::root("dnsConfig"), &mut problems);
        problems.into_errors().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn servers_searches_and_options() {
        let many = |count: usize| vec!["a.b"; count];
        let long = vec!["a".repeat(250); 9];
        let servers = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        for (spec, expected) in [
            (json!({"dnsPolicy": "Default"}), String::new()),
            (json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.2.3.4", "::1"]}}), String::new()),
            (
                json!({"dnsPolicy": "None"}),
                "dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None".into(),
            ),
            (
                json!({"dnsPolicy": "None", "dnsConfig": {"searches": ["a.b"]}}),
                format!("dnsConfig.nameservers: Required value: {servers}"),
            ),
            (
                json!({"dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]}}),
                "must not have more than 3 nameservers".into(),
            ),
            (json!({"dnsConfig": {"nameservers": ["x"]}}), "must be a valid IP address".into()),
            (json!({"dnsConfig": {"searches": many(32)}}), String::new()),
            (json!({"dnsConfig": {"searches": many(33)}}), "must not have more than 32 search paths".into()),
            (json!({"dnsConfig": {"searches": long}}), "must not have more than 2048 characters".into()),
            (json!({"dnsConfig": {"searches": ["a.b.", "_x.y", ".", "a-b.c_d"]}}), String::new()),
            (json!({"dnsConfig": {"searches": ["A_b"]}}), "a lowercase RFC 1123 subdomain".into()),
            (json!({"dnsConfig": {"searches": ["-"]}}), "a lowercase RFC 1123 subdomain".into()),
            (json!({"dnsConfig": {"searches": [""]}}), "a lowercase RFC 1123 subdomain".into()),
            (json!({"dnsConfig": {"searches": ["a..b"]}}), "a lowercase RFC 1123 subdomain".into()),
            (json!({"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}}), String::new()),
            (
                json!({"dnsConfig": {"options": [{"value": "2"}]}}),
                "dnsConfig.options[0]: Required value: must not be empty".into(),
            ),
        ] {
            let found = found(&spec);
            assert_eq!(found.is_empty(), expected.is_empty(), "{spec}: {found:?}");
            assert!(found.iter().all(|one| one.contains(&expected)), "{spec}: {found:?}");
        }
    }
}

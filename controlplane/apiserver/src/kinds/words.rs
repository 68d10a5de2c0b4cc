//! Small grammars that several kinds share, with Kubernetes' words for what is wrong.
//!
//! Source of the behaviour: kube-apiserver's core validation; what apimachinery validates is in [`naru_api::names`].
//! Each function returns the reasons why a value is not good; none when it is.

use std::net::{IpAddr, Ipv4Addr};

use naru_api::names;

/// The greatest user or group id.
const MAX_ID: i64 = i32::MAX as i64;

/// What is wrong with `mode`-like fields.
const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// A user or group id.
pub(crate) fn user_or_group(id: i64) -> Vec<String> {
    names::in_range(id, 0, MAX_ID)
}

/// The permission bits of a file.
pub(crate) fn file_mode(mode: i64) -> Option<&'static str> {
    (!(0..=0o777).contains(&mode)).then_some(FILE_MODE)
}

/// A path without a step upwards.
pub(crate) fn no_backsteps(path: &str) -> Option<&'static str> {
    path.split('/').any(|step| step == "..").then_some("must not contain '..'")
}

/// A relative path that stays below where it starts.
pub(crate) fn descending_path(path: &str) -> Vec<&'static str> {
    let absolute = path.starts_with('/').then_some("must be a relative path");
    absolute.into_iter().chain(no_backsteps(path)).collect()
}

/// The same for a file in a volume, where names with two leading dots are ours.
pub(crate) fn volume_file_path(path: &str) -> Vec<&'static str> {
    let mut reasons = descending_path(path);
    if path.starts_with("..") && !path.starts_with("../") && path != ".." {
        reasons.push("must not start with '..'");
    }
    reasons
}

/// An IPv4 or IPv6 address.
pub(crate) fn ip_address(address: &str) -> Option<&'static str> {
    const WHAT: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    match address.parse() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            Some("must not be an IPv4-mapped IPv6 address")
        }
        Ok(_) => None,
        Err(_) if without_leading_zeros(address).parse::<Ipv4Addr>().is_ok() => {
            Some("must not have leading 0s")
        }
        Err(_) => Some(WHAT),
    }
}

/// An IPv4 address as some programs write it, or mean in octal.
fn without_leading_zeros(address: &str) -> String {
    let parts = address.split('.').map(|part| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0",
        rest => rest,
    });
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_words_have_no_reasons() {
        assert!(volume_file_path("a/b..c").is_empty());
        for address in ["::1", "0.0.0.0", "10.9.8.7"] {
            assert_eq!(ip_address(address), None, "{address}");
        }
    }

    #[test]
    fn bad_words_have_them() {
        assert_eq!(descending_path("/a/../b"), ["must be a relative path", "must not contain '..'"]);
        assert_eq!(volume_file_path("..data"), ["must not start with '..'"]);
        assert_eq!(user_or_group(-1), ["must be between 0 and 2147483647, inclusive"]);
        assert_eq!(file_mode(0o1000), Some(FILE_MODE));
        assert_eq!(ip_address("01.2.3.4"), Some("must not have leading 0s"));
        assert_eq!(ip_address("::ffff:1.2.3.4"), Some("must not be an IPv4-mapped IPv6 address"));
        for address in ["", "1.2.3", "1..2.3", "a"] {
            assert!(ip_address(address).is_some_and(|why| why.starts_with("must be a valid")), "{address}");
        }
    }
}

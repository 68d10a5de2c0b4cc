//! Names of releases.

/// The longest name of a release: the names of its Secrets must fit as well.
pub const NAME_BYTES_MAX: usize = 53;

/// Why a name cannot be a release's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("no name provided")]
    Missing,
    /// Not a DNS name, or too long.
    #[error(
        "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the \
         length must not be longer than {NAME_BYTES_MAX}"
    )]
    Invalid,
}

/// Checks a name: dot-separated labels of lower-case letters, digits and inner hyphens.
pub fn check(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::Missing);
    }
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(|byte| alphanumeric(*byte))
            && bytes.last().is_some_and(|byte| alphanumeric(*byte))
            && bytes.iter().all(|byte| alphanumeric(*byte) || *byte == b'-')
    };
    if name.len() > NAME_BYTES_MAX || !name.split('.').all(label) { Err(Error::Invalid) } else { Ok(()) }
}

/// The name that `--generate-name` gives: the chart reference's last part up to its first dot, and seconds since 1970.
pub fn generated(chart: &str, seconds: i64) -> String {
    let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let base = if matches!(base, "" | ".") { "chart" } else { base };
    let stem = base.split('.').next().unwrap_or_default();
    format!("{stem}-{seconds}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "web-1", "a.b-c.d", "0", &"a".repeat(53)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["A", "-a", "a-", "a..b", ".a", "a_b", "ä", &"a".repeat(54)] {
            assert_eq!(check(bad), Err(Error::Invalid), "{bad}");
        }
        assert_eq!(check(""), Err(Error::Missing));
    }

    #[test]
    fn generated_names_come_from_the_chart() {
        for (chart, expected) in [
            ("./charts/web", "web-7"),
            ("web-1.2.3.tgz", "web-1-7"),
            ("repo/web/", "web-7"),
            (".", "chart-7"),
            ("oci://host/web", "web-7"),
        ] {
            assert_eq!(generated(chart, 7), expected, "{chart}");
        }
    }
}

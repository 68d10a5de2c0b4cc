//! Formats of texts that Helm's validator knows in drafts in which ours does not.

/// `uuid`: five groups of hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    let fits = |(group, length): (&&str, usize)| {
        group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    groups.len() == LENGTHS.len() && groups.iter().zip(LENGTHS).all(fits)
}

/// `duration`: ISO 8601's `P1Y2M3DT4H5M6S`, or `P3W`.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P').filter(|rest| !rest.is_empty()) else { return false };
    if let Some(weeks) = rest.strip_suffix('W') {
        return !weeks.is_empty() && weeks.bytes().all(|byte| byte.is_ascii_digit());
    }
    match rest.split_once('T') {
        None => are_units(rest, "YMD"),
        Some((date, time)) => !time.is_empty() && are_units(date, "YMD") && are_units(time, "HMS"),
    }
}

/// Numbers, each with one of `units`, in their order.
fn are_units(mut text: &str, mut units: &str) -> bool {
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some(unit) = text[digits..].chars().next() else { return false };
        let Some(at) = units.find(unit).filter(|_| digits > 0) else { return false };
        units = &units[at + 1..];
        text = &text[digits + unit.len_utf8()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        for (text, expected) in [
            ("123e4567-e89b-12d3-a456-426614174000", true),
            ("123E4567-e89b-12d3-a456-426614174000", true),
            ("123e4567-e89b-12d3-a456", false),
            ("123e4567-e89b-12d3-a456-42661417400g", false),
            ("x", false),
        ] {
            assert_eq!(is_uuid(text), expected, "{text}");
        }
        for (text, expected) in [
            ("P1Y2M3DT4H5M6S", true),
            ("P3W", true),
            ("PT1S", true),
            ("P1D", true),
            ("P", false),
            ("PT", false),
            ("P1", false),
            ("P1D2Y", false),
            ("1D", false),
            ("PW", false),
            ("P1H", false),
        ] {
            assert_eq!(is_duration(text), expected, "{text}");
        }
    }
}

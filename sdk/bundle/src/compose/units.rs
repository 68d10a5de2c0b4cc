//! Compose's durations, sizes and numbers in Kubernetes' units.

/// A duration like `1m30s`, `500ms` or `2h`, in whole seconds, rounded up; `None` if it is none.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let mut micros: f64 = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        micros += number
            * match &after[..unit] {
                "us" => 1.0,
                "ms" => 1e3,
                "s" => 1e6,
                "m" => 6e7,
                "h" => 3.6e9,
                "d" => 8.64e10,
                _ => return None,
            };
        rest = &after[unit..];
    }
    Some((micros / 1e6).ceil() as u64)
}

/// A size like `64m`, `1.5gb` or `1024`, in bytes; `None` if it is none.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let number: f64 = lower[..digits].parse().ok()?;
    let factor = match lower[digits..].trim() {
        "" | "b" => 1_u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    Some((number * factor as f64) as u64)
}

/// Bytes as a quantity: in the largest binary unit that fits exactly.
pub(super) fn quantity(bytes: u64) -> String {
    let units = [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")];
    let fitting = units.iter().find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    fitting.map_or_else(|| bytes.to_string(), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}

/// Cores like `0.5` as a quantity in thousandths; `None` if they are none.
pub(super) fn cpus(text: &str) -> Option<String> {
    let cores: f64 = text.parse().ok().filter(|cores: &f64| cores.is_finite() && *cores >= 0.0)?;
    Some(format!("{}m", (cores * 1000.0).round() as u64))
}

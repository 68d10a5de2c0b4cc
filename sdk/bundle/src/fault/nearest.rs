//! The name that somebody may have meant.

/// Of `known` names the one spelt most like `name`, if there is one that is spelt much like it.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = name.len() / 3 + 1;
    let close = known.map(|known| (strsim::osa_distance(name, known), known));
    close.filter(|(distance, _)| *distance <= far && *distance < name.len()).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_spelt_alike() {
        let known = ["quote", "squote", "toYaml", "nindent", "web.labels"];
        let cases = [
            ("qoute", Some("quote")),
            ("toYAML", Some("toYaml")),
            ("nident", Some("nindent")),
            ("web.label", Some("web.labels")),
            ("env", None),
            ("x", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
    }
}

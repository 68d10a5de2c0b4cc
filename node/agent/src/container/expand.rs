//! `$(NAME)` in commands, arguments and environment values, as Kubernetes expands it.
//!
//! `$$` is a dollar sign; a reference to an unknown name stays as it is. Pure.

/// `input` with every `$(NAME)` replaced by what `value` gives for the name.
pub(crate) fn expand<'a>(input: &str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut output = String::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = rest.find('$') {
        output.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            output.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match value(name) {
                Some(value) => output.push_str(value),
                None => output.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            output.push('$');
        }
    }
    output.push_str(rest);
    output
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(name: &str) -> Option<&'static str> {
        match name {
            "A" => Some("1"),
            "EMPTY" => Some(""),
            "LOOP" => Some("$(LOOP)"),
            _ => None,
        }
    }

    #[test]
    fn references_expand_as_kubernetes_documents_it() {
        let table = [
            ("", ""),
            ("plain", "plain"),
            ("$(A)", "1"),
            ("x$(A)y$(A)z", "x1y1z"),
            ("$(EMPTY)", ""),
            ("$(B)", "$(B)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$$$$(A)", "$$(A)"),
            ("$A", "$A"),
            ("$(A", "$(A"),
            ("$", "$"),
            ("a$", "a$"),
            ("$(LOOP)", "$(LOOP)"),
            ("$($(A))", "$($(A))"),
            ("5$ and $(A)", "5$ and 1"),
        ];
        for (input, expected) in table {
            assert_eq!(expand(input, value), expected, "{input}");
        }
    }

    proptest! {
        #[test]
        fn text_without_dollars_is_left_alone(text in "[^$]*") {
            prop_assert_eq!(expand(&text, value), text);
        }

        #[test]
        fn nothing_panics(text in "[$()A-B]{0,24}") {
            expand(&text, value);
        }
    }
}

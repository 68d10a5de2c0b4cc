//! Which names objects may have. Source: Kubernetes' name validation.

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LETTER_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// What is wrong with an object's name: nothing, or one or more rules that it breaks.
pub(super) fn faults(kind: &str, name: &str) -> Vec<&'static str> {
    let long_label = (name.len() > 63).then_some("must be no more than 63 characters");
    let (long, broken) = match kind.to_ascii_lowercase().as_str() {
        "certificatesigningrequest" => (None, None),
        "role" | "clusterrole" | "rolebinding" | "clusterrolebinding" => return path_segment(name),
        "service" => {
            let starts = name.starts_with(|letter: char| letter.is_ascii_lowercase());
            (long_label, (!(starts && is_label(name))).then_some(LETTER_LABEL))
        }
        "namespace" if is_label(name) => (long_label, None),
        "namespace" if is_subdomain(name) => (long_label, Some("must not contain dots")),
        "namespace" => (long_label, Some(LABEL)),
        _ => {
            let long = (name.len() > 253).then_some("must be no more than 253 characters");
            (long, (!is_subdomain(name)).then_some(SUBDOMAIN))
        }
    };
    long.into_iter().chain(broken).collect()
}

fn path_segment(name: &str) -> Vec<&'static str> {
    match name {
        "." => vec!["may not be '.'"],
        ".." => vec!["may not be '..'"],
        _ => {
            let refused = [("/", "may not contain '/'"), ("%", "may not contain '%'")];
            refused.into_iter().filter(|(sign, _)| name.contains(sign)).map(|(_, fault)| fault).collect()
        }
    }
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_subdomain(name: &str) -> bool {
    name.split('.').all(is_label)
}

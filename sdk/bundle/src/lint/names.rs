//! Which names objects may have. Source: Kubernetes' name validation.

/// What is wrong with an object's name, if anything.
pub(super) fn fault(kind: &str, name: &str) -> Option<String> {
    match kind.to_ascii_lowercase().as_str() {
        "certificatesigningrequest" => None,
        "role" | "clusterrole" | "rolebinding" | "clusterrolebinding" => path_segment(name),
        "service" => label(name, true),
        "namespace" => label(name, false),
        _ => subdomain(name),
    }
}

fn path_segment(name: &str) -> Option<String> {
    match name {
        "." | ".." => Some(format!("may not be '{name}'")),
        _ if name.contains('/') => Some("may not contain '/'".into()),
        _ if name.contains('%') => Some("may not contain '%'".into()),
        _ => None,
    }
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

fn label(name: &str, with_letter: bool) -> Option<String> {
    const MAX: usize = 63;
    let starts = !with_letter || name.starts_with(|letter: char| letter.is_ascii_lowercase());
    if name.len() > MAX {
        Some(format!("must be no more than {MAX} bytes"))
    } else if is_label(name) && starts {
        None
    } else {
        Some("a DNS label must consist of lower case alphanumeric characters or '-'".into())
    }
}

fn subdomain(name: &str) -> Option<String> {
    const MAX: usize = 253;
    if name.len() > MAX {
        Some(format!("must be no more than {MAX} bytes"))
    } else if name.split('.').all(is_label) {
        None
    } else {
        let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
            and must start and end with an alphanumeric character";
        Some(rule.into())
    }
}

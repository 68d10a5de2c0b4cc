//! How failures read: as kubectl words them, so that scripts and people recognise them.

use kube::core::Status;

/// The text to print for a failed command, without a trailing newline.
pub fn describe(error: &anyhow::Error) -> String {
    match error.chain().find_map(|cause| cause.downcast_ref::<kube::Error>()) {
        Some(kube::Error::Api(status)) => from_server(status),
        Some(kube::Error::HyperError(_) | kube::Error::Service(_)) if refused(error) => {
            "The connection to the server was refused - is it running, and does --kubeconfig name the right one? \
             `naru up` starts a cluster"
                .into()
        }
        _ => format!("error: {error:#}"),
    }
}

/// `Error from server (NotFound): pods "x" not found`.
pub fn from_server(status: &Status) -> String {
    match status.reason.as_str() {
        "" => format!("Error from server: {}", status.message),
        // kubectl leaves the envelope out where the message says it all.
        "Invalid" => match status.message.split_once(" is invalid: ") {
            Some((what, why)) => format!("The {what} is invalid: {}", list(why)),
            None => status.message.clone(),
        },
        reason => format!("Error from server ({reason}): {}", status.message),
    }
}

/// One problem stands after the colon; several get a line each, as kubectl prints them.
fn list(why: &str) -> String {
    match why.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.split(", spec.").enumerate().fold(String::new(), |mut text, (index, part)| {
            text.push_str("\n* ");
            if index > 0 {
                text.push_str("spec.");
            }
            text.push_str(part);
            text
        }),
        None => why.to_string(),
    }
}

fn refused(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::ConnectionRefused)
}

/// Whether the server says that there is no such object.
pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(reason: &str, message: &str) -> Status {
        Status { reason: reason.into(), message: message.into(), ..Status::default() }
    }

    #[test]
    fn kubectls_words() {
        for (reason, message, expected) in [
            ("NotFound", "pods \"x\" not found", "Error from server (NotFound): pods \"x\" not found"),
            (
                "Invalid",
                "Pod \"x\" is invalid: a: Required value",
                "The Pod \"x\" is invalid: a: Required value",
            ),
            (
                "Invalid",
                "Pod \"x\" is invalid: [spec.a: Required value, spec.b: Required value]",
                "The Pod \"x\" is invalid: \n* spec.a: Required value\n* spec.b: Required value",
            ),
        ] {
            assert_eq!(from_server(&status(reason, message)), expected);
        }
    }
}

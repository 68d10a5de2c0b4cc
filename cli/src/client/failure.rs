//! How failures read: as kubectl words them, so that scripts and people recognise them.

use kube::core::Status;
pub use naru_client::api::is_not_found;

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
        "Invalid" => invalid(status),
        reason => format!("Error from server ({reason}): {}", status.message),
    }
}

/// `The Pod "web" is invalid: spec.a: Required value`; several problems get a line each.
fn invalid(status: &Status) -> String {
    let details = status.details.as_ref();
    let what = match details.filter(|details| !details.kind.is_empty()) {
        Some(details) => format!("The {} {:?} is invalid", details.kind, details.name),
        None => "The request is invalid".into(),
    };
    let mut problems: Vec<String> = Vec::new();
    for cause in details.into_iter().flat_map(|details| &details.causes) {
        let problem = match cause.field.as_str() {
            "" => cause.message.clone(),
            field => format!("{field}: {}", cause.message),
        };
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    match &problems[..] {
        [] if status.message.is_empty() => what,
        [] => format!("{what}: {}", status.message),
        [only] => format!("{what}: {only}"),
        several => several.iter().fold(format!("{what}: "), |text, problem| format!("{text}\n* {problem}")),
    }
}

fn refused(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    #[test]
    fn kubectls_words() {
        let status = Status::failure("pods \"x\" not found", "NotFound");
        assert_eq!(from_server(&status), "Error from server (NotFound): pods \"x\" not found");
        let cause = |field: &str, message: &str| StatusCause {
            field: field.into(),
            message: message.into(),
            reason: String::new(),
        };
        let (one, two) = (cause("spec.a", "Required value"), cause("spec.b", "Invalid value: 1"));
        for (kind, causes, expected) in [
            ("Pod", vec![one.clone()], "The Pod \"x\" is invalid: spec.a: Required value"),
            (
                "Pod",
                vec![one.clone(), two, one],
                "The Pod \"x\" is invalid: \n* spec.a: Required value\n* spec.b: Invalid value: 1",
            ),
            ("Pod", vec![], "The Pod \"x\" is invalid: whole"),
            ("", vec![cause("", "bad patch")], "The request is invalid: bad patch"),
        ] {
            let details = StatusDetails {
                kind: kind.into(),
                name: "x".into(),
                causes,
                group: String::new(),
                uid: String::new(),
                retry_after_seconds: 0,
            };
            let status = Status { details: Some(details), ..Status::failure("whole", "Invalid") };
            assert_eq!(from_server(&status), expected);
        }
    }
}

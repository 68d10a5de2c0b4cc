//! Why a registry refused: from the errors of its client to the words that a user reads.
//!
//! In: an [`OciDistributionError`] and what was being done. Out: [`Error::Registry`] with the cause, the address and a remedy.

use oci_client::errors::OciDistributionError;

use super::Error;

/// Turns what a registry or the way to it refused while `doing` into an error for people.
pub(super) fn failed(doing: String) -> impl FnOnce(OciDistributionError) -> Error {
    move |error| Error::Registry { doing, reason: reason(&error) }
}

/// Why a registry refused, for people: the cause, the address that was asked, and what to do about a missing login.
fn reason(error: &OciDistributionError) -> String {
    use OciDistributionError as Failure;
    match error {
        Failure::UnauthorizedError { url } | Failure::ServerError { code: 401, url, .. } => {
            let host = url.split("://").last().unwrap_or(url).split('/').next().unwrap_or(url);
            format!(
                "not authorized at {url}: log in with \"naru bundle registry login {host}\", or check the user and the password"
            )
        }
        Failure::RegistryError { envelope, url } => {
            let messages: Vec<&str> = envelope.errors.iter().map(|one| one.message.as_str()).collect();
            format!("{} ({url})", messages.join("; "))
        }
        Failure::ServerError { code, url, message } => {
            format!("response status code {code}: {} ({url})", message.trim())
        }
        // Why a registry cannot be reached is said by the innermost cause only.
        Failure::RequestError(error) => {
            let mut deepest: &dyn std::error::Error = error;
            while let Some(cause) = deepest.source() {
                deepest = cause;
            }
            format!("{error}: {deepest}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_to_do() {
        let url = "https://h:5000/v2/a/web/tags/list";
        let errors = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        let envelope = serde_json::from_str(errors).expect("an envelope");
        let login = "not authorized at https://h:5000/v2/a/web/tags/list: log in with \"naru bundle registry login h:5000\", or \
                     check the user and the password";
        let server = |code, message: &str| OciDistributionError::ServerError {
            code,
            url: url.into(),
            message: message.into(),
        };
        for (error, expected) in [
            (OciDistributionError::UnauthorizedError { url: url.into() }, login.to_owned()),
            (server(401, "{}\n"), login.to_owned()),
            (server(500, "oh no\n"), format!("response status code 500: oh no ({url})")),
            (
                OciDistributionError::RegistryError { envelope, url: url.into() },
                format!("manifest unknown ({url})"),
            ),
        ] {
            assert_eq!(reason(&error), expected);
        }
    }
}

//! Options of lists, watches and writes, read from the query and checked as apimachinery's validation does.

use naru_api::{
    selector::{FieldSelector, LabelSelector},
    status::{FieldError, Status},
};
use naru_store::Revision;

use super::Query;

/// A fieldManager may be so long.
const FIELD_MANAGER_MAX: usize = 128;

/// `resourceVersionMatch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionMatch {
    Exact,
    NotOlderThan,
}

/// ListOptions of meta/v1.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
    /// `None`: unset.
    pub(crate) version: Option<Revision>,
    pub(crate) version_match: Option<VersionMatch>,
    /// 0: unlimited.
    pub(crate) limit: usize,
    /// The token of the page before.
    pub(crate) continue_token: Option<String>,
    pub(crate) bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    /// 0: the server chooses.
    pub(crate) timeout_seconds: u64,
}

impl ListOptions {
    /// Reads and checks the query of a list, or of a watch.
    pub(crate) fn parse(query: &Query, watch: bool) -> Result<Self, Status> {
        let labels = query.text("labelSelector").unwrap_or_default();
        let labels = LabelSelector::parse(labels).map_err(|why| Status::bad_request(why.to_string()))?;
        let fields = query.text("fieldSelector").unwrap_or_default();
        let fields = FieldSelector::parse(fields).map_err(Status::bad_request)?;
        let version = query.text("resourceVersion");
        let limit = query.number("limit")?.unwrap_or_default();
        let timeout_seconds = query.number("timeoutSeconds")?.unwrap_or_default();
        let options = ListOptions {
            labels,
            fields,
            version: version.map(listed_version).transpose()?,
            version_match: None,
            limit: usize::try_from(limit).unwrap_or_default(),
            continue_token: query.text("continue").map(str::to_string),
            bookmarks: query.flag("allowWatchBookmarks"),
            send_initial_events: query.optional_flag("sendInitialEvents"),
            timeout_seconds: u64::try_from(timeout_seconds).unwrap_or_default(),
        };
        let asked = query.text("resourceVersionMatch");
        let wrong = if watch { options.wrong_for_watch(asked) } else { options.wrong_for_list(asked) };
        if !wrong.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &wrong));
        }
        let version_match = match asked {
            Some("Exact") => Some(VersionMatch::Exact),
            Some(_) => Some(VersionMatch::NotOlderThan),
            None => None,
        };
        Ok(ListOptions { version_match, ..options })
    }

    fn wrong_for_list(&self, asked: Option<&str>) -> Vec<FieldError> {
        const FIELD: &str = "resourceVersionMatch";
        let mut wrong = Vec::new();
        if let Some(asked) = asked {
            let forbidden = |why: &str| FieldError::forbidden(FIELD, format!("{FIELD} {why}"));
            if self.version.is_none() {
                wrong.push(forbidden("is forbidden unless resourceVersion is provided"));
            }
            if self.continue_token.is_some() {
                wrong.push(forbidden("is forbidden when continue is provided"));
            }
            if !matches!(asked, "Exact" | "NotOlderThan") {
                wrong.push(FieldError::not_supported(FIELD, asked, &["Exact", "NotOlderThan", ""]));
            }
            if asked == "Exact" && self.version == Some(Revision(0)) {
                wrong.push(forbidden("\"exact\" is forbidden for resourceVersion \"0\""));
            }
        }
        if self.send_initial_events.is_some() {
            let why = "sendInitialEvents is forbidden for list";
            wrong.push(FieldError::forbidden("sendInitialEvents", why));
        }
        wrong
    }

    fn wrong_for_watch(&self, asked: Option<&str>) -> Vec<FieldError> {
        const FIELD: &str = "resourceVersionMatch";
        let mut wrong = Vec::new();
        if self.send_initial_events.is_some() && asked != Some("NotOlderThan") {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            wrong.push(FieldError::forbidden(FIELD, why));
        }
        let forbidden = |why: &str| FieldError::forbidden(FIELD, format!("{FIELD} {why}"));
        if self.continue_token.is_some() {
            wrong.push(forbidden("is forbidden when continue is provided"));
        }
        let Some(asked) = asked else { return wrong };
        if self.send_initial_events.is_none() {
            wrong.push(forbidden("is forbidden for watch unless sendInitialEvents is provided"));
        }
        if asked != "NotOlderThan" {
            wrong.push(FieldError::not_supported(FIELD, asked, &["NotOlderThan"]));
        }
        wrong
    }
}

/// Reads the resourceVersion of a list or a watch.
fn listed_version(text: &str) -> Result<Revision, Status> {
    parse_version(text).map_err(|mut status| {
        status.message = format!("invalid resource version: resourceVersion: {}", status.message);
        status
    })
}

/// Reads a resourceVersion; 400 for anything but a decimal number.
pub(crate) fn parse_version(text: &str) -> Result<Revision, Status> {
    let bad = || {
        let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        Status::bad_request(format!("Invalid value: {text:?}: {why}"))
    };
    text.parse().map(Revision).map_err(|_| bad())
}

/// What to do with fields nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// What create, update and patch have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WriteOptions {
    /// Nothing is stored.
    pub(crate) dry_run: bool,
    /// What to do with unknown and duplicate fields.
    pub(crate) validation: FieldValidation,
}

impl WriteOptions {
    /// Reads and checks the query; `kind` names the options in errors, for example `CreateOptions`.
    pub(crate) fn parse(query: &Query, kind: &str) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        let dry_run = dry_run(query.all("dryRun"), &mut wrong);
        let validation = match query.text("fieldValidation") {
            None | Some("Warn") => FieldValidation::Warn,
            Some("Strict") => FieldValidation::Strict,
            Some("Ignore") => FieldValidation::Ignore,
            Some(other) => {
                let supported = ["", "Ignore", "Strict", "Warn"];
                wrong.push(FieldError::not_supported("fieldValidation", other, &supported));
                FieldValidation::Warn
            }
        };
        check_manager(query.get("fieldManager").unwrap_or_default(), &mut wrong);
        if wrong.is_empty() {
            return Ok(WriteOptions { dry_run, validation });
        }
        Err(Status::invalid("meta.k8s.io", kind, "", &wrong))
    }
}

/// A manager's name is short and can be printed.
fn check_manager(manager: &str, wrong: &mut Vec<FieldError>) {
    if manager.len() > FIELD_MANAGER_MAX {
        let kind = naru_api::status::FieldErrorKind::TooLong(FIELD_MANAGER_MAX);
        wrong.push(FieldError { field: "fieldManager".into(), kind });
    }
    if let Some((at, letter)) = manager.char_indices().find(|(_, letter)| letter.is_control()) {
        let why = format!("invalid character U+{:04X} (at position {at})", u32::from(letter));
        wrong.push(FieldError::invalid("fieldManager", manager, why));
    }
}

/// Whether all steps but the store's are asked for.
pub(crate) fn dry_run<'a>(values: impl Iterator<Item = &'a str>, wrong: &mut Vec<FieldError>) -> bool {
    let values: Vec<&str> = values.collect();
    if values.iter().any(|value| *value != "All") {
        wrong.push(FieldError::not_supported("dryRun", values, &["All"]));
        return false;
    }
    !values.is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn causes(query: &str, watch: bool) -> Vec<String> {
        match ListOptions::parse(&Query::parse(query), watch) {
            Ok(_) => Vec::new(),
            Err(status) => {
                assert_eq!(
                    (status.code, status.details.as_ref().unwrap().kind.as_str()),
                    (422, "ListOptions")
                );
                status.details.unwrap().causes.into_iter().map(|cause| cause.field).collect()
            }
        }
    }

    #[test]
    fn list_options_that_make_no_sense_are_refused() {
        for (query, watch, expected) in [
            ("", false, vec![]),
            ("resourceVersion=5&resourceVersionMatch=Exact", false, vec![]),
            ("resourceVersionMatch=Exact", false, vec!["resourceVersionMatch"]),
            ("resourceVersion=0&resourceVersionMatch=Exact", false, vec!["resourceVersionMatch"]),
            ("resourceVersion=1&resourceVersionMatch=Odd", false, vec!["resourceVersionMatch"]),
            ("resourceVersion=1&resourceVersionMatch=Exact&continue=x", false, vec!["resourceVersionMatch"]),
            ("sendInitialEvents=true", false, vec!["sendInitialEvents"]),
            ("sendInitialEvents=true", true, vec!["resourceVersionMatch"]),
            ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true, vec![]),
            ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", true, vec![]),
            ("resourceVersionMatch=NotOlderThan", true, vec!["resourceVersionMatch"]),
            ("continue=x", true, vec!["resourceVersionMatch"]),
        ] {
            assert_eq!(causes(query, watch), expected, "{query}");
        }
    }

    #[test]
    fn unreadable_values_are_bad_requests() {
        for query in
            ["limit=x", "resourceVersion=abc", "labelSelector=%3D%3D", "fieldSelector=a", "timeoutSeconds=1s"]
        {
            assert_eq!(ListOptions::parse(&Query::parse(query), false).unwrap_err().code, 400, "{query}");
        }
    }

    #[test]
    fn write_options() {
        let parse = |query: &str| WriteOptions::parse(&Query::parse(query), "CreateOptions");
        assert!(parse("dryRun=All").unwrap().dry_run);
        assert_eq!(parse("fieldValidation=Strict").unwrap().validation, FieldValidation::Strict);
        assert_eq!(parse("").unwrap().validation, FieldValidation::Warn);
        for (manager, good) in [("kubectl", true), ("a%01b", false), ("%C3%A9", true)] {
            assert_eq!(parse(&format!("fieldManager={manager}")).is_ok(), good, "{manager}");
        }
        assert!(parse(&format!("fieldManager={}", "x".repeat(129))).is_err());
        let status = parse("dryRun=Some").unwrap_err();
        assert_eq!(status.code, 422);
        let expected = "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"";
        assert_eq!(status.message, expected);
    }
}

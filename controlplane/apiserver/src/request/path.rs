//! Resource paths: `/api/v1/...` and `/apis/{group}/{version}/...`, as kube-apiserver's RequestInfo reads them.

use percent_encoding::percent_decode_str;

/// The parts of a resource path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    /// Empty for the core group.
    pub(crate) group: String,
    /// For example `v1`.
    pub(crate) version: String,
    /// The namespace in the path; a Namespace object's own name counts as one.
    pub(crate) namespace: Option<String>,
    /// The plural.
    pub(crate) resource: String,
    /// The object's name.
    pub(crate) name: Option<String>,
    /// For example `status`.
    pub(crate) subresource: Option<String>,
    /// Whether more segments follow than any path of ours has.
    pub(crate) too_long: bool,
    /// Whether it is the old form `/api/v1/watch/...`.
    pub(crate) legacy_watch: bool,
}

impl ResourcePath {
    /// Reads a path without a slash at its end. `None`: it is no resource path (discovery has fewer segments).
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/').map(decoded);
        let group = match &*segments.next()?? {
            "api" => String::new(),
            "apis" => segments.next()??,
            _ => return None,
        };
        let version = segments.next()??;
        let mut rest: Vec<String> = segments.collect::<Option<_>>()?;
        let legacy_watch = rest.first().is_some_and(|first| first == "watch") && rest.len() > 1;
        if legacy_watch {
            rest.remove(0);
        }
        let mut found = ResourcePath { group, version, legacy_watch, ..ResourcePath::default() };
        let own = matches!(rest.get(2).map(String::as_str), None | Some("status" | "finalize"));
        let mut rest = rest.into_iter();
        found.resource = rest.next().filter(|resource| !resource.is_empty())?;
        if found.resource == "namespaces" && found.group.is_empty() {
            found.namespace = rest.next();
            if own {
                found.name.clone_from(&found.namespace);
            } else {
                found.resource = rest.next()?;
                found.name = rest.next();
            }
        } else if found.resource == "namespaces" {
            found.namespace = rest.next();
            found.resource = rest.next()?;
            found.name = rest.next();
        } else {
            found.name = rest.next();
        }
        found.subresource = rest.next();
        found.too_long = rest.next().is_some();
        Some(found)
    }
}

/// `None` for bytes that are no UTF-8.
fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn odd_paths() {
        for path in [
            "/api",
            "/api/v1",
            "/apis",
            "/apis/apps",
            "/apis/apps/v1",
            "/",
            "",
            "/other/v1/pods",
            "/api/v1/%ff",
        ] {
            assert_eq!(ResourcePath::parse(path), None, "{path}");
        }
        let path = ResourcePath::parse("/api/v1/namespaces/a/pods/b/log/c").unwrap();
        assert!(path.too_long);
        assert_eq!(path.subresource.as_deref(), Some("log"));
        // A resource of its own may be called like the old watch prefix.
        assert!(!ResourcePath::parse("/apis/x.io/v1/watch").unwrap().legacy_watch);
        assert_eq!(ResourcePath::parse("/apis/x.io/v1/namespaces/a/things").unwrap().resource, "things");
    }
}

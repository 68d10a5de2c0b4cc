//! What a request asks for, read from its method, path and query; nothing of its body.
//!
//! In: the HTTP request line. Out: a [`Target`]: a resource with a [`Verb`], or a path that is no resource.

mod options;
mod path;
mod query;

use http::Method;
pub(crate) use options::{FieldValidation, ListOptions, VersionMatch, WriteOptions, dry_run, parse_version};
pub(crate) use path::ResourcePath;
pub(crate) use query::Query;

use crate::auth::Attributes;

/// What is to be done, in RBAC's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// As the kinds table and RBAC name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
        }
    }
}

/// What a request is about.
#[derive(Debug)]
pub(crate) enum Target {
    /// An API object or a collection of them.
    Resource { path: ResourcePath, query: Query, verb: Verb },
    /// Discovery, health and the like; the path without a slash at its end.
    Other { path: String },
}

impl Target {
    /// Reads the request line. `None`: the method means nothing to a resource.
    pub(crate) fn parse(method: &Method, uri: &http::Uri) -> Option<Self> {
        let trimmed = match uri.path().trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        let Some(mut path) = ResourcePath::parse(trimmed) else {
            return Some(Target::Other { path: trimmed.to_string() });
        };
        let mut query = Query::parse(uri.query().unwrap_or_default());
        if path.legacy_watch {
            query.set("watch", "true");
            if let Some(name) = path.name.take() {
                query.set("fieldSelector", &format!("metadata.name={name}"));
            }
        }
        let verb = verb(method, path.name.is_some(), &query)?;
        Some(Target::Resource { path, query, verb })
    }

    /// As the authorizer sees it. Listing or watching one object by name is asked of that name.
    pub(crate) fn attributes<'a>(&'a self, method: &'a str) -> Attributes<'a> {
        match self {
            Target::Resource { path, query, verb } => Attributes::Resource {
                verb: verb.name(),
                group: &path.group,
                resource: &path.resource,
                subresource: path.subresource.as_deref(),
                namespace: path.namespace.as_deref(),
                name: path.name.as_deref().or_else(|| selected_name(query)),
            },
            Target::Other { path } => Attributes::NonResource { verb: method, path },
        }
    }
}

fn verb(method: &Method, named: bool, query: &Query) -> Option<Verb> {
    Some(match *method {
        Method::GET if !named && query.flag("watch") => Verb::Watch,
        Method::GET if !named => Verb::List,
        Method::GET => Verb::Get,
        Method::POST => Verb::Create,
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch,
        Method::DELETE if named => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ => return None,
    })
}

/// The name in a field selector that is exactly `metadata.name=x`.
fn selected_name(query: &Query) -> Option<&str> {
    let name = query.get("fieldSelector")?.strip_prefix("metadata.name=")?;
    let plain = !name.is_empty() && !name.contains([',', '=', '\\', '!']);
    plain.then_some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn attributes(method: &str, uri: &str) -> String {
        let target = Target::parse(&method.parse().unwrap(), &uri.parse().unwrap());
        let Some(target) = target else { return "none".into() };
        match target.attributes("get") {
            Attributes::NonResource { path, .. } => path.to_string(),
            Attributes::Resource { verb, group, resource, subresource, namespace, name } => format!(
                "{verb} {group}/{resource}/{} ns={} name={}",
                subresource.unwrap_or("-"),
                namespace.unwrap_or("-"),
                name.unwrap_or("-")
            ),
        }
    }

    #[test]
    fn requests_as_the_authorizer_sees_them() {
        for (method, uri, expected) in [
            ("GET", "/healthz", "/healthz"),
            ("GET", "/version/", "/version"),
            ("GET", "/", "/"),
            ("GET", "/api", "/api"),
            ("GET", "/apis/apps/v1/", "/apis/apps/v1"),
            ("GET", "/api/v1/pods", "list /pods/- ns=- name=-"),
            ("GET", "/api/v1/pods?watch=1", "watch /pods/- ns=- name=-"),
            ("GET", "/api/v1/pods?watch=0", "list /pods/- ns=- name=-"),
            ("GET", "/api/v1/namespaces/a/pods/b?watch=true", "get /pods/- ns=a name=b"),
            ("GET", "/api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Db", "list /pods/- ns=a name=b"),
            ("GET", "/api/v1/watch/namespaces/a/pods/b", "watch /pods/- ns=a name=b"),
            ("GET", "/api/v1/watch/pods", "watch /pods/- ns=- name=-"),
            ("POST", "/api/v1/namespaces/a/pods/b/binding", "create /pods/binding ns=a name=b"),
            ("POST", "/api/v1/namespaces", "create /namespaces/- ns=- name=-"),
            ("GET", "/api/v1/namespaces/a", "get /namespaces/- ns=a name=a"),
            ("PUT", "/api/v1/namespaces/a/finalize", "update /namespaces/finalize ns=a name=a"),
            ("PATCH", "/api/v1/nodes/n/status", "patch /nodes/status ns=- name=n"),
            (
                "DELETE",
                "/apis/coordination.k8s.io/v1/namespaces/a/leases",
                "deletecollection coordination.k8s.io/leases/- ns=a name=-",
            ),
            (
                "DELETE",
                "/apis/apps/v1/namespaces/a/deployments/b%2Dc",
                "delete apps/deployments/- ns=a name=b-c",
            ),
            ("OPTIONS", "/api/v1/pods", "none"),
            ("HEAD", "/api/v1/pods", "none"),
        ] {
            assert_eq!(attributes(method, uri), expected, "{method} {uri}");
        }
    }
}

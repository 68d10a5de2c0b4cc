//! Authorisation by group, until RBAC takes this place in the chain: whoever has proved who they are may do
//! everything, but for holders of a join token, who may only join; anybody may ask for health and version.

use naru_api::status::Status;

use super::{Attributes, Authorizer, BOOTSTRAPPERS, Identity, PathRule, ResourceRule, Rules};
use crate::join;

/// Paths that need no proof of identity; a trailing part after `/` is covered too.
const OPEN_PATHS: &[&str] = &["/healthz", "/livez", "/readyz", "/version"];

/// The group rule.
pub struct GroupAuthorizer;

impl Authorizer for GroupAuthorizer {
    fn authorize(&self, identity: Option<&Identity>, attributes: &Attributes<'_>) -> Result<(), Status> {
        if let Attributes::NonResource { path, .. } = attributes
            && is_open(path)
        {
            return Ok(());
        }
        let Some(identity) = identity else { return Err(Status::unauthorized()) };
        if !identity.is_in(BOOTSTRAPPERS) {
            return Ok(());
        }
        match attributes {
            Attributes::NonResource { verb: "post", path } if *path == join::PATH => Ok(()),
            _ => Err(forbidden(identity, attributes)),
        }
    }

    fn rules(&self, identity: &Identity, _namespace: &str) -> Rules {
        let all = || vec!["*".to_owned()];
        if identity.is_in(BOOTSTRAPPERS) {
            let join = PathRule { verbs: vec!["post".into()], paths: vec![join::PATH.into()] };
            return Rules { paths: vec![join], ..Rules::default() };
        }
        Rules {
            resources: vec![ResourceRule { verbs: all(), groups: all(), resources: all() }],
            paths: vec![PathRule { verbs: all(), paths: all() }],
            incomplete: false,
        }
    }
}

fn is_open(path: &str) -> bool {
    OPEN_PATHS
        .iter()
        .any(|open| path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn forbidden(identity: &Identity, attributes: &Attributes<'_>) -> Status {
    let user = &identity.user;
    match attributes {
        Attributes::NonResource { verb, path } => {
            Status::new(403, "Forbidden", format!("forbidden: User {user:?} cannot {verb} path {path:?}"))
        }
        Attributes::Resource { verb, group, resource, namespace, name, .. } => {
            let place = match namespace {
                Some(namespace) => format!("in the namespace {namespace:?}"),
                None => "at the cluster scope".to_string(),
            };
            let why =
                format!("User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {place}");
            Status::forbidden(group, resource, name.unwrap_or_default(), &why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::MASTERS;

    const LIST: Attributes<'_> = Attributes::Resource {
        verb: "list",
        group: "",
        resource: "secrets",
        subresource: None,
        namespace: None,
        name: None,
    };

    fn non_resource(verb: &'static str, path: &'static str) -> Attributes<'static> {
        Attributes::NonResource { verb, path }
    }

    #[test]
    fn only_health_and_version_are_open() {
        for path in ["/healthz", "/livez/ping", "/readyz", "/version", "/version/"] {
            assert_eq!(GroupAuthorizer.authorize(None, &non_resource("get", path)), Ok(()), "{path}");
        }
        for path in ["/", "/api", "/apis", "/openapi/v3", "/healthzz", "/metrics", join::PATH] {
            let answer = GroupAuthorizer.authorize(None, &non_resource("get", path));
            assert_eq!(answer.map_err(|status| status.code), Err(401), "{path}");
        }
        assert_eq!(GroupAuthorizer.authorize(None, &LIST).map_err(|status| status.code), Err(401));
    }

    #[test]
    fn a_join_token_only_joins() {
        let joiner = Identity::new("system:bootstrap:join", &[BOOTSTRAPPERS]);
        assert_eq!(GroupAuthorizer.authorize(Some(&joiner), &non_resource("post", join::PATH)), Ok(()));
        let refused = GroupAuthorizer.authorize(Some(&joiner), &LIST);
        let message = "secrets is forbidden: User \"system:bootstrap:join\" cannot list resource \"secrets\" in \
                       API group \"\" at the cluster scope";
        assert_eq!(refused.map_err(|status| status.message), Err(message.into()));
        let admin = Identity::new("kubernetes-admin", &[MASTERS]);
        assert_eq!(GroupAuthorizer.authorize(Some(&admin), &LIST), Ok(()));
    }
}

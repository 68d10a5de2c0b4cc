//! Who is asking ([`Authenticator`]), and may they ([`Authorizer`]).

mod bearer;
mod groups;
mod peer;
mod token;

use std::sync::Arc;

pub(crate) use bearer::is_bearer_protocol;
pub use groups::GroupAuthorizer;
use naru_api::status::Status;
pub use peer::identity as peer_identity;
pub use token::{Error as TokenFileError, Tokens};

/// The group of everybody who proved who they are.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The user that a request without any proof is said to be of.
pub const ANONYMOUS: &str = "system:anonymous";
/// The group that may do everything.
pub const MASTERS: &str = "system:masters";
/// The group of node agents.
pub const NODES: &str = "system:nodes";
/// The group of those who hold a join token; they may ask for a node certificate and nothing else.
pub const BOOTSTRAPPERS: &str = "system:bootstrappers";

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// For example `kubernetes-admin` or `system:node:worker-1`.
    pub user: String,
    /// Groups, [`AUTHENTICATED`] among them.
    pub groups: Vec<String>,
}

impl Identity {
    /// A user in `groups` and in [`AUTHENTICATED`].
    pub fn new(user: impl Into<String>, groups: &[&str]) -> Arc<Self> {
        let mut groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        groups.push(AUTHENTICATED.into());
        Arc::new(Identity { user: user.into(), groups })
    }

    /// Whether the user is in `group`.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }
}

/// What a request wants to do, in RBAC's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attributes<'a> {
    /// Something to an API object.
    Resource {
        /// `create`, `get`, `list`, `watch`, `update`, `patch`, `delete`, `deletecollection`.
        verb: &'a str,
        /// The API group.
        group: &'a str,
        /// The resource's plural.
        resource: &'a str,
        /// For example `status`.
        subresource: Option<&'a str>,
        /// The namespace; `None` for cluster-scoped and across all namespaces.
        namespace: Option<&'a str>,
        /// The object's name, if the request names one.
        name: Option<&'a str>,
    },
    /// Anything else: discovery, health.
    NonResource {
        /// The HTTP method in lower case.
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// Finds out who sends a request. In-process callers and TLS connections with a client certificate carry an
/// `Arc<Identity>` in the request's extensions already; authenticators look at the rest (bearer tokens).
pub trait Authenticator: Send + Sync + 'static {
    /// The identity proved by these headers; `None` if they hold no proof; an error (401) if they hold a false one.
    fn authenticate(&self, headers: &axum::http::HeaderMap) -> Result<Option<Arc<Identity>>, Status>;
}

/// Decides whether an identity may do what it asks. RBAC will be an implementation.
pub trait Authorizer: Send + Sync + 'static {
    /// `Ok`, or the 403 to answer. `identity` is `None` for a request without any proof.
    fn authorize(&self, identity: Option<&Identity>, attributes: &Attributes<'_>) -> Result<(), Status>;

    /// What an identity may do in a namespace, as far as it can be listed: for people, not for decisions.
    fn rules(&self, _identity: &Identity, _namespace: &str) -> Rules {
        Rules { incomplete: true, ..Rules::default() }
    }
}

/// Everything that somebody may do in a namespace. `*` stands for all there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// With API objects.
    pub resources: Vec<ResourceRule>,
    /// With other paths.
    pub paths: Vec<PathRule>,
    /// Whether there may be more.
    pub incomplete: bool,
}

/// All of these verbs with all of these resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRule {
    /// For example `list`.
    pub verbs: Vec<String>,
    /// API groups.
    pub groups: Vec<String>,
    /// Plurals.
    pub resources: Vec<String>,
}

/// All of these verbs with all of these paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRule {
    /// HTTP methods in lower case.
    pub verbs: Vec<String>,
    /// Paths.
    pub paths: Vec<String>,
}

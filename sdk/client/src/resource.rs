//! The resources a server serves, and the ways people name them: `po`, `pod`, `pods`, `pods/web`, `leases.coordination.k8s.io`.

use kube::{Client, discovery::Scope};

/// One served resource, in its group's preferred version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// For example `Pod`.
    pub kind: String,
    /// For example `pods`.
    pub plural: String,
    /// For example `pod`.
    pub singular: String,
    /// For example `po`.
    pub short_names: Vec<String>,
    /// For example `all`.
    pub categories: Vec<String>,
    /// Where its objects live.
    pub scope: Scope,
}

/// Why a name means nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such resource.
    #[error("the server doesn't have a resource type {0:?}")]
    Unknown(String),
    /// No such kind.
    #[error("no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first")]
    NoKind {
        /// The kind.
        kind: String,
        /// Its apiVersion.
        version: String,
    },
    /// Nothing was named.
    #[error("you must name a resource, for example: pods, pod web, pod/web")]
    Nothing,
    /// A name without a resource, or one too many.
    #[error("there is no need to name a resource type beside {0:?}: write TYPE NAME... or TYPE/NAME...")]
    Mixed(String),
}

/// All resources of a server.
pub struct Resources(Vec<Resource>);

/// What a command's arguments name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The resource.
    pub resource: Resource,
    /// Objects; empty means all.
    pub names: Vec<String>,
}

impl Resource {
    /// `v1` or `group/version`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pod/web` or `lease.coordination.k8s.io/x`, as kubectl says what it did.
    pub fn object(&self, name: &str) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        format!("{}{group}/{name}", self.singular_name())
    }

    /// The singular, or the kind in lower case where discovery has none.
    pub fn singular_name(&self) -> String {
        if self.singular.is_empty() { self.kind.to_lowercase() } else { self.singular.clone() }
    }

    /// Whether objects live in namespaces.
    pub fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// The path of the collection, or of one object, in `namespace` (`None`: everywhere).
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", self.api_version());
        if let (true, Some(namespace)) = (self.namespaced(), namespace) {
            path.push_str(&format!("/namespaces/{namespace}"));
        }
        path.push_str(&format!("/{}", self.plural));
        if let Some(name) = name {
            path.push_str(&format!("/{name}"));
        }
        path
    }

    fn is_called(&self, name: &str) -> bool {
        let (name, group) = name.split_once('.').unwrap_or((name, ""));
        let called = self.plural == name
            || self.singular == name
            || self.short_names.iter().any(|short| short == name)
            || self.kind.to_lowercase() == name;
        called
            && (group.is_empty()
                || self.group == group
                || group == format!("{}.{}", self.version, self.group))
    }
}

impl Resources {
    /// Asks the server (aggregated discovery, Kubernetes 1.30 or later).
    pub async fn discover(client: &Client) -> Result<Self, kube::Error> {
        let (core, groups) = tokio::try_join!(
            client.list_core_api_versions_aggregated(),
            client.list_api_groups_aggregated()
        )?;
        let mut resources = Vec::new();
        for group in core.items.into_iter().chain(groups.items) {
            let name = group.metadata.and_then(|meta| meta.name).unwrap_or_default();
            for version in group.versions {
                let version_name = version.version.unwrap_or_default();
                for found in version.resources {
                    let resource = Resource {
                        group: name.clone(),
                        version: version_name.clone(),
                        kind: found.response_kind.and_then(|gvk| gvk.kind).unwrap_or_default(),
                        plural: found.resource.unwrap_or_default(),
                        singular: found.singular_resource.unwrap_or_default(),
                        short_names: found.short_names,
                        categories: found.categories,
                        scope: match found.scope.as_deref() {
                            Some("Namespaced") => Scope::Namespaced,
                            _ => Scope::Cluster,
                        },
                    };
                    resources.push(resource);
                }
            }
        }
        Ok(Resources(resources))
    }

    /// Every resource.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter()
    }

    /// The resource that `name` means.
    pub fn named(&self, name: &str) -> Result<&Resource, Error> {
        let lower = name.to_lowercase();
        self.0.iter().find(|one| one.is_called(&lower)).ok_or_else(|| Error::Unknown(name.into()))
    }

    /// The resource of a manifest's kind.
    pub fn of_kind(&self, api_version: &str, kind: &str) -> Result<&Resource, Error> {
        let found = self.0.iter().find(|one| one.kind == kind && one.api_version() == api_version);
        found.ok_or_else(|| Error::NoKind { kind: kind.into(), version: api_version.into() })
    }

    /// The targets of `pods`, `pod a b`, `pods,nodes`, `all`, `pod/a node/b`.
    pub fn targets(&self, arguments: &[String]) -> Result<Vec<Target>, Error> {
        let (first, rest) = arguments.split_first().ok_or(Error::Nothing)?;
        if first.contains('/') {
            return arguments.iter().map(|argument| self.slashed(argument)).collect();
        }
        if let Some(odd) = rest.iter().find(|one| one.contains('/')) {
            return Err(Error::Mixed(odd.clone()));
        }
        let mut targets = Vec::new();
        for name in first.split(',').filter(|name| !name.is_empty()) {
            let category: Vec<_> =
                self.0.iter().filter(|one| one.categories.iter().any(|all| all == name)).collect();
            let resources = if category.is_empty() { vec![self.named(name)?] } else { category };
            targets.extend(
                resources.into_iter().map(|one| Target { resource: one.clone(), names: rest.to_vec() }),
            );
        }
        if targets.is_empty() { Err(Error::Nothing) } else { Ok(targets) }
    }

    fn slashed(&self, argument: &str) -> Result<Target, Error> {
        let (resource, name) = argument.split_once('/').ok_or_else(|| Error::Mixed(argument.into()))?;
        Ok(Target { resource: self.named(resource)?.clone(), names: vec![name.into()] })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn resources() -> Resources {
        let make = |group: &str, kind: &str, short: &str, scope| Resource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: format!("{}s", kind.to_lowercase()),
            singular: kind.to_lowercase(),
            short_names: vec![short.into()],
            categories: if kind == "Pod" { vec!["all".into()] } else { vec![] },
            scope,
        };
        Resources(vec![
            make("", "Pod", "po", Scope::Namespaced),
            make("", "Node", "no", Scope::Cluster),
            make("coordination.k8s.io", "Lease", "le", Scope::Namespaced),
        ])
    }

    #[test]
    fn every_way_to_name_a_resource() {
        let all = resources();
        for name in ["pods", "pod", "po", "Pod", "pods."] {
            assert_eq!(all.named(name).unwrap().kind, "Pod", "{name}");
        }
        for name in ["leases.coordination.k8s.io", "leases.v1.coordination.k8s.io", "le"] {
            assert_eq!(all.named(name).unwrap().kind, "Lease", "{name}");
        }
        let error = all.named("widgets").unwrap_err().to_string();
        assert_eq!(error, "the server doesn't have a resource type \"widgets\"");
    }

    #[test]
    fn targets() {
        let all = resources();
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let read = |text: &str| {
            let targets = all.targets(&words(text)).map_err(|error| error.to_string())?;
            Ok::<_, String>(
                targets
                    .iter()
                    .map(|one| (one.resource.kind.clone(), one.names.join("+")))
                    .collect::<Vec<_>>(),
            )
        };
        let pair = |kind: &str, names: &str| (kind.to_string(), names.to_string());
        assert_eq!(read("pods"), Ok(vec![pair("Pod", "")]));
        assert_eq!(read("pods a b"), Ok(vec![pair("Pod", "a+b")]));
        assert_eq!(read("pod/a no/b"), Ok(vec![pair("Pod", "a"), pair("Node", "b")]));
        assert_eq!(read("pods,nodes"), Ok(vec![pair("Pod", ""), pair("Node", "")]));
        assert_eq!(read("all"), Ok(vec![pair("Pod", "")]));
        assert!(read("pods node/a").is_err());
    }

    #[test]
    fn paths() {
        let all = resources();
        let lease = all.named("le").unwrap();
        assert_eq!(lease.path(Some("a"), Some("b")), "/apis/coordination.k8s.io/v1/namespaces/a/leases/b");
        assert_eq!(lease.path(None, None), "/apis/coordination.k8s.io/v1/leases");
        assert_eq!(all.named("no").unwrap().path(Some("a"), Some("n")), "/api/v1/nodes/n");
        assert_eq!(lease.object("x"), "lease.coordination.k8s.io/x");
    }
}

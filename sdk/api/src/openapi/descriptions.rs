//! Texts for people, taken from k8s-openapi's JSON schemas while a document is made.

use k8s_openapi::api::{
    authentication::v1 as authentication, authorization::v1 as authorization,
    coordination::v1 as coordination, core::v1 as core, scheduling::v1 as scheduling,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use crate::kinds::Kind;

/// JSON schemas by definition name; only their descriptions are of interest.
pub(super) struct Descriptions(Map<String, Value>);

impl Descriptions {
    /// The texts for these kinds, their subresources, and all that is in them. Lists have none there.
    pub(super) fn of(kinds: &[&Kind]) -> Descriptions {
        let mut generator = SchemaGenerator::default();
        generator.subschema_for::<meta::DeleteOptions>();
        generator.subschema_for::<meta::ListMeta>();
        generator.subschema_for::<meta::Status>();
        for kind in kinds {
            add(kind.definition, &mut generator);
        }
        Descriptions(generator.take_definitions(false))
    }

    /// What a definition is.
    pub(super) fn definition(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.get("description")?.as_str()
    }

    /// What a field is. Objects' `apiVersion` and `kind`, which k8s-openapi does not describe everywhere, say little.
    pub(super) fn field(&self, definition: &str, field: &str) -> Option<&str> {
        let found = || self.0.get(definition)?.get("properties")?.get(field)?.get("description")?.as_str();
        found().or(match field {
            "apiVersion" => Some("The group and version of this representation of the object."),
            "kind" => Some("The kind of the object, in CamelCase. It cannot be changed."),
            "items" if definition.ends_with("List") => Some("The objects."),
            "metadata" if definition.ends_with("List") => Some("The list's metadata."),
            _ => None,
        })
    }
}

/// Adds the schemas of a kind; a kind that is not named here has no texts.
fn add(definition: &str, generator: &mut SchemaGenerator) {
    macro_rules! one_of {
        ($($name:literal: $kind:ty,)*) => {
            match definition {
                $($name => {
                    generator.subschema_for::<$kind>();
                })*
                _ => {}
            }
        };
    }
    one_of! {
        "io.k8s.api.authentication.v1.SelfSubjectReview": authentication::SelfSubjectReview,
        "io.k8s.api.authorization.v1.LocalSubjectAccessReview": authorization::LocalSubjectAccessReview,
        "io.k8s.api.authorization.v1.SelfSubjectAccessReview": authorization::SelfSubjectAccessReview,
        "io.k8s.api.authorization.v1.SelfSubjectRulesReview": authorization::SelfSubjectRulesReview,
        "io.k8s.api.authorization.v1.SubjectAccessReview": authorization::SubjectAccessReview,
        "io.k8s.api.coordination.v1.Lease": coordination::Lease,
        "io.k8s.api.core.v1.ConfigMap": core::ConfigMap,
        "io.k8s.api.core.v1.Event": core::Event,
        "io.k8s.api.core.v1.Namespace": core::Namespace,
        "io.k8s.api.core.v1.Node": core::Node,
        "io.k8s.api.core.v1.Pod": core::Pod,
        "io.k8s.api.core.v1.Secret": core::Secret,
        "io.k8s.api.core.v1.ServiceAccount": core::ServiceAccount,
        "io.k8s.api.scheduling.v1.PriorityClass": scheduling::PriorityClass,
    }
    if definition == "io.k8s.api.core.v1.Pod" {
        generator.subschema_for::<core::Binding>();
    }
}

//! Which objects of a kind a list or a watch is about: a namespace, a label selector and a field selector, compiled
//! against the kind's row.

use naru_api::{
    kinds::Kind,
    selector::{FieldRequirement, FieldSelector, LabelSelector},
    status::Status,
};

use crate::cache::Entry;

/// A compiled selector.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Empty: all namespaces.
    pub(crate) namespace: String,
    labels: LabelSelector,
    fields: Vec<(Slot, FieldRequirement)>,
}

/// Where an entry keeps a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Name,
    Namespace,
    Extracted(usize),
}

impl Selection {
    /// Compiles selectors; 400 for a field the kind cannot be selected by.
    pub(crate) fn new(
        kind: &Kind,
        namespace: Option<&str>,
        labels: LabelSelector,
        fields: FieldSelector,
    ) -> Result<Self, Status> {
        let compiled =
            fields.requirements.into_iter().map(|requirement| match slot(kind, &requirement.label) {
                Some(slot) => Ok((slot, requirement)),
                None => Err(unknown_field(kind, &requirement.label)),
            });
        let fields = compiled.collect::<Result<_, Status>>()?;
        Ok(Selection { namespace: namespace.unwrap_or_default().to_string(), labels, fields })
    }

    /// Whether every object of the namespace is meant.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object in the namespace matches.
    pub(crate) fn matches(&self, entry: &Entry) -> bool {
        self.fields.iter().all(|(slot, requirement)| requirement.matches(field(entry, *slot)))
            && self.labels.matches(|key| entry.label(key))
    }

    /// Whether an object is in the namespace and matches.
    pub(crate) fn includes(&self, entry: &Entry) -> bool {
        (self.namespace.is_empty() || entry.namespace() == self.namespace) && self.matches(entry)
    }

    /// The one name that can match, if a field selector says so.
    pub(crate) fn exact_name(&self) -> Option<&str> {
        use naru_api::selector::FieldOperator::Equals;
        let mut names =
            self.fields.iter().filter(|(slot, one)| *slot == Slot::Name && one.operator == Equals);
        names.next().map(|(_, requirement)| requirement.value.as_str())
    }
}

fn unknown_field(kind: &Kind, label: &str) -> Status {
    Status::bad_request(if kind.selectable_fields.is_empty() {
        format!(r#"{label:?} is not a known field selector: only "metadata.name", "metadata.namespace""#)
    } else {
        format!("field label not supported: {label}")
    })
}

fn slot(kind: &Kind, label: &str) -> Option<Slot> {
    let other = kind.field_aliases.iter().find(|(alias, _)| *alias == label);
    let label = other.map_or(label, |(_, field)| field);
    match label {
        "metadata.name" => Some(Slot::Name),
        "metadata.namespace" if kind.namespaced() => Some(Slot::Namespace),
        label => kind.selectable_fields.iter().position(|field| field.label == label).map(Slot::Extracted),
    }
}

fn field(entry: &Entry, slot: Slot) -> &str {
    match slot {
        Slot::Name => entry.name(),
        Slot::Namespace => entry.namespace(),
        Slot::Extracted(index) => &entry.extract.fields[index],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use naru_store::{KeyValue, Revision};

    use super::*;
    use crate::{cache::KindCache, registry::Registry};

    #[test]
    fn selects_by_name_namespace_labels_and_fields() {
        let row = Registry::default().by_plural("", "v1", "pods").unwrap();
        let value =
            br#"{"metadata":{"labels":{"app":"web"}},"spec":{"nodeName":"n1"},"status":{"phase":"Running"}}"#;
        let found = KeyValue {
            key: "/registry/pods/a/x".into(),
            value: value.to_vec().into(),
            revision: Revision(1),
        };
        let entry = KindCache::new(row.kind).entry(&found, 0).unwrap();
        let select = |namespace, labels, fields| {
            let labels = LabelSelector::parse(labels).unwrap();
            Selection::new(row.kind, namespace, labels, FieldSelector::parse(fields).unwrap())
        };
        for (namespace, labels, fields, expected) in [
            (None, "", "", true),
            (Some("a"), "", "", true),
            (Some("b"), "", "", false),
            (None, "app=web", "", true),
            (None, "app!=web", "", false),
            (None, "other", "", false),
            (None, "!other", "", true),
            (None, "", "metadata.name=x,metadata.namespace=a", true),
            (None, "", "metadata.name!=x", false),
            (None, "app", "spec.nodeName=n1,status.phase!=Failed", true),
            (None, "", "spec.hostNetwork=false", true),
            (None, "", "spec.host=n1", true),
            (None, "", "spec.host!=n1", false),
        ] {
            let selection = select(namespace, labels, fields).unwrap();
            assert_eq!(selection.includes(&entry), expected, "{namespace:?} {labels} {fields}");
        }
        let status = select(None, "", "spec.foo=1").unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (400, "field label not supported: spec.foo"));
        assert_eq!(select(None, "", "metadata.name=x").unwrap().exact_name(), Some("x"));
    }
}

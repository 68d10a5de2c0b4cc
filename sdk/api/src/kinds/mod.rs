//! The kinds table: one row a kind, and all the generic machinery reads rows, never kinds by name.

mod table;

pub use table::BUILTIN;

/// Whether a kind's objects live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `/api/v1/namespaces/{namespace}/pods`.
    Namespaced,
    /// `/api/v1/nodes`.
    Cluster,
}

/// A part of an object with a path of its own, for example `pods/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// The last path segment: `status`, `binding`, `log`, `finalize`.
    pub name: &'static str,
    /// The kind that is sent and returned.
    pub kind: &'static str,
    /// Its verbs, sorted.
    pub verbs: &'static [&'static str],
}

/// A printer column of the Table form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading in title case; kubectl prints it in capitals.
    pub name: &'static str,
    /// OpenAPI type: `string`, `integer`, `date`.
    pub kind: &'static str,
    /// OpenAPI format: `name` for the name, else empty.
    pub format: &'static str,
    /// What it shows.
    pub description: &'static str,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: u8,
}

/// A field that a field selector may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectableField {
    /// As a selector names it, for example `spec.nodeName`.
    pub label: &'static str,
    /// A JSON pointer to it, for example `/spec/nodeName`.
    pub pointer: &'static str,
    /// What it selects as when it is absent, for example `false` for `spec.unschedulable`.
    pub absent: &'static str,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The served version.
    pub version: &'static str,
    /// For example `Pod`.
    pub kind: &'static str,
    /// For example `pods`: the path segment, and the store's prefix.
    pub plural: &'static str,
    /// For example `pod`.
    pub singular: &'static str,
    /// For example `po`.
    pub short_names: &'static [&'static str],
    /// For example `all`.
    pub categories: &'static [&'static str],
    /// Where its objects live.
    pub scope: Scope,
    /// Its verbs, sorted.
    pub verbs: &'static [&'static str],
    /// Its subresources.
    pub subresources: &'static [Subresource],
    /// Table columns.
    pub columns: &'static [Column],
    /// Fields for selectors beyond `metadata.name` and `metadata.namespace`.
    pub selectable_fields: &'static [SelectableField],
    /// Old names of such fields, each with the name of today.
    pub field_aliases: &'static [(&'static str, &'static str)],
    /// The definition in the schema facts, for example `io.k8s.api.core.v1.Pod`.
    pub definition: &'static str,
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
    /// Whether a PUT on a missing object creates it.
    pub create_on_update: bool,
    /// Whether a PUT without a resourceVersion replaces whatever is there.
    pub unconditional_update: bool,
    /// Whether its objects are kept. Those of other kinds are questions, which a create answers.
    pub stored: bool,
    /// Seconds after the last write at which an object goes by itself (events).
    pub lifetime_seconds: Option<u32>,
}

impl Kind {
    /// `v1` or `group/version`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether its objects live in namespaces.
    pub fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// Whether it has this subresource.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|one| one.name == name)
    }
}

/// The row of a resource's plural, as paths name it.
pub fn by_plural(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    BUILTIN.iter().find(|row| row.group == group && row.version == version && row.plural == plural)
}

/// The row of a kind, as manifests name it.
pub fn by_kind(api_version: &str, kind: &str) -> Option<&'static Kind> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    BUILTIN.iter().find(|row| row.group == group && row.version == version && row.kind == kind)
}

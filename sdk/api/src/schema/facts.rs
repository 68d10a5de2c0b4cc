//! The generated facts as compact tables: definitions, their fields and the fields' types.
//!
//! The text's form is described at the top of `facts/generate.py`. Names are slices of the text; nothing is copied.

use std::cmp::Ordering;
use std::sync::LazyLock;

use serde_json::Value;

use super::types::Type;

const TEXT: &str = include_str!("../../facts/facts.txt");

/// Messages that may stand around one inlined member.
const PATH_MAX: usize = 3;

static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts::parse(TEXT));

struct Facts {
    /// Sorted by name.
    definitions: Vec<Definition>,
    fields: Vec<Field>,
}

/// One definition, for example `io.k8s.api.core.v1.PodSpec`.
#[derive(Debug)]
pub struct Definition {
    /// The full name.
    pub name: &'static str,
    /// `group/version/kind` of an object, `*` for the kinds that every group has, empty for a part of an object.
    gvk: &'static str,
    /// Whether the map as a whole is one value to server-side apply.
    pub atomic: bool,
    first: u32,
    last: u32,
}

/// A definition's place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefinitionId(pub(super) u16);

/// One field of a definition.
#[derive(Debug)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
    flags: u8,
    path: [u8; PATH_MAX],
    /// The attributes that few fields have, as the text has them.
    rare: &'static str,
}

/// How server-side apply sees a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// One value.
    Atomic,
    /// Scalars without repetition.
    Set,
    /// Maps that are told apart by keys.
    Map,
}

const REQUIRED: u8 = 1;
const POINTER: u8 = 2;
const OMIT_EMPTY: u8 = 4;
const OMIT_ZERO: u8 = 8;

/// The definition of this full name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    let at = FACTS.definitions.binary_search_by(|one| one.name.cmp(name)).ok()?;
    FACTS.definitions.get(at)
}

/// All definitions, sorted by name.
pub fn definitions() -> &'static [Definition] {
    &FACTS.definitions
}

/// The definition of the objects of this kind, for example `v1` and `Pod`.
pub fn by_kind(api_version: &str, kind: &str) -> Option<&'static Definition> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let fits = |one: &&Definition| match one.gvk {
        "" => false,
        "*" => one.name.ends_with(kind) && one.name.as_bytes()[one.name.len() - kind.len() - 1] == b'.',
        gvk => {
            let mut parts = gvk.splitn(3, '/');
            (parts.next(), parts.next(), parts.next()) == (Some(group), Some(version), Some(kind))
        }
    };
    FACTS.definitions.iter().find(fits)
}

impl DefinitionId {
    /// The definition.
    pub fn get(self) -> &'static Definition {
        &FACTS.definitions[usize::from(self.0)]
    }
}

impl Definition {
    /// Its fields, sorted by the length of the name, then by name: lookups compare few bytes that way.
    pub fn fields(&self) -> &'static [Field] {
        &FACTS.fields[self.first as usize..self.last as usize]
    }

    /// The field of this JSON name.
    #[inline]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let fields = self.fields();
        fields.binary_search_by(|one| by_length(one.name, name)).ok().and_then(|at| fields.get(at))
    }

    /// The name without its package, for example `PodSpec`: also the name of Go's struct.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// The name as Go prints the type, for example `v1.PodSpec`.
    pub fn go_name(&self) -> &'static str {
        let package = self.name.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
        &self.name[package..]
    }

    /// Group, version and kind, when objects of this definition are of exactly one kind.
    pub fn gvk(&self) -> Option<(&'static str, &'static str, &'static str)> {
        let mut parts = self.gvk.splitn(3, '/');
        Some((parts.next()?, parts.next()?, parts.next()?))
    }
}

impl Field {
    /// Whether an object without it is not valid.
    pub fn required(&self) -> bool {
        self.flags & REQUIRED != 0
    }

    /// Whether Go's field is a pointer, so that a zero value says something.
    pub fn pointer(&self) -> bool {
        self.flags & POINTER != 0
    }

    /// Whether Go leaves the field out when it is empty.
    pub fn omit_empty(&self) -> bool {
        self.flags & OMIT_EMPTY != 0
    }

    /// Whether Go leaves the field out when it is the type's zero value.
    pub fn omit_zero(&self) -> bool {
        self.flags & OMIT_ZERO != 0
    }

    /// The protobuf field numbers from the definition's message to the field; more than one for members that JSON has
    /// inlined, none when it is not known.
    pub fn protobuf_path(&self) -> &[u8] {
        let length = self.path.iter().position(|number| *number == 0).unwrap_or(PATH_MAX);
        &self.path[..length]
    }

    /// The key by which strategic merge tells the list's items apart.
    pub fn patch_merge_key(&self) -> Option<&'static str> {
        self.rare("k=")
    }

    /// Whether strategic merge merges the list (or map) instead of replacing it.
    pub fn patch_merges(&self) -> bool {
        self.patch_strategy().is_some_and(|all| all.split(',').any(|one| one == "merge"))
    }

    /// The patch strategies, separated by commas.
    pub fn patch_strategy(&self) -> Option<&'static str> {
        self.rare("s=")
    }

    /// How server-side apply sees the list.
    pub fn list_type(&self) -> Option<ListType> {
        match self.rare("l=")?.split(':').next()? {
            "map" => Some(ListType::Map),
            "set" => Some(ListType::Set),
            _ => Some(ListType::Atomic),
        }
    }

    /// The keys of a list of type map.
    pub fn list_map_keys(&self) -> impl Iterator<Item = &'static str> {
        let keys = self.rare("l=").and_then(|list| list.split_once(':')).map(|(_, keys)| keys);
        keys.into_iter().flat_map(|keys| keys.split(','))
    }

    /// `atomic` or `granular`, where the field says so.
    pub fn map_type(&self) -> Option<&'static str> {
        self.rare("m=")
    }

    /// The schema's default.
    pub fn default(&self) -> Option<Value> {
        serde_json::from_str(self.rare("d=")?).ok()
    }

    /// The type as Go prints it in errors.
    pub fn go_type(&self) -> String {
        self.rare("g=").map_or_else(|| self.ty.go_name(), Into::into)
    }

    fn rare(&self, key: &str) -> Option<&'static str> {
        if self.rare.is_empty() {
            return None;
        }
        self.rare.split(' ').find_map(|word| word.strip_prefix(key))
    }
}

impl Facts {
    fn parse(text: &'static str) -> Facts {
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix('@'))
            .map(|head| head.split(' ').next().unwrap_or(head))
            .collect();
        let mut facts = Facts { definitions: Vec::with_capacity(names.len()), fields: Vec::new() };
        facts.fields.reserve_exact(text.lines().count() - names.len());
        for line in text.lines() {
            match line.strip_prefix('@') {
                Some(head) => facts.open(head),
                None => {
                    let owner = facts.definitions.last_mut().expect("generated: a definition comes first");
                    facts.fields.push(Field::parse(line, owner.name, &names));
                    owner.last += 1;
                }
            }
        }
        for definition in &facts.definitions {
            let fields = &mut facts.fields[definition.first as usize..definition.last as usize];
            fields.sort_unstable_by(|a, b| by_length(a.name, b.name));
        }
        facts
    }

    fn open(&mut self, head: &'static str) {
        let mut words = head.split(' ');
        let name = words.next().unwrap_or_default();
        let mut definition = Definition { name, gvk: "", atomic: false, first: 0, last: 0 };
        for word in words {
            match word {
                "m=atomic" => definition.atomic = true,
                gvk => definition.gvk = gvk,
            }
        }
        definition.first = self.fields.len() as u32;
        definition.last = definition.first;
        self.definitions.push(definition);
    }
}

impl Field {
    fn parse(line: &'static str, owner: &str, names: &[&str]) -> Field {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (name, numbers, ty, mut rare) = (word(), word(), word(), word());
        let mut path = [0; PATH_MAX];
        for (place, number) in path.iter_mut().zip(numbers.split('.')) {
            *place = number.parse().expect("generated: field numbers are small");
        }
        let mut flags = 0;
        let first = rare.split(' ').next().unwrap_or_default();
        if !first.contains('=') {
            for flag in first.bytes() {
                flags |= match flag {
                    b'r' => REQUIRED,
                    b'p' => POINTER,
                    b'o' => OMIT_EMPTY,
                    _ => OMIT_ZERO,
                };
            }
            rare = rare[first.len()..].trim_start();
        }
        Field { name, ty: Type::parse(ty, owner, names), flags, path, rare }
    }
}

fn by_length(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::types::{Scalar, Shape};
    use super::*;
    use crate::kinds;

    #[test]
    fn every_built_in_kind_is_there() {
        for row in kinds::BUILTIN {
            let definition = definition(row.definition).unwrap();
            assert_eq!(definition.gvk(), Some((row.group, row.version, row.kind)));
            assert_eq!(by_kind(&row.api_version(), row.kind).unwrap().name, row.definition);
        }
        assert_eq!(by_kind("apps/v1", "DeleteOptions").unwrap().short_name(), "DeleteOptions");
        assert!(by_kind("v1", "Nothing").is_none());
    }

    #[test]
    fn definitions_and_fields_are_sorted() {
        assert!(definitions().is_sorted_by(|a, b| a.name < b.name));
        assert!(
            definitions()
                .iter()
                .all(|one| one.fields().is_sorted_by(|a, b| by_length(a.name, b.name).is_lt()))
        );
        assert!(definitions().len() > 800);
    }

    #[test]
    fn facts_of_a_few_fields() {
        let spec = definition("io.k8s.api.core.v1.PodSpec").unwrap();
        let containers = spec.field("containers").unwrap();
        assert!(containers.required() && containers.patch_merges() && !containers.omit_empty());
        assert_eq!(containers.patch_merge_key(), Some("name"));
        assert_eq!(containers.go_type(), "[]v1.Container");
        assert_eq!(containers.protobuf_path(), [2]);
        assert_eq!(spec.field("restartPolicy").unwrap().go_type(), "v1.RestartPolicy");
        assert_eq!(spec.field("volumes").unwrap().patch_strategy(), Some("merge,retainKeys"));
        let container = containers.ty.object().unwrap();
        let ports = container.field("ports").unwrap();
        assert_eq!(ports.patch_merge_key(), Some("containerPort"));
        assert_eq!(ports.list_map_keys().collect::<Vec<_>>(), ["containerPort", "protocol"]);
        let protocol = ports.ty.object().unwrap().field("protocol").unwrap();
        assert_eq!(protocol.default(), Some("TCP".into()));
        let limits = definition("io.k8s.api.core.v1.ResourceRequirements").unwrap().field("limits").unwrap();
        assert!(
            matches!(limits.ty.shape(), Shape::Map(value) if value.shape() == Shape::Scalar(Scalar::Quantity))
        );
        let volume = definition("io.k8s.api.core.v1.Volume").unwrap();
        assert_eq!(volume.field("emptyDir").unwrap().protobuf_path(), [2, 2]);
        assert_eq!(volume.go_name(), "v1.Volume");
        let rule = definition("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations").unwrap();
        assert_eq!(rule.field("apiGroups").unwrap().protobuf_path(), [2, 2, 1]);
    }

    #[test]
    fn small_in_memory() {
        assert!(size_of::<Field>() <= 48, "{}", size_of::<Field>());
        assert!(FACTS.fields.capacity() * size_of::<Field>() < 256 * 1024);
    }
}

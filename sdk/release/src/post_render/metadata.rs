//! Annotations of a resource that is a tree of YAML nodes: read, set and cleared, with nothing else touched. What is
//! left empty vanishes, as with kyaml, whose order of steps decides where a new field goes.

use naru_bundle::yaml::nodes::{self, Content, Items, Node, Style};

const METADATA: &str = "metadata";
const ANNOTATIONS: &str = "annotations";
/// The tag of texts.
const STRING: &str = "tag:yaml.org,2002:str";

/// A resource is not what it has to be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// There should be a mapping.
    #[error("wrong node kind: expected MappingNode but got {kind}: node contents:\n{text}")]
    Kind {
        /// What is there.
        kind: &'static str,
        /// As it is written.
        text: String,
    },
    /// It says nothing of what it is.
    #[error("missing Resource metadata")]
    Missing,
}

/// Whether a value says nothing.
fn is_empty(node: &Node) -> bool {
    let collection = matches!(node.content, Content::Sequence(..) | Content::Mapping(..));
    node.is_null() || (collection && node.is_childless())
}

fn filled<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.field(key).filter(|value| !is_empty(value))
}

/// The value of an annotation; empty if there is none.
pub(super) fn annotation<'a>(resource: &'a Node, key: &str) -> &'a str {
    let annotations = filled(resource, METADATA).and_then(|metadata| filled(metadata, ANNOTATIONS));
    annotations.and_then(|all| filled(all, key)).map_or("", Node::text)
}

/// The kind of a resource; empty if it has none.
pub(super) fn kind(resource: &Node) -> &str {
    filled(resource, "kind").map_or("", Node::text)
}

/// Fails if a resource has nothing by which it could be known.
pub(super) fn check(resource: &Node) -> Result<(), Error> {
    let typed = ["apiVersion", "kind"].iter().any(|key| filled(resource, key).is_some());
    let named = filled(resource, METADATA).is_some_and(|metadata| {
        ["name", "namespace", "labels", ANNOTATIONS].iter().any(|key| filled(metadata, key).is_some())
    });
    if typed || named || resource.is_null() { Ok(()) } else { Err(Error::Missing) }
}

/// The entries of a mapping; `None` for null.
fn entries(node: &mut Node) -> Result<Option<&mut Vec<(Node, Node)>>, Error> {
    if node.is_null() {
        return Ok(None);
    }
    let kind = match &node.content {
        Content::Mapping(..) => "MappingNode",
        Content::Sequence(..) => "SequenceNode",
        Content::Scalar(..) => "ScalarNode",
        Content::Alias(_) => "AliasNode",
    };
    if !matches!(node.content, Content::Mapping(..)) {
        let text = nodes::write([(&node.clone().into(), Items::Flush)]);
        return Err(Error::Kind { kind, text });
    }
    match &mut node.content {
        Content::Mapping(entries, _) => Ok(Some(entries)),
        _ => Ok(None),
    }
}

/// The value of a field, to be changed.
fn field<'a>(node: &'a mut Node, key: &str) -> Result<Option<&'a mut Node>, Error> {
    let Some(entries) = entries(node)? else { return Ok(None) };
    Ok(entries.iter_mut().find(|(name, _)| name.text() == key).map(|(_, value)| value))
}

/// As [`field`]; one that is missing is made, last of all.
fn made<'a>(node: &'a mut Node, key: &str) -> Result<Option<&'a mut Node>, Error> {
    let Some(entries) = entries(node)? else { return Ok(None) };
    let at = entries.iter().position(|(name, _)| name.text() == key).unwrap_or_else(|| {
        entries.push((Node::scalar(key, Style::Plain), Node::mapping()));
        entries.len() - 1
    });
    Ok(Some(&mut entries[at].1))
}

/// Takes the first field of this name away, or the first that nothing is below.
fn clear(node: &mut Node, key: &str, only_childless: bool) -> Result<(), Error> {
    let Some(entries) = entries(node)? else { return Ok(()) };
    let found = entries
        .iter()
        .position(|(name, value)| name.text() == key && (!only_childless || value.is_childless()));
    if let Some(at) = found {
        entries.remove(at);
    }
    Ok(())
}

/// Takes annotations that are empty away, and then the metadata if those are.
pub(super) fn clear_empty(resource: &mut Node) -> Result<(), Error> {
    if let Some(metadata) = field(resource, METADATA)? {
        clear(metadata, ANNOTATIONS, true)?;
    }
    clear(resource, METADATA, true)
}

/// Takes an annotation away.
pub(super) fn clear_annotation(resource: &mut Node, key: &str) -> Result<(), Error> {
    let Some(metadata) = field(resource, METADATA)? else { return Ok(()) };
    let Some(annotations) = field(metadata, ANNOTATIONS)? else { return Ok(()) };
    clear(annotations, key, false)
}

/// Sets an annotation: in place, in its old style, or last and in quotes.
pub(super) fn set_annotation(resource: &mut Node, key: &str, text: &str) -> Result<(), Error> {
    clear_empty(resource)?;
    let Some(metadata) = made(resource, METADATA)? else { return Ok(()) };
    let Some(annotations) = made(metadata, ANNOTATIONS)? else { return Ok(()) };
    let Some(all) = entries(annotations)? else { return Ok(()) };
    match all.iter_mut().find(|(name, _)| name.text() == key) {
        Some((_, value)) => {
            let style = match &value.content {
                Content::Scalar(_, style) => *style,
                _ => Style::Plain,
            };
            let tag = value.tag.is_some().then(|| STRING.into());
            *value = Node::scalar(text, style);
            value.tag = tag;
        }
        None => all.push((Node::scalar(key, Style::Plain), Node::scalar(text, Style::Single))),
    }
    Ok(())
}

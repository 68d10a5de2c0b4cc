//! Streams of resources as kyaml reads and writes them: cut at `---` lines, a lone list taken apart, the place of each
//! resource noted in annotations while it is away from the stream.

use naru_bundle::{
    json,
    yaml::{
        self,
        nodes::{self, Content, Document, Items, Node},
    },
};

use super::metadata::{annotation, clear_annotation, clear_empty, kind, set_annotation};

/// Annotations that say where a resource was, and the older names of some.
const INDEX: &str = "internal.config.kubernetes.io/index";
const OLD_INDEX: &str = "config.kubernetes.io/index";
const PATH: &str = "internal.config.kubernetes.io/path";
const OLD_PATH: &str = "config.kubernetes.io/path";
const RENAMED: [(&str, &str); 3] =
    [(OLD_PATH, PATH), (OLD_INDEX, INDEX), ("config.k8s.io/id", "internal.config.kubernetes.io/id")];
/// An annotation that says how lists are indented.
const ITEMS: &str = "internal.config.kubernetes.io/seqindent";
/// A field that stands for a list that is no resource.
const BARE_LIST: &str = "bareSeqNodeWrappingKey";

/// Why a stream is no stream of resources.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A `---` with text behind it.
    #[error("invalid document separator: {0}")]
    Separator(String),
    /// No YAML.
    #[error("MalformedYAMLError: {0}")]
    Yaml(String),
    /// A resource that JSON cannot say.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// A document that is no resource.
    #[error(transparent)]
    Resource(#[from] super::metadata::Error),
}

/// The resources in `text`.
pub(super) fn read(text: &str) -> Result<Vec<Document>, Error> {
    let text = text.replace("\r\n", "\n");
    let pieces = split(&text)?;
    let mut resources = Vec::new();
    let mut index = 0;
    for piece in &pieces {
        let Some(mut document) = nodes::read(piece).map_err(|error| Error::Yaml(error.bare()))? else {
            continue;
        };
        if document.root.is_null() {
            continue;
        }
        note(&mut document.root, index)?;
        if pieces.len() == 1 && is_list(&document.root) {
            resources.extend(items(document.root).into_iter().map(Document::from));
        } else {
            resources.push(document);
            index += 1;
        }
    }
    Ok(resources)
}

/// The documents of a stream, without the lines that separate them. A separator at the very start stays.
fn split(text: &str) -> Result<Vec<&str>, Error> {
    let mut pieces = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(found) = text[from..].find("\n---") {
        let line = from + found + 1;
        let Some(length) = text[line..].find('\n') else { break };
        let after = text[line + 3..line + length].trim();
        if !after.is_empty() && !after.starts_with('#') {
            return Err(Error::Separator(text[line..line + length].trim().to_owned()));
        }
        pieces.push(&text[start..line]);
        // A separator right behind this one has no line break of its own before it.
        start = line + length + 1;
        from = start;
    }
    if !text.is_empty() {
        pieces.push(&text[start..]);
    }
    Ok(pieces)
}

/// Notes the place of a resource, under the names of now and then.
fn note(resource: &mut Node, index: usize) -> Result<(), Error> {
    let known =
        RENAMED.map(|(old, new)| [annotation(resource, old), annotation(resource, new)].map(str::to_owned));
    for ((old, new), [old_value, new_value]) in RENAMED.iter().zip(known) {
        match (old_value.is_empty(), new_value.is_empty()) {
            (true, false) => set_annotation(resource, old, &new_value)?,
            (false, true) => set_annotation(resource, new, &old_value)?,
            _ => {}
        }
    }
    let index = index.to_string();
    set_annotation(resource, OLD_INDEX, &index)?;
    set_annotation(resource, INDEX, &index)?;
    Ok(())
}

fn is_list(resource: &Node) -> bool {
    matches!(kind(resource), "List" | "ResourceList")
        && (resource.field("items").is_some() || resource.field("functionConfig").is_some())
}

/// What is in a list of resources.
fn items(list: Node) -> Vec<Node> {
    let Content::Mapping(entries, _) = list.content else { return Vec::new() };
    let items = entries.into_iter().find(|(name, _)| name.text() == "items");
    match items.map(|(_, items)| items.content) {
        Some(Content::Sequence(items, _)) => items,
        Some(Content::Mapping(entries, _)) => {
            entries.into_iter().flat_map(|(key, value)| [key, value]).collect()
        }
        _ => Vec::new(),
    }
}

/// Resources as a stream, without the notes about their places. A lone one whose place is a JSON file is JSON.
pub(super) fn write(mut resources: Vec<Document>) -> Result<String, Error> {
    let is_json = matches!(resources.as_slice(), [lone] if is_from_json(&lone.root));
    let mut layouts = Vec::new();
    for document in &mut resources {
        let root = &mut document.root;
        let indented = annotation(root, ITEMS) == "wide";
        layouts.push(if indented { Items::Indented } else { Items::Flush });
        for key in [INDEX, OLD_INDEX, ITEMS] {
            clear_annotation(root, key)?;
        }
        clear_empty(root)?;
        if let Some(list) = root.field(BARE_LIST).filter(|list| !list.is_null() && !list.is_childless()) {
            *document = list.clone().into();
        }
    }
    let text = nodes::write(resources.iter().zip(layouts));
    if !is_json {
        return Ok(text);
    }
    let value = yaml::read_modern(text.as_bytes()).map_err(|error| Error::Yaml(error.bare()))?;
    Ok(json::write(&value, json::Style::Pretty)? + "\n")
}

fn is_from_json(resource: &Node) -> bool {
    [PATH, OLD_PATH].map(|key| annotation(resource, key)).iter().any(|path| path.ends_with(".json"))
}

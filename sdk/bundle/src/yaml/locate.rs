//! Where in a text the value at a path stands.

use super::{
    Position,
    node::{Content, Document},
    parse, split,
};

/// Most aliases and merged mappings that are followed.
const MAX_FOLLOWED: usize = 100;
/// Longest path that is followed, in steps.
const MAX_STEPS: usize = 1_000;

/// Where the value at `path`, keys and indices from the root on, starts in a stream: in the last of its documents that has
/// it. `None` if none has, or it is no YAML.
pub fn locate(stream: &[u8], path: &[String]) -> Option<Position> {
    if path.len() > MAX_STEPS {
        return None;
    }
    let mut first_line = 0;
    let mut found = None;
    for document in split::documents(stream) {
        let document = document.ok()?;
        let text = std::str::from_utf8(&document).ok()?;
        if let Some(parsed) = parse::parse(text).ok()?
            && let Some(node) = follow(&parsed, 0, path, &mut 0)
        {
            let node = &parsed.nodes[node];
            found = Some(Position { line: first_line + node.line + 1, column: node.column + 1 });
        }
        // The separator is a line too.
        first_line += text.lines().count() + 1;
    }
    found
}

/// The node at `path` below `index`.
fn follow(document: &Document<'_>, index: usize, path: &[String], followed: &mut usize) -> Option<usize> {
    if *followed > MAX_FOLLOWED {
        return None;
    }
    if let Content::Alias(target, _) = document.nodes[index].content
        && !path.is_empty()
    {
        *followed += 1;
        return follow(document, target, path, followed);
    }
    let Some((first, rest)) = path.split_first() else { return Some(index) };
    match document.nodes[index].content {
        Content::Sequence => {
            let child = document.children(index).nth(first.parse().ok()?)?;
            follow(document, child, rest, followed)
        }
        Content::Mapping => {
            let (item, merged) = entry(document, index, first);
            match item {
                Some(item) => follow(document, item, rest, followed),
                None => merged.into_iter().find_map(|other| {
                    *followed += 1;
                    follow(document, other, path, followed)
                }),
            }
        }
        _ => None,
    }
}

/// The value of a key in a mapping, and the mappings that are merged into it.
fn entry(document: &Document<'_>, mapping: usize, key: &str) -> (Option<usize>, Vec<usize>) {
    let (mut item, mut merged) = (None, Vec::new());
    let mut children = document.children(mapping);
    while let (Some(name), Some(value)) = (children.next(), children.next()) {
        let Content::Scalar { text, .. } = &document.nodes[name].content else { continue };
        if text == key {
            item = Some(value);
        } else if text == "<<" {
            match document.nodes[value].content {
                Content::Sequence => merged.extend(document.children(value)),
                _ => merged.push(value),
            }
        }
    }
    (item, merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let text = "a: 1\nb:\n  c: [x, {d: e}]\n  f:\n  - 1\n  - g: |\n      h\nx: &x {y: 1}\nz:\n  <<: *x\n  k: *x\n";
        let rows = [
            ("a", Some((1, 4))),
            ("b", Some((3, 3))),
            ("b/c/0", Some((3, 7))),
            ("b/c/1/d", Some((3, 14))),
            ("b/f/1/g", Some((6, 8))),
            ("z/y", Some((8, 11))),
            ("z/k", Some((11, 6))),
            ("z/k/y", Some((8, 11))),
            ("a/b", None),
            ("b/c/2", None),
            ("b/c/x", None),
        ];
        for (path, expected) in rows {
            let path: Vec<String> = path.split('/').map(str::to_owned).collect();
            let found = locate(text.as_bytes(), &path).map(|place| (place.line, place.column));
            assert_eq!(found, expected, "{path:?}");
        }
    }
}

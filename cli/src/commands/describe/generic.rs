//! The description of any other kind: its metadata, then every field, with names as words.

use serde_json::Value;

use super::text::{Text, entries, items, plain};

/// What metadata says at the top already, or people do not ask for.
const HIDDEN: &[&str] = &["name", "namespace", "labels", "annotations", "managedFields"];
/// Words that are written in capitals.
const ACRONYMS: &[&str] = &["API", "URL", "UID", "OSB", "GUID"];

pub(super) fn describe(text: &mut Text, object: &Value) {
    let meta = &object["metadata"];
    text.field(0, "Name", plain(&meta["name"]));
    text.field(0, "Namespace", plain(&meta["namespace"]));
    text.labels("Labels", &meta["labels"]);
    text.annotations(&meta["annotations"]);
    for (key, value) in entries(object) {
        field(text, 0, key, value, if key == "metadata" { HIDDEN } else { &[] });
    }
}

fn field(text: &mut Text, level: usize, key: &str, value: &Value, hidden: &[&str]) {
    match value {
        Value::Object(_) => {
            text.line(level, format_args!("{}:", words(key)));
            content(text, level + 1, value, hidden);
        }
        Value::Array(_) => {
            text.line(level, format_args!("{}:", words(key)));
            for item in items(value) {
                match item {
                    Value::Object(_) => content(text, level + 1, item, &[]),
                    other => text.line(level + 1, plain(other)),
                }
            }
        }
        other => text.field(level, &words(key), plain(other)),
    }
}

fn content(text: &mut Text, level: usize, value: &Value, hidden: &[&str]) {
    for (key, value) in entries(value).into_iter().filter(|(key, _)| !hidden.contains(key)) {
        field(text, level, key, value, &[]);
    }
}

/// `renewTime` as `Renew Time`, `apiVersion` as `API Version`; names with other signs as they are.
fn words(key: &str) -> String {
    if key.contains(|c: char| !c.is_ascii_alphanumeric()) {
        return key.into();
    }
    let characters: Vec<char> = key.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        // A capital begins a word after a small letter, and the last of several does before one.
        let begins = character.is_uppercase()
            && (before.is_some_and(|before| !before.is_uppercase())
                || after.is_some_and(|after| after.is_lowercase()));
        match words.last_mut() {
            Some(word) if !begins => word.push(*character),
            _ => words.push(character.to_string()),
        }
    }
    let capital = |word: &String| match ACRONYMS.iter().find(|one| one.eq_ignore_ascii_case(word)) {
        Some(acronym) => acronym.to_string(),
        None => {
            let mut word = word.clone();
            word[..1].make_ascii_uppercase();
            word
        }
    };
    words.iter().map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (key, expected) in [
            ("renewTime", "Renew Time"),
            ("uid", "UID"),
            ("apiVersion", "API Version"),
            ("clusterIP", "Cluster IP"),
            ("podCIDRs", "Pod CID Rs"),
            ("ca.crt", "ca.crt"),
        ] {
            assert_eq!(words(key), expected);
        }
    }
}

//! The values a user gives on the command line, in Helm's order: files, `--set-json`, `--set`, `--set-string`,
//! `--set-file`, `--set-literal`; within each kind the later wins.

use super::{SetError, merge_maps, set_file, set_json, set_literal, set_string, set_typed};
use crate::{
    chart::read_values,
    json,
    value::{Map, MapType, Value},
};

/// What was given.
#[derive(Clone, Debug, Default)]
pub struct ValueOptions {
    /// `--values`: paths, or `-` for standard input.
    pub files: Vec<String>,
    /// `--set-json`.
    pub set_json: Vec<String>,
    /// `--set`.
    pub set: Vec<String>,
    /// `--set-string`.
    pub set_string: Vec<String>,
    /// `--set-file`.
    pub set_file: Vec<String>,
    /// `--set-literal`.
    pub set_literal: Vec<String>,
}

/// Reads a file for the values: a path, or `-` for standard input.
pub type ReadFile<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

impl ValueOptions {
    /// All of them merged.
    ///
    /// # Errors
    /// Helm's words: which file or which flag is wrong, and why.
    pub fn merge(&self, read: ReadFile<'_>) -> Result<Map, String> {
        let mut values = Map::new::<&str>(MapType::Any, []);
        for path in &self.files {
            let data = read(path)?;
            let more = read_values(&data).map_err(|cause| format!("failed to parse {path}: {cause}"))?;
            values = merge_maps(&values, &more);
        }
        for text in &self.set_json {
            values = merge_json(values, text)?;
        }
        each(&self.set, "--set", |text| set_typed(text, &values))?;
        each(&self.set_string, "--set-string", |text| set_string(text, &values))?;
        each(&self.set_file, "--set-file", |text| {
            set_file(text, &values, &mut |path| read(path).map(|data| Value::Str(data.into())))
        })?;
        each(&self.set_literal, "--set-literal", |text| set_literal(text, &values))?;
        Ok(values)
    }
}

fn merge_json(values: Map, text: &str) -> Result<Map, String> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        let more = json::read_map(trimmed.as_bytes());
        return more
            .map(|more| merge_maps(&values, &more))
            .map_err(|_| format!("failed parsing --set-json data JSON: {text}"));
    }
    set_json(text, &values).map_err(|_| format!("failed parsing --set-json data {text}"))?;
    Ok(values)
}

fn each(
    texts: &[String],
    flag: &str,
    mut set: impl FnMut(&str) -> Result<(), SetError>,
) -> Result<(), String> {
    texts
        .iter()
        .try_for_each(|text| set(text).map_err(|error| format!("failed parsing {flag} data: {error}")))
}

//! The server's Table form (meta.k8s.io/v1) as text, as kubectl prints it.

use serde_json::Value;

/// Columns are at least this far apart.
const GAP: usize = 3;

/// What to print of a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Columns of every priority.
    pub wide: bool,
    /// Without the line of headings.
    pub no_headers: bool,
    /// With a first column of the objects' namespaces.
    pub namespaces: bool,
    /// With a last column of the objects' labels.
    pub labels: bool,
}

/// Lines of cells.
#[derive(Debug, Default)]
pub struct Grid {
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// Adds a line.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The lines with aligned columns; no spaces at their ends.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<0$}", width + GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Adds a table's lines. `columns` are the definitions to use where the table brings none (later events of a watch).
pub fn append(grid: &mut Grid, table: &Value, columns: Option<&Value>, style: Style) {
    let definitions = table["columnDefinitions"].as_array().filter(|all| !all.is_empty());
    let definitions = definitions.or_else(|| columns.and_then(Value::as_array));
    let definitions: &[Value] = definitions.map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<usize> = (0..definitions.len())
        .filter(|index| style.wide || definitions[*index]["priority"].as_i64().unwrap_or_default() == 0)
        .collect();
    if !style.no_headers {
        let names = shown.iter().map(|index| text(&definitions[*index]["name"]).to_uppercase());
        grid.push(decorate(names.collect(), style, "NAMESPACE".into(), "LABELS".into()));
    }
    for row in table["rows"].as_array().into_iter().flatten() {
        let cells = shown.iter().map(|index| text(&row["cells"][*index])).collect();
        let metadata = &row["object"]["metadata"];
        grid.push(decorate(cells, style, text(&metadata["namespace"]), labels(metadata)));
    }
}

fn decorate(cells: Vec<String>, style: Style, namespace: String, labels: String) -> Vec<String> {
    let first = style.namespaces.then_some(namespace);
    let last = style.labels.then_some(labels);
    first.into_iter().chain(cells).chain(last).collect()
}

fn labels(metadata: &Value) -> String {
    let pairs = metadata["labels"].as_object().into_iter().flatten();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", text(value))).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn as_kubectl_prints() {
        let table = json!({
            "columnDefinitions": [
                {"name": "Name", "priority": 0}, {"name": "Ready", "priority": 0}, {"name": "IP", "priority": 1},
            ],
            "rows": [
                {"cells": ["web", "1/1", "10.0.0.1"], "object": {"metadata": {"namespace": "a", "labels": {"x": "y"}}}},
                {"cells": ["a-longer-name", "0/1", null], "object": {"metadata": {"namespace": "b"}}},
            ],
        });
        let print = |style| {
            let mut grid = Grid::default();
            append(&mut grid, &table, None, style);
            grid.render()
        };
        assert_eq!(
            print(Style::default()),
            "NAME            READY\nweb             1/1\na-longer-name   0/1\n"
        );
        let all = Style { wide: true, namespaces: true, labels: true, no_headers: false };
        let expected = "NAMESPACE   NAME            READY   IP         LABELS\n\
                        a           web             1/1     10.0.0.1   x=y\n\
                        b           a-longer-name   0/1                <none>\n";
        assert_eq!(print(all), expected);
        let bare = Style { no_headers: true, ..Style::default() };
        assert_eq!(print(bare), "web             1/1\na-longer-name   0/1\n");
    }
}

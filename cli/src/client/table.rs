//! The server's Table form (meta.k8s.io/v1) as text, as kubectl prints it.

use serde_json::Value;

/// Columns are at least this wide, and this far apart.
const WIDTH: usize = 6;
const GAP: usize = 3;

/// What to print of a table.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// Columns of every priority.
    pub wide: bool,
    /// Without the line of headings.
    pub no_headers: bool,
    /// With a first column of the objects' namespaces.
    pub namespaces: bool,
    /// With a last column of the objects' labels.
    pub labels: bool,
    /// With a column for each of these labels.
    pub label_columns: Vec<String>,
    /// What stands before each name, for example `pod/`.
    pub prefix: String,
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

    /// The lines with aligned columns.
    pub fn render(&self) -> String {
        self.render_below(&mut Vec::new())
    }

    /// The lines, below others whose columns have these widths; the widths grow where they must.
    pub fn render_below(&self, widths: &mut Vec<usize>) -> String {
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                if widths.len() <= column {
                    widths.push(WIDTH);
                }
                widths[column] = widths[column].max(cell.chars().count() + GAP);
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let Some((last, cells)) = row.split_last() else { continue };
            for (cell, width) in cells.iter().zip(widths.iter()) {
                text.push_str(&format!("{cell:<width$}"));
            }
            text.push_str(last);
            text.push('\n');
        }
        text
    }
}

/// Adds a table's lines. `columns` are the definitions to use where the table brings none (later events of a watch).
pub fn append(grid: &mut Grid, table: &Value, columns: Option<&Value>, style: &Style) {
    let definitions = table["columnDefinitions"].as_array().filter(|all| !all.is_empty());
    let definitions = definitions.or_else(|| columns.and_then(Value::as_array));
    let definitions: &[Value] = definitions.map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<usize> = (0..definitions.len())
        .filter(|index| style.wide || definitions[*index]["priority"].as_i64().unwrap_or_default() == 0)
        .collect();
    if !style.no_headers {
        let names = shown.iter().map(|index| text(&definitions[*index]["name"]).to_uppercase());
        let labels =
            style.label_columns.iter().map(|label| label.rsplit('/').next().unwrap_or(label).to_uppercase());
        grid.push(decorate(names.collect(), style, "NAMESPACE".into(), labels, "LABELS".into()));
    }
    for row in table["rows"].as_array().into_iter().flatten() {
        let mut cells: Vec<String> = shown.iter().map(|index| text(&row["cells"][*index])).collect();
        if let Some(name) = cells.first_mut() {
            name.insert_str(0, &style.prefix);
        }
        let metadata = &row["object"]["metadata"];
        let label = |label: &String| match text(&metadata["labels"][label.as_str()]) {
            none if none.is_empty() => "<none>".into(),
            value => value,
        };
        let columns = style.label_columns.iter().map(label);
        grid.push(decorate(cells, style, text(&metadata["namespace"]), columns, labels(metadata)));
    }
}

fn decorate(
    cells: Vec<String>,
    style: &Style,
    namespace: String,
    label_columns: impl Iterator<Item = String>,
    labels: String,
) -> Vec<String> {
    let first = style.namespaces.then_some(namespace);
    let last = style.labels.then_some(labels);
    first.into_iter().chain(cells).chain(label_columns).chain(last).collect()
}

fn labels(metadata: &Value) -> String {
    let pairs = metadata["labels"].as_object().into_iter().flatten();
    let mut pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", text(value))).collect();
    pairs.sort();
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
        let print = |style: &Style| {
            let mut grid = Grid::default();
            append(&mut grid, &table, None, style);
            grid.render()
        };
        assert_eq!(
            print(&Style::default()),
            "NAME            READY\nweb             1/1\na-longer-name   0/1\n"
        );
        let all = Style { wide: true, namespaces: true, labels: true, ..Style::default() };
        let expected = "NAMESPACE   NAME            READY   IP         LABELS\n\
                        a           web             1/1     10.0.0.1   x=y\n\
                        b           a-longer-name   0/1                <none>\n";
        assert_eq!(print(&all), expected);
        let bare = Style { no_headers: true, prefix: "pod/".into(), ..Style::default() };
        assert_eq!(print(&bare), "pod/web             1/1\npod/a-longer-name   0/1\n");
        let label = Style { label_columns: vec!["app/x".into(), "x".into()], ..Style::default() };
        let expected = "NAME            READY   X        X\n\
                        web             1/1     <none>   y\n\
                        a-longer-name   0/1     <none>   <none>\n";
        assert_eq!(print(&label), expected);
    }
}

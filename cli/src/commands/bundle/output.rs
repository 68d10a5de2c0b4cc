//! `-o table|json|yaml`, as Helm writes each.

use std::borrow::Cow;

use anyhow::Result;
use clap::{Args, ValueEnum};
use naru_bundle::{json, yaml};
use serde::Serialize;

use crate::client::canonical;

/// A form of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    #[default]
    Table,
    /// JSON in one line.
    Json,
    /// YAML.
    Yaml,
}

/// The flag.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OutputArgs {
    /// The form of what is printed.
    #[arg(long = "output", short = 'o', value_name = "FORM", value_enum, default_value_t = Form::Table)]
    pub form: Form,
}

/// Prints JSON, fields in their own order.
pub fn print_json(value: &impl Serialize) {
    println!("{}", canonical::ordered(value));
}

/// Prints YAML, fields by name.
pub fn print_yaml(value: &impl Serialize) -> Result<()> {
    print!("{}", yaml_of(&canonical::ordered(value))?);
    Ok(())
}

/// JSON text as YAML.
pub fn yaml_of(json_text: &str) -> Result<String> {
    // JSON is YAML: read that way, whole numbers stay whole.
    Ok(yaml::write(&yaml::read_exact(json_text.as_bytes())?)?)
}

/// JSON text with keys in order, escaped as Go does.
pub fn json_of(json_text: &str) -> Result<String> {
    Ok(json::write(&json::read(json_text.as_bytes())?, json::Style::Compact)?)
}

/// Rows as Helm's tables: cells as wide as the widest of their column, a tab between.
pub fn grid(rows: &[Vec<String>]) -> String {
    grid_with(rows, usize::MAX, |_, _, cell| cell.into())
}

/// The same with columns of at most `max` characters; `decorate` changes how a cell (row, column, text) looks, not how
/// wide it is.
pub fn grid_with(
    rows: &[Vec<String>],
    max: usize,
    decorate: impl Fn(usize, usize, &str) -> String,
) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let longest = cells.flat_map(|cell| cell.lines()).map(|line| line.chars().count()).max();
        longest.unwrap_or_default().min(max)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = |(number, row): (usize, &Vec<String>)| {
        let cells: Vec<Cow<'_, str>> =
            row.iter().zip(&widths).map(|(cell, width)| shortened(cell, *width)).collect();
        let height = cells.iter().map(|cell| cell.split('\n').count()).max().unwrap_or_default();
        let line = |at: usize| {
            let parts = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                let part = cell.split('\n').nth(at).unwrap_or_default();
                decorate(number, column, part) + &" ".repeat(width.saturating_sub(part.chars().count()))
            });
            parts.collect::<Vec<_>>().join("\t")
        };
        (0..height.max(1)).map(line).collect::<Vec<_>>().join("\n")
    };
    rows.iter().enumerate().map(lines).collect::<Vec<_>>().join("\n") + "\n"
}

/// A cell that is longer than its column is wide, all its lines together, is cut.
fn shortened(cell: &str, width: usize) -> Cow<'_, str> {
    if cell.chars().count() <= width {
        return cell.into();
    }
    let kept: String = cell.chars().take(width.saturating_sub(3)).collect();
    format!("{kept}...").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_as_helms() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let text = grid(&[row(&["NAME", "APP VERSION"]), row(&["web-long", "1.0"])]);
        assert_eq!(text, "NAME    \tAPP VERSION\nweb-long\t1.0        \n");
        assert_eq!(grid(&[]), "\n");
        let rows = [row(&["a-long-one", "b"]), row(&["c", "d"])];
        let bold =
            |line: usize, _: usize, cell: &str| if line == 1 { format!("<{cell}>") } else { cell.into() };
        assert_eq!(grid_with(&rows, 6, bold), "a-l...\tb\n<c>     \t<d>\n");
        // Several lines make several, unless together they are longer than their column is wide.
        let rows = [row(&["one\ntwo", "b"]), row(&["eight-by-8", "d"])];
        assert_eq!(grid(&rows), "one       \tb\ntwo       \t \neight-by-8\td\n");
        assert_eq!(grid(&[row(&["one\ntwo", "b"])]), "...\tb\n");
    }

    #[test]
    fn json_becomes_yaml() {
        let text = r#"{"b":1000000,"a":{"x":"1.0","y":[true,null,1.5]}}"#;
        let yaml = yaml_of(text).ok();
        assert_eq!(
            yaml.as_deref(),
            Some("a:\n  x: \"1.0\"\n  \"y\":\n  - true\n  - null\n  - 1.5\nb: 1000000\n")
        );
        assert_eq!(yaml_of("null").ok().as_deref(), Some("null\n"));
    }
}

//! Work on a chart's files that begins while others of them are still being read. In: the files. Out: parsed templates and
//! compiled schemas, which rendering takes once the chart is known.

use super::File;
use crate::{template, values};

/// What is being made of a chart's files, by default of none. Clones share it, and the first that asks gets it.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    pub(crate) templates: template::Ahead,
    pub(crate) schemas: values::Schemas,
}

/// The part that a file has in its chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One of `templates/`.
    Template,
    /// `values.schema.json`.
    Schema,
    /// What loading a chart reads: `Chart.yaml` and its like, values, archives of subcharts.
    Definition,
    /// What is looked at only if a template or a command asks for it: `crds/`, documentation, files for `.Files`.
    Other,
}

impl Part {
    /// The part of the file at `path` within a chart's folder, in the chart itself or in the subchart that it belongs to.
    pub fn of(path: &str) -> Self {
        let mut name = path;
        while let Some((_, inner)) = name.strip_prefix("charts/").and_then(|below| below.split_once('/')) {
            name = inner;
        }
        match name {
            "values.schema.json" => Self::Schema,
            "Chart.yaml" | "Chart.lock" | "values.yaml" | "requirements.yaml" | "requirements.lock" => {
                Self::Definition
            }
            name if name.starts_with("templates/") => Self::Template,
            name if name.starts_with("charts/") => Self::Definition,
            _ => Self::Other,
        }
    }
}

impl Ahead {
    /// Begins with a file, if there is something to be made of it.
    pub fn add(&self, file: &File) {
        match Part::of(&file.name) {
            Part::Template => self.templates.add(&file.data),
            Part::Schema => self.schemas.add(&file.data),
            Part::Definition | Part::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_part_in_the_innermost_chart() {
        for (path, part) in [
            ("templates/a.yaml", Part::Template),
            ("charts/b/templates/_a.tpl", Part::Template),
            ("charts/b/charts/c/templates/d/e", Part::Template),
            ("values.schema.json", Part::Schema),
            ("charts/b/values.schema.json", Part::Schema),
            ("values.yaml", Part::Definition),
            ("charts/b/Chart.yaml", Part::Definition),
            ("charts/b-1.0.0.tgz", Part::Definition),
            ("charts/templates/a.yaml", Part::Other),
            ("charts/b/files/templates/a", Part::Other),
            ("crds/templates/a", Part::Other),
            ("README.md", Part::Other),
        ] {
            assert_eq!(Part::of(path), part, "{path}");
        }
    }
}

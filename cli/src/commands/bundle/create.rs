//! `naru bundle create`: a chart to start from.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

/// The chart's files, `<CHART>` standing for its name.
const FILES: [(&str, &str); 12] = [
    ("Chart.yaml", include_str!("scaffold/Chart.yaml")),
    (".helmignore", include_str!("scaffold/helmignore")),
    ("values.yaml", include_str!("scaffold/values.yaml")),
    ("templates/_helpers.tpl", include_str!("scaffold/helpers.tpl")),
    ("templates/deployment.yaml", include_str!("scaffold/deployment.yaml")),
    ("templates/service.yaml", include_str!("scaffold/service.yaml")),
    ("templates/serviceaccount.yaml", include_str!("scaffold/serviceaccount.yaml")),
    ("templates/hpa.yaml", include_str!("scaffold/hpa.yaml")),
    ("templates/httproute.yaml", include_str!("scaffold/httproute.yaml")),
    ("templates/ingress.yaml", include_str!("scaffold/ingress.yaml")),
    ("templates/NOTES.txt", include_str!("scaffold/NOTES.txt")),
    ("templates/tests/connection.yaml", include_str!("scaffold/connection.yaml")),
];

/// Longest name of a chart, in characters.
const MAX_NAME: usize = 250;

/// Make a folder with a chart to start from.
#[derive(Clone, Debug, Args)]
pub struct CreateArgs {
    /// The chart's folder; its last part becomes the chart's name.
    #[arg(value_name = "NAME")]
    name: PathBuf,
}

impl CreateArgs {
    /// Writes the files; files of the same name are replaced, others stay.
    pub fn run(self) -> Result<()> {
        let folder = &self.name;
        println!("Creating {}", folder.display());
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let valid = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        ensure!(
            !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(valid),
            "chart names may have up to {MAX_NAME} letters, digits, dots, dashes and underscores"
        );
        fs::create_dir_all(folder.join("charts")).with_context(|| folder.display().to_string())?;
        for (path, text) in FILES {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
            }
            fs::write(&file, text.replace("<CHART>", name)).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }
}

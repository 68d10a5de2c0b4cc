//! `naru bundle create`: a chart to start from, ours or a starter. Source: `helm create`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use naru_bundle::{
    chart::{Chart, Metadata, write_archive},
    yaml,
};

use super::{package, source};

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
    ("templates/tests/test-connection.yaml", include_str!("scaffold/connection.yaml")),
];

/// Longest name of a chart, in characters.
const MAX_NAME: usize = 250;
/// What stands for the chart's name in starters.
const PLACE: &str = "<CHARTNAME>";

/// Make a folder with a chart to start from.
#[derive(Clone, Debug, Args)]
pub struct CreateArgs {
    /// The chart's folder; its last part becomes the chart's name.
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// Start from this chart: a name in the folder `starters` of Helm's data, or a path from the root.
    #[arg(long, short = 'p', value_name = "CHART")]
    starter: Option<PathBuf>,
}

impl CreateArgs {
    /// Writes the files; files of the same name are replaced, others stay.
    pub fn run(self) -> Result<()> {
        println!("Creating {}", self.name.display());
        let name = self.name.file_name().and_then(|name| name.to_str());
        let name = name.or((self.name == Path::new(".")).then_some(".")).unwrap_or_default();
        let parent = match self.name.as_os_str().as_encoded_bytes().ends_with(b"/") {
            true => &self.name,
            false => self.name.parent().unwrap_or(Path::new("")),
        };
        match &self.starter {
            Some(starter) => from_starter(name, &parent.join(name), &starters().join(starter)),
            None => scaffold(name, parent),
        }
    }
}

/// The folder with starters.
fn starters() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let shared = || variable("XDG_DATA_HOME").unwrap_or_else(|| home().join(".local/share")).join("helm");
    let home = variable("HELM_DATA_HOME").unwrap_or_else(shared);
    home.join("starters")
}

fn home() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

fn scaffold(name: &str, parent: &Path) -> Result<()> {
    ensure!(name.len() <= MAX_NAME, "chart name must be less than or equal to {MAX_NAME} characters");
    let valid = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    ensure!(
        !name.is_empty() && name.chars().all(valid),
        "chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\""
    );
    let parent = std::path::absolute(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    ensure!(parent.exists(), "stat {}: no such file or directory", parent.display());
    ensure!(parent.is_dir(), "no such directory {}", parent.display());
    let folder = if name == "." { parent } else { parent.join(name) };
    ensure!(
        folder.is_dir() || !folder.exists(),
        "file {} already exists and is not a directory",
        folder.display()
    );
    for (path, text) in FILES {
        let file = folder.join(path);
        if file.exists() {
            println!("WARNING: File {:?} already exists. Overwriting.", file.display().to_string());
        }
        write(&file, text.replace("<CHART>", name).as_bytes())?;
    }
    let charts = folder.join("charts");
    fs::create_dir_all(&charts).with_context(|| charts.display().to_string())
}

/// A chart with another name and the files of `starter`, its place holders filled in.
fn from_starter(name: &str, folder: &Path, starter: &Path) -> Result<()> {
    let shown = starter.display();
    ensure!(starter.exists(), "could not load {shown}: stat {shown}: no such file or directory");
    let chart = source::load(starter).with_context(|| format!("could not load {shown}"))?;
    ensure!(
        folder.is_dir() || !folder.exists(),
        "file {} already exists and is not a directory",
        folder.display()
    );
    for (path, bytes) in files_of(name, &chart)? {
        write(&folder.join(path), &bytes)?;
    }
    Ok(())
}

/// The files of a chart of this name that starts from another, by their paths.
fn files_of(name: &str, starter: &Chart) -> Result<Vec<(String, Vec<u8>)>> {
    let about = format!(
        "apiVersion: v2\nname: {name:?}\ndescription: A Helm chart for Kubernetes\ntype: application\nversion: 0.1.0\n\
         appVersion: 0.1.0\n"
    );
    let metadata = Metadata::parse(about.as_bytes()).map_err(anyhow::Error::msg)?;
    let filled = |data: &[u8]| String::from_utf8_lossy(data).replace(PLACE, name).into_bytes();
    let mut files = vec![("Chart.yaml".to_string(), yaml::write(&metadata.document())?.into_bytes())];
    let values = starter.raw.iter().filter(|file| file.name == "values.yaml");
    files.extend(values.map(|file| (file.name.clone(), filled(&file.data))));
    files.extend(starter.schema.iter().map(|schema| ("values.schema.json".to_string(), schema.to_vec())));
    files.extend(starter.templates.iter().map(|file| (file.name.clone(), filled(&file.data))));
    files.extend(starter.files.iter().map(|file| (file.name.clone(), file.data.to_vec())));
    for below in &starter.dependencies {
        let modified = package::now()?;
        let archive = write_archive(below, &|_| modified).map_err(|error| anyhow!("{error}"))?;
        files.push((format!("charts/{}-{}.tgz", below.name(), below.metadata.version), archive));
    }
    Ok(files)
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    fs::write(file, bytes).with_context(|| file.display().to_string())
}

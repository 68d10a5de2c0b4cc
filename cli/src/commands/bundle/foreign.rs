//! What is no chart but can be a bundle: a kustomization, a Compose file, a folder of manifests. In: a path. Out: a
//! chart that renders exactly what is there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use naru_bundle::{
    chart::{Chart, plain_files},
    compose, kustomize, yaml,
};
use serde_json::Value;

/// What the names of manifests end in.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
/// Largest file that is read, in bytes: 16 MiB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A manifest: the name of its file, its text.
type Manifest = (String, String);

/// The bundle at `path`, if it is one and no chart. Warnings go to standard error.
pub fn load(path: &Path) -> Result<Option<Chart>> {
    let Some(manifests) = manifests(path)? else { return Ok(None) };
    let name = path.canonicalize()?.file_stem().map(|name| name.to_string_lossy().into_owned());
    let texts = manifests.iter().map(|(file, text)| (file.as_str(), text.as_str()));
    let files = plain_files(&name.unwrap_or_default(), texts);
    Ok(Some(Chart::from_files(files, &mut Vec::new())?))
}

fn manifests(path: &Path) -> Result<Option<Vec<Manifest>>> {
    let first = |folder: &Path, names: &[&str]| {
        names.iter().map(|name| folder.join(name)).find(|file| file.is_file())
    };
    if path.is_file() {
        return match is_manifest(path) {
            true if is_compose(path)? => composed(path).map(Some),
            true => Ok(Some(vec![plain(path)?])),
            false => Ok(None),
        };
    }
    // A link that leads nowhere makes a chart that is broken, not a folder of something else.
    if fs::symlink_metadata(path.join("Chart.yaml")).is_ok() {
        return Ok(None);
    }
    if first(path, &kustomize::FILE_NAMES).is_some() {
        return kustomized(path).map(Some);
    }
    if let Some(file) = first(path, &compose::FILE_NAMES) {
        return composed(&file).map(Some);
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.is_file() && is_manifest(file));
    files.sort();
    if files.is_empty() {
        return Ok(None);
    }
    files.iter().map(|file| plain(file)).collect::<Result<_>>().map(Some)
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|own| EXTENSIONS.iter().any(|known| own == *known))
}

/// Whether a file is a Compose file, by its name or by what it has at its top.
fn is_compose(path: &Path) -> Result<bool> {
    if path.file_name().is_some_and(|own| compose::FILE_NAMES.iter().any(|name| own == *name)) {
        return Ok(true);
    }
    let Ok(map) = yaml::read_map(&read(path)?) else { return Ok(false) };
    Ok(map.get(b"services").is_some() && map.get(b"kind").is_none())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let about = fs::metadata(path).with_context(|| path.display().to_string())?;
    ensure!(about.len() <= MAX_FILE_BYTES, "{} is larger than {MAX_FILE_BYTES} bytes", path.display());
    fs::read(path).with_context(|| path.display().to_string())
}

/// A manifest as it is.
fn plain(path: &Path) -> Result<Manifest> {
    let text = String::from_utf8(read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // Only these names are templates to a chart.
    let name = if name.starts_with('_') { name.trim_start_matches('_').to_owned() } else { name };
    Ok((name.replace(".json", ".yaml").replace(".yml", ".yaml"), text))
}

fn kustomized(folder: &Path) -> Result<Vec<Manifest>> {
    let folder = folder.canonicalize()?;
    let objects =
        kustomize::build(&folder.to_string_lossy(), &Disk).context("cannot build the kustomization")?;
    numbered(&objects)
}

fn composed(file: &Path) -> Result<Vec<Manifest>> {
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let machine = Machine { variables: variables(&folder.join(".env"))?, folder };
    let profiles = machine.variables.get("COMPOSE_PROFILES").cloned();
    let profiles = profiles.or_else(|| std::env::var("COMPOSE_PROFILES").ok()).unwrap_or_default();
    let profiles: Vec<_> = profiles.split(',').filter(|one| !one.is_empty()).map(String::from).collect();
    let converted = compose::convert(&read(file)?, &machine, &profiles)
        .with_context(|| format!("cannot convert {}", file.display()))?;
    converted.warnings.iter().for_each(|warning| eprintln!("Warning: {warning}"));
    numbered(&converted.objects)
}

/// Objects as files that keep their order.
fn numbered(objects: &[Value]) -> Result<Vec<Manifest>> {
    let file = |(at, object): (usize, &Value)| {
        // JSON is YAML; this way large integers stay what they are.
        let value = yaml::read_exact(object.to_string().as_bytes())?;
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{at:04}-{}-{}.yaml", text("/kind").to_lowercase(), text("/metadata/name"));
        Ok((name, yaml::write(&value)?))
    };
    objects.iter().enumerate().map(file).collect()
}

/// Folders and files of this machine.
struct Disk;

impl kustomize::Files for Disk {
    fn read(&self, folder: &str, path: &str) -> Result<Vec<u8>, String> {
        let within = |path: PathBuf| path.canonicalize().map_err(|error| error.to_string());
        let (folder, file) = (within(folder.into())?, within(Path::new(folder).join(path))?);
        if !file.starts_with(&folder) {
            return Err("a link leads out of the kustomization's folder".into());
        }
        read(&file).map_err(|error| format!("{error:#}"))
    }

    fn is_file(&self, path: &str) -> bool {
        Path::new(path).is_file()
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }
}

/// What a Compose file may read: files below its folder, the user's environment and `.env`.
struct Machine {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

impl compose::Surroundings for Machine {
    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        read(&self.folder.join(path)).map_err(|error| format!("{error:#}"))
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().or_else(|| self.variables.get(name).cloned())
    }
}

/// The variables of an `.env` file; none if there is no such file.
fn variables(path: &Path) -> Result<BTreeMap<String, String>> {
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let text = read(path)?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pair = |(key, value): (&str, &str)| {
        let value = value.trim().trim_matches(['"', '\'']);
        (key.trim().trim_start_matches("export ").to_owned(), value.to_owned())
    };
    Ok(lines.filter_map(|line| line.split_once('=')).map(pair).collect())
}

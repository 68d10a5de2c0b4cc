//! A chart's folder into files. Source: Helm's directory loader.

use std::{
    collections::HashSet,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use naru_bundle::{
    chart::{File, IgnoreRules, MAX_CHART_BYTES, MAX_ENTRIES, MAX_FILE_BYTES, without_mark},
    parallel,
    value::Str,
};

/// How deep folders may lie in one another.
const MAX_DEPTH: usize = 64;

/// The files of the chart in `folder`, without what its `.helmignore` leaves out, in Helm's order: by name within each
/// folder. Symbolic links are followed, but not out of the folder that holds the chart or the Git repository around it;
/// only a link in the place of a subchart may lead to any other chart.
pub fn read(folder: &Path) -> Result<Vec<File>> {
    let top = folder.canonicalize().with_context(|| format!("cannot open {}", folder.display()))?;
    let rules = match fs::read_to_string(top.join(".helmignore")) {
        Ok(text) => IgnoreRules::parse(&text).context("in .helmignore")?,
        Err(_) => IgnoreRules::parse("")?,
    };
    let realm = top.parent().unwrap_or(&top).to_path_buf();
    let mut reader = Reader { rules, realm, files: Vec::new(), bytes: 0, open: HashSet::new() };
    reader.folder(&top, top.clone(), "", 0)?;
    parallel::map(&reader.files, reader.bytes as usize, Found::read).into_iter().collect()
}

/// A file that belongs to the chart.
struct Found {
    path: PathBuf,
    name: String,
    /// Bytes.
    length: u64,
}

impl Found {
    fn read(&self) -> Result<File> {
        let read = || {
            let mut file = fs::File::open(&self.path)?;
            Str::filled(self.length as usize, |buffer| file.read_exact(buffer))
        };
        let data = read().with_context(|| format!("error reading {}", self.name))?;
        Ok(File { name: self.name.clone(), data: without_mark(data) })
    }
}

struct Reader {
    rules: IgnoreRules,
    /// Where links may lead.
    realm: PathBuf,
    files: Vec<Found>,
    bytes: u64,
    /// The folders being read, as links may lead back to them.
    open: HashSet<PathBuf>,
}

impl Reader {
    /// Finds what is in the folder at `path`, which is `real` without links.
    fn folder(&mut self, path: &Path, real: PathBuf, name: &str, depth: usize) -> Result<()> {
        ensure!(depth <= MAX_DEPTH, "{}: folders more than {MAX_DEPTH} levels deep", path.display());
        ensure!(
            self.open.insert(real.clone()),
            "{}: a symbolic link leads back to a folder around it",
            path.display()
        );
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let own = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { own } else { format!("{name}/{own}") };
            self.entry(&entry, &real, &name, depth)?;
        }
        self.open.remove(&real);
        Ok(())
    }

    /// Finds what an entry of the folder `real` is.
    fn entry(&mut self, entry: &fs::DirEntry, real: &Path, name: &str, depth: usize) -> Result<()> {
        let (path, mut about) = (entry.path(), entry.metadata()?);
        let mut real = real.join(entry.file_name());
        if about.is_symlink() {
            real = path
                .canonicalize()
                .with_context(|| format!("error evaluating symlink {}", path.display()))?;
            about = fs::metadata(&real).with_context(|| path.display().to_string())?;
            if !self.may_lead_to(&real) {
                ensure!(
                    is_subchart(name) && real.join("Chart.yaml").is_file(),
                    "symlink {} leads to {}, out of {}",
                    path.display(),
                    real.display(),
                    self.realm.display()
                );
                // What links in that chart may lead to is its own affair.
                let outer = std::mem::replace(&mut self.realm, real.parent().unwrap_or(&real).to_path_buf());
                let outcome = self.visit(path, real, &about, name, depth);
                self.realm = outer;
                return outcome;
            }
        }
        self.visit(path, real, &about, name, depth)
    }

    /// Whether a link may: within the realm, or the Git repository that the realm is in.
    fn may_lead_to(&self, real: &Path) -> bool {
        let repository = || self.realm.ancestors().find(|folder| folder.join(".git").exists());
        real.starts_with(&self.realm) || repository().is_some_and(|repository| real.starts_with(repository))
    }

    /// Takes in a file, or finds what is in a folder.
    fn visit(
        &mut self,
        path: PathBuf,
        real: PathBuf,
        about: &fs::Metadata,
        name: &str,
        depth: usize,
    ) -> Result<()> {
        if self.rules.ignores(name, about.is_dir()) {
            return Ok(());
        }
        if about.is_dir() {
            return self.folder(&path, real, name, depth + 1);
        }
        if !about.is_file() {
            bail!("cannot load irregular file {} as it has file mode type bits set", path.display());
        }
        let length = about.len();
        ensure!(
            length <= MAX_FILE_BYTES,
            "chart file {name:?} is larger than the maximum file size {MAX_FILE_BYTES}"
        );
        self.bytes += length;
        ensure!(self.files.len() < MAX_ENTRIES, "the chart has more than {MAX_ENTRIES} files");
        ensure!(self.bytes <= MAX_CHART_BYTES, "the chart is larger than {MAX_CHART_BYTES} bytes");
        self.files.push(Found { path, name: name.to_owned(), length });
        Ok(())
    }
}

/// Whether a subchart stands at `name`: `charts/a`, `charts/a/charts/b`.
fn is_subchart(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    parts.len().is_multiple_of(2) && parts.iter().step_by(2).all(|part| *part == "charts")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        read(folder).unwrap().into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn folders_are_read_in_order_without_what_is_ignored() {
        let top = tempfile::tempdir().unwrap();
        let chart = top.path().join("chart");
        for path in ["templates/.hidden", "templates/a.yaml", "a/x", "a.txt", "skip/y", "b.bak", "Chart.yaml"]
        {
            fs::create_dir_all(chart.join(path).parent().unwrap()).unwrap();
            fs::write(chart.join(path), "x").unwrap();
        }
        fs::write(chart.join(".helmignore"), "skip/\n*.bak\n").unwrap();
        fs::write(top.path().join("beside"), "\u{feff}y").unwrap();
        symlink("../beside", chart.join("linked")).unwrap();
        let expected = [".helmignore", "Chart.yaml", "a/x", "a.txt", "linked", "templates/a.yaml"];
        assert_eq!(names(&chart), expected);
        assert_eq!(&*read(&chart).unwrap()[4].data, b"y");
    }

    #[test]
    fn links_out_and_round_are_refused() {
        let top = tempfile::tempdir().unwrap();
        let chart = top.path().join("inner/chart");
        fs::create_dir_all(&chart).unwrap();
        fs::write(top.path().join("secret"), "x").unwrap();
        symlink(top.path().join("secret"), chart.join("out")).unwrap();
        assert!(read(&chart).is_err());
        fs::create_dir_all(top.path().join(".git")).unwrap();
        assert_eq!(names(&chart), ["out"]);
        fs::remove_dir(top.path().join(".git")).unwrap();
        fs::remove_file(chart.join("out")).unwrap();
        symlink(".", chart.join("round")).unwrap();
        assert!(read(&chart).is_err());
    }
    #[test]
    fn links_in_the_place_of_subcharts_may_lead_to_other_charts() {
        let top = tempfile::tempdir().unwrap();
        let (chart, other) = (top.path().join("a/chart"), top.path().join("b/other"));
        fs::create_dir_all(chart.join("charts")).unwrap();
        fs::create_dir_all(&other).unwrap();
        fs::write(top.path().join("secret"), "x").unwrap();
        symlink(&other, chart.join("charts/other")).unwrap();
        assert!(read(&chart).is_err());
        fs::write(other.join("Chart.yaml"), "x").unwrap();
        assert_eq!(names(&chart), ["charts/other/Chart.yaml"]);
        symlink("../../secret", other.join("out")).unwrap();
        assert!(read(&chart).is_err());
        fs::remove_file(other.join("out")).unwrap();
        symlink(&other, chart.join("files")).unwrap();
        assert!(read(&chart).is_err());
    }
}

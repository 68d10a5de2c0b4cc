//! A chart's folder into files. Source: Helm's directory loader; which links are followed is ours ([`links`]).

mod links;
mod repository;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    fs,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use naru_bundle::{
    chart::{
        Ahead, Data, File, IgnoreRules, MAX_CHART_BYTES, MAX_ENTRIES, MAX_FILE_BYTES, Part, without_mark,
    },
    parallel::Batch,
    value::Str,
};

use links::{Link, Links};

/// How deep folders may lie in one another.
const MAX_DEPTH: usize = 64;
/// Bytes from which on a file that loading a chart needs not is read when it is looked at, which is seldom, and how many
/// such files are held open until then.
const LATER_BYTES: u64 = 16 << 10;
const MAX_LATER: usize = 64;

/// The files of the chart in `folder`, without what its `.helmignore` leaves out, in Helm's order: by name within each
/// folder. A symbolic link that leads out of the chart is followed only where [`links`] allows it.
pub fn read(folder: &Path) -> Result<Vec<File>> {
    read_with(folder, 0, None)
}

/// As [`read`], for commands that render and change nothing: templates and schemas are parsed and
/// compiled `ahead` as soon as they are read, and long files that are neither are read when they are looked at; if that
/// fails then, the program ends.
pub fn read_for_rendering(folder: &Path, ahead: &Ahead) -> Result<Vec<File>> {
    read_with(folder, MAX_LATER, Some(ahead))
}

fn read_with(folder: &Path, most_later: usize, ahead: Option<&Ahead>) -> Result<Vec<File>> {
    let top = folder.canonicalize().with_context(|| format!("cannot open {}", folder.display()))?;
    let mut links = Links::new(top.clone());
    let rules = IgnoreRules::parse(&ignored(&top, &mut links)?).context("in .helmignore")?;
    let mut reader = Reader {
        rules,
        links,
        batch: Batch::urgent(Found::read),
        ahead: ahead.cloned(),
        files: 0,
        bytes: 0,
        most_later,
        open: HashSet::new(),
    };
    reader.folder(&top, top.clone(), "", 0)?;
    reader.batch.finish().into_iter().collect()
}

/// The text of the chart's `.helmignore`; nothing if there is none.
fn ignored(top: &Path, links: &mut Links) -> Result<String> {
    let path = top.join(".helmignore");
    let Ok(about) = fs::symlink_metadata(&path) else { return Ok(String::new()) };
    if about.is_symlink() {
        let Ok(real) = path.canonicalize() else { return Ok(String::new()) };
        links.judge(&Link { path: &path, place: &path, name: ".helmignore", real: &real })?;
    }
    Ok(fs::read_to_string(&path).unwrap_or_default())
}

/// A file that belongs to the chart.
struct Found {
    /// Where it is, without links.
    real: PathBuf,
    name: String,
    /// Bytes.
    length: u64,
    /// Whether it is read when it is looked at.
    later: bool,
    /// What parses it if it is a template.
    ahead: Option<Ahead>,
}

impl Found {
    fn read(self) -> Result<File> {
        let failed = || format!("error reading {}", self.name);
        // A link that has come into the file's place since was not judged.
        let unlinked = nix::libc::O_NOFOLLOW;
        let file = fs::OpenOptions::new().read(true).custom_flags(unlinked).open(&self.real);
        let (file, name, length) = (file.with_context(failed)?, self.name.clone(), self.length as usize);
        if !self.later {
            let file = File { data: content(file, length).with_context(failed)?.into(), name };
            if let Some(ahead) = &self.ahead {
                ahead.add(&file);
            }
            return Ok(file);
        }
        let failed = failed();
        let read = move || {
            content(file, length).unwrap_or_else(|error| {
                // Whoever looks at it could not go on without.
                eprintln!("Error: {failed}: {error}");
                std::process::exit(1)
            })
        };
        Ok(File { name, data: Data::later(read) })
    }
}

fn content(mut file: fs::File, length: usize) -> io::Result<Str> {
    Str::filled(length, |buffer| file.read_exact(buffer)).map(without_mark)
}

struct Reader {
    rules: IgnoreRules,
    links: Links,
    /// The files that were found, which are being read.
    batch: Batch<Found, Result<File>>,
    /// What parses those of them that are templates.
    ahead: Option<Ahead>,
    files: usize,
    bytes: u64,
    /// How many more files may be read later.
    most_later: usize,
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
        let mut entries = fs::read_dir(&real)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let own = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { own } else { format!("{name}/{own}") };
            self.entry(&entry, path, &name, depth)?;
        }
        self.open.remove(&real);
        Ok(())
    }

    /// Finds what an entry of the folder at `path` is.
    fn entry(&mut self, entry: &fs::DirEntry, path: &Path, name: &str, depth: usize) -> Result<()> {
        let (path, place, mut about) = (path.join(entry.file_name()), entry.path(), entry.metadata()?);
        if self.links.leaves_out(&place) {
            return Ok(());
        }
        if !about.is_symlink() {
            return self.visit(&path, place, &about, name, depth);
        }
        let real = place.canonicalize().map_err(|error| links::unresolved(&path, &place, &error))?;
        about = fs::metadata(&real).with_context(|| path.display().to_string())?;
        if self.rules.ignores(name, about.is_dir()) {
            return Ok(());
        }
        let way = self.links.judge(&Link { path: &path, place: &place, name, real: &real })?;
        let outer = self.links.enter(way, &real);
        let outcome = self.visit(&path, real, &about, name, depth);
        self.links.leave(outer);
        outcome
    }

    /// Takes in a file, or finds what is in a folder.
    fn visit(
        &mut self,
        path: &Path,
        real: PathBuf,
        about: &fs::Metadata,
        name: &str,
        depth: usize,
    ) -> Result<()> {
        if self.rules.ignores(name, about.is_dir()) {
            return Ok(());
        }
        if about.is_dir() {
            return self.folder(path, real, name, depth + 1);
        }
        if !about.is_file() {
            bail!("cannot load irregular file {} as it has file mode type bits set", path.display());
        }
        self.links.check_file(path, &real)?;
        let length = about.len();
        ensure!(
            length <= MAX_FILE_BYTES,
            "chart file {name:?} is larger than the maximum file size {MAX_FILE_BYTES}"
        );
        self.bytes += length;
        ensure!(self.files < MAX_ENTRIES, "the chart has more than {MAX_ENTRIES} files");
        ensure!(self.bytes <= MAX_CHART_BYTES, "the chart is larger than {MAX_CHART_BYTES} bytes");
        let later = length >= LATER_BYTES && self.most_later > 0 && Part::of(name) == Part::Other;
        self.most_later -= usize::from(later);
        let worth = if later { 0 } else { length as usize };
        self.files += 1;
        let ahead = self.ahead.clone();
        self.batch.give(Found { real, name: name.to_owned(), length, later, ahead }, worth);
        Ok(())
    }
}

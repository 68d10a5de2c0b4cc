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
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result, bail, ensure};
use naru_bundle::{
    chart::{Ahead, Data, File, IgnoreRules, MAX_CHART_BYTES, MAX_ENTRIES, Part, without_mark},
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
/// Bytes of work that a file counts for whose length is not known yet.
const USUAL_BYTES: usize = 2 << 10;

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
        left: Arc::new(Left { bytes: MAX_CHART_BYTES.into(), later: most_later.into() }),
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

/// What may still be read of a chart.
struct Left {
    bytes: AtomicU64,
    /// How many more files may be read later.
    later: AtomicUsize,
}

impl Left {
    /// Takes the bytes of a file, if there are so many.
    fn take(&self, length: u64) -> bool {
        let take = |left: u64| left.checked_sub(length);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Whether a file may be read later.
    fn later(&self) -> bool {
        let take = |left: usize| left.checked_sub(1);
        self.later.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// A file that belongs to the chart.
struct Found {
    /// Where it is, without links.
    real: PathBuf,
    name: String,
    left: Arc<Left>,
    /// What parses it if it is a template.
    ahead: Option<Ahead>,
}

impl Found {
    fn read(self) -> Result<File> {
        let (failed, name) = (format!("error reading {}", self.name), self.name);
        // A link that has come into the file's place since was not judged.
        let unlinked = nix::libc::O_NOFOLLOW;
        let file = fs::OpenOptions::new().read(true).custom_flags(unlinked).open(&self.real);
        let file = file.with_context(|| failed.clone())?;
        let length = file.metadata().with_context(|| failed.clone())?.len();
        ensure!(
            self.left.take(length),
            "{failed}: chart exceeds maximum decompressed size of {MAX_CHART_BYTES} bytes"
        );
        let is_later = length >= LATER_BYTES && Part::of(&name) == Part::Other && self.left.later();
        if !is_later {
            let file = File { data: content(file, length).context(failed)?.into(), name };
            if let Some(ahead) = &self.ahead {
                ahead.add(&file);
            }
            return Ok(file);
        }
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

fn content(mut file: fs::File, length: u64) -> io::Result<Str> {
    Str::filled(length as usize, |buffer| file.read_exact(buffer)).map(without_mark)
}

struct Reader {
    rules: IgnoreRules,
    links: Links,
    /// The files that were found, which are being read.
    batch: Batch<Found, Result<File>>,
    /// What parses those of them that are templates.
    ahead: Option<Ahead>,
    files: usize,
    left: Arc<Left>,
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
        entries.sort_by_cached_key(fs::DirEntry::file_name);
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
        let (path, place, mut about) = (path.join(entry.file_name()), entry.path(), entry.file_type()?);
        if self.links.leaves_out(&place) {
            return Ok(());
        }
        if !about.is_symlink() {
            return self.visit(&path, place, about, name, depth);
        }
        let real = place.canonicalize().map_err(|error| links::unresolved(&path, &place, &error))?;
        about = fs::metadata(&real).with_context(|| path.display().to_string())?.file_type();
        if self.rules.ignores(name, about.is_dir()) {
            return Ok(());
        }
        let way = self.links.judge(&Link { path: &path, place: &place, name, real: &real })?;
        let outer = self.links.enter(way, &real);
        let outcome = self.visit(&path, real, about, name, depth);
        self.links.leave(outer);
        outcome
    }

    /// Takes in a file, or finds what is in a folder.
    fn visit(
        &mut self,
        path: &Path,
        real: PathBuf,
        about: fs::FileType,
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
        ensure!(self.files < MAX_ENTRIES, "the chart has more than {MAX_ENTRIES} files");
        self.files += 1;
        let (left, ahead) = (Arc::clone(&self.left), self.ahead.clone());
        self.batch.give(Found { real, name: name.to_owned(), left, ahead }, USUAL_BYTES);
        Ok(())
    }
}

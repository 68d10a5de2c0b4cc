//! What Git repositories track. In: paths without links. Out: whether the index of the repository around them has them.
//! The index is Git's, read as it is: nothing is run, and no configuration of the repository is heeded.

use std::{
    collections::HashMap,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use gix_index::{
    Entry, decode,
    entry::Mode,
    hash::{Kind, ObjectId, hasher},
};

/// Longest index that is read, in bytes: some million files.
const MAX_INDEX_BYTES: u64 = 512 << 20;
/// Longest `.git` file that is read, in bytes: it holds one path.
const MAX_POINTER_BYTES: u64 = 8 << 10;

/// The repositories that were looked at, by their topmost folder.
#[derive(Default)]
pub(super) struct Repositories(HashMap<PathBuf, Result<Repository, String>>);

struct Repository {
    index: gix_index::File,
    kind: Kind,
}

impl Repositories {
    /// Whether one repository tracks both the link at `place`, just as it is, and what it leads to at `real`. Of a
    /// folder, each file is to be asked for when it is read.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn check_link(&mut self, place: &Path, real: &Path) -> Result<(), String> {
        let top = top(place).ok_or("no Git repository tracks it")?;
        if !real.starts_with(top) {
            return Err(format!("out of the Git repository at {}", top.display()));
        }
        let repository = self.open(top)?;
        let entry = repository
            .entry(top, place)
            .filter(|entry| entry.mode == Mode::SYMLINK)
            .ok_or_else(|| format!("the Git repository at {} does not track the link", top.display()))?;
        if repository.hash_of_link(place).as_ref() != Some(&entry.id) {
            return Err(format!("it is not as the Git repository at {} has it", top.display()));
        }
        if real.is_file() { self.check_file(real) } else { Ok(()) }
    }

    /// Whether the repository around it tracks the file at `real`.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn check_file(&mut self, real: &Path) -> Result<(), String> {
        let top = top(real).ok_or("no Git repository tracks that")?;
        let entry = self.open(top)?.entry(top, real);
        match entry.is_some_and(|entry| matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE)) {
            true => Ok(()),
            false => Err(format!("the Git repository at {} does not track that file", top.display())),
        }
    }

    fn open(&mut self, top: &Path) -> Result<&Repository, String> {
        let opened = self.0.entry(top.to_path_buf()).or_insert_with(|| {
            let told = |cause| {
                format!("the index of the Git repository at {} cannot be read: {cause}", top.display())
            };
            Repository::open(top).map_err(told)
        });
        opened.as_ref().map_err(Clone::clone)
    }
}

/// The topmost folder of the Git repository around `path`.
fn top(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.join(".git").exists())
}

impl Repository {
    fn open(top: &Path) -> Result<Self, String> {
        let path = git_folder(top)?.join("index");
        let about = fs::metadata(&path).map_err(|cause| cause.to_string())?;
        if about.len() > MAX_INDEX_BYTES {
            return Err(format!("it has more than {MAX_INDEX_BYTES} bytes"));
        }
        let options = decode::Options {
            alloc_limit_bytes: Some(MAX_INDEX_BYTES as usize),
            ..decode::Options::default()
        };
        // The checksum at the end tells which kind of hash the repository uses.
        let read = |kind| gix_index::File::at(&path, kind, false, options).map(|index| Self { index, kind });
        read(Kind::Sha1).or_else(|cause| read(Kind::Sha256).map_err(|_| cause.to_string()))
    }

    /// What the index of the repository at `top` says of `path`.
    fn entry(&self, top: &Path, path: &Path) -> Option<&Entry> {
        let relative = path.strip_prefix(top).ok()?.as_os_str().as_bytes();
        self.index.entry_by_path(relative.into())
    }

    /// The hash that Git gives to the link at `place`, as it is now.
    fn hash_of_link(&self, place: &Path) -> Option<ObjectId> {
        let target = fs::read_link(place).ok()?;
        let target = target.as_os_str().as_bytes();
        let mut hasher = hasher(self.kind);
        hasher.update(format!("blob {}\0", target.len()).as_bytes());
        hasher.update(target);
        hasher.try_finalize().ok()
    }
}

/// Where the repository at `top` keeps its index: in `.git`, or of a worktree or submodule where the file `.git` says.
fn git_folder(top: &Path) -> Result<PathBuf, String> {
    let git = top.join(".git");
    let about = fs::metadata(&git).map_err(|cause| cause.to_string())?;
    if about.is_dir() {
        return Ok(git);
    }
    if !about.is_file() || about.len() > MAX_POINTER_BYTES {
        return Err(format!("{} is neither a folder nor names one", git.display()));
    }
    let text = fs::read_to_string(&git).map_err(|cause| cause.to_string())?;
    let named = text.strip_prefix("gitdir:").map(str::trim);
    named.map(|named| top.join(named)).ok_or_else(|| format!("{} names no folder", git.display()))
}

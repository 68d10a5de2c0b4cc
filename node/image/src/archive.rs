//! Files of a bundle that is being imported, by name: from a directory or from a tar archive, alike.
//!
//! A tar archive is read once for its table of contents; its members are then read in place, so nothing is copied.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::beneath::open_in;
use crate::content::{MAX_DOCUMENT, read_bounded};
use crate::fault::Fault;
use crate::tarball::{Kind, TarReader};

/// Members of an archive that is imported.
const MAX_MEMBERS: usize = 100_000;
/// Links on the way to a member (old `docker save` links layers that are equal).
const MAX_LINKS: usize = 8;

/// A directory or an archive.
pub(crate) enum Source {
    Directory(PathBuf),
    Archive { file: Arc<File>, members: HashMap<String, Member> },
}

/// A file's content and its size in bytes.
pub(crate) type Opened = (Box<dyn Read>, u64);

/// A member of an archive.
pub(crate) enum Member {
    Data { offset: u64, size: u64 },
    Link(String),
}

impl Source {
    /// The table of contents of a tar archive.
    pub(crate) fn archive(file: File) -> Result<Self, Fault> {
        let mut reader = TarReader::new(io::BufReader::with_capacity(1 << 16, &file));
        let mut members = HashMap::new();
        while let Some(entry) = reader.next().map_err(Fault::reading("archive"))? {
            if members.len() == MAX_MEMBERS {
                return Err(Fault::invalid(format!("archive has more than {MAX_MEMBERS} members")));
            }
            let path = clean(&String::from_utf8_lossy(&entry.path));
            let link = || String::from_utf8_lossy(&entry.link).into_owned();
            match entry.kind {
                Kind::File => members.insert(path, Member::Data { offset: entry.offset, size: entry.size }),
                Kind::HardLink => members.insert(path, Member::Link(clean(&link()))),
                Kind::Symlink => {
                    let beside = path.rsplit_once('/').map_or("", |(dir, _)| dir);
                    let target = clean(&format!("{beside}/{}", link()));
                    members.insert(path, Member::Link(target))
                }
                _ => None,
            };
        }
        Ok(Self::Archive { file: Arc::new(file), members })
    }

    /// A file's content and size; none if there is no such file.
    pub(crate) fn open(&self, path: &str) -> Result<Option<Opened>, Fault> {
        match self {
            Self::Directory(root) => match open_in(root, Path::new(path)) {
                Ok(file) => {
                    let meta = file.metadata().map_err(Fault::io("stat", &root.join(path)))?;
                    Ok(meta.is_file().then(|| (Box::new(file) as Box<dyn Read>, meta.len())))
                }
                Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR) => Ok(None),
                Err(errno) => Err(Fault::io("open", &root.join(path))(errno.into())),
            },
            Self::Archive { file, members } => Ok(find(members, path).map(|(offset, size)| {
                let section = Section { file: file.clone(), position: offset, end: offset + size };
                (Box::new(section) as Box<dyn Read>, size)
            })),
        }
    }

    /// A small file whole.
    pub(crate) fn document(&self, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        match self.open(path)? {
            Some((reader, _)) => read_bounded(reader, MAX_DOCUMENT, path).map(Some),
            None => Ok(None),
        }
    }

    /// As [`Source::document`]; it must exist.
    pub(crate) fn expect(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.document(path)?.ok_or_else(|| Fault::Missing(path.to_owned()))
    }
}

fn find(members: &HashMap<String, Member>, path: &str) -> Option<(u64, u64)> {
    let mut path = clean(path);
    for _ in 0..MAX_LINKS {
        match members.get(&path)? {
            Member::Data { offset, size } => return Some((*offset, *size)),
            Member::Link(target) => path = target.clone(),
        }
    }
    None
}

/// `./a/../b` is `b`; names in an archive are only keys, so leading out of it finds nothing.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// A part of a file, read without moving the file's position.
struct Section {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let want = buffer.len().min(left);
        let n = self.file.read_at(&mut buffer[..want], self.position)?;
        if n == 0 && want > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += n as u64;
        Ok(n)
    }
}

//! The content of a node's images, by digest, on disk: unpacked layers, Wasm files, manifests and configurations.
//!
//! ```text
//! <root>/lock              flock: shared by whoever adds, exclusive for the sweep
//! <root>/layers/<hex>/     one layer's tree, named by the digest of its tar (diff id)
//! <root>/wasm/<hex>.wasm   one Wasm file, named by its digest
//! <root>/blobs/<hex>       a manifest or a configuration
//! <root>/tmp/              whatever is not whole yet
//! ```
//! Everything is made in `tmp` and renamed into place, so that what stands under a digest is whole and never changes.
//! Layers as they were sent (compressed) are not kept: they are unpacked while they arrive.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use nix::fcntl::{Flock, FlockArg};

use crate::digest::{self, Hashing};
use crate::fault::Fault;
use crate::unpack::{LAYER_LIMITS, unpack};

/// Bytes of a manifest, an index or a configuration (the distribution specification asks for 4 MiB).
pub(crate) const MAX_DOCUMENT: u64 = 4 * 1024 * 1024;
/// Bytes of a Wasm file.
pub(crate) const MAX_WASM: u64 = 1024 * 1024 * 1024;
/// Bytes that a decompressor hands on at once.
const CHUNK: usize = 128 * 1024;

/// The directories described above.
#[derive(Debug)]
pub(crate) struct ContentDir {
    root: PathBuf,
}

/// Keeps the sweep away while content is being added or used.
pub(crate) type Guard = Flock<File>;

impl ContentDir {
    pub(crate) fn open(root: &Path) -> Result<Self, Fault> {
        for dir in ["layers", "wasm", "blobs", "tmp"] {
            make_dir(&root.join(dir))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where things are made and thrown away.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Waits for a sweep to end, then keeps the next one out.
    pub(crate) fn share(&self) -> Result<Guard, Fault> {
        self.lock(FlockArg::LockShared)?.ok_or_else(|| Fault::invalid("blocking lock not granted"))
    }

    /// The right to remove content, if nobody is adding or using any right now.
    pub(crate) fn try_exclusive(&self) -> Result<Option<Guard>, Fault> {
        self.lock(FlockArg::LockExclusiveNonblock)
    }

    fn lock(&self, how: FlockArg) -> Result<Option<Guard>, Fault> {
        lock_file(&self.root.join("lock"), how)
    }

    /// The tree of a layer; `diff_id` has been checked by [`digest::hex`].
    pub(crate) fn layer(&self, diff_id: &str) -> PathBuf {
        self.root.join("layers").join(name_of(diff_id))
    }

    /// The file of a Wasm digest.
    pub(crate) fn wasm(&self, digest: &str) -> PathBuf {
        self.root.join("wasm").join(format!("{}.wasm", name_of(digest)))
    }

    /// The file of a manifest or configuration.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        self.root.join("blobs").join(name_of(digest))
    }

    /// A fresh directory for what is not whole yet; removed when dropped.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir, Fault> {
        let tmp = self.tmp();
        tempfile::Builder::new()
            .prefix("new-")
            .tempdir_in(&tmp)
            .map_err(Fault::io("make a directory in", &tmp))
    }

    /// Unpacks a layer (tar, plain or by gzip or zstd) whose tar must have the digest `diff_id`. Nothing to do if it is there.
    pub(crate) fn put_layer(&self, diff_id: &str, blob: impl Read) -> Result<(), Fault> {
        let place = self.layer(diff_id);
        if place.exists() {
            return Ok(());
        }
        let scratch = self.scratch()?;
        let tree = scratch.path().join("layer");
        fs::DirBuilder::new().mode(0o755).create(&tree).map_err(Fault::io("make", &tree))?;
        let mut tar = BufReader::with_capacity(CHUNK, Hashing::new(decompress(blob)?));
        unpack(&mut tar, &tree, LAYER_LIMITS)?;
        let (found, _) = tar.into_inner().finish();
        if found != diff_id {
            return Err(Fault::invalid(format!(
                "layer has digest {found}, its configuration says {diff_id}"
            )));
        }
        match fs::rename(&tree, &place) {
            // Somebody else unpacked the same layer meanwhile.
            Err(_) if place.exists() => Ok(()),
            other => other.map_err(Fault::io("rename into place", &place)),
        }
    }

    /// Keeps a small document and returns its digest.
    pub(crate) fn put_blob(&self, bytes: &[u8]) -> Result<String, Fault> {
        let digest = digest::of(bytes);
        write_atomically(&self.tmp(), &self.blob(&digest), bytes)?;
        Ok(digest)
    }

    /// Keeps a Wasm file and returns its digest, which must be `expected` if that is given.
    pub(crate) fn put_wasm(&self, wasm: impl Read, expected: Option<&str>) -> Result<String, Fault> {
        let tmp = self.tmp();
        let mut file = tempfile::NamedTempFile::new_in(&tmp).map_err(Fault::io("make a file in", &tmp))?;
        let mut wasm = Hashing::new(wasm.take(MAX_WASM + 1));
        copy(&mut wasm, file.as_file_mut())?;
        let (digest, bytes) = wasm.finish();
        if bytes > MAX_WASM {
            return Err(Fault::invalid(format!("Wasm file is larger than {MAX_WASM} bytes")));
        }
        if expected.is_some_and(|expected| expected != digest) {
            return Err(Fault::invalid(format!(
                "Wasm layer has digest {digest}, its manifest says {}",
                expected.unwrap_or_default()
            )));
        }
        let place = self.wasm(&digest);
        file.persist(&place).map_err(|e| Fault::io("rename into place", &place)(e.error))?;
        Ok(digest)
    }
}

/// What a sender may have done to a layer is told by its first bytes, as containerd does: media types are often wrong.
fn decompress<'a>(blob: impl Read + 'a) -> Result<Box<dyn Read + 'a>, Fault> {
    let mut blob = BufReader::with_capacity(CHUNK, blob);
    let head = blob.fill_buf().map_err(Fault::reading("layer"))?;
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(blob)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Box::new(zstd::stream::read::Decoder::with_buffer(blob).map_err(Fault::reading("layer"))?)
        }
        _ => Box::new(blob),
    })
}

/// As [`decompress`], for files that a user names.
pub(crate) fn open_decompressed(path: &Path) -> Result<Box<dyn Read>, Fault> {
    decompress(File::open(path).map_err(Fault::io("open", path))?)
}

/// Reads at most `limit` bytes; more is a fault of the content called `what`.
pub(crate) fn read_bounded(reader: impl Read, limit: u64, what: &str) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes).map_err(Fault::reading(what))?;
    match bytes.len() as u64 > limit {
        true => Err(Fault::invalid(format!("{what} is larger than {limit} bytes"))),
        false => Ok(bytes),
    }
}

/// Writes a file by way of `tmp`, so that readers see the old or the new content and nothing between.
pub(crate) fn write_atomically(tmp: &Path, place: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let mut file = tempfile::NamedTempFile::new_in(tmp).map_err(Fault::io("make a file in", tmp))?;
    file.write_all(bytes).map_err(Fault::io("write", place))?;
    file.persist(place).map_err(|e| Fault::io("rename into place", place)(e.error))?;
    Ok(())
}

/// Takes an flock on a file that is made when missing; none if `how` does not wait and somebody holds it.
pub(crate) fn lock_file(path: &Path, how: FlockArg) -> Result<Option<Guard>, Fault> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(Fault::io("open", path))?;
    match Flock::lock(file, how) {
        Ok(guard) => Ok(Some(guard)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(Fault::io("lock", path)(errno.into())),
    }
}

/// Makes a directory only root may enter: layers hold set-user-id programs.
pub(crate) fn make_dir(path: &Path) -> Result<(), Fault> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Fault::io("make directory", path))
}

fn copy(from: &mut impl Read, to: &mut File) -> Result<(), Fault> {
    std::io::copy(from, to).map(drop).map_err(Fault::reading("Wasm file"))
}

fn name_of(digest: &str) -> &str {
    digest::hex(digest).expect("digests are checked where they are parsed")
}

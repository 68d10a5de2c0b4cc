//! Which images there are and what they are called, as small files.
//!
//! ```text
//! <root>/index.lock           flock for changes; readers need none
//! <root>/sweep-wanted         exists while an image without a name may be left
//! <root>/images/<hex>.json    a Record, named by the manifest's digest
//! <root>/refs/<hex>           {"name", "digest"}, named by the digest of the reference
//! ```
//! Finding an image by its reference reads two small files, however many images there are.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::fcntl::FlockArg;
use serde::{Deserialize, Serialize};

use crate::content::{ContentDir, Guard, lock_file, make_dir, write_atomically};
use crate::digest;
use crate::fault::Fault;
use crate::{Content, Image, ImageConfig, WasmEncoding};

/// An image as it is written down: [`Image`] with digests in place of paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) digest: String,
    pub(crate) config_digest: String,
    pub(crate) names: Vec<String>,
    pub(crate) imported: bool,
    pub(crate) size_bytes: u64,
    pub(crate) config: ImageConfig,
    pub(crate) content: Kept,
}

/// What is kept of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Kept {
    /// Layers by diff id, lowest first.
    Tree { layers: Vec<String> },
    /// A Wasm file.
    Wasm { digest: String, encoding: WasmEncoding },
}

#[derive(Serialize, Deserialize)]
struct Ref {
    name: String,
    digest: String,
}

impl Record {
    pub(crate) fn image(self, content: &ContentDir) -> Image {
        let held = match self.content {
            Kept::Tree { layers } => {
                Content::Oci { layers: layers.iter().map(|id| content.layer(id)).collect() }
            }
            Kept::Wasm { digest, encoding } => {
                Content::Wasm { module: content.wasm(&digest), digest, encoding }
            }
        };
        Image {
            digest: self.digest,
            names: self.names,
            imported: self.imported,
            size_bytes: self.size_bytes,
            config: self.config,
            content: held,
        }
    }

    /// Whether everything it needs is on the disk.
    pub(crate) fn is_whole(&self, content: &ContentDir) -> bool {
        match &self.content {
            Kept::Tree { layers } => layers.iter().all(|id| content.layer(id).exists()),
            Kept::Wasm { digest, .. } => content.wasm(digest).exists(),
        }
    }
}

/// The directories described above.
#[derive(Debug)]
pub(crate) struct Records {
    root: PathBuf,
}

impl Records {
    pub(crate) fn open(root: &Path) -> Result<Self, Fault> {
        make_dir(&root.join("images"))?;
        make_dir(&root.join("refs"))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Makes changes one at a time, across processes.
    pub(crate) fn lock(&self) -> Result<Guard, Fault> {
        let held = lock_file(&self.root.join("index.lock"), FlockArg::LockExclusive)?;
        held.ok_or_else(|| Fault::invalid("blocking lock not granted"))
    }

    /// The image with this manifest.
    pub(crate) fn get(&self, digest: &str) -> Result<Option<Record>, Fault> {
        match digest::hex(digest) {
            Some(_) => self.read(&self.record_path(digest)),
            None => Ok(None),
        }
    }

    /// A record with those of its names that lead to it: of two files a crash may leave one written.
    fn read(&self, path: &Path) -> Result<Option<Record>, Fault> {
        let Some(mut record) = read_json::<Record>(path)? else { return Ok(None) };
        let mut leading = Vec::with_capacity(record.names.len());
        for name in std::mem::take(&mut record.names) {
            if self.leads_to(&name)?.is_some_and(|digest| digest == record.digest) {
                leading.push(name);
            }
        }
        record.names = leading;
        Ok(Some(record))
    }

    fn leads_to(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(read_json::<Ref>(&self.ref_path(name))?.map(|found| found.digest))
    }

    /// The image a full name leads to.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Record>, Fault> {
        match self.leads_to(name)? {
            Some(digest) => self.get(&digest),
            None => Ok(None),
        }
    }

    /// Every image, by digest.
    pub(crate) fn list(&self) -> Result<Vec<Record>, Fault> {
        let dir = self.root.join("images");
        let mut records = Vec::new();
        for entry in fs::read_dir(&dir).map_err(Fault::io("list", &dir))? {
            let entry = entry.map_err(Fault::io("list", &dir))?;
            records.extend(self.read(&entry.path())?);
        }
        records.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(records)
    }

    /// Writes the image down under `names` besides those it has; names of other images move to it.
    pub(crate) fn put(&self, mut record: Record, names: &[String]) -> Result<Record, Fault> {
        let _lock = self.lock()?;
        if let Some(old) = self.get(&record.digest)? {
            record.imported |= old.imported;
            record.names = old.names;
        }
        for name in names {
            if let Some(mut other) = self.find(name)?.filter(|other| other.digest != record.digest) {
                other.names.retain(|n| n != name);
                self.write_fewer(&other)?;
            }
            if !record.names.contains(name) {
                record.names.push(name.clone());
            }
        }
        // The record before the names that lead to it.
        self.write(&record)?;
        for name in names {
            let entry = Ref { name: name.clone(), digest: record.digest.clone() };
            self.write_json(&self.ref_path(name), &entry)?;
        }
        Ok(record)
    }

    /// Takes a name away; the image stays, perhaps nameless, until the sweep.
    pub(crate) fn forget(&self, name: &str) -> Result<(), Fault> {
        let _lock = self.lock()?;
        let record = self.find(name)?;
        remove_file(&self.ref_path(name))?;
        match record {
            Some(mut record) => {
                record.names.retain(|n| n != name);
                self.write_fewer(&record)
            }
            None => Ok(()),
        }
    }

    /// Removes an image's record; the caller holds [`Records::lock`].
    pub(crate) fn delete(&self, digest: &str) -> Result<(), Fault> {
        remove_file(&self.record_path(digest))
    }

    /// Writes a record that lost a name, and leaves a note for the sweep if that was the last one.
    fn write_fewer(&self, record: &Record) -> Result<(), Fault> {
        self.write(record)?;
        match record.names.is_empty() {
            true => fs::write(self.note(), b"").map_err(Fault::io("write", &self.note())),
            false => Ok(()),
        }
    }

    /// Exists while there may be something to sweep.
    pub(crate) fn note(&self) -> PathBuf {
        self.root.join("sweep-wanted")
    }

    fn write(&self, record: &Record) -> Result<(), Fault> {
        self.write_json(&self.record_path(&record.digest), record)
    }

    fn write_json(&self, path: &Path, value: &impl Serialize) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(value).map_err(|e| Fault::io("write", path)(e.into()))?;
        write_atomically(&self.root.join("tmp"), path, &bytes)
    }

    fn record_path(&self, digest: &str) -> PathBuf {
        let hex = digest::hex(digest).expect("digests are checked where they are parsed");
        self.root.join("images").join(format!("{hex}.json"))
    }

    fn ref_path(&self, name: &str) -> PathBuf {
        let digest = digest::of(name.as_bytes());
        self.root.join("refs").join(digest::hex(&digest).expect("it was just made"))
    }
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, Fault> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::io("read", path)(error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| Fault::io("read", path)(e.into()))
}

pub(crate) fn remove_file(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Fault::io("remove", path)(error)),
        _ => Ok(()),
    }
}

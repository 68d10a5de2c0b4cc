//! Opening the store's file: its permissions, its lock, its layout.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use redb::{Builder, Database, DatabaseError, ReadableTable};

use super::{
    EmbeddedOptions,
    fault::Fallible,
    format::{
        CURRENT, FIRST_REVISION, FORMAT, LOG, META, META_COMPACTED, META_FORMAT, META_REVISION, META_SWEPT,
    },
};
use crate::{Error, Result};

/// Opens the database in `path`, or makes it; the file and a folder made for it are their owner's only.
pub(super) fn database(path: &Path, options: &EmbeddedOptions) -> Result<Database> {
    let file = file(path).map_err(|source| unavailable(path, Arc::new(source)))?;
    let db = match Builder::new().set_cache_size(options.cache_bytes).create_file(file) {
        Ok(db) => db,
        Err(DatabaseError::DatabaseAlreadyOpen) => {
            return Err(Error::unavailable(format!("{} is in use by another naru", path.display())));
        }
        Err(DatabaseError::Storage(redb::StorageError::Corrupted(what))) => {
            return Err(Error::Corrupt { context: format!("{}: {what}", path.display()) });
        }
        Err(DatabaseError::Storage(redb::StorageError::Io(error)))
            if error.kind() == io::ErrorKind::InvalidData =>
        {
            return Err(Error::Corrupt { context: format!("{}: {error}", path.display()) });
        }
        Err(source) => return Err(unavailable(path, Arc::new(source))),
    };
    lay_out(db, &path.display().to_string())
}

/// Checks the layout of a database, or makes it in an empty one.
pub(super) fn lay_out(db: Database, name: &str) -> Result<Database> {
    match format(&db).map_err(|fault| fault.during("reading the store's layout"))? {
        FORMAT => Ok(db),
        other => Err(Error::Corrupt {
            context: format!("{name} has layout {other}, this naru knows only {FORMAT}"),
        }),
    }
}

fn unavailable(path: &Path, source: Arc<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Unavailable { context: format!("opening {}", path.display()), source: Some(source) }
}

/// Opens the file; a new one is made known to its folder on disk, so that no crash can lose it.
fn file(path: &Path) -> io::Result<File> {
    let existing = OpenOptions::new().read(true).write(true).open(path);
    if !matches!(&existing, Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return existing;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    File::open(parent)?.sync_all()?;
    Ok(file)
}

/// The layout's version; an empty database gets the tables first.
fn format(db: &Database) -> Fallible<u64> {
    let txn = db.begin_write()?;
    let found = txn.open_table(META)?.get(META_FORMAT)?.map(|guard| guard.value());
    if let Some(found) = found {
        txn.abort()?;
        return Ok(found);
    }
    {
        let mut meta = txn.open_table(META)?;
        meta.insert(META_FORMAT, FORMAT)?;
        meta.insert(META_REVISION, FIRST_REVISION)?;
        meta.insert(META_COMPACTED, 0)?;
        meta.insert(META_SWEPT, 0)?;
        txn.open_table(CURRENT)?;
        txn.open_table(LOG)?;
    }
    txn.commit()?;
    Ok(FORMAT)
}

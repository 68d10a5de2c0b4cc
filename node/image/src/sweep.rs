//! Removal of what nobody needs any more.
//!
//! An image is needed while it has a name or a container stands on it; content is needed while such an image consists of it. The
//! sweep runs only while nobody adds content, in any process; if somebody does, a note stays and whoever comes next sweeps.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::content::ContentDir;
use crate::fault::Fault;
use crate::overlay::{Overlays, remove_tree};
use crate::records::{Kept, Record, Records, remove_file};

/// Sweeps if a note asks for it.
pub(crate) fn sweep_if_wanted(
    content: &ContentDir,
    records: &Records,
    overlays: &Overlays,
) -> Result<(), Fault> {
    match records.note().exists() {
        true => sweep(content, records, overlays),
        false => Ok(()),
    }
}

/// Removes nameless images, content of no image, and what interrupted work left in `tmp`. Does nothing if somebody adds content.
pub(crate) fn sweep(content: &ContentDir, records: &Records, overlays: &Overlays) -> Result<(), Fault> {
    let Some(exclusive) = content.try_exclusive()? else { return Ok(()) };
    let index = records.lock()?;
    remove_file(&records.note())?;
    let used: HashSet<String> = overlays.users()?.into_iter().map(|(_, image)| image).collect();
    let (live, dead): (Vec<Record>, Vec<Record>) = records
        .list()?
        .into_iter()
        .partition(|record| !record.names.is_empty() || used.contains(&record.digest));
    for record in &dead {
        records.delete(&record.digest)?;
    }
    let needed: HashSet<PathBuf> = live.iter().flat_map(|record| places(content, record)).collect();
    // Whatever lies here now was left by somebody who died: those who add hold the lock.
    let mut doomed = entries(&content.tmp())?;
    let trash = content.scratch()?;
    for dir in ["layers", "wasm", "blobs"] {
        for place in entries(&content.root().join(dir))?.into_iter().filter(|place| !needed.contains(place)) {
            let name = place.file_name().unwrap_or_default();
            fs::rename(&place, trash.path().join(name)).map_err(Fault::io("remove", &place))?;
        }
    }
    drop((index, exclusive));
    // The slow part, with the locks free. Names in `tmp` are never used again.
    doomed.push(trash.keep());
    doomed.iter().try_for_each(|path| if path.is_dir() { remove_tree(path) } else { remove_file(path) })
}

fn places(content: &ContentDir, record: &Record) -> Vec<PathBuf> {
    let mut places = vec![content.blob(&record.digest), content.blob(&record.config_digest)];
    match &record.content {
        Kept::Tree { layers } => places.extend(layers.iter().map(|id| content.layer(id))),
        Kept::Wasm { digest, .. } => places.push(content.wasm(digest)),
    }
    places
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let list = fs::read_dir(dir).map_err(Fault::io("list", dir))?;
    list.map(|entry| entry.map(|e| e.path()).map_err(Fault::io("list", dir))).collect()
}

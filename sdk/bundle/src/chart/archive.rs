//! Archives: `.tgz` as `helm package` makes them, read from bytes. Source: Helm's `LoadArchiveFiles`.

use std::io::{ErrorKind, Read};

use flate2::read::MultiGzDecoder;

use super::{ChartError, File};
use crate::value::Str;

/// Most bytes all files of a folder or an archive may have together, unpacked.
pub const MAX_CHART_BYTES: u64 = 100 << 20;

/// Most bytes that all archives in a chart, and those in them, may have together, unpacked.
pub const MAX_NESTED_BYTES: u64 = 4 * MAX_CHART_BYTES;

/// Bytes that nearly every file has at most.
const USUAL_BYTES: u64 = 1 << 20;

/// Most entries an archive may have.
pub const MAX_ENTRIES: usize = 100_000;

/// The files of an archive, without its top folder.
///
/// # Errors
/// If it is damaged or too large, or a path is absolute or leaves the top folder.
pub fn read(bytes: &[u8]) -> Result<Vec<File>, ChartError> {
    // Sizes in headers may lie: the reader below stops one byte after the limit.
    let unpacked = MultiGzDecoder::new(bytes).take(2 * MAX_CHART_BYTES);
    let mut archive = tar::Archive::new(unpacked);
    let mut files = Vec::new();
    let mut remaining = MAX_CHART_BYTES;
    for (count, entry) in archive.entries().map_err(damaged)?.enumerate() {
        if count >= MAX_ENTRIES {
            return Err(ChartError::Limit { what: "entries in its archive", limit: MAX_ENTRIES });
        }
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if kind.is_dir() || path.ends_with('/') || kind.is_pax_global_extensions() {
            continue;
        }
        let name = inner_path(&path)?;
        let size = entry.size();
        if size >= remaining {
            return Err(ChartError::Archive(format!("is larger than the maximum size {MAX_CHART_BYTES}")));
        }
        // What the header says is believed as far as it is usual.
        let mut data = Vec::with_capacity(size.min(USUAL_BYTES) as usize);
        entry.read_to_end(&mut data).map_err(damaged)?;
        remaining -= size;
        files.push(File { name, data: without_mark(data.into()).into() });
    }
    if files.is_empty() {
        return Err(ChartError::Archive("archive has no files".into()));
    }
    Ok(files)
}

/// A file's bytes without a byte order mark.
pub fn without_mark(data: Str) -> Str {
    match data.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.into(),
        None => data,
    }
}

fn damaged(error: std::io::Error) -> ChartError {
    let what = if error.kind() == ErrorKind::InvalidInput {
        "archive is no gzip file"
    } else {
        "archive is damaged"
    };
    ChartError::Archive(format!("{what}: {error}"))
}

/// The path below the top folder.
fn inner_path(path: &str) -> Result<String, ChartError> {
    let refuse = |why: &str| Err(ChartError::Archive(format!("{why}: {path:?}")));
    let unified = if path.contains('\\') { path.replace('\\', "/") } else { path.to_owned() };
    let Some((top, inner)) = unified.split_once('/') else {
        return match unified.as_str() {
            "Chart.yaml" => refuse("has Chart.yaml outside its base directory"),
            _ => refuse("illegally contains content outside the base directory"),
        };
    };
    if inner.starts_with('/') {
        return refuse("illegally contains absolute paths");
    }
    let clean = clean_path(inner);
    let bytes = clean.as_bytes();
    if clean == "." {
        refuse("illegally contains content outside the base directory")
    } else if clean.starts_with("..") {
        refuse("illegally references parent directory")
    } else if bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'/' {
        refuse("contains illegally named files")
    } else if top == "Chart.yaml" {
        refuse("has Chart.yaml outside its base directory")
    } else {
        Ok(clean)
    }
}

/// Go's `path.Clean`.
pub(crate) fn clean_path(path: &str) -> String {
    if !path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return path.to_owned();
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

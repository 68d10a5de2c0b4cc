//! The cache of charts that were fetched, shared with Helm: `NN/DIGEST.chart` and what vouches for it, `NN/DIGEST.prov`,
//! where DIGEST is the archive's SHA-256 in hexadecimal digits and NN their first two. In: a digest. Out: the bytes, if they are there
//! and are what the digest says. Files come and go as a whole, so that any number of processes may use it at once.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

use super::{CHART_BYTES_MAX, Error, Fetched, PROVENANCE_BYTES_MAX, hex, write_file};

/// How large the cache may become, in bytes: what was not used for longest goes first.
const BYTES_MAX: u64 = 1 << 30;
/// The age, in seconds, from which on a file that was never finished is removed.
const UNFINISHED_AGE: Duration = Duration::from_secs(60 * 60);
/// Hexadecimal digits of a digest.
const DIGITS: usize = 64;

const CHART: &str = "chart";
const PROVENANCE: &str = "prov";

/// The cache in a folder, which need not be there yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contents<'a>(pub(super) &'a Path);

impl Contents<'_> {
    /// The archive with this digest, `sha256:` before it or not.
    pub(super) fn chart(self, digest: &str) -> Option<Vec<u8>> {
        let digest = digest.trim_start_matches("sha256:");
        let bytes = self.read(digest, CHART, CHART_BYTES_MAX)?;
        (digest_of(&bytes) == digest).then_some(bytes)
    }

    /// What vouches for this archive.
    pub(super) fn provenance(self, archive: &[u8]) -> Option<Vec<u8>> {
        self.read(&digest_of(archive), PROVENANCE, PROVENANCE_BYTES_MAX)
    }

    fn path(self, digest: &str, kind: &str) -> Option<PathBuf> {
        is_digest(digest).then(|| self.0.join(&digest[..2]).join(format!("{digest}.{kind}")))
    }

    /// At most `max` bytes of a file, which is then the one used last.
    fn read(self, digest: &str, kind: &str, max: usize) -> Option<Vec<u8>> {
        let path = self.path(digest, kind)?;
        // Whatever else lies there, a pipe say, might never end.
        fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let file = File::open(&path).ok()?;
        let mut bytes = Vec::new();
        let end = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        (&file).take(end).read_to_end(&mut bytes).ok()?;
        // Whoever may not say so just loses it sooner.
        let _ = file.set_modified(SystemTime::now());
        (!bytes.is_empty() && bytes.len() <= max).then_some(bytes)
    }

    /// Keeps a chart and what vouches for it, then removes what is too much.
    fn keep(self, fetched: &Fetched) -> Result<(), Error> {
        let digest = digest_of(&fetched.bytes);
        let provenance = fetched.provenance.as_ref().and_then(|found| found.as_ref().ok());
        let files = [(CHART, Some(&fetched.bytes)), (PROVENANCE, provenance)];
        let mut grew = false;
        for (kind, bytes) in files {
            let Some((path, bytes)) = self.path(&digest, kind).zip(bytes) else { continue };
            let there = fs::metadata(&path).is_ok_and(|about| about.len() == bytes.len() as u64);
            if !(there && fs::read(&path).is_ok_and(|same| same == *bytes)) {
                write_file(&path, bytes, 0o644)?;
                grew = true;
            }
        }
        if grew {
            self.shrink(BYTES_MAX, SystemTime::now());
        }
        Ok(())
    }

    /// Removes what was not used for longest until at most `max` bytes remain, and what was never finished. Only what is called
    /// as files of this cache are is touched.
    fn shrink(self, max: u64, now: SystemTime) {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for path in folders(self.0).iter().flat_map(|folder| entries(folder)) {
            let Some(is_finished) = is_ours(&path) else { continue };
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let is_old = now.duration_since(used).is_ok_and(|age| age > UNFINISHED_AGE);
            match is_finished {
                true => files.push((used, about.len(), path)),
                false if is_old => forget(&path),
                false => {}
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if total <= max {
                break;
            }
            forget(&path);
            total -= size;
        }
    }
}

impl Fetched {
    /// Keeps the chart, and what vouches for it, in the cache at `folder`.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn keep(&self, folder: &Path) -> Result<(), Error> {
        Contents(folder).keep(self)
    }
}

/// The folders of a cache.
fn folders(root: &Path) -> Vec<PathBuf> {
    let is_prefix = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.len() == 2 && is_hexadecimal(name.as_encoded_bytes()))
    };
    entries(root).into_iter().filter(is_prefix).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Whether a file is one that is whole, or one that is still being written; `None` if it is none of a cache.
fn is_ours(path: &Path) -> Option<bool> {
    let name = path.file_name()?.to_str()?;
    let (digest, kind) = name.split_once('.')?;
    let kind = is_digest(digest).then_some(kind)?;
    match kind.split_once('.') {
        None => matches!(kind, CHART | PROVENANCE).then_some(true),
        Some((CHART | PROVENANCE, writer)) => {
            writer.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.')).then_some(false)
        }
        Some(_) => None,
    }
}

/// Removes a file; another process may have done so before.
fn forget(path: &Path) {
    let _: io::Result<()> = fs::remove_file(path);
}

fn digest_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGITS && is_hexadecimal(text.as_bytes())
}

fn is_hexadecimal(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

    use super::*;

    fn fetched(bytes: &[u8], provenance: Option<&[u8]>) -> Fetched {
        Fetched {
            file_name: "web-1.tgz".into(),
            bytes: bytes.into(),
            pulled: None,
            url: String::new(),
            provenance: provenance.map(|text| Ok(text.into())),
        }
    }

    #[test]
    fn what_is_kept_is_found_until_it_is_spoilt() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Contents(dir.path());
        let digest = digest_of(b"one");
        assert_eq!(contents.chart(&digest), None);
        fetched(b"one", Some(b"signed")).keep(dir.path()).unwrap();
        assert_eq!(contents.chart(&digest).as_deref(), Some(&b"one"[..]));
        assert_eq!(contents.chart(&format!("sha256:{digest}")).as_deref(), Some(&b"one"[..]));
        assert_eq!(contents.provenance(b"one").as_deref(), Some(&b"signed"[..]));
        assert_eq!(contents.provenance(b"two"), None);
        let path = contents.path(&digest, CHART).unwrap();
        assert_eq!(path, dir.path().join(&digest[..2]).join(format!("{digest}.chart")));
        for spoilt in [&b"two"[..], b""] {
            fs::write(&path, spoilt).unwrap();
            assert_eq!(contents.chart(&digest), None);
        }
        fetched(b"one", None).keep(dir.path()).unwrap();
        assert!(contents.chart(&digest).is_some(), "what is spoilt is written anew");
        for odd in ["", "..", "../../../etc/passwd", &digest[1..], &digest.to_uppercase()] {
            assert_eq!(contents.path(odd, CHART), None, "{odd}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(contents.chart(&digest), None);
        assert!(fetched(b"one", None).keep(dir.path()).is_err());
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Contents(dir.path());
        let now = SystemTime::now();
        let texts: Vec<Vec<u8>> = (0..4).map(|index| vec![index; 10]).collect();
        for (text, age) in texts.iter().zip([40, 30, 20, 10]) {
            fetched(text, None).keep(dir.path()).unwrap();
            let path = contents.path(&digest_of(text), CHART).unwrap();
            File::open(path).unwrap().set_modified(now - Duration::from_secs(age)).unwrap();
        }
        // Not ours: a name of another kind, in a folder of ours and in none.
        let folder = dir.path().join(&digest_of(&texts[0])[..2]);
        let strangers = [folder.join("notes.chart"), dir.path().join("notes")];
        for path in &strangers {
            fs::write(path, [0; 100]).unwrap();
        }
        let unfinished = folder.join(format!("{}.chart.17", digest_of(&texts[0])));
        fs::write(&unfinished, "x").unwrap();
        // Reading makes the oldest the newest.
        assert!(contents.chart(&digest_of(&texts[0])).is_some());
        contents.shrink(20, now);
        let kept: Vec<bool> = texts.iter().map(|text| contents.chart(&digest_of(text)).is_some()).collect();
        assert_eq!(kept, [true, false, false, true]);
        assert!(unfinished.exists() && strangers.iter().all(|path| path.exists()));
        contents.shrink(20, now + 2 * UNFINISHED_AGE);
        assert!(!unfinished.exists() && strangers.iter().all(|path| path.exists()));
    }

    #[test]
    fn many_may_write_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let texts: Vec<Vec<u8>> = (0..8).map(|index| vec![index; 1000]).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for text in &texts {
                        fetched(text, None).keep(dir.path()).unwrap();
                        Contents(dir.path()).shrink(3000, SystemTime::now());
                        let found = Contents(dir.path()).chart(&digest_of(text));
                        assert!(found.is_none_or(|found| found == *text));
                    }
                });
            }
        });
    }
}

//! Who has which address, one file an address: `<state dir>/addresses/<ip>` holds the pod's uid.
//!
//! A file without a pinned namespace is what a crash or a reboot left, and is removed when the ledger is opened.

use std::{
    collections::HashMap,
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{Error, PodRange, Result, error::Context, pool::Pool};

/// The addresses given out, in memory and on disk.
#[derive(Debug)]
pub(crate) struct Ledger {
    directory: PathBuf,
    range: PodRange,
    pool: Pool,
    by_pod: HashMap<String, Ipv4Addr>,
}

impl Ledger {
    /// Reads the ledger; entries that `is_alive` denies are dropped and returned.
    pub(crate) fn open(
        state_dir: &Path,
        range: PodRange,
        is_alive: impl Fn(&str) -> bool,
    ) -> Result<(Self, Vec<Ipv4Addr>)> {
        let directory = state_dir.join("addresses");
        let (mut by_pod, mut stale) = (HashMap::new(), Vec::new());
        let mut last: Option<(SystemTime, Ipv4Addr)> = None;
        for (ip, pod, written) in read(&directory)? {
            if range.offset(ip).is_some() && is_alive(&pod) && !by_pod.contains_key(&pod) {
                last = last.max(Some((written, ip)));
                by_pod.insert(pod, ip);
            } else {
                forget(&directory, ip)?;
                stale.push(ip);
            }
        }
        let pool = Pool::new(range, by_pod.values().copied(), last.map(|(_, ip)| ip));
        Ok((Self { directory, range, pool, by_pod }, stale))
    }

    /// The pod's address, if it has one.
    pub(crate) fn address(&self, pod: &str) -> Option<Ipv4Addr> {
        self.by_pod.get(pod).copied()
    }

    /// Every pod and its address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, Ipv4Addr)> {
        self.by_pod.iter().map(|(pod, ip)| (pod, *ip))
    }

    /// Gives the pod a free address.
    pub(crate) fn assign(&mut self, pod: &str) -> Result<Ipv4Addr> {
        let ip = self.pool.take().ok_or_else(|| Error::Exhausted { range: self.range.to_string() })?;
        let path = self.directory.join(ip.to_string());
        let written = fs::create_dir_all(&self.directory).and_then(|()| fs::write(&path, pod));
        if let Err(error) = written {
            self.pool.give_back(ip);
            return Err(error).context(|| format!("cannot write {}", path.display()));
        }
        self.by_pod.insert(pod.to_owned(), ip);
        Ok(ip)
    }

    /// Frees the pod's address.
    pub(crate) fn release(&mut self, pod: &str) -> Result<()> {
        let Some(ip) = self.address(pod) else { return Ok(()) };
        forget(&self.directory, ip)?;
        self.by_pod.remove(pod);
        self.pool.give_back(ip);
        Ok(())
    }

    /// Removes the ledger from disk.
    pub(crate) fn remove(&mut self) -> Result<()> {
        for pod in self.by_pod.keys().cloned().collect::<Vec<_>>() {
            self.release(&pod)?;
        }
        match fs::remove_dir(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).context(|| format!("cannot remove {}", self.directory.display()))
            }
            _ => Ok(()),
        }
    }
}

fn forget(directory: &Path, ip: Ipv4Addr) -> Result<()> {
    let path = directory.join(ip.to_string());
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn read(directory: &Path) -> Result<Vec<(Ipv4Addr, String, SystemTime)>> {
    let listing = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.context(|| format!("cannot list {}", directory.display()))?,
    };
    let mut entries = Vec::new();
    for entry in listing {
        let entry = entry.context(|| format!("cannot list {}", directory.display()))?;
        let Some(ip) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let context = || format!("cannot read {}", entry.path().display());
        let pod = fs::read_to_string(entry.path()).context(context)?;
        let written = entry.metadata().and_then(|meta| meta.modified()).context(context)?;
        entries.push((ip, pod, written));
    }
    Ok(entries)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn is_found_again_and_drops_the_dead() {
        let dir = tempfile::tempdir().unwrap();
        let range: PodRange = "10.1.2.0/29".parse().unwrap();
        let (mut ledger, _) = Ledger::open(dir.path(), range, |_| true).unwrap();
        let a = ledger.assign("a").unwrap();
        let b = ledger.assign("b").unwrap();
        fs::write(dir.path().join("addresses/10.77.0.9"), "a pod of an earlier range").unwrap();
        drop(ledger);

        let (mut ledger, stale) = Ledger::open(dir.path(), range, |pod| pod == "b").unwrap();
        assert_eq!(stale.len(), 2);
        assert!(stale.contains(&a));
        assert_eq!((ledger.address("a"), ledger.address("b")), (None, Some(b)));
        let again: Vec<_> = (0..4).map(|n| ledger.assign(&format!("c{n}")).unwrap()).collect();
        assert_eq!(again.last(), Some(&a), "the freed address comes last");
        assert!(matches!(ledger.assign("d"), Err(Error::Exhausted { .. })));
        ledger.remove().unwrap();
        assert!(!dir.path().join("addresses").exists());
    }
}

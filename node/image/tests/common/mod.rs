//! A node's image store in a temporary directory, taken away with its mounts when dropped.
#![allow(clippy::unwrap_used, dead_code)]

use std::path::{Path, PathBuf};

use naru_image::{DiskImages, Image};

pub(crate) struct Node {
    pub(crate) images: DiskImages,
    dir: tempfile::TempDir,
}

impl Node {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let images = open(dir.path());
        Self { images, dir }
    }

    /// As another process would see the same directory.
    pub(crate) fn again(&self) -> DiskImages {
        open(self.dir.path())
    }

    /// The same directory after the store has been closed and opened again.
    pub(crate) fn closed(mut self) -> Self {
        self.images = self.again();
        self
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("images")
    }

    /// Names of what the store keeps in one of its directories.
    pub(crate) fn kept(&self, directory: &str) -> Vec<String> {
        let list = std::fs::read_dir(self.root().join(directory)).unwrap();
        list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub(crate) async fn import(&self, path: &Path, name: &str) -> naru_image::Result<Image> {
        self.images.import(path, Some(name), |_| {}).await
    }
}

fn open(dir: &Path) -> DiskImages {
    DiskImages::open(&dir.join("images"), &dir.join("rootfs")).unwrap()
}

impl Drop for Node {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(self.dir.path().join("rootfs")).into_iter().flatten().flatten() {
            let _ = nix::mount::umount2(&entry.path(), nix::mount::MntFlags::MNT_DETACH);
        }
    }
}

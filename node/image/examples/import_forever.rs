//! Imports, mounts and removes three images in turn until it is killed: the victim of `tests/crash.rs`.
//!
//! In: a directory with an OCI layout of the tags `a`, `b`, `c` in `layout`. It works in `images` and `rootfs` there.
#![allow(clippy::unwrap_used, reason = "whatever fails ends it, and the test says so")]

use std::path::PathBuf;

use naru_image::{DiskImages, ImageStore};

fn main() {
    let dir = PathBuf::from(std::env::args_os().nth(1).expect("usage: import_forever DIR"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let images = DiskImages::open(&dir.join("images"), &dir.join("rootfs")).unwrap();
        for round in 0.. {
            let name = format!("app:{}", ["a", "b", "c"][round % 3]);
            let image = images.import(&dir.join("layout"), Some(&name), |_| {}).await.unwrap();
            images.mount(&image, "c").await.unwrap();
            images.unmount("c").await.unwrap();
            images.remove(&name).await.unwrap();
        }
    });
}

//! Deletes trees beside the work: removing a large tree takes seconds on a busy disk, and nobody needs to wait for it.
//!
//! What a process that died has left is deleted by the next sweep: all of it lies in the store's `tmp`.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::overlay::remove_tree;

/// Trees waiting to be deleted; whoever brings more deletes them himself.
const QUEUE: usize = 256;

/// A thread that deletes, from the first tree on; dropping it waits for the rest.
#[derive(Debug, Default)]
pub(crate) struct Janitor {
    worker: Mutex<Option<Worker>>,
}

#[derive(Debug)]
struct Worker {
    queue: SyncSender<PathBuf>,
    thread: JoinHandle<()>,
}

impl Janitor {
    /// Deletes the tree soon.
    pub(crate) fn remove(&self, tree: PathBuf) {
        let mut worker = self.worker.lock();
        if worker.is_none() {
            *worker = start();
        }
        let refused = match &*worker {
            Some(worker) => worker.queue.try_send(tree).err().map(|refused| match refused {
                std::sync::mpsc::TrySendError::Full(tree)
                | std::sync::mpsc::TrySendError::Disconnected(tree) => tree,
            }),
            None => Some(tree),
        };
        drop(worker);
        if let Some(tree) = refused {
            delete(tree);
        }
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        if let Some(Worker { queue, thread }) = self.worker.get_mut().take() {
            drop(queue);
            let _ = thread.join(); // it catches nothing and returns nothing
        }
    }
}

fn start() -> Option<Worker> {
    let (queue, work) = sync_channel(QUEUE);
    let thread = std::thread::Builder::new().name("image-janitor".to_owned()).spawn(move || run(&work));
    match thread {
        Ok(thread) => Some(Worker { queue, thread }),
        Err(error) => {
            tracing::warn!(%error, "no thread to delete old files with");
            None
        }
    }
}

fn run(work: &Receiver<PathBuf>) {
    for tree in work {
        delete(tree);
    }
}

fn delete(tree: PathBuf) {
    if let Err(error) = remove_tree(&tree) {
        tracing::warn!(tree = %tree.display(), %error, "cannot delete; the next sweep tries again");
    }
}

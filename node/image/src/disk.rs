//! The images of a node on its disk: [`DiskImages`], the [`ImageStore`] of a real node.
//!
//! Several processes may work on one directory (the CLI imports while the agent runs): see `content`, `records` and `sweep`
//! for the locks. All file work runs on tokio's blocking threads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

use crate::content::{ContentDir, make_dir};
use crate::fault::Fault;
use crate::janitor::Janitor;
use crate::overlay::Overlays;
use crate::records::{Record, Records};
use crate::registry::{Registries, pull};
use crate::sweep::{sweep, sweep_if_wanted};
use crate::{Content, Credentials, Error, Image, ImageStore, Progress, Reference, Result, import};

/// The images below one directory.
#[derive(Clone)]
pub struct DiskImages {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) content: ContentDir,
    pub(crate) records: Records,
    pub(crate) registries: Registries,
    overlays: Overlays,
    janitor: Janitor,
    pulls: parking_lot::Mutex<HashMap<PullKey, WeakShared<SharedPull>>>,
    layers: parking_lot::Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

/// Two pulls are the same if they may see the same image.
type PullKey = (String, Credentials);
type SharedPull = BoxFuture<'static, Result<Image, Arc<Error>>>;

impl DiskImages {
    /// Opens, or makes, the images below `root`; containers' root file systems are mounted below `rootfs_dir`. Removes what an
    /// interrupted process left. Registries on this machine are spoken to by HTTP, all others by HTTPS.
    pub fn open(root: &Path, rootfs_dir: &Path) -> Result<Self> {
        Self::open_with(root, rootfs_dir, &[])
    }

    /// As [`DiskImages::open`]; `insecure` names further registries (`host[:port]`) that are spoken to by HTTP.
    pub fn open_with(root: &Path, rootfs_dir: &Path, insecure: &[String]) -> Result<Self> {
        let open = || {
            make_dir(root)?;
            let content = ContentDir::open(root)?;
            let (records, overlays) = (Records::open(root)?, Overlays::open(root, rootfs_dir)?);
            sweep(&content, &records, &overlays)?;
            let registries = Registries::new(insecure);
            let (pulls, layers) = Default::default();
            Ok(Inner { content, records, registries, overlays, janitor: Janitor::default(), pulls, layers })
        };
        let inner = open().map_err(|fault: Fault| fault.about(&root.display().to_string()))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Imports an OCI layout (directory or tar), a docker archive, or a `.wasm` or `.wat` file under `name`, or under the name
    /// that it gives itself. `progress` is called before each layer.
    pub async fn import(
        &self,
        path: &Path,
        name: Option<&str>,
        progress: impl Fn(Progress) + Send + 'static,
    ) -> Result<Image> {
        let name = name.map(Reference::parse).transpose()?;
        let (path, about) = (path.to_owned(), path.display().to_string());
        self.run(about, move |inner| {
            let record = import::import(&inner.content, &inner.records, &path, name.as_ref(), &progress)?;
            sweep_if_wanted(&inner.content, &inner.records, &inner.overlays)?;
            Ok(record.image(&inner.content))
        })
        .await
    }

    /// Runs file work on a blocking thread; faults are told about `reference`.
    async fn run<T: Send + 'static>(
        &self,
        reference: String,
        work: impl FnOnce(&Inner) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        self.inner.clone().run(reference, move |inner| work(inner).map_err(Outcome::Fault)).await
    }

    fn shared_pull(
        &self,
        reference: &Reference,
        given: &str,
        credentials: &Credentials,
    ) -> Shared<SharedPull> {
        let key = (reference.key(), credentials.clone());
        let mut pulls = self.inner.pulls.lock();
        if let Some(running) = pulls.get(&key).and_then(WeakShared::upgrade) {
            return running;
        }
        pulls.retain(|_, pull| pull.upgrade().is_some());
        let (inner, reference, given, credentials) =
            (self.inner.clone(), reference.clone(), given.to_owned(), credentials.clone());
        let work = async move { pull(inner, &reference, &given, &credentials).await.map_err(Arc::new) };
        let shared = work.boxed().shared();
        pulls.extend(shared.downgrade().map(|weak| (key, weak)));
        shared
    }
}

/// A failure that knows its image already, or not yet.
enum Outcome {
    Fault(Fault),
    Error(Error),
}

impl Inner {
    async fn run<T: Send + 'static>(
        self: Arc<Self>,
        reference: String,
        work: impl FnOnce(&Self) -> Result<T, Outcome> + Send + 'static,
    ) -> Result<T> {
        let done = tokio::task::spawn_blocking(move || work(&self)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Outcome::Fault(fault))) => Err(fault.about(&reference)),
            Ok(Err(Outcome::Error(error))) => Err(error),
            Err(stopped) => Err(Error::Io {
                context: format!("work on image {reference}"),
                source: std::io::Error::other(stopped),
            }),
        }
    }

    /// Held by whoever fetches this piece of content, so that two pulls in this process fetch it once.
    pub(crate) fn layer_lock(&self, digest: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut layers = self.layers.lock();
        if let Some(lock) = layers.get(digest).and_then(Weak::upgrade) {
            return lock;
        }
        layers.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        layers.insert(digest.to_owned(), Arc::downgrade(&lock));
        lock
    }

    /// The whole image a reference names.
    fn find(&self, reference: &Reference) -> Result<Option<Record>, Fault> {
        let mut found = self.records.find(&reference.key())?;
        if let (None, Some(digest)) = (&found, reference.digest()) {
            // The same repository at this digest, by whichever tag it came.
            let repository = reference.name();
            let same = |name: &String| Reference::parse(name).is_ok_and(|name| name.name() == repository);
            found = self.records.get(digest)?.filter(|record| record.names.iter().any(same));
        }
        Ok(found.filter(|record| record.is_whole(&self.content)))
    }

    fn remove(&self, reference: &Reference, given: &str) -> Result<(), Outcome> {
        let fault = Outcome::Fault;
        let not_found = || Outcome::Error(Error::NotFound { reference: given.to_owned() });
        let key = reference.key();
        let record = self.records.find(&key).map_err(fault)?.ok_or_else(not_found)?;
        if record.names.iter().all(|name| *name == key) {
            let users = self.overlays.users().map_err(fault)?;
            if let Some((container, _)) = users.into_iter().find(|(_, image)| *image == record.digest) {
                return Err(Outcome::Error(Error::InUse { reference: given.to_owned(), container }));
            }
        }
        self.records.forget(&key).map_err(fault)?;
        sweep_if_wanted(&self.content, &self.records, &self.overlays).map_err(fault)
    }

    fn mount(&self, image: &Image, container: &str) -> Result<PathBuf, Fault> {
        let Content::Oci { layers } = &image.content else {
            return Err(Fault::invalid("it is a Wasm module and has no root file system"));
        };
        // Until the container counts as a user, the sweep must not come.
        let _guard = self.content.share()?;
        if let Some(missing) = layers.iter().find(|layer| !layer.exists()) {
            return Err(Fault::Missing(format!("layer {}", missing.display())));
        }
        self.overlays.mount(&image.digest, layers, container)
    }
}

#[async_trait::async_trait]
impl ImageStore for DiskImages {
    async fn find(&self, reference: &str) -> Result<Option<Image>> {
        let parsed = Reference::parse(reference)?;
        self.run(reference.to_owned(), move |inner| {
            Ok(inner.find(&parsed)?.map(|record| record.image(&inner.content)))
        })
        .await
    }

    async fn pull(&self, reference: &str, credentials: &Credentials) -> Result<Image> {
        let parsed = Reference::parse(reference)?;
        let image = self.shared_pull(&parsed, reference, credentials).await.map_err(|error| error.copy())?;
        self.run(reference.to_owned(), |inner| {
            sweep_if_wanted(&inner.content, &inner.records, &inner.overlays)
        })
        .await?;
        Ok(image)
    }

    async fn list(&self) -> Result<Vec<Image>> {
        self.run("index".to_owned(), |inner| {
            let records = inner.records.list()?;
            Ok(records.into_iter().map(|record| record.image(&inner.content)).collect())
        })
        .await
    }

    async fn remove(&self, reference: &str) -> Result<()> {
        let parsed = Reference::parse(reference)?;
        let given = reference.to_owned();
        self.inner.clone().run(reference.to_owned(), move |inner| inner.remove(&parsed, &given)).await
    }

    async fn mount(&self, image: &Image, container: &str) -> Result<PathBuf> {
        let (image, container) = (image.clone(), container.to_owned());
        let name = image.names.first().unwrap_or(&image.digest).clone();
        self.run(name, move |inner| inner.mount(&image, &container)).await
    }

    async fn unmount(&self, container: &str) -> Result<()> {
        let container = container.to_owned();
        self.run(container.clone(), move |inner| {
            if let Some(tree) = inner.overlays.unmount(&container, &inner.content.tmp())? {
                inner.janitor.remove(tree);
            }
            sweep_if_wanted(&inner.content, &inner.records, &inner.overlays)
        })
        .await
    }

    async fn mounted(&self) -> Result<Vec<String>> {
        self.run("index".to_owned(), |inner| inner.overlays.list()).await
    }
}

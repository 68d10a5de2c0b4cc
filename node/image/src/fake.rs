//! Images that exist only in memory: the [`ImageStore`] of tests and of hollow nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use parking_lot::Mutex;

use crate::{
    Content, Credentials, Error, Image, ImageConfig, ImageStore, Reference, Result, WasmEncoding, digest,
};

/// An image store without a disk and without a network. Images are local ([`FakeImages::hold`]) or in its registry
/// ([`FakeImages::offer`]); mounts are remembered and nothing is mounted.
#[derive(Debug, Default)]
pub struct FakeImages {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    local: BTreeMap<String, Image>,
    remote: BTreeMap<String, Remote>,
    mounted: BTreeMap<String, String>,
    pulls: BTreeMap<String, u32>,
}

#[derive(Debug)]
struct Remote {
    image: Result<Image, String>,
    login: Credentials,
}

impl FakeImages {
    /// An empty store with an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// An OCI image with one layer that does not exist.
    pub fn oci(name: &str) -> Image {
        Self::image(name, Content::Oci { layers: vec![PathBuf::from("/fake/layer")] })
    }

    /// A Wasm image whose file does not exist.
    pub fn wasm(name: &str) -> Image {
        let content = Content::Wasm {
            module: PathBuf::from("/fake/module.wasm"),
            digest: digest::of(b"fake"),
            encoding: WasmEncoding::Module,
        };
        Self::image(name, content)
    }

    fn image(name: &str, content: Content) -> Image {
        Image {
            digest: digest::of(name.as_bytes()),
            names: Reference::parse(name).map(|r| vec![r.to_string()]).unwrap_or_default(),
            imported: false,
            size_bytes: 1,
            config: ImageConfig { cmd: vec!["/fake".to_owned()], ..ImageConfig::default() },
            content,
        }
    }

    /// Makes the image a local one under `name`, as an import does.
    pub fn hold(&self, name: &str, image: Image) -> Result<()> {
        let key = Reference::parse(name)?.key();
        self.state.lock().keep(&key, Image { imported: true, ..image });
        Ok(())
    }

    /// Puts the image into the registry, for anybody who logs in with `login`.
    pub fn offer(&self, name: &str, image: Image, login: Credentials) -> Result<()> {
        let key = Reference::parse(name)?.key();
        self.state.lock().remote.insert(key, Remote { image: Ok(image), login });
        Ok(())
    }

    /// Lets pulls of `name` fail with `reason` until it is offered.
    pub fn fail(&self, name: &str, reason: &str) -> Result<()> {
        let key = Reference::parse(name)?.key();
        let remote = Remote { image: Err(reason.to_owned()), login: Credentials::Anonymous };
        self.state.lock().remote.insert(key, remote);
        Ok(())
    }

    /// How often `name` was pulled.
    pub fn pulls(&self, name: &str) -> u32 {
        let key = Reference::parse(name).map(|r| r.key()).unwrap_or_default();
        self.state.lock().pulls.get(&key).copied().unwrap_or(0)
    }
}

impl State {
    fn keep(&mut self, key: &str, image: Image) -> Image {
        for other in self.local.values_mut() {
            other.names.retain(|name| name != key);
        }
        let names: BTreeSet<String> = self
            .local
            .values()
            .filter(|other| other.digest == image.digest)
            .flat_map(|other| other.names.clone())
            .chain([key.to_owned()])
            .collect();
        let kept = Image { names: names.into_iter().collect(), ..image };
        self.local.insert(key.to_owned(), kept.clone());
        for other in self.local.values_mut().filter(|other| other.digest == kept.digest) {
            other.names.clone_from(&kept.names);
        }
        kept
    }

    fn find(&self, reference: &Reference) -> Option<&Image> {
        self.local.get(&reference.key()).or_else(|| {
            let digest = reference.digest()?;
            let same =
                |name: &String| Reference::parse(name).is_ok_and(|name| name.name() == reference.name());
            self.local.values().find(|image| image.digest == digest && image.names.iter().any(same))
        })
    }
}

#[async_trait::async_trait]
impl ImageStore for FakeImages {
    async fn find(&self, reference: &str) -> Result<Option<Image>> {
        let parsed = Reference::parse(reference)?;
        Ok(self.state.lock().find(&parsed).cloned())
    }

    async fn pull(&self, reference: &str, credentials: &Credentials) -> Result<Image> {
        let parsed = Reference::parse(reference)?;
        let key = parsed.key();
        let mut state = self.state.lock();
        *state.pulls.entry(key.clone()).or_default() += 1;
        let failed = |reason: String| Error::Pull {
            reference: reference.to_owned(),
            reason: format!("failed to pull and unpack image \"{parsed}\": {reason}"),
        };
        let resolve = |reason: &str| failed(format!("failed to resolve reference \"{parsed}\": {reason}"));
        let image = match state.remote.get(&key) {
            None => Err(resolve(&format!("{parsed}: not found"))),
            Some(Remote { image: Err(reason), .. }) => Err(failed(reason.clone())),
            Some(remote) if remote.login != *credentials => Err(resolve("pull access denied")),
            Some(Remote { image: Ok(image), .. }) => Ok(image.clone()),
        };
        image.map(|image| state.keep(&key, image))
    }

    async fn list(&self) -> Result<Vec<Image>> {
        let images: BTreeMap<String, Image> =
            self.state.lock().local.values().map(|image| (image.digest.clone(), image.clone())).collect();
        Ok(images.into_values().collect())
    }

    async fn remove(&self, reference: &str) -> Result<()> {
        let key = Reference::parse(reference)?.key();
        let mut state = self.state.lock();
        let Some(image) = state.local.get(&key).cloned() else {
            return Err(Error::NotFound { reference: reference.to_owned() });
        };
        if image.names.len() <= 1
            && let Some((container, _)) = state.mounted.iter().find(|(_, digest)| **digest == image.digest)
        {
            return Err(Error::InUse { reference: reference.to_owned(), container: container.clone() });
        }
        state.local.remove(&key);
        for other in state.local.values_mut() {
            other.names.retain(|name| *name != key);
        }
        Ok(())
    }

    async fn mount(&self, image: &Image, container: &str) -> Result<PathBuf> {
        if matches!(image.content, Content::Wasm { .. }) {
            let reason = "it is a Wasm module and has no root file system".to_owned();
            return Err(Error::Invalid { reference: image.digest.clone(), reason });
        }
        self.state.lock().mounted.insert(container.to_owned(), image.digest.clone());
        Ok(PathBuf::from("/fake/rootfs").join(container))
    }

    async fn unmount(&self, container: &str) -> Result<()> {
        self.state.lock().mounted.remove(container);
        Ok(())
    }

    async fn mounted(&self) -> Result<Vec<String>> {
        Ok(self.state.lock().mounted.keys().cloned().collect())
    }
}

//! From a manifest and a configuration to a kept image; shared by pull and import.
//!
//! In: the two documents' bytes. Out: which layers are wanted, and when they are in place, a [`Record`].

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::content::ContentDir;
use crate::detect::{self, Plan};
use crate::fault::Fault;
use crate::manifest::{ConfigFile, Descriptor, Document, Manifest, host_architecture};
use crate::records::{Kept, Record};
use crate::{ImageConfig, WasmEncoding};

/// Bytes that tell module and component apart.
const HEADER: u64 = 8;

/// An image on its way in.
#[derive(Debug)]
pub(crate) struct Ingest {
    manifest: Vec<u8>,
    config: Vec<u8>,
    config_file: Option<ConfigFile>,
    size: u64,
    plan: Plan,
}

impl Ingest {
    /// Checks the documents; `config` is the bytes of the manifest's configuration.
    pub(crate) fn new(manifest: Vec<u8>, config: Vec<u8>) -> Result<Self, Fault> {
        let Document::Manifest(parsed) = Document::parse(&manifest)? else {
            return Err(Fault::invalid("an index where a manifest should be"));
        };
        check_config(&parsed, &config)?;
        let readable = detect::is_image_config(&parsed.config.media_type);
        let config_file = readable.then(|| ConfigFile::parse(&config)).transpose()?;
        let plan = detect::plan(&parsed, config_file.as_ref())?;
        let size = parsed.layers.iter().map(|d| d.size).fold(parsed.config.size, u64::saturating_add);
        Ok(Self { manifest, config, config_file, size, plan })
    }

    /// The layers that are not on the disk yet, each once.
    pub(crate) fn missing(&self, content: &ContentDir) -> Vec<Piece> {
        let mut seen = HashSet::new();
        let pieces = match &self.plan {
            Plan::Wasm(layer) => vec![Piece::Wasm(layer.clone())],
            Plan::Tree(layers) => layers.iter().map(|(d, id)| Piece::Layer(d.clone(), id.clone())).collect(),
        };
        let new = |piece: &Piece| !piece.is_kept(content) && seen.insert(piece.descriptor().digest.clone());
        pieces.into_iter().filter(new).collect()
    }

    /// Keeps the documents and makes the record, once all layers are in place. `names` are not filled in.
    pub(crate) fn settle(self, content: &ContentDir, imported: bool) -> Result<Record, Fault> {
        let digest = content.put_blob(&self.manifest)?;
        let config_digest = content.put_blob(&self.config)?;
        let image_config = self.config_file.as_ref().map(ConfigFile::image_config).unwrap_or_default();
        let (config, kept) = match &self.plan {
            Plan::Wasm(layer) => wasm(content, image_config, layer.digest.clone())?,
            Plan::Tree(layers) => self.tree(content, image_config, layers)?,
        };
        Ok(Record {
            digest,
            config_digest,
            names: Vec::new(),
            imported,
            size_bytes: self.size,
            config,
            content: kept,
        })
    }

    fn tree(
        &self,
        content: &ContentDir,
        config: ImageConfig,
        layers: &[(Descriptor, String)],
    ) -> Result<(ImageConfig, Kept), Fault> {
        let diff_ids = without_repeats(layers.iter().map(|(_, id)| id.clone()).collect());
        let paths: Vec<PathBuf> = diff_ids.iter().map(|id| content.layer(id)).collect();
        let Some(file) = &self.config_file else { return Err(Fault::invalid("it has no configuration")) };
        if let Some(bytes) = detect::wasm_entry(&paths, file)? {
            let digest = content.put_wasm(&bytes[..], None)?;
            return wasm(content, config, digest);
        }
        let platform = &file.platform;
        if platform.is_wasm() {
            return Err(Fault::invalid("it is made for Wasm, but its entry point names no Wasm file"));
        }
        let fits = |value: &str, wanted: &str| value.is_empty() || value == wanted;
        if !fits(&platform.os, "linux") || !fits(&platform.architecture, host_architecture()) {
            let host = host_architecture();
            return Err(Fault::invalid(format!(
                "it is made for {}/{}, this node is linux/{host}",
                platform.os, platform.architecture
            )));
        }
        Ok((config, Kept::Tree { layers: diff_ids }))
    }
}

/// Each layer where it stands highest: builders repeat layers (the empty one above all), overlayfs takes each only once, and
/// whatever a lower copy says, the higher one says again over everything between.
fn without_repeats(diff_ids: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut kept: Vec<String> = diff_ids.into_iter().rev().filter(|id| seen.insert(id.clone())).collect();
    kept.reverse();
    kept
}

fn wasm(content: &ContentDir, config: ImageConfig, digest: String) -> Result<(ImageConfig, Kept), Fault> {
    let encoding = encoding(content, &digest)?;
    Ok((detect::without_start(config), Kept::Wasm { digest, encoding }))
}

fn encoding(content: &ContentDir, digest: &str) -> Result<WasmEncoding, Fault> {
    let path = content.wasm(digest);
    let mut head = Vec::new();
    let file = File::open(&path).map_err(Fault::io("open", &path))?;
    file.take(HEADER).read_to_end(&mut head).map_err(Fault::io("read", &path))?;
    detect::encoding_of(&head)
}

fn check_config(manifest: &Manifest, config: &[u8]) -> Result<(), Fault> {
    let found = crate::digest::of(config);
    match found == manifest.config.digest {
        true => Ok(()),
        false => Err(Fault::invalid(format!(
            "configuration has digest {found}, its manifest says {}",
            manifest.config.digest
        ))),
    }
}

/// A layer to be fetched.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// To be kept as a file.
    Wasm(Descriptor),
    /// To be unpacked, with the digest of its tar.
    Layer(Descriptor, String),
}

impl Piece {
    pub(crate) fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Wasm(descriptor) | Self::Layer(descriptor, _) => descriptor,
        }
    }

    pub(crate) fn is_kept(&self, content: &ContentDir) -> bool {
        match self {
            Self::Wasm(descriptor) => content.wasm(&descriptor.digest).exists(),
            Self::Layer(_, diff_id) => content.layer(diff_id).exists(),
        }
    }

    /// Takes the layer's bytes in.
    pub(crate) fn put(&self, content: &ContentDir, bytes: impl Read) -> Result<(), Fault> {
        match self {
            Self::Wasm(descriptor) => content.put_wasm(bytes, Some(&descriptor.digest)).map(drop),
            Self::Layer(_, diff_id) => content.put_layer(diff_id, bytes),
        }
    }
}

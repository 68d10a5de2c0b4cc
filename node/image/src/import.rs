//! Images that come as files: OCI layouts, docker archives, bare Wasm.
//!
//! In: a path and perhaps a name. Out: a kept image. What the path is, its content tells: a directory or tar archive (plain, or
//! by gzip or zstd) with `index.json` is an OCI layout, one with `manifest.json` is what `docker save` writes; a file that
//! begins with `\0asm`, or whose name ends in `.wat`, becomes a CNCF Wasm artifact.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use wasmparser::{Parser, Payload};

use crate::archive::Source;
use crate::content::{ContentDir, MAX_WASM, open_decompressed, read_bounded};
use crate::detect::{self, MAGIC, WASM_CONFIG, WASM_LAYER};
use crate::digest;
use crate::fault::Fault;
use crate::ingest::{Ingest, Piece};
use crate::manifest::{
    CONTAINERD_NAME, ConfigFile, Descriptor, Document, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, REF_NAME, choose,
    host_architecture,
};
use crate::records::{Record, Records};
use crate::{Progress, Reference, WasmEncoding};

/// Indexes that may lead to indexes.
const MAX_DEPTH: usize = 4;
/// Largest archive that a compressed one may unpack to on the disk, in bytes: 32 GiB.
const MAX_UNPACKED: u64 = 32 * 1024 * 1024 * 1024;
/// The time in a configuration that we make, so that equal input gives equal digests.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// What was found at the path.
struct Found {
    manifest: Vec<u8>,
    config: Vec<u8>,
    /// The name it gives itself.
    name: Option<String>,
    blobs: Blobs,
}

/// Where the layers' bytes are.
enum Blobs {
    Memory(Vec<u8>),
    /// Paths by digest; what is not listed lies where OCI layouts have it.
    Files(Source, HashMap<String, String>),
}

/// Imports what `path` holds under `name`, or else under the name it gives itself.
pub(crate) fn import(
    content: &ContentDir,
    records: &Records,
    path: &Path,
    name: Option<&Reference>,
    progress: &dyn Fn(Progress),
) -> Result<Record, Fault> {
    let _guard = content.share()?;
    let scratch = content.scratch()?;
    let found = open(path, name, scratch.path())?;
    let name = match (name, &found.name) {
        (Some(name), _) => name.clone(),
        (None, Some(own)) => Reference::parse(own).map_err(|e| Fault::invalid(e.to_string()))?,
        (None, None) => {
            return Err(Fault::invalid("it does not say what it is called; give it a name (--name)"));
        }
    };
    let ingest = Ingest::new(found.manifest, found.config)?;
    let missing = ingest.missing(content);
    for (done, piece) in missing.iter().enumerate() {
        progress(Progress { digest: &piece.descriptor().digest, done, total: missing.len() });
        piece.put(content, found.blobs.open(piece)?)?;
    }
    records.put(ingest.settle(content, true)?, &[name.key()])
}

impl Blobs {
    fn open(&self, piece: &Piece) -> Result<Box<dyn Read + '_>, Fault> {
        match self {
            Self::Memory(bytes) => Ok(Box::new(Cursor::new(bytes))),
            Self::Files(source, paths) => {
                let digest = &piece.descriptor().digest;
                let path = paths.get(digest).cloned().unwrap_or_else(|| blob_path(digest));
                let (reader, _) = source.open(&path)?.ok_or(Fault::Missing(path))?;
                Ok(reader)
            }
        }
    }
}

fn open(path: &Path, name: Option<&Reference>, scratch: &Path) -> Result<Found, Fault> {
    let meta = path.metadata().map_err(Fault::io("open", path))?;
    if meta.is_dir() {
        return bundle(Source::Directory(path.to_owned()), name);
    }
    let mut file = File::open(path).map_err(Fault::io("open", path))?;
    let mut head = Vec::new();
    (&mut file).take(MAGIC.len() as u64).read_to_end(&mut head).map_err(Fault::io("read", path))?;
    if head == MAGIC || path.extension().is_some_and(|e| e == "wat") {
        let rest = read_bounded(file, MAX_WASM, "Wasm file")?;
        let bytes = [head, rest].concat();
        let bytes = if bytes.starts_with(MAGIC) { bytes } else { detect::from_text(&bytes)? };
        return wasm(bytes);
    }
    if matches!(head[..], [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]) {
        // Members are read in place, so the archive itself must not be compressed.
        let plain = scratch.join("archive.tar");
        let mut out = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .open(&plain)
            .map_err(Fault::io("make", &plain))?;
        unpack(open_decompressed(path)?, &mut out, MAX_UNPACKED)?;
        file = out;
    }
    use std::io::Seek;
    file.rewind().map_err(Fault::io("read", path))?;
    let archive = Source::archive(file).map_err(|fault| match fault {
        Fault::Invalid(why) => {
            Fault::Invalid(format!("it is neither a whole tar archive ({why}) nor a Wasm file"))
        }
        other => other,
    })?;
    bundle(archive, name)
}

/// Writes what an archive unpacks to; more than `limit` bytes are its fault.
fn unpack(archive: impl Read, out: &mut impl Write, limit: u64) -> Result<(), Fault> {
    let unpacked = io::copy(&mut archive.take(limit + 1), out).map_err(Fault::reading("archive"))?;
    match unpacked > limit {
        true => Err(Fault::invalid(format!("the archive unpacks to more than {limit} bytes"))),
        false => Ok(()),
    }
}

fn bundle(source: Source, name: Option<&Reference>) -> Result<Found, Fault> {
    if let Some(index) = source.document("index.json")? {
        return layout(source, &index, name);
    }
    match source.document("manifest.json")? {
        Some(list) => docker(source, &list, name),
        None => Err(Fault::invalid(
            "it is neither an OCI layout (index.json), a docker archive (manifest.json) nor a Wasm file",
        )),
    }
}

/// An OCI image layout (OCI image-spec, image-layout.md).
fn layout(source: Source, index: &[u8], name: Option<&Reference>) -> Result<Found, Fault> {
    let Document::Index(mut entries) = Document::parse(index)? else {
        return Err(Fault::invalid("index.json is not an index"));
    };
    let asked: Vec<Descriptor> =
        entries.iter().filter(|e| name.is_some_and(|name| is_called(e, name))).cloned().collect();
    if !asked.is_empty() {
        entries = asked;
    }
    let mut own = None;
    for _ in 0..MAX_DEPTH {
        let entry = match &entries[..] {
            [only] => only,
            several => choose(several, host_architecture()).ok_or_else(|| no_choice(several))?,
        };
        own = own.or_else(|| full_name(entry));
        let bytes = source.expect(&blob_path(&entry.digest))?;
        if digest::of(&bytes) != entry.digest {
            return Err(Fault::invalid(format!("{} has another digest", entry.digest)));
        }
        match Document::parse(&bytes)? {
            Document::Index(inner) => entries = inner,
            Document::Manifest(manifest) => {
                let config = source.expect(&blob_path(&manifest.config.digest))?;
                return Ok(Found {
                    manifest: bytes,
                    config,
                    name: own,
                    blobs: Blobs::Files(source, HashMap::new()),
                });
            }
        }
    }
    Err(Fault::invalid(format!("more than {MAX_DEPTH} indexes lead to each other")))
}

fn is_called(entry: &Descriptor, name: &Reference) -> bool {
    full_name(entry).and_then(|own| Reference::parse(&own).ok()).is_some_and(|own| own == *name)
        || entry.annotations.get(REF_NAME).map(String::as_str).is_some_and(|tag| name.tag() == Some(tag))
}

/// The annotation holds either a full name or only a tag.
fn full_name(entry: &Descriptor) -> Option<String> {
    let names = [CONTAINERD_NAME, REF_NAME].map(|key| entry.annotations.get(key));
    names.into_iter().flatten().find(|name| name.contains([':', '/'])).cloned()
}

fn no_choice(entries: &[Descriptor]) -> Fault {
    let names: Vec<&str> =
        entries.iter().filter_map(|e| e.annotations.get(REF_NAME)).map(String::as_str).collect();
    match names.is_empty() {
        true => Fault::invalid(format!("no match for platform linux/{} in its index", host_architecture())),
        false => {
            Fault::invalid(format!("it holds several images ({}); import one by its tag", names.join(", ")))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

/// What `docker save` wrote before it wrote OCI layouts: there is no manifest, so one is made.
fn docker(source: Source, list: &[u8], name: Option<&Reference>) -> Result<Found, Fault> {
    let images: Vec<DockerImage> =
        serde_json::from_slice(list).map_err(|e| Fault::invalid(format!("manifest.json: {e}")))?;
    let tags = |image: &DockerImage| image.repo_tags.clone().unwrap_or_default();
    let asked = |image: &&DockerImage| {
        tags(image)
            .iter()
            .any(|tag| Reference::parse(tag).is_ok_and(|own| name.is_some_and(|name| *name == own)))
    };
    let image = match &images[..] {
        [only] => only,
        several => several.iter().find(asked).ok_or_else(|| {
            let names: Vec<String> = several.iter().flat_map(tags).collect();
            Fault::invalid(format!("it holds several images ({}); import one by its name", names.join(", ")))
        })?,
    };
    let config = source.expect(&image.config)?;
    let file = ConfigFile::parse(&config)?;
    if file.diff_ids().len() != image.layers.len() {
        return Err(Fault::invalid(
            "manifest.json and the configuration disagree about the number of layers",
        ));
    }
    let mut layers = Vec::new();
    for (path, diff_id) in image.layers.iter().zip(file.diff_ids()) {
        let (_, size) = source.open(path)?.ok_or_else(|| Fault::Missing(path.clone()))?;
        layers.push(json!({"mediaType": OCI_LAYER, "digest": diff_id, "size": size}));
    }
    let manifest = make_manifest(OCI_CONFIG, &config, layers);
    let paths = file.diff_ids().iter().cloned().zip(image.layers.iter().cloned()).collect();
    Ok(Found { manifest, name: tags(image).into_iter().next(), blobs: Blobs::Files(source, paths), config })
}

/// A Wasm file as a CNCF Wasm OCI artifact.
fn wasm(bytes: Vec<u8>) -> Result<Found, Fault> {
    let encoding = detect::encoding_of(&bytes[..bytes.len().min(8)])?;
    let digest = digest::of(&bytes);
    let (os, component) = match encoding {
        WasmEncoding::Module => ("wasip1", json!(null)),
        WasmEncoding::Component => ("wasip2", interfaces(&bytes)?),
    };
    let config = json!({
        "created": EPOCH, "author": null, "architecture": "wasm", "os": os, "layerDigests": [digest], "component": component,
    })
    .to_string()
    .into_bytes();
    let layers = vec![json!({"mediaType": WASM_LAYER, "digest": digest, "size": bytes.len()})];
    let manifest = make_manifest(WASM_CONFIG, &config, layers);
    Ok(Found { manifest, config, name: None, blobs: Blobs::Memory(bytes) })
}

/// What a component imports and exports, as the artifact's configuration lists it.
fn interfaces(bytes: &[u8]) -> Result<serde_json::Value, Fault> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0usize);
    let invalid = |e: wasmparser::BinaryReaderError| {
        Fault::invalid(format!("its Wasm file is not valid: {}", e.message()))
    };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(json!({"imports": imports, "exports": exports, "target": null}))
}

fn make_manifest(config_type: &str, config: &[u8], layers: Vec<serde_json::Value>) -> Vec<u8> {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": config_type, "digest": digest::of(config), "size": config.len()},
        "layers": layers,
    })
    .to_string()
    .into_bytes()
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_that_unpack_to_too_much_are_refused() {
        for (size, fits) in [(0, true), (99, true), (100, true), (101, false), (5000, false)] {
            let mut out = Vec::new();
            let outcome = unpack(Cursor::new(vec![0; size]), &mut out, 100);
            assert_eq!(outcome.is_ok(), fits, "{size}");
            assert!(out.len() <= 101, "{size}");
            if let Err(fault) = outcome {
                assert_eq!(fault.to_string(), "the archive unpacks to more than 100 bytes");
            }
        }
    }
}

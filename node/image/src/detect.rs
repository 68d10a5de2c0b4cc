//! What an image holds: a file system, or a Wasm module or component.
//!
//! In: a manifest, a configuration, and for images with a file system the unpacked layers. Out: a [`Plan`], later the Wasm
//! file an entry point names. The formats are those in use: the CNCF Wasm OCI artifact, runwasi's images of Wasm layers,
//! the media types of krustlet's wasm-to-oci and of early wasmCloud, and `FROM scratch` images with a `.wasm` entry point.
//! The file's first bytes decide between module and component; nothing in names or platforms does.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use wasmparser::{Encoding, Parser, Payload};

use crate::beneath::open_in;
use crate::fault::Fault;
use crate::manifest::{ConfigFile, DOCKER_CONFIG, Descriptor, Manifest, OCI_CONFIG};
use crate::{ImageConfig, WasmEncoding};

/// Media type of the configuration of a CNCF Wasm OCI artifact.
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Media type of its layer.
pub(crate) const WASM_LAYER: &str = "application/wasm";
/// Media types of a layer that is a Wasm file as it is.
const WASM_LAYERS: [&str; 4] = [
    WASM_LAYER,
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
];
/// Prefix of the media types of Spin applications.
const SPIN: &str = "application/vnd.fermyon.spin.";
/// Prefixes of the media types of file system layers, before `+gzip`, `+zstd`, `.gzip`.
const TAR_LAYERS: [&str; 4] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
];
/// The function at which a Wasm program starts; other functions cannot be chosen.
const START: &str = "_start";
/// `\0asm`, with which every Wasm file begins.
pub(crate) const MAGIC: &[u8; 4] = b"\0asm";

/// What is to be done with an image's layers.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Keep this one layer as a Wasm file.
    Wasm(Descriptor),
    /// Unpack all: each layer with the digest of its tar.
    Tree(Vec<(Descriptor, String)>),
}

/// Reads the plan off a manifest. `config` is none if the configuration is of a type that we do not read.
pub(crate) fn plan(manifest: &Manifest, config: Option<&ConfigFile>) -> Result<Plan, Fault> {
    let layers = &manifest.layers;
    let types = || layers.iter().chain([&manifest.config]).map(|d| d.media_type.as_str());
    if types().any(|t| t.starts_with(SPIN)) {
        return Err(Fault::invalid(
            "it is a Spin application, which needs Spin's own host interfaces; build it as a WASI component to run it here",
        ));
    }
    let wasm = layers.iter().filter(|d| WASM_LAYERS.contains(&d.media_type.as_str())).count();
    match (wasm, layers.len()) {
        (1, 1) => return Ok(Plan::Wasm(layers[0].clone())),
        (0, _) => {}
        (_, all) => {
            return Err(Fault::invalid(format!(
                "it has {all} layers, {wasm} of them Wasm; a Wasm image has exactly one layer"
            )));
        }
    }
    let neither =
        |what: &str| Fault::invalid(format!("it holds neither a file system nor a Wasm module ({what})"));
    let Some(config) = config else {
        return Err(neither(&format!("configuration of type {:?}", manifest.config.media_type)));
    };
    if layers.is_empty() {
        return Err(neither("no layers"));
    }
    if let Some(other) = layers.iter().find(|d| !is_tar(&d.media_type)) {
        return Err(neither(&format!("layer of type {:?}", other.media_type)));
    }
    if config.diff_ids().len() != layers.len() {
        let (ids, layers) = (config.diff_ids().len(), layers.len());
        return Err(Fault::invalid(format!("its configuration names {ids} layers, its manifest {layers}")));
    }
    Ok(Plan::Tree(layers.iter().cloned().zip(config.diff_ids().iter().cloned()).collect()))
}

/// Whether the configuration is one of a container image, which is to be read whole.
pub(crate) fn is_image_config(media_type: &str) -> bool {
    matches!(media_type, OCI_CONFIG | DOCKER_CONFIG | "")
}

fn is_tar(media_type: &str) -> bool {
    TAR_LAYERS.iter().any(|known| {
        media_type
            .strip_prefix(known)
            .is_some_and(|rest| matches!(rest, "" | "+gzip" | "+zstd" | ".gzip" | ".zstd"))
    })
}

/// The Wasm file (binary, or text ending in `.wat`) at which an image with a file system starts, if that is what its entry
/// point names. Layers lowest first.
pub(crate) fn wasm_entry(layers: &[PathBuf], config: &ConfigFile) -> Result<Option<Vec<u8>>, Fault> {
    let image = config.image_config();
    let Some(argument) = image.entrypoint.first().or(image.cmd.first()) else { return Ok(None) };
    let (file, function) = match argument.split_once('#') {
        Some((file, function)) if is_wasm_name(file) => (file, Some(function)),
        _ => (argument.as_str(), None),
    };
    let named = is_wasm_name(file) || config.platform.is_wasm();
    // A bare name is searched in PATH, where no Wasm lies; unless all says that it is one.
    if !named && !file.contains('/') {
        return Ok(None);
    }
    let path = Path::new("/").join(&image.working_dir).join(file);
    let Some(mut found) = top_file(layers, &path) else { return Ok(None) };
    let bytes = match magic_of(&mut found) {
        Some(head) if &head == MAGIC => read_rest(found, &head)?,
        Some(head) if file.ends_with(".wat") => from_text(&read_rest(found, &head)?)?,
        _ => return Ok(None),
    };
    match function {
        None | Some(START) => Ok(Some(bytes)),
        Some(other) => Err(Fault::invalid(format!(
            "its entry point {argument:?} asks for the function {other:?}; only {START:?} is supported"
        ))),
    }
}

fn is_wasm_name(file: &str) -> bool {
    file.ends_with(".wasm") || file.ends_with(".wat")
}

/// `path` as the stacked layers show it. Whiteouts and files that replace a directory on the way hide what is below.
fn top_file(layers: &[PathBuf], path: &Path) -> Option<File> {
    for layer in layers.iter().rev() {
        if let Ok(file) = open_in(layer, path) {
            return file.metadata().is_ok_and(|meta| meta.is_file()).then_some(file);
        }
        if hides(layer, path) {
            return None;
        }
    }
    None
}

/// Whether this layer takes away what lower layers have at `path`: a part of it is a whiteout or no directory.
fn hides(layer: &Path, path: &Path) -> bool {
    let mut place = layer.to_owned();
    for part in path.components().filter(|part| matches!(part, Component::Normal(_))) {
        place.push(part);
        match place.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(meta) => {
                return !meta.file_type().is_symlink()
                    || meta.file_type().is_char_device() && meta.rdev() == 0;
            }
            Err(_) => return false,
        }
    }
    false
}

fn magic_of(file: &mut File) -> Option<[u8; 4]> {
    let mut head = [0; 4];
    file.read_exact(&mut head).ok().map(|()| head)
}

fn read_rest(file: File, head: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut bytes = head.to_vec();
    let rest = crate::content::read_bounded(file, crate::content::MAX_WASM, "Wasm file")?;
    bytes.extend(rest);
    Ok(bytes)
}

/// The binary form of the text format.
pub(crate) fn from_text(text: &[u8]) -> Result<Vec<u8>, Fault> {
    let text =
        std::str::from_utf8(text).map_err(|e| Fault::invalid(format!("its .wat file is not UTF-8: {e}")))?;
    wat::parse_str(text).map_err(|e| Fault::invalid(format!("its .wat file does not parse: {e}")))
}

/// Module or component, by the first bytes of the file.
pub(crate) fn encoding_of(head: &[u8]) -> Result<WasmEncoding, Fault> {
    if !head.starts_with(MAGIC) {
        return Err(Fault::invalid("its Wasm file does not begin with \"\\0asm\""));
    }
    match Parser::new(0).parse(head, false) {
        Ok(wasmparser::Chunk::Parsed { payload: Payload::Version { encoding, .. }, .. }) => {
            Ok(match encoding {
                Encoding::Module => WasmEncoding::Module,
                Encoding::Component => WasmEncoding::Component,
            })
        }
        Ok(_) => Err(Fault::invalid("its Wasm file is cut short")),
        Err(error) => Err(Fault::invalid(format!("its Wasm file is not valid: {}", error.message()))),
    }
}

/// The configuration of a Wasm image without the `#_start` that an entry point may carry.
pub(crate) fn without_start(mut config: ImageConfig) -> ImageConfig {
    let first =
        if config.entrypoint.is_empty() { config.cmd.first_mut() } else { config.entrypoint.first_mut() };
    if let Some(first) = first
        && let Some(file) = first.strip_suffix(&format!("#{START}"))
    {
        *first = file.to_owned();
    }
    config
}

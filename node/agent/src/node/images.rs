//! The images that the node tells of, so that pods go where theirs are. Pure but for the reading of one directory; the
//! bounds are kubelet's.

use std::{cmp::Reverse, collections::HashSet, fs, io, path::Path};

use k8s_openapi::api::core::v1::ContainerImage;
use naru_image::{Content, Image};

/// Images that are told of: the largest.
const IMAGES_MAX: usize = 50;
/// Names of one image that are told.
const NAMES_MAX: usize = 5;
/// The registry that goes without saying, and its folder that does.
const DEFAULT_REGISTRY: &str = "docker.io/";
const DEFAULT_FOLDER: &str = "library/";

/// The Node's annotation that names the images of which compiled code is there, with commas between.
pub(super) const COMPILED: &str = "runtime.naru.dev/compiled-images";
/// Where the Wasm shim keeps compiled code, in the agent's directory: `<digest>-<engine>.cwasm`.
const COMPILED_DIR: &str = "wasm-cache";

/// What a Node says of its images.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Holdings {
    /// For its status.
    pub(super) images: Vec<ContainerImage>,
    /// For the annotation [`COMPILED`].
    pub(super) compiled: String,
}

impl Holdings {
    /// What there is to say of these images, where code of modules of these digests is compiled.
    pub(super) fn of(mut images: Vec<Image>, compiled: &HashSet<String>) -> Self {
        images.sort_by(|a, b| (Reverse(a.size_bytes), &a.digest).cmp(&(Reverse(b.size_bytes), &b.digest)));
        let is_compiled = |image: &&Image| match &image.content {
            Content::Wasm { digest, .. } => compiled.contains(digest.trim_start_matches("sha256:")),
            Content::Oci { .. } => false,
        };
        let compiled: Vec<String> =
            images.iter().filter(is_compiled).take(IMAGES_MAX).flat_map(names).collect();
        images.truncate(IMAGES_MAX);
        Self { images: images.iter().map(one).collect(), compiled: compiled.join(",") }
    }
}

/// The digests of the modules whose compiled code is there. Blocking.
pub(super) fn compiled(data_dir: &Path) -> io::Result<HashSet<String>> {
    let entries = match fs::read_dir(data_dir.join(COMPILED_DIR)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
        Err(error) => return Err(error),
    };
    let mut digests = HashSet::new();
    for entry in entries {
        let name = entry?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".cwasm"));
        if let Some((digest, _)) = stem.and_then(|stem| stem.split_once('-')) {
            digests.insert(digest.to_owned());
        }
    }
    Ok(digests)
}

fn one(image: &Image) -> ContainerImage {
    ContainerImage { names: Some(names(image)), size_bytes: i64::try_from(image.size_bytes).ok() }
}

/// Names of an image. Pods name images as people do, and the scheduler compares names as they are.
fn names(image: &Image) -> Vec<String> {
    let short = image.names.iter().filter_map(|name| as_people_say(name));
    let by_digest =
        image.names.first().and_then(|name| Some(format!("{}@{}", repository(name)?, image.digest)));
    let all = by_digest.into_iter().chain(image.names.iter().cloned()).chain(short);
    all.take(NAMES_MAX).collect()
}

/// `busybox:1` for `docker.io/library/busybox:1`.
fn as_people_say(name: &str) -> Option<String> {
    let rest = name.strip_prefix(DEFAULT_REGISTRY)?;
    Some(rest.strip_prefix(DEFAULT_FOLDER).unwrap_or(rest).to_owned())
}

/// A name without tag and digest.
fn repository(name: &str) -> Option<&str> {
    let name = name.split('@').next()?;
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    Some(match name[start..].find(':') {
        Some(colon) => &name[..start + colon],
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use naru_image::{ImageConfig, WasmEncoding};

    use super::*;

    fn image(number: u64, names: &[&str]) -> Image {
        Image {
            digest: format!("sha256:{number}"),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            imported: false,
            size_bytes: number,
            config: ImageConfig::default(),
            content: Content::Oci { layers: Vec::new() },
        }
    }

    #[test]
    fn images_are_told_by_all_that_pods_call_them() {
        let table: [(&[&str], &[&str]); 4] = [
            (
                &["docker.io/library/busybox:1"],
                &["docker.io/library/busybox@sha256:7", "docker.io/library/busybox:1", "busybox:1"],
            ),
            (&["docker.io/a/b:1"], &["docker.io/a/b@sha256:7", "docker.io/a/b:1", "a/b:1"]),
            (&["host:5000/a"], &["host:5000/a@sha256:7", "host:5000/a"]),
            (&[], &[]),
        ];
        for (names, expected) in table {
            let told = Holdings::of(vec![image(7, names)], &HashSet::new()).images;
            assert_eq!(told[0].names.as_deref().unwrap(), expected);
            assert_eq!(told[0].size_bytes, Some(7));
        }
    }

    #[test]
    fn the_fifty_largest_are_told() {
        let names = ["host/a:1", "host/a:2", "host/b:1", "host/c:1", "host/d:1"];
        let all = (0..60).map(|number| image(number, &names)).collect();
        let told = Holdings::of(all, &HashSet::new()).images;
        let sizes: Vec<_> = told.iter().filter_map(|image| image.size_bytes).collect();
        assert_eq!(sizes, (10..60).rev().collect::<Vec<i64>>());
        assert!(told.iter().all(|image| image.names.as_ref().is_some_and(|names| names.len() == 5)));
    }

    #[test]
    fn images_with_compiled_code_are_named() {
        let wasm = |number: u64, name: &str| Image {
            content: Content::Wasm {
                module: "/m".into(),
                digest: format!("sha256:module{number}"),
                encoding: WasmEncoding::Module,
            },
            ..image(number, &[name])
        };
        let dir = tempfile::tempdir().unwrap();
        assert!(compiled(dir.path()).unwrap().is_empty());
        fs::create_dir(dir.path().join(COMPILED_DIR)).unwrap();
        for name in ["module1-engine.cwasm", "module2-engine.1-0.tmp"] {
            fs::write(dir.path().join(COMPILED_DIR).join(name), "").unwrap();
        }
        let there = compiled(dir.path()).unwrap();
        let all = vec![wasm(1, "h/a:1"), wasm(2, "h/b:1"), image(3, &["h/c:1"])];
        assert_eq!(Holdings::of(all, &there).compiled, "h/a@sha256:1,h/a:1");
    }
}

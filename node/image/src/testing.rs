//! For tests, here and in other crates (feature `testing`): images made on the spot, and a registry to keep them in.
//!
//! Nothing here is part of a node. Helpers panic with what to do about it, as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference as OciReference, RegistryOperation};
use serde_json::{Value, json};

use crate::digest;
use crate::manifest::{OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, REF_NAME, host_architecture};

/// How long a registry may take to answer for the first time.
const REGISTRY_START: Duration = Duration::from_secs(60);
/// Attempts to find a port that nobody takes before the registry does.
const PORT_ATTEMPTS: usize = 10;

/// User and password of registries that ask for one.
pub const LOGIN: (&str, &str) = ("user", "secret");
/// The same for docker-registry's htpasswd file: it takes bcrypt only, and Debian's `htpasswd` may not be there.
const HTPASSWD: &str = "user:$2b$04$0iku70HzCc225DKocMGuMOrgD89lwitquIdCPo39hsRLKV0jhDxSu\n";

/// How a layer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As a tar.
    Plain,
    /// By gzip.
    Gzip,
    /// By zstd.
    Zstd,
}

/// A layer being made.
pub struct Layer {
    tar: tar::Builder<Vec<u8>>,
}

impl Default for Layer {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer {
    /// A layer without entries.
    pub fn new() -> Self {
        Self { tar: tar::Builder::new(Vec::new()) }
    }

    /// Adds a file of root's with `mode`.
    pub fn file(mut self, path: &str, mode: u32, data: &[u8]) -> Self {
        let mut header = header(tar::EntryType::Regular, mode, data.len() as u64);
        self.tar.append_data(&mut header, path, data).unwrap();
        self
    }

    /// Adds a directory of root's with `mode`.
    pub fn dir(mut self, path: &str, mode: u32) -> Self {
        let mut header = header(tar::EntryType::Directory, mode, 0);
        self.tar.append_data(&mut header, path, &b""[..]).unwrap();
        self
    }

    /// Adds a symbolic link.
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        let mut header = header(tar::EntryType::Symlink, 0o777, 0);
        self.tar.append_link(&mut header, path, target).unwrap();
        self
    }

    /// Adds a hard link.
    pub fn hard_link(mut self, path: &str, target: &str) -> Self {
        let mut header = header(tar::EntryType::Link, 0o644, 0);
        self.tar.append_link(&mut header, path, target).unwrap();
        self
    }

    /// Adds whatever `write` writes, for entries that the other methods do not make.
    pub fn raw(mut self, write: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Self {
        write(&mut self.tar);
        self
    }

    /// The tar.
    pub fn into_tar(self) -> Vec<u8> {
        self.tar.into_inner().unwrap()
    }
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(1_000_000_000);
    header
}

/// An image being made: layers, and the `config` object of its configuration (`Entrypoint`, `Cmd`, `Env`...).
pub struct ImageSource {
    layers: Vec<Vec<u8>>,
    config: Value,
    platform: (String, String),
}

impl ImageSource {
    /// An image for this machine.
    pub fn new(config: Value, layers: impl IntoIterator<Item = Layer>) -> Self {
        let layers = layers.into_iter().map(Layer::into_tar).collect();
        Self { layers, config, platform: ("linux".to_owned(), host_architecture().to_owned()) }
    }

    /// For another platform.
    pub fn platform(mut self, os: &str, architecture: &str) -> Self {
        self.platform = (os.to_owned(), architecture.to_owned());
        self
    }

    /// Debian's `busybox-static` with a link for each of its programs in `/bin`, and `/tmp`, `/etc/passwd`, `/etc/group`.
    pub fn busybox() -> Self {
        let layer = busybox_layer();
        Self::new(
            json!({"Cmd": ["sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}),
            [layer],
        )
    }
}

fn busybox_layer() -> Layer {
    let path = Path::new("/bin/busybox");
    let binary = fs::read(path).expect("/bin/busybox is missing: apt-get install busybox-static");
    let list = Command::new(path).arg("--list").output().expect("busybox must run").stdout;
    let layer = Layer::new()
        .dir("bin", 0o755)
        .dir("etc", 0o755)
        .dir("proc", 0o555)
        .dir("sys", 0o555)
        .dir("dev", 0o755)
        .dir("root", 0o700)
        .dir("tmp", 0o1777)
        .file(
            "etc/passwd",
            0o644,
            b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        )
        .file("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n")
        .file("bin/busybox", 0o755, &binary);
    let programs = String::from_utf8(list).unwrap();
    programs
        .lines()
        .filter(|name| *name != "busybox")
        .fold(layer, |layer, name| layer.symlink(&format!("bin/{name}"), "busybox"))
}

/// An OCI image layout on disk, being filled.
pub struct Layout {
    dir: PathBuf,
    entries: Vec<Value>,
}

impl Layout {
    /// Makes an empty layout in `dir`, which is made when missing.
    pub fn create(dir: &Path) -> Self {
        fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
        fs::write(dir.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let layout = Self { dir: dir.to_owned(), entries: Vec::new() };
        layout.write_index();
        layout
    }

    /// The layout's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Adds an image under `tag` and returns its manifest's digest.
    pub fn add(&mut self, tag: &str, image: &ImageSource, compression: Compression) -> String {
        let manifest = self.image(image, compression);
        self.entry(tag, manifest)
    }

    /// Adds an index of images for several platforms under `tag` and returns its digest.
    pub fn add_index(&mut self, tag: &str, images: &[ImageSource]) -> String {
        let manifests: Vec<Value> = images
            .iter()
            .map(|image| {
                let mut descriptor = self.image(image, Compression::Gzip);
                descriptor["platform"] = json!({"os": image.platform.0, "architecture": image.platform.1});
                descriptor
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
        let descriptor = self.blob(OCI_INDEX, index.to_string().as_bytes());
        self.entry(tag, descriptor)
    }

    /// Adds an image whose configuration and layers are any bytes of any type: a Wasm artifact, for example.
    pub fn add_artifact(&mut self, tag: &str, config: (&str, &[u8]), layers: &[(&str, &[u8])]) -> String {
        let config = self.blob(config.0, config.1);
        let layers: Vec<Value> =
            layers.iter().map(|(media_type, bytes)| self.blob(media_type, bytes)).collect();
        let manifest = self.manifest(&config, &layers);
        self.entry(tag, manifest)
    }

    fn image(&self, image: &ImageSource, compression: Compression) -> Value {
        let diff_ids: Vec<String> = image.layers.iter().map(|tar| digest::of(tar)).collect();
        let config = json!({
            "os": image.platform.0, "architecture": image.platform.1, "config": image.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.blob(OCI_CONFIG, config.to_string().as_bytes());
        let layers: Vec<Value> = image
            .layers
            .iter()
            .map(|tar| match compression {
                Compression::Plain => self.blob(OCI_LAYER, tar),
                Compression::Gzip => self.blob(&format!("{OCI_LAYER}+gzip"), &gzip(tar)),
                Compression::Zstd => {
                    self.blob(&format!("{OCI_LAYER}+zstd"), &zstd::encode_all(&tar[..], 1).unwrap())
                }
            })
            .collect();
        self.manifest(&config, &layers)
    }

    fn manifest(&self, config: &Value, layers: &[Value]) -> Value {
        let manifest =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        self.blob(OCI_MANIFEST, manifest.to_string().as_bytes())
    }

    fn entry(&mut self, tag: &str, mut descriptor: Value) -> String {
        descriptor["annotations"] = json!({REF_NAME: tag});
        let digest = descriptor["digest"].as_str().unwrap().to_owned();
        self.entries.push(descriptor);
        self.write_index();
        digest
    }

    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest::of(bytes);
        fs::write(self.dir.join("blobs/sha256").join(digest::hex(&digest).unwrap()), bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    fn write_index(&self) {
        let index = json!({"schemaVersion": 2, "manifests": self.entries});
        fs::write(self.dir.join("index.json"), index.to_string()).unwrap();
    }
}

/// `tar` of a directory's content, for imports of archives.
pub fn tar_of(dir: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", dir).unwrap();
    tar.into_inner().unwrap()
}

/// By gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Debian's `docker-registry` in a process of its own, empty, on a free port of 127.0.0.1; stopped when dropped.
pub struct Registry {
    process: Child,
    address: String,
    login: bool,
    dir: tempfile::TempDir,
}

impl Registry {
    /// Starts a registry that serves anybody.
    pub fn start() -> Self {
        Self::start_with(false)
    }

    /// Starts a registry that asks for [`LOGIN`].
    pub fn start_with_login() -> Self {
        Self::start_with(true)
    }

    fn start_with(login: bool) -> Self {
        for _ in 0..PORT_ATTEMPTS {
            let dir = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let address = format!("127.0.0.1:{port}");
            let process = spawn(dir.path(), &address, login);
            let mut registry = Self { process, address, login, dir };
            if registry.wait() {
                return registry;
            }
        }
        panic!("docker-registry found no free port");
    }

    /// `127.0.0.1:<port>`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it keeps its blobs, for tests that damage them.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Whether it answers; false if it ended, for example because somebody took the port.
    fn wait(&mut self) -> bool {
        let deadline = Instant::now() + REGISTRY_START;
        while Instant::now() < deadline {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if std::net::TcpStream::connect(&self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("docker-registry does not answer on {}", self.address);
    }

    /// Pushes everything in a layout's index: to `<address>/<repository>:<tag>` for each tag there.
    pub async fn push(&self, layout: &Path, repository: &str) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() });
        let auth = match self.login {
            true => RegistryAuth::Basic(LOGIN.0.to_owned(), LOGIN.1.to_owned()),
            false => RegistryAuth::Anonymous,
        };
        let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
        for entry in index["manifests"].as_array().unwrap() {
            let tag = entry["annotations"][REF_NAME].as_str().unwrap();
            let target = OciReference::with_tag(self.address.clone(), repository.to_owned(), tag.to_owned());
            client.auth(&target, &auth, RegistryOperation::Push).await.unwrap();
            push_manifest(&client, layout, entry, &target).await;
        }
    }
}

async fn push_manifest(client: &Client, layout: &Path, entry: &Value, target: &OciReference) {
    let bytes = read_blob(layout, entry);
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    for inner in manifest["manifests"].as_array().into_iter().flatten() {
        let at = OciReference::with_digest(
            target.registry().to_owned(),
            target.repository().to_owned(),
            inner["digest"].as_str().unwrap().to_owned(),
        );
        Box::pin(push_manifest(client, layout, inner, &at)).await;
    }
    for blob in manifest["layers"].as_array().into_iter().flatten().chain(manifest.get("config")) {
        client.push_blob(target, read_blob(layout, blob), blob["digest"].as_str().unwrap()).await.unwrap();
    }
    let media_type = entry["mediaType"].as_str().unwrap().parse().unwrap();
    client.push_manifest_raw(target, bytes, media_type).await.unwrap();
}

fn read_blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    fs::read(layout.join("blobs").join(digest.replacen(':', "/", 1))).unwrap()
}

fn spawn(dir: &Path, address: &str, login: bool) -> Child {
    let mut config = json!({
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": dir.join("data")}},
        "http": {"addr": address},
    });
    if login {
        let file = dir.join("htpasswd");
        fs::write(&file, HTPASSWD).unwrap();
        config["auth"] = json!({"htpasswd": {"realm": "naru tests", "path": file}});
    }
    // JSON is YAML.
    let file = dir.join("config.yml");
    fs::write(&file, config.to_string()).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("docker-registry is missing: apt-get install docker-registry")
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

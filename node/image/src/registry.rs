//! Images from registries, by the OCI distribution protocol.
//!
//! In: a reference and a login. Out: a kept image. Manifests are checked against their digests, layers against theirs and
//! against the configuration's diff ids; layers arrive in parallel and are unpacked as they arrive, so memory stays small.
//! What goes wrong is worded as by containerd, which is what people search for.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::{StreamExt, TryStreamExt};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::OciDescriptor;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference as OciReference, RegistryOperation};
use tokio::sync::{Semaphore, mpsc};

use crate::content::MAX_DOCUMENT;
use crate::disk::Inner;
use crate::fault::Fault;
use crate::ingest::{Ingest, Piece};
use crate::manifest::{
    DOCKER_INDEX, DOCKER_MANIFEST, Descriptor, Document, OCI_INDEX, OCI_MANIFEST, choose, host_architecture,
};
use crate::{Credentials, Error, Image, Reference, Result};

/// Layers that one pull fetches at once.
const LAYERS_PER_PULL: usize = 4;
/// Layers that all pulls of this process fetch at once.
const LAYERS_AT_ONCE: usize = 12;
/// Pieces of a layer (some 16 KiB each) that wait to be unpacked.
const PIECES_AHEAD: usize = 64;
/// Indexes that may lead to indexes.
const MAX_DEPTH: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Silence of a registry after which a pull fails.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Hosts that are never reached through a proxy (Go's rule, which reqwest does not have).
const LOOPBACK: &str = "localhost,127.0.0.1,::1";

/// How to reach registries.
pub(crate) struct Registries {
    insecure: Vec<String>,
    slots: Semaphore,
    /// One for all anonymous pulls; logins get a client each, because a client keeps the tokens it was given.
    anonymous_http: OnceLock<Client>,
    anonymous_https: OnceLock<Client>,
}

impl Registries {
    pub(crate) fn new(insecure: &[String]) -> Self {
        Self {
            insecure: insecure.to_vec(),
            slots: Semaphore::new(LAYERS_AT_ONCE),
            anonymous_http: OnceLock::new(),
            anonymous_https: OnceLock::new(),
        }
    }

    fn client(
        &self,
        reference: &Reference,
        credentials: &Credentials,
    ) -> Result<Client, OciDistributionError> {
        let plain = is_loopback(reference.host()) || self.insecure.iter().any(|r| r == reference.registry());
        let (protocol, kept) = match plain {
            true => (ClientProtocol::Http, &self.anonymous_http),
            false => (ClientProtocol::Https, &self.anonymous_https),
        };
        if *credentials != Credentials::Anonymous {
            return make_client(protocol);
        }
        if let Some(client) = kept.get() {
            return Ok(client.clone());
        }
        let client = make_client(protocol)?;
        Ok(kept.get_or_init(|| client).clone())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn make_client(protocol: ClientProtocol) -> Result<Client, OciDistributionError> {
    // An error means that the program has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let variable = |name: &str| {
        let value = std::env::var(name).or_else(|_| std::env::var(name.to_lowercase()));
        value.ok().filter(|value| !value.is_empty())
    };
    let no_proxy =
        variable("NO_PROXY").map_or_else(|| LOOPBACK.to_owned(), |hosts| format!("{hosts},{LOOPBACK}"));
    Client::try_from(ClientConfig {
        protocol,
        connect_timeout: Some(CONNECT_TIMEOUT),
        read_timeout: Some(READ_TIMEOUT),
        user_agent: concat!("naru/", env!("CARGO_PKG_VERSION")),
        https_proxy: variable("HTTPS_PROXY"),
        http_proxy: variable("HTTP_PROXY"),
        no_proxy: Some(no_proxy),
        ..ClientConfig::default()
    })
}

/// One pull: the registry, what is asked of it, and how the answer is to be blamed.
struct Pull<'a> {
    inner: Arc<Inner>,
    client: Client,
    auth: RegistryAuth,
    reference: &'a Reference,
    /// The reference as the pod has it.
    given: &'a str,
}

/// Fetches the image into the store and records it under the reference.
pub(crate) async fn pull(
    inner: Arc<Inner>,
    reference: &Reference,
    given: &str,
    credentials: &Credentials,
) -> Result<Image> {
    let auth = match credentials {
        Credentials::Anonymous => RegistryAuth::Anonymous,
        Credentials::Basic { username, password } => RegistryAuth::Basic(username.clone(), password.clone()),
    };
    let client = inner.registries.client(reference, credentials);
    let client =
        client.map_err(|error| Error::Pull { reference: given.to_owned(), reason: request_words(&error) })?;
    let pull = Pull { inner, client, auth, reference, given };
    pull.run().await
}

impl Pull<'_> {
    async fn run(&self) -> Result<Image> {
        let (digest, manifest) = self.resolve().await?;
        let at = oci_reference(&self.reference.at(&digest));
        let inner = self.inner.clone();
        // From here until the record is written, nobody may sweep what we fetch.
        let _guard = self.blocking(move || inner.content.share()).await?;
        let ingest = Arc::new(self.ingest(&at, manifest).await?);
        let missing = ingest.missing(&self.inner.content);
        let fetches = missing.into_iter().map(|piece| self.fetch(&at, piece));
        futures::stream::iter(fetches).buffer_unordered(LAYERS_PER_PULL).try_collect::<()>().await?;
        let (inner, name) = (self.inner.clone(), self.reference.key());
        let settled = self.blocking(move || {
            let ingest = Arc::into_inner(ingest).ok_or_else(|| Fault::invalid("still in use"))?;
            inner.records.put(ingest.settle(&inner.content, false)?, &[name])
        });
        Ok(settled.await?.image(&self.inner.content))
    }

    /// From the reference to one manifest, by way of an index if there is one.
    async fn resolve(&self) -> Result<(String, Vec<u8>)> {
        let mut at = oci_reference(self.reference);
        let blame = |error: OciDistributionError| {
            let reason = resolve_words(&error, self.reference);
            self.failure(&format!("failed to resolve reference \"{}\": {reason}", self.reference))
        };
        self.client.auth(&at, &self.auth, RegistryOperation::Pull).await.map_err(blame)?;
        let accepted = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_INDEX];
        for _ in 0..MAX_DEPTH {
            let (bytes, digest) =
                self.client.pull_manifest_raw(&at, &self.auth, &accepted).await.map_err(blame)?;
            if bytes.len() as u64 > MAX_DOCUMENT {
                return Err(
                    self.content(Fault::invalid(format!("manifest is larger than {MAX_DOCUMENT} bytes")))
                );
            }
            // A registry may state the digest by another algorithm; ours names files.
            let own = crate::digest::of(&bytes);
            match Document::parse(&bytes).map_err(|fault| self.content(fault))? {
                Document::Manifest(_) => return Ok((own, bytes.into())),
                Document::Index(entries) => {
                    let architecture = host_architecture();
                    let entry = choose(&entries, architecture).ok_or_else(|| {
                        self.failure(&format!(
                            "no match for platform linux/{architecture} in manifest {digest}: not found"
                        ))
                    })?;
                    at = oci_reference(&self.reference.at(&entry.digest));
                }
            }
        }
        Err(self.content(Fault::invalid(format!("more than {MAX_DEPTH} indexes lead to each other"))))
    }

    async fn ingest(&self, at: &OciReference, manifest: Vec<u8>) -> Result<Ingest> {
        let Document::Manifest(parsed) = Document::parse(&manifest).map_err(|fault| self.content(fault))?
        else {
            return Err(self.content(Fault::invalid("an index where a manifest should be")));
        };
        let blame = |reason: String| {
            self.failure(&format!("failed to fetch config {}: {reason}", parsed.config.digest))
        };
        let stream = self.client.pull_blob_stream(at, &descriptor(&parsed.config)).await;
        let mut stream = stream.map_err(|e| blame(resolve_words(&e, self.reference)))?;
        let mut config = Vec::new();
        while let Some(chunk) = stream.next().await {
            config.extend_from_slice(&chunk.map_err(|e| blame(chain(&e)))?);
            if config.len() as u64 > MAX_DOCUMENT {
                return Err(self
                    .content(Fault::invalid(format!("configuration is larger than {MAX_DOCUMENT} bytes"))));
            }
        }
        Ingest::new(manifest, config).map_err(|fault| self.content(fault))
    }

    /// One layer, from the wire into the store.
    async fn fetch(&self, at: &OciReference, piece: Piece) -> Result<()> {
        let digest = &piece.descriptor().digest;
        let lock = self.inner.layer_lock(digest);
        let _only = lock.lock().await;
        if piece.is_kept(&self.inner.content) {
            return Ok(());
        }
        let _slot = self.inner.registries.slots.acquire().await.map_err(|e| self.failure(&e.to_string()))?;
        let blame = |reason: String| self.failure(&format!("failed to copy layer {digest}: {reason}"));
        let stream = self.client.pull_blob_stream(at, &descriptor(piece.descriptor())).await;
        let mut stream = stream.map_err(|e| blame(resolve_words(&e, self.reference)))?;
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        let (inner, work) = (self.inner.clone(), piece.clone());
        let unpacking = self.blocking(move || work.put(&inner.content, Arriving::new(receiver)));
        let arriving = async move {
            // A local: it must go when the stream ends, well or not, for that is what ends the unpacker.
            let sender = sender;
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|e| chain(&e))?;
                if sender.send(Some(chunk)).await.is_err() {
                    return Ok(()); // the unpacker has failed and says why
                }
            }
            let _ = sender.send(None).await;
            Ok::<(), String>(())
        };
        let (arrived, unpacked) = tokio::join!(arriving, unpacking);
        arrived.map_err(blame)?;
        unpacked
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(|fault| self.content(fault)),
            Err(stopped) => Err(self.failure(&stopped.to_string())),
        }
    }

    fn failure(&self, reason: &str) -> Error {
        let reason = format!("failed to pull and unpack image \"{}\": {reason}", self.reference);
        Error::Pull { reference: self.given.to_owned(), reason }
    }

    fn content(&self, fault: Fault) -> Error {
        fault.about(&self.reference.to_string())
    }
}

/// Bytes from the network as a reader for a blocking thread. The end must be said: a sender that just goes away was cancelled.
struct Arriving {
    receiver: mpsc::Receiver<Option<Bytes>>,
    chunk: Bytes,
    ended: bool,
}

impl Arriving {
    fn new(receiver: mpsc::Receiver<Option<Bytes>>) -> Self {
        Self { receiver, chunk: Bytes::new(), ended: false }
    }
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Some(chunk)) => self.chunk = chunk,
                Some(None) => self.ended = true,
                None => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the pull was cancelled"));
                }
            }
        }
        let n = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}

fn oci_reference(reference: &Reference) -> OciReference {
    let (registry, repository) = (reference.registry().to_owned(), reference.repository().to_owned());
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => OciReference::with_digest(registry, repository, digest.to_owned()),
        (None, tag) => OciReference::with_tag(registry, repository, tag.unwrap_or("latest").to_owned()),
    }
}

fn descriptor(descriptor: &Descriptor) -> OciDescriptor {
    OciDescriptor {
        media_type: descriptor.media_type.clone(),
        digest: descriptor.digest.clone(),
        size: i64::try_from(descriptor.size).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    }
}

/// What a registry said, in containerd's words.
fn resolve_words(error: &OciDistributionError, reference: &Reference) -> String {
    const DENIED: &str = "pull access denied, repository does not exist or may require authorization";
    let not_found = || format!("{reference}: not found");
    match error {
        OciDistributionError::ImageManifestNotFoundError(_)
        | OciDistributionError::ServerError { code: 404, .. } => not_found(),
        OciDistributionError::RegistryError { envelope, .. } => match envelope.errors.first() {
            Some(first) if is_not_found(&first.code) => not_found(),
            Some(first) if matches!(first.code, OciErrorCode::Denied | OciErrorCode::Unauthorized) => {
                format!("{DENIED}: server message: {}", first.message)
            }
            _ => error.to_string(),
        },
        OciDistributionError::UnauthorizedError { .. } => {
            format!("{DENIED}: authorization failed: no basic auth credentials")
        }
        OciDistributionError::AuthenticationFailure(said) => {
            format!("{DENIED}: authorization failed: {}", said.trim())
        }
        OciDistributionError::ServerError { code, url, message } => {
            format!("unexpected status from GET request to {url}: {code}: {}", message.trim())
        }
        other => request_words(other),
    }
}

fn is_not_found(code: &OciErrorCode) -> bool {
    matches!(
        code,
        OciErrorCode::ManifestUnknown
            | OciErrorCode::NameUnknown
            | OciErrorCode::NotFound
            | OciErrorCode::BlobUnknown
    )
}

fn request_words(error: &OciDistributionError) -> String {
    match error {
        OciDistributionError::RequestError(_) => format!("failed to do request: {}", chain(error)),
        other => other.to_string(),
    }
}

/// An error with its causes: reqwest says only "error sending request" at the top.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = next.source();
    }
    text
}

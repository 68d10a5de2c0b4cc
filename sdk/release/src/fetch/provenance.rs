//! Provenance: whether a chart's archive is what somebody in the keyring has signed. In: an archive, the text that lies
//! beside it as `.prov`, a keyring's file. Out: who signed it, or why it does not count, in Helm's words.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use naru_bundle::{json, yaml};
use naru_provenance::{KEYRING_BYTES_MAX, Keyring, Signer, TEXT_BYTES_MAX, open};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CHART_BYTES_MAX, Error, Fetched, hex};

/// What stands between a chart's metadata and its digests.
const SEPARATOR: &str = "\n...\n";

/// What is done about the provenance of charts that are fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Provenance {
    /// Nothing.
    #[default]
    Ignored,
    /// It is fetched, and kept beside the chart.
    Fetched,
    /// It is verified with this keyring, if there is any.
    IfThere(PathBuf),
    /// It is verified with this keyring.
    Demanded(PathBuf),
}

/// Who vouches for a chart's archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The signer's names.
    pub names: Vec<String>,
    /// The signer's key: the fingerprint in capital hexadecimal digits.
    pub fingerprint: String,
    /// The archive's digest: `sha256:...`.
    pub digest: String,
}

/// What Helm prints of it.
impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.names {
            writeln!(f, "Signed by: {name}")?;
        }
        writeln!(f, "Using Key With Fingerprint: {}", self.fingerprint)?;
        writeln!(f, "Chart Hash Verified: {}", self.digest)
    }
}

impl Provenance {
    /// Whether it is to be fetched.
    pub(super) fn is_wanted(&self) -> bool {
        *self != Provenance::Ignored
    }
}

impl Fetched {
    /// Verifies the chart as is wanted. `reference` is what it was asked for by; `say` hears of charts without
    /// provenance where that is no failure.
    ///
    /// # Errors
    /// There is none though it is demanded, or it does not count.
    pub fn verify(
        &self,
        wanted: &Provenance,
        reference: &str,
        say: &dyn Fn(&str),
    ) -> Result<Option<Verification>, Error> {
        let Some(found) = &self.provenance else { return Ok(None) };
        match (wanted, found) {
            (Provenance::Ignored, _) | (Provenance::Fetched, Ok(_)) => Ok(None),
            (Provenance::Demanded(_), Err(_)) => {
                let url = format!("{}.prov", self.url);
                Err(Error::Plain(format!("failed to fetch provenance {url:?}")))
            }
            (_, Err(error)) => {
                say(&format!("WARNING: Verification not found for {reference}: {error}"));
                Ok(None)
            }
            (Provenance::IfThere(keyring) | Provenance::Demanded(keyring), Ok(text)) => {
                verify(keyring, &self.bytes, text, &self.file_name).map(Some)
            }
        }
    }
}

/// Verifies an archive on this machine with the text that lies beside it.
///
/// # Errors
/// It is no archive, there is no text, or the text does not vouch for it.
pub fn verify_file(path: &Path, keyring: &Path) -> Result<Verification, Error> {
    let shown = path.display();
    let about = fs::metadata(path).map_err(|error| go_error("stat", path, &error))?;
    if about.is_dir() {
        return Err(Error::Plain("unpacked charts cannot be verified".into()));
    }
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tgz")) {
        return Err(Error::Plain("chart must be a tgz file".into()));
    }
    let beside = PathBuf::from(format!("{shown}.prov"));
    if let Err(error) = fs::metadata(&beside) {
        let error = go_error("stat", &beside, &error);
        return Err(Error::Plain(format!("could not load provenance file {}: {error}", beside.display())));
    }
    let archive = read(path, CHART_BYTES_MAX as u64)?;
    let text = read(&beside, TEXT_BYTES_MAX)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    verify(keyring, &archive, &text, &name)
}

/// Verifies an archive that is called `file_name`.
fn verify(keyring: &Path, archive: &[u8], text: &[u8], file_name: &str) -> Result<Verification, Error> {
    let keys =
        read_keyring(keyring).map_err(|error| Error::Plain(format!("failed to load keyring: {error}")))?;
    let opened = open(&keys, text, now()).map_err(Error::Provenance)?;
    let digest = digest_of(archive);
    let stated = stated_digest(&opened.text, file_name)?;
    if stated != digest {
        return Err(Error::Plain(format!(
            "sha256 sum does not match for {file_name}: {stated:?} != {digest:?}"
        )));
    }
    Ok(Verification { names: opened.names, fingerprint: opened.fingerprint, digest })
}

/// The digest that a signed text states for a file.
fn stated_digest(text: &str, file_name: &str) -> Result<String, Error> {
    let plain = |error: &dyn fmt::Display| Error::Plain(error.to_string());
    let digests = text.split(SEPARATOR).nth(1);
    let digests = digests.ok_or_else(|| plain(&"message block must have at least two parts"))?;
    let value = yaml::read(digests.as_bytes()).map_err(|error| plain(&error))?;
    let value = json::write(&value, json::Style::Raw).map_err(|error| plain(&error))?;
    let value: Value = serde_json::from_str(&value).map_err(|error| plain(&error))?;
    let stated = value["files"][file_name].as_str().map(String::from);
    stated.ok_or_else(|| {
        Error::Plain(format!("provenance does not contain a SHA for a file named {file_name:?}"))
    })
}

/// The text that vouches for an archive of a chart with this metadata, in YAML.
///
/// # Errors
/// A file name that YAML cannot hold.
pub fn statement(metadata: &str, file_name: &str, archive: &[u8]) -> Result<String, Error> {
    let plain = |error: &dyn fmt::Display| Error::Plain(error.to_string());
    let digests = json!({"files": {file_name: digest_of(archive)}}).to_string();
    let digests = yaml::read_exact(digests.as_bytes()).map_err(|error| plain(&error))?;
    let digests = yaml::write(&digests).map_err(|error| plain(&error))?;
    Ok(format!("{metadata}{SEPARATOR}{digests}"))
}

/// Signs a text with the key of this name; `passphrase` is asked, with the key's full name, if the key has one.
///
/// # Errors
/// There is no such key, it does not sign, or the passphrase cannot be had or is wrong.
pub fn sign<E: From<Error>>(
    keyring: &Keyring,
    key: &str,
    text: &str,
    passphrase: impl FnOnce(&str) -> Result<Vec<u8>, E>,
) -> Result<String, E> {
    let signer = Signer::find(keyring, key).map_err(Error::Provenance)?;
    let passphrase = signer.locked().map(passphrase).transpose()?.unwrap_or_default();
    Ok(signer.sign(&passphrase, text, now()).map_err(Error::Provenance)?)
}

/// Reads a keyring's file, of any form.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_keyring(path: &Path) -> Result<Keyring, Error> {
    let bytes = read(path, KEYRING_BYTES_MAX)?;
    Keyring::read(&path.display().to_string(), &bytes).map_err(Error::Provenance)
}

fn digest_of(archive: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(archive)))
}

/// Seconds since 1970.
fn now() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    u32::try_from(now).unwrap_or(u32::MAX)
}

fn read(path: &Path, max: u64) -> Result<Vec<u8>, Error> {
    let failed = |error: io::Error| go_error("open", path, &error);
    let about = fs::metadata(path).map_err(failed)?;
    if about.len() > max {
        return Err(Error::Plain(format!("{} is larger than {max} bytes", path.display())));
    }
    fs::read(path).map_err(failed)
}

/// A failed operation on a file in Go's words.
fn go_error(operation: &str, path: &Path, error: &io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "is a directory".into(),
        io::ErrorKind::NotADirectory => "not a directory".into(),
        _ => error.to_string(),
    };
    Error::Plain(format!("{operation} {}: {reason}", path.display()))
}

/// The keyring if none is named: GnuPG's, of the old form if there is one. `variable` looks up the environment.
pub fn usual_keyring(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let home = variable("GNUPGHOME").unwrap_or_else(|| variable("HOME").unwrap_or_default().join(".gnupg"));
    let is_missing =
        |path: &Path| fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let (old, new) = (home.join("pubring.gpg"), home.join("pubring.kbx"));
    if is_missing(&old) && !is_missing(&new) { new } else { old }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn statements_name_the_digest() {
        let text = statement("name: a\n", "a-1.tgz", b"x").unwrap();
        let digest = digest_of(b"x");
        assert_eq!(text, format!("name: a\n\n...\nfiles:\n  a-1.tgz: {digest}\n"));
        assert_eq!(stated_digest(&text, "a-1.tgz").unwrap(), digest);
        for (text, expected) in [
            (text.as_str(), "provenance does not contain a SHA for a file named \"b\""),
            ("name: a", "message block must have at least two parts"),
            ("a\n...\nfiles: 1", "provenance does not contain a SHA for a file named \"b\""),
        ] {
            assert_eq!(stated_digest(text, "b").unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn the_old_keyring_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let usual = || usual_keyring(|name| (name == "GNUPGHOME").then(|| dir.path().into()));
        assert!(usual().ends_with("pubring.gpg"));
        fs::write(dir.path().join("pubring.kbx"), "").unwrap();
        assert!(usual().ends_with("pubring.kbx"));
        fs::write(dir.path().join("pubring.gpg"), "").unwrap();
        assert!(usual().ends_with("pubring.gpg"));
        let below_home = usual_keyring(|name| (name == "HOME").then(|| "/h".into()));
        assert_eq!(below_home, PathBuf::from("/h/.gnupg/pubring.gpg"));
    }
}

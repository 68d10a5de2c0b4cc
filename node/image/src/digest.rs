//! SHA-256 digests in their OCI form, `sha256:<64 hex digits>`.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

const PREFIX: &str = "sha256:";

/// The digest of some bytes.
pub(crate) fn of(bytes: &[u8]) -> String {
    format(Sha256::digest(bytes).as_slice())
}

fn format(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(PREFIX.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

/// The 64 hex digits of a digest; none if it is of another form. What this returns is safe as a file name.
pub(crate) fn hex(digest: &str) -> Option<&str> {
    let hex = digest.strip_prefix(PREFIX)?;
    (hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(hex)
}

/// A reader that hashes and counts what passes through it.
pub(crate) struct Hashing<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// The digest and number of the bytes read so far.
    pub(crate) fn finish(self) -> (String, u64) {
        (format(self.hash.finalize().as_slice()), self.bytes)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn known_digest_of_nothing() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(of(b""), empty);
        let mut reader = Hashing::new(&b"abc"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.finish(), (of(b"abc"), 3));
    }

    #[test]
    fn only_whole_lower_case_sha256_is_a_file_name() {
        assert!(hex(&of(b"x")).is_some());
        for bad in ["", "sha256:", "sha256:../../etc", "sha512:00", &of(b"x").to_uppercase(), &of(b"x")[..70]]
        {
            assert_eq!(hex(bad), None, "{bad}");
        }
    }
}

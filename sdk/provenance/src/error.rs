//! Why a text cannot be signed, or a signature does not count.

/// Why not; the words are those that Helm prints.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// A text that nobody signed.
    #[error("signature block not found")]
    NoSignature,
    /// Bytes that are no OpenPGP, or not what they should be.
    #[error("openpgp: invalid data: {0}")]
    Data(String),
    /// Something that OpenPGP has and this does not.
    #[error("openpgp: unsupported feature: {0}")]
    Unsupported(String),
    /// A key box of GnuPG that cannot be read.
    #[error("reading keybox {name}: {reason}")]
    Keybox {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A keyring in letters that cannot be read.
    #[error("reading armored keyring {name}: {reason}")]
    Armor {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// None of the keys made the signature, or none that may sign.
    #[error("openpgp: signature made by unknown entity")]
    UnknownSigner,
    /// The text is not what was signed.
    #[error("openpgp: invalid signature: {algorithm} verification failure")]
    Mismatch {
        /// The signature's algorithm.
        algorithm: &'static str,
    },
    /// A signature with a condition that nobody here knows.
    #[error("openpgp: invalid signature: unknown critical notation: {0}")]
    UnknownNotation(String),
    /// The key was taken back.
    #[error("openpgp: signature made by revoked key")]
    Revoked,
    /// The key is too old, or from the future.
    #[error("openpgp: key expired")]
    KeyExpired,
    /// The signature is too old, or from the future.
    #[error("openpgp: signature expired")]
    SignatureExpired,
    /// Several keys fit.
    #[error("more than one key contain the id {0:?}")]
    Ambiguous(String),
    /// No key fits.
    #[error("private key not found")]
    NoKey,
    /// A key that cannot sign.
    #[error("provided key is not a private key. Try providing a keyring with secret keys")]
    NotPrivate,
    /// The passphrase does not open the key.
    #[error("openpgp: invalid data: private key checksum failure")]
    WrongPassphrase,
}

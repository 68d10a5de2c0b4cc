//! Clear-signed texts (OpenPGP), as Helm signs and verifies charts with them.
//!
//! In: a keyring's bytes in any of GnuPG's forms, a text, a passphrase, the time. Out: a signed text, or who signed one
//! and what it says. Nothing here reads files, clocks or the network. What is accepted, and the words of each refusal,
//! are those of the library that Helm uses (ProtonMail's go-crypto).

mod armor;
mod clear;
mod entity;
mod error;
mod keybox;
mod keyring;
mod packets;
mod sign;
mod verify;

pub use error::Error;
pub use keyring::Keyring;
pub use sign::Signer;
pub use verify::{Opened, open};

/// The largest keyring that is read, in bytes.
pub const KEYRING_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The largest signed text that is read, in bytes.
pub const TEXT_BYTES_MAX: u64 = 10 * 1024 * 1024;

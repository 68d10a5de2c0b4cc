//! The cluster's certificates: one authority, and what it has issued to the server, the administrator and nodes.
//!
//! In: a directory and the names the server is reached by. Out: PEM for TLS and for the kubeconfig. Files are made on
//! the first start, renewed when [`RENEW_BEFORE_DAYS`] are left or the names change, and readable by their owner only.

mod authority;
mod files;
mod kubeconfig;

pub use authority::{Authority, Error, KeyPem, Request, Usage};
pub use files::{Names, Pki, write_private};
pub use kubeconfig::kubeconfig;

/// How long the authority is valid.
pub const AUTHORITY_DAYS: i64 = 3650;
/// How long an issued certificate is valid.
pub const CERTIFICATE_DAYS: i64 = 365;
/// A certificate with fewer days left is issued anew at the next start.
pub const RENEW_BEFORE_DAYS: i64 = 30;

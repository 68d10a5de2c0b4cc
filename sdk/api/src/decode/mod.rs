//! Request bodies and manifests into JSON values: JSON, YAML and Kubernetes' protobuf envelope.
//!
//! Everything here is bounded in depth and survives any bytes; how large a body may be is the caller's limit.

mod error;
mod json;
mod protobuf;
mod value;
mod wording;
mod yaml;

pub use error::Error;
pub use json::json;
pub use protobuf::{MAGIC, protobuf};
pub use yaml::{yaml, yaml_documents};

use serde_json::Value;

/// A decoded body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// The value; of a key that occurs twice the last one counts.
    pub value: Value,
    /// The paths of keys that occur more than once, for example `spec.containers[0].image`, in document order.
    pub duplicates: Vec<String>,
}

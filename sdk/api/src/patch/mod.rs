//! Patches: a document and a patch in, the patched document out. All pure; the verbs do the rest.

mod growth;
mod json;
mod merge;
mod strategic;
mod three_way;

pub use growth::{COPIED_BYTES_MAX, DEPTH_MAX};
pub use json::{OPERATIONS_MAX, json};
pub use merge::merge;
pub use strategic::strategic;
pub use three_way::three_way;

//! Rendering a chart: in, a loaded chart, values and the release's options; out, what `helm template` prints and what
//! an installation applies, in order.

mod manifest;

pub use manifest::{CustomResource, Hook, HookEvent, Manifest, Rendered, push_document};

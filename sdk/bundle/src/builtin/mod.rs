//! The objects that templates find beside `.Values`: `.Chart`, `.Files`, `.Capabilities`, `.Release`.

mod capabilities;
mod chart;
mod files;
mod glob;
mod release;

pub use capabilities::{Capabilities, KubeVersion, KubeVersionError};
pub use chart::chart_object;
pub use files::Files;
pub use glob::Glob;
pub use release::ReleaseOptions;

//! The commands that are not a cluster's own process: one file a verb.

pub mod apply;
pub mod bundle;
pub mod delete;
pub mod describe;
pub mod down;
pub mod get;
pub mod image;
pub mod logs;
pub mod wait;

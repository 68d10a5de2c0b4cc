//! What is to be done, as functions of records and objects: no clock, no network, no cluster.
//!
//! In: the history of a release, the objects of the old and the new manifest, the live objects. Out: which revision
//! comes next, what is created, patched and deleted, which hooks run, which records go. `cluster` does it.

pub mod changes;
pub mod history;
pub mod holder;
pub mod hooks;
pub mod managers;
pub mod name;
pub mod patch;

//! From a container of a pod to the [`naru_runtime::ContainerSpec`] that a runtime gets: every decision is made here.
//!
//! [`env`], [`command`], [`fields`], [`resources`] and [`spec`] are pure; [`user`] reads the image's own user database,
//! [`files`] writes the pod's `/etc` files.

pub(crate) mod command;
pub(crate) mod env;
pub(crate) mod expand;
pub(crate) mod fields;
pub(crate) mod files;
mod resources;
pub(crate) mod selinux;
pub(crate) mod spec;
pub(crate) mod user;

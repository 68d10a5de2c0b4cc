//! The user a guest's file operations act as.
//!
//! A guest has no process whose user could be set. Linux keeps the user for file access by thread: it is set while the guest is
//! polled, which is when its file operations happen, and taken back before the thread does anything else.

use naru_runtime::User;
use nix::{
    libc,
    unistd::{Gid, Uid, setfsgid, setfsuid},
};

/// A user other than root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    uid: Uid,
    gid: Gid,
    groups: Vec<libc::gid_t>,
}

impl Identity {
    /// The identity of `user`; `None` for root, which this process is.
    pub(crate) fn new(user: &User) -> Option<Self> {
        let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
        let root = user.uid == 0 && user.gid == 0;
        (!root).then(|| Self { uid, gid, groups: user.additional_gids.clone() })
    }

    /// This thread's file access is this user's until the result is dropped.
    pub(crate) fn enter(&self) -> impl Drop + use<> {
        set(self.uid, self.gid, &self.groups);
        Entered
    }
}

/// This thread's file access is root's until the result is dropped; then `identity`'s again.
pub(crate) fn leave(identity: Option<&Identity>) -> impl Drop + use<'_> {
    if identity.is_some() {
        set(ROOT.0, ROOT.1, &[]);
    }
    Left(identity)
}

const ROOT: (Uid, Gid) = (Uid::from_raw(0), Gid::from_raw(0));

struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        set(ROOT.0, ROOT.1, &[]);
    }
}

struct Left<'a>(Option<&'a Identity>);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        if let Some(Identity { uid, gid, groups }) = self.0 {
            set(*uid, *gid, groups);
        }
    }
}

fn set(uid: Uid, gid: Gid, groups: &[libc::gid_t]) {
    // The library's setgroups is for all threads of the process, the system call for this one.
    // SAFETY: the kernel reads as many groups as the slice has.
    let _ = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
    // The groups and the group first: changing the user takes privileges away, and gives them back.
    setfsgid(gid);
    setfsuid(uid);
}

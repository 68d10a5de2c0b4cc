//! What a pod's worker can do, and what comes of it: the words between the plan (pure) and its application (IO).

use jiff::Timestamp;
use naru_network::Attachment;
use std::sync::Arc;

use super::ids::Engine;
use super::observed::Ended;

/// One thing to do for a pod. Steps of one plan are independent of each other and run at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Give the pod an address and a namespace.
    EnsureNetwork,
    /// Make the pod's directories, files and volumes, or bring them up to date.
    EnsureVolumes,
    /// Find or pull the image for an attempt of a container, and mount its root file system.
    PrepareImage { container: String, attempt: u32, asked: String },
    /// Give up a preparation that is still under way.
    AbortImage { container: String },
    /// Create an attempt of a container.
    Create { container: String, attempt: u32 },
    /// Start one that is created.
    Start { container: String, attempt: u32 },
    /// Wait for the exit of one that runs.
    Watch { container: String, attempt: u32 },
    /// Ask one that runs to stop, or force it to.
    Signal { container: String, attempt: u32, signal: Signal },
    /// Delete one that does not run, its root file system and, where asked, its log.
    Remove { container: String, attempt: u32, log: bool },
    /// Tell the user that a restart is delayed.
    TellCrash { container: String, attempt: u32 },
    /// Tell the user that a pull is delayed.
    TellPull { container: String },
    /// Tell the user that the pod has outlived its deadline.
    TellDeadline,
    /// Take the pod's address and namespace away.
    DetachNetwork,
    /// Unmount and remove the pod's volumes.
    RemoveVolumes,
    /// Remove what the runtimes hold of the sandbox.
    RemoveSandbox,
    /// Remove the pod's directory and its logs.
    RemoveFiles,
}

impl Step {
    /// The container it is about, if it is about one.
    pub(crate) fn container(&self) -> Option<&str> {
        match self {
            Step::PrepareImage { container, .. }
            | Step::AbortImage { container }
            | Step::Create { container, .. }
            | Step::Start { container, .. }
            | Step::Watch { container, .. }
            | Step::Signal { container, .. }
            | Step::Remove { container, .. }
            | Step::TellCrash { container, .. }
            | Step::TellPull { container } => Some(container),
            _ => None,
        }
    }
}

/// How to stop a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The image's stop signal, SIGTERM unless it names another.
    Stop,
    /// SIGKILL.
    Kill,
}

/// An image that is ready for one attempt of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prepared {
    /// The image.
    pub(crate) image: Arc<naru_image::Image>,
    /// What the pod asked for.
    pub(crate) asked: String,
    /// The name that the pod's reference stands for, for example `docker.io/library/busybox:latest`.
    pub(crate) name: String,
    /// What will run it.
    pub(crate) engine: Engine,
    /// The mounted root file system, of an OCI image.
    pub(crate) rootfs: Option<std::path::PathBuf>,
}

/// What a step gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// Nothing more to say.
    Nothing,
    /// From [`Step::EnsureNetwork`].
    Network(Attachment),
    /// From [`Step::EnsureVolumes`]: whether they hold content that changes with objects of the API, and what they show of the pod.
    Volumes { live: bool, shown: u64 },
    /// From [`Step::PrepareImage`].
    Image(Prepared),
    /// From [`Step::Start`]: since when it runs.
    Started(Timestamp),
    /// From [`Step::Watch`].
    Exited(Ended),
}

/// How soon a failed step is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The pod or the image must change: long delays.
    Lasting,
    /// It may go by itself, or by an object that somebody creates: short delays.
    Passing,
    /// The container is not there any more.
    Lost,
}

/// Why a step failed, in the words of a pod's status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Trouble {
    /// The waiting reason, for example `ErrImagePull`.
    pub(crate) reason: &'static str,
    /// For the pod's user.
    pub(crate) message: String,
    /// How soon to try again.
    pub(crate) class: Class,
}

impl Trouble {
    /// One that may pass.
    pub(crate) fn passing(reason: &'static str, message: impl Into<String>) -> Trouble {
        Trouble { reason, message: message.into(), class: Class::Passing }
    }

    /// One that lasts until the pod or the image is changed.
    pub(crate) fn lasting(reason: &'static str, message: impl Into<String>) -> Trouble {
        Trouble { reason, message: message.into(), class: Class::Lasting }
    }
}

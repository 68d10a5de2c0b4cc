//! What a pod's worker knows of the node: the pod's containers with their attempts, its address, its volumes.
//!
//! Built when the worker starts from the runtimes and the last reported status ([`super::adopt`]), then kept up to date
//! by the steps it begins and their results ([`super::progress`]). The plan and the status are functions of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use naru_network::Attachment;
use naru_runtime::ContainerId;

use super::{
    backoff::Backoff,
    ids::Engine,
    step::{Prepared, Trouble},
};

/// Something of the pod that is made once and removed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<T> {
    /// It may or may not be there: nobody has looked.
    Unknown,
    /// Being made or updated; what stood before, if it stood.
    Making(Option<T>),
    /// It stands.
    Ready(T),
    /// Making it failed; what stood before, if it stood.
    Failed(Trouble, Option<T>),
    /// Being removed.
    Removing,
    /// It is not there.
    Gone,
}

impl<T> Piece<T> {
    /// What stands, also while it is being updated.
    pub(crate) fn standing(&self) -> Option<&T> {
        match self {
            Piece::Ready(value) | Piece::Making(Some(value)) | Piece::Failed(_, Some(value)) => Some(value),
            _ => None,
        }
    }

    /// Whether a step is under way.
    pub(crate) fn busy(&self) -> bool {
        matches!(self, Piece::Making(_) | Piece::Removing)
    }
}

/// The pod's volumes, once they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volumes {
    /// Whether they follow objects of the API.
    pub(crate) live: bool,
    /// What they show of the pod itself ([`crate::volumes::shown`]).
    pub(crate) shown: u64,
    /// When they were last brought up to date.
    pub(crate) fresh: Timestamp,
}

/// How a container ended, as the pod's status tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Its exit code.
    pub(crate) code: i32,
    /// `Completed`, `Error`, `OOMKilled` or `ContainerStatusUnknown`.
    pub(crate) reason: String,
    /// The termination message.
    pub(crate) message: Option<String>,
    /// When it started, if it did.
    pub(crate) started: Option<Timestamp>,
    /// When it ended.
    pub(crate) finished: Timestamp,
}

/// Where an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Prepared, not running.
    Created,
    /// Running.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// Over.
    Exited(Ended),
}

/// The image an attempt was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImageName {
    /// As a status shows it, for example `docker.io/library/busybox:latest`.
    pub(crate) name: String,
    /// The manifest's digest.
    pub(crate) digest: String,
    /// What the pod asked for; empty if nobody knows any more.
    pub(crate) asked: String,
}

impl ImageName {
    /// Whether `asked` is for another image.
    pub(crate) fn replaced_by(&self, asked: &str) -> bool {
        !self.asked.is_empty() && self.asked != asked
    }
}

/// One run of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Counts from 0 for each container of the pod.
    pub(crate) number: u32,
    /// Its id on the node.
    pub(crate) id: ContainerId,
    /// Which runtime holds it.
    pub(crate) engine: Engine,
    /// Its image.
    pub(crate) image: ImageName,
    /// Where it stands.
    pub(crate) state: State,
    /// Whether the runtime still holds it.
    pub(crate) held: bool,
    /// Whether somebody waits for its exit.
    pub(crate) watched: bool,
    /// When it was first asked to stop.
    pub(crate) stopping: Option<Timestamp>,
    /// When it was last killed.
    pub(crate) killed: Option<Timestamp>,
}

impl Attempt {
    /// Whether its program runs.
    pub(crate) fn running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Exited(ended) => Some(ended),
            _ => None,
        }
    }
}

/// The image for a container's next attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ImageState {
    /// Not asked for.
    #[default]
    Unknown,
    /// Being found, pulled or mounted.
    Preparing {
        /// For which attempt.
        attempt: u32,
        /// What the pod asks for.
        asked: String,
        /// Since when.
        since: Timestamp,
    },
    /// At hand.
    Ready {
        /// For which attempt.
        attempt: u32,
        /// The image and its root.
        prepared: Prepared,
    },
    /// Not to be had.
    Failed {
        /// What the pod asked for.
        asked: String,
        /// Why.
        trouble: Trouble,
        /// When it failed.
        at: Timestamp,
        /// Whether the user has been told about the delay.
        told: bool,
    },
}

/// A step of a container that is under way; there is at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Being created.
    Creating,
    /// Being started.
    Starting,
    /// An attempt is being removed.
    Removing(u32),
}

/// One container of the pod, over all its attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Container {
    /// Its attempts by number, oldest first. What has been removed long ago is not among them.
    pub(crate) attempts: Vec<Attempt>,
    /// The least number that the next attempt may have.
    pub(crate) next: u32,
    /// The image for the next attempt.
    pub(crate) image: ImageState,
    /// The step under way.
    pub(crate) busy: Option<Busy>,
    /// Why the last creation or start failed.
    pub(crate) trouble: Option<Trouble>,
    /// Of restarts.
    pub(crate) crash: Backoff,
    /// Of pulls.
    pub(crate) pull: Backoff,
    /// Of creations and starts that failed.
    pub(crate) retry: Backoff,
    /// The attempt whose delayed restart the user has been told about.
    pub(crate) told: Option<u32>,
    /// An attempt that never was created but may have a root file system mounted.
    pub(crate) leftover: Option<u32>,
}

impl Container {
    /// The newest attempt.
    pub(crate) fn last(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The attempt before the newest.
    pub(crate) fn previous(&self) -> Option<&Attempt> {
        self.attempts.len().checked_sub(2).map(|index| &self.attempts[index])
    }

    /// The number of the attempt to make next.
    pub(crate) fn next_attempt(&self) -> u32 {
        self.next.max(self.last().map_or(0, |last| last.number + 1))
    }

    /// An attempt by its number.
    pub(crate) fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// The same for changing it.
    pub(crate) fn attempt_mut(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.number == number)
    }

    /// Whether nothing of it is left on the node and nothing is under way.
    pub(crate) fn cleared(&self) -> bool {
        self.busy.is_none()
            && self.leftover.is_none()
            && matches!(self.image, ImageState::Unknown | ImageState::Failed { .. })
            && self.attempts.iter().all(|attempt| !attempt.held)
    }
}

/// All that a worker knows of its pod on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    /// The pod's uid.
    pub(crate) uid: String,
    /// When the worker first saw the pod.
    pub(crate) since: Timestamp,
    /// The pod's `startTime`: when an agent first saw it.
    pub(crate) started: Timestamp,
    /// Its address.
    pub(crate) network: Piece<Attachment>,
    /// Of failed attachments.
    pub(crate) network_retry: Backoff,
    /// Its volumes and files.
    pub(crate) volumes: Piece<Volumes>,
    /// Of failed set-ups.
    pub(crate) volumes_retry: Backoff,
    /// What the runtimes hold beside containers; never `Ready`: it is made by the first container.
    pub(crate) sandbox: Piece<()>,
    /// The directory and the logs.
    pub(crate) files: Piece<()>,
    /// Of failed removals.
    pub(crate) removal_retry: Backoff,
    /// Its containers by name, init containers among them.
    pub(crate) containers: BTreeMap<String, Container>,
    /// Whether the user has been told that the pod has outlived its deadline.
    pub(crate) overdue_told: bool,
    /// Whether the API has taken a phase from which there is no return.
    pub(crate) terminal: bool,
}

impl Observed {
    /// Nothing is known.
    pub(crate) fn new(uid: impl Into<String>, now: Timestamp) -> Observed {
        Observed {
            uid: uid.into(),
            since: now,
            started: now,
            network: Piece::Unknown,
            network_retry: Backoff::default(),
            volumes: Piece::Unknown,
            volumes_retry: Backoff::default(),
            sandbox: Piece::Unknown,
            files: Piece::Unknown,
            removal_retry: Backoff::default(),
            containers: BTreeMap::new(),
            overdue_told: false,
            terminal: false,
        }
    }

    /// A container of the pod; an empty one if nothing is known of it.
    pub(crate) fn container(&mut self, name: &str) -> &mut Container {
        if !self.containers.contains_key(name) {
            self.containers.insert(name.to_owned(), Container::default());
        }
        self.containers.get_mut(name).expect("inserted just above")
    }
}

//! How knowledge of a pod changes as steps begin and end. Pure: the worker calls it, tests and simulations too.

use jiff::Timestamp;

use super::{
    backoff::{self, Policy},
    ids,
    observed::{Attempt, Busy, Container, Ended, ImageName, ImageState, Observed, Piece, State, Volumes},
    step::{Class, Done, Signal, Step, Trouble},
};

/// The exit code of a container of which nothing is known any more (kubelet's words and number).
pub(crate) const LOST_CODE: i32 = 137;
/// The reason of its end.
pub(crate) const LOST_REASON: &str = "ContainerStatusUnknown";
/// The exit code of a container whose program could not be started (containerd's number).
pub(crate) const START_FAILED_CODE: i32 = 128;

impl Observed {
    /// Notes that a step begins.
    pub(crate) fn begin(&mut self, step: &Step, now: Timestamp) {
        match step {
            Step::EnsureNetwork => make(&mut self.network),
            Step::EnsureVolumes => make(&mut self.volumes),
            Step::DetachNetwork => self.network = Piece::Removing,
            Step::RemoveVolumes => self.volumes = Piece::Removing,
            Step::RemoveSandbox => self.sandbox = Piece::Removing,
            Step::RemoveFiles => self.files = Piece::Removing,
            Step::TellDeadline => self.overdue_told = true,
            _ => {
                if let Some(name) = step.container() {
                    self.container(name).begin(step, now);
                }
            }
        }
    }

    /// Notes how a step ended.
    pub(crate) fn finish(&mut self, step: &Step, result: Result<Done, Trouble>, now: Timestamp) {
        match step {
            Step::EnsureNetwork => self.network_made(result, now),
            Step::EnsureVolumes => self.volumes_made(result, now),
            Step::DetachNetwork => self.network = self.removed(result, now),
            Step::RemoveVolumes => self.volumes = self.removed(result, now),
            Step::RemoveSandbox => self.sandbox = self.removed(result, now),
            Step::RemoveFiles => self.files = self.removed(result, now),
            _ => {
                let uid = std::mem::take(&mut self.uid);
                if let Some(name) = step.container() {
                    self.container(name).finish(&uid, name, step, result, now);
                }
                self.uid = uid;
            }
        }
    }

    fn network_made(&mut self, result: Result<Done, Trouble>, now: Timestamp) {
        let standing = self.network.standing().cloned();
        self.network = match result {
            Ok(Done::Network(attachment)) => {
                self.network_retry.reset();
                Piece::Ready(attachment)
            }
            Ok(_) => standing.map_or(Piece::Unknown, Piece::Ready),
            Err(trouble) => {
                self.network_retry.count(backoff::RETRY, now);
                Piece::Failed(trouble, standing)
            }
        };
    }

    fn volumes_made(&mut self, result: Result<Done, Trouble>, now: Timestamp) {
        let standing = self.volumes.standing().copied();
        self.volumes = match result {
            Ok(Done::Volumes { live, shown }) => {
                self.volumes_retry.reset();
                Piece::Ready(Volumes { live, shown, fresh: now })
            }
            Ok(_) => standing.map_or(Piece::Unknown, Piece::Ready),
            Err(trouble) => {
                self.volumes_retry.count(backoff::RETRY, now);
                Piece::Failed(trouble, standing)
            }
        };
    }

    /// A removal that failed leaves an unknown state, to be removed again after a delay.
    fn removed<T>(&mut self, result: Result<Done, Trouble>, now: Timestamp) -> Piece<T> {
        match result {
            Ok(_) => {
                self.removal_retry.reset();
                Piece::Gone
            }
            Err(_) => {
                self.removal_retry.count(backoff::RETRY, now);
                Piece::Unknown
            }
        }
    }
}

fn make<T>(piece: &mut Piece<T>) {
    let before = std::mem::replace(piece, Piece::Unknown);
    *piece = Piece::Making(match before {
        Piece::Ready(value) | Piece::Making(Some(value)) | Piece::Failed(_, Some(value)) => Some(value),
        _ => None,
    });
}

fn policy(class: Class) -> Policy {
    match class {
        Class::Lasting => backoff::PULL,
        Class::Passing | Class::Lost => backoff::RETRY,
    }
}

/// How a container ended that no runtime knows any more.
pub(crate) fn lost(started: Option<Timestamp>, now: Timestamp) -> Ended {
    Ended {
        code: LOST_CODE,
        reason: LOST_REASON.into(),
        message: Some("The container could not be located when the pod was terminated".into()),
        started,
        finished: now,
    }
}

impl Container {
    fn begin(&mut self, step: &Step, now: Timestamp) {
        match *step {
            Step::PrepareImage { attempt, ref asked, .. } => {
                // Another image begins without the delays of the one before it.
                if matches!(&self.image, ImageState::Failed { asked: before, .. } if before != asked) {
                    self.pull.reset();
                }
                self.image = ImageState::Preparing { attempt, asked: asked.clone(), since: now };
            }
            Step::AbortImage { .. } => {
                if let ImageState::Preparing { attempt, .. } = self.image {
                    self.leftover = Some(attempt);
                    self.image = ImageState::Unknown;
                }
            }
            Step::Create { .. } => self.busy = Some(Busy::Creating),
            Step::Start { .. } => self.busy = Some(Busy::Starting),
            Step::Remove { attempt, .. } => self.busy = Some(Busy::Removing(attempt)),
            Step::Watch { attempt, .. } => self.change(attempt, |one| one.watched = true),
            Step::Signal { attempt, signal, .. } => self.change(attempt, |one| match signal {
                Signal::Stop => one.stopping = Some(now),
                Signal::Kill => {
                    one.stopping.get_or_insert(now);
                    one.killed = Some(now);
                }
            }),
            Step::TellCrash { attempt, .. } => self.told = Some(attempt),
            Step::TellPull { .. } => {
                if let ImageState::Failed { told, .. } = &mut self.image {
                    *told = true;
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, attempt: u32, change: impl FnOnce(&mut Attempt)) {
        if let Some(one) = self.attempt_mut(attempt) {
            change(one);
        }
    }

    fn finish(&mut self, uid: &str, name: &str, step: &Step, result: Result<Done, Trouble>, now: Timestamp) {
        match *step {
            Step::PrepareImage { attempt, .. } => self.prepared(attempt, result, now),
            Step::Create { attempt, .. } => self.created(uid, name, attempt, result, now),
            Step::Start { attempt, .. } => self.started(attempt, result, now),
            Step::Watch { attempt, .. } => self.exited(attempt, result, now),
            Step::Remove { attempt, .. } => self.removed(attempt, result, now),
            _ => {}
        }
    }

    fn prepared(&mut self, wanted: u32, result: Result<Done, Trouble>, now: Timestamp) {
        let asked = match &mut self.image {
            ImageState::Preparing { attempt, asked, .. } if *attempt == wanted => std::mem::take(asked),
            _ => return, // aborted meanwhile
        };
        self.image = match result {
            Ok(Done::Image(prepared)) => {
                self.pull.reset();
                ImageState::Ready { attempt: wanted, prepared }
            }
            Ok(_) => ImageState::Unknown,
            Err(trouble) => {
                self.pull.count(policy(trouble.class), now);
                ImageState::Failed { asked, trouble, at: now, told: false }
            }
        };
    }

    fn created(&mut self, uid: &str, name: &str, number: u32, result: Result<Done, Trouble>, now: Timestamp) {
        self.busy = None;
        let image = std::mem::take(&mut self.image);
        match (result, image) {
            (Ok(_), ImageState::Ready { prepared, .. }) => {
                match self.last() {
                    Some(last) if last.image.replaced_by(&prepared.asked) => self.crash.reset(),
                    Some(_) => {
                        self.crash.count(backoff::CRASH, now);
                    }
                    None => {}
                }
                self.attempts.push(Attempt {
                    number,
                    id: ids::container_id(uid, name, number),
                    engine: prepared.engine,
                    image: ImageName {
                        name: prepared.name,
                        digest: prepared.image.digest.clone(),
                        asked: prepared.asked,
                    },
                    state: State::Created,
                    held: true,
                    watched: false,
                    stopping: None,
                    killed: None,
                });
                self.trouble = None;
            }
            (Ok(_), other) => self.image = other,
            (Err(trouble), _) => {
                self.retry.count(policy(trouble.class), now);
                self.trouble = Some(trouble);
            }
        }
    }

    fn started(&mut self, number: u32, result: Result<Done, Trouble>, now: Timestamp) {
        self.busy = None;
        let state = match result {
            Ok(Done::Started(since)) => {
                self.trouble = None;
                self.retry.reset();
                State::Running { since }
            }
            Ok(_) => State::Running { since: now },
            Err(trouble) if trouble.class == Class::Lost => State::Exited(lost(None, now)),
            Err(trouble) => {
                let message = Some(trouble.message.clone());
                self.trouble = Some(trouble);
                let reason = "StartError".into();
                State::Exited(Ended {
                    code: START_FAILED_CODE,
                    reason,
                    message,
                    started: None,
                    finished: now,
                })
            }
        };
        self.change(number, |one| one.state = state);
    }

    fn exited(&mut self, number: u32, result: Result<Done, Trouble>, now: Timestamp) {
        let Some(index) = self.attempts.iter().position(|one| one.number == number) else { return };
        let one = &mut self.attempts[index];
        one.watched = false;
        let State::Running { since } = one.state else { return };
        match result {
            Ok(Done::Exited(ended)) => one.state = State::Exited(ended),
            Ok(_) => {}
            Err(trouble) if trouble.class == Class::Lost => one.state = State::Exited(lost(Some(since), now)),
            Err(_) => {
                self.retry.count(backoff::RETRY, now);
            }
        }
    }

    fn removed(&mut self, number: u32, result: Result<Done, Trouble>, now: Timestamp) {
        self.busy = None;
        if result.is_err() {
            self.retry.count(backoff::RETRY, now);
            return;
        }
        if self.leftover == Some(number) {
            self.leftover = None;
        }
        if matches!(self.image, ImageState::Ready { attempt, .. } if attempt == number) {
            self.image = ImageState::Unknown;
        }
        let newest = self.last().map_or(0, |last| last.number);
        self.change(number, |one| one.held = false);
        self.attempts.retain(|one| one.held || one.number + 1 >= newest);
    }
}

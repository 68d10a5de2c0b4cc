//! One watcher: a cursor that follows a kind's changes and writes those that concern it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use naru_api::status::Status;
use naru_store::Revision;
use rand::Rng;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{
    Start,
    frames::{self, FrameWriter, Seen},
};
use crate::{
    cache::{Change, Entry, Overrun, PIECE_BYTES, PIECE_CHANGES, Watched},
    request::ListOptions,
    selection::Selection,
    server::Inner,
    verbs::Call,
};

/// A watch without `timeoutSeconds` ends after this and up to as much again (kube-apiserver's `min-request-timeout`).
const TIMEOUT_MIN: Duration = Duration::from_secs(1800);
/// The longest `timeoutSeconds`.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 3600);
/// How often a bookmark is sent; the first comes up to a quarter sooner, so that watchers do not march in step.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
/// A last bookmark comes so long before the timeout, so that the client can go on from there.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// Time between two pieces of one watcher for each watcher of its kind, up to [`PACE_MAX`]: with many watchers, writes to their
/// connections are what a change costs, and under load one write can carry several changes.
const PACE_PER_WATCHER: Duration = Duration::from_micros(200);
/// A pace below this is not worth a timer.
const PACE_MIN: Duration = Duration::from_millis(2);
/// The longest time: what a change may be late at most.
const PACE_MAX: Duration = Duration::from_millis(20);

/// A larger piece carries so many changes that the next one need not wait for more.
const PACED_BYTES_MAX: usize = PIECE_BYTES / 2;

/// A watch in progress.
pub(super) struct Watcher {
    server: Arc<Inner>,
    kind: Watched,
    selection: Selection,
    frames: FrameWriter,
    /// Whether all changes are wanted as they are, so that others get the same lines.
    shares: bool,
    initial: std::vec::IntoIter<Arc<Entry>>,
    /// Whether a bookmark is to follow the initial state.
    announce: bool,
    cursor: u64,
    /// Everything up to this revision has been written, or the client has said that it knows it.
    position: Revision,
    /// Where the watch began: a client may name a version from the future, and nothing up to it is sent.
    floor: Revision,
    changes: Vec<Arc<Change>>,
    bookmark: Option<Instant>,
    end: Instant,
    last_piece: Option<Instant>,
    state: State,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Open,
    /// One more piece, then nothing.
    Last(Bytes),
    Ended,
}

/// Why a watcher woke up.
enum Woken {
    News,
    Bookmark,
    End,
}

impl Watcher {
    pub(super) fn new(
        call: &Call,
        options: &ListOptions,
        selection: Selection,
        start: Start,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let now = Instant::now();
        let end = now + timeout(options.timeout_seconds);
        let kind = Watched::new(call.kind.clone());
        let (mut initial, mut announce, mut state) = (Vec::new(), false, State::Open);
        let (cursor, position) = match start {
            Start::Cursor { cursor, revision } => (cursor, revision),
            Start::State(snapshot) => {
                let prefix = kind.prefix_of(&selection.namespace);
                let all = snapshot.tree.range(&prefix, None);
                initial = all.filter(|entry| selection.matches(entry)).cloned().collect();
                announce = options.bookmarks && options.send_initial_events == Some(true);
                (snapshot.cursor, snapshot.revision)
            }
            Start::Gone { asked, oldest } => {
                state = State::Last(gone(&format!("too old resource version: {asked} ({oldest})")));
                (0, asked)
            }
        };
        let frames = FrameWriter { kind: call.row(), form: call.form, first: true };
        Watcher {
            server: call.server.clone(),
            kind,
            shares: frames.is_plain() && selection.is_everything() && selection.namespace.is_empty(),
            selection,
            frames,
            initial: initial.into_iter(),
            announce,
            cursor,
            position,
            floor: position,
            changes: Vec::new(),
            bookmark: options.bookmarks.then(|| first_bookmark(now, end)),
            end,
            last_piece: None,
            state,
            _permit: permit,
        }
    }

    /// The stream of lines.
    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, |mut watcher| async move {
            let piece = watcher.next().await?;
            Some((Ok(piece), watcher))
        })
    }

    /// The next piece: one line or several.
    async fn next(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.state, State::Open) {
            State::Open => {}
            State::Last(piece) => {
                self.state = State::Ended;
                return Some(piece);
            }
            State::Ended => {
                self.state = State::Ended;
                return None;
            }
        }
        if let Some(piece) = self.initial_piece() {
            return Some(piece);
        }
        self.pace().await;
        loop {
            let kind = Arc::clone(&self.kind);
            let news = kind.news();
            tokio::pin!(news);
            // From here on no change is missed: it is either read below or wakes us.
            news.as_mut().enable();
            let seen = self.server.cache.seen();
            match self.read() {
                Ok(Some(piece)) => {
                    // More may be waiting behind a large piece; there is nothing to gain from a wait.
                    self.last_piece = (piece.len() < PACED_BYTES_MAX).then(Instant::now);
                    return Some(piece);
                }
                Ok(None) => self.position = self.position.max(seen),
                Err(Overrun) => {
                    self.state = State::Ended;
                    return Some(gone("too old resource version: the watch is too slow"));
                }
            }
            let woken = tokio::select! {
                () = news => Woken::News,
                () = sleep_until(self.bookmark.unwrap_or(self.end)), if self.bookmark.is_some() => Woken::Bookmark,
                () = sleep_until(self.end) => Woken::End,
                () = self.server.closing.cancelled() => Woken::End,
            };
            match woken {
                Woken::News => {}
                Woken::Bookmark => return Some(self.next_bookmark()),
                Woken::End => return None,
            }
        }
    }

    /// The next part of the initial state, with the bookmark behind its end.
    fn initial_piece(&mut self) -> Option<Bytes> {
        let now = self.server.now();
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            let Some(entry) = self.initial.next() else { break };
            self.frames.initial(&mut piece, &entry, now);
        }
        if self.initial.as_slice().is_empty() && std::mem::take(&mut self.announce) {
            self.frames.bookmark(&mut piece, self.position, true, now);
        }
        (!piece.is_empty()).then(|| piece.into())
    }

    /// What the changes behind the cursor are to this watcher; `None`: nothing, and the cursor is at the end.
    fn read(&mut self) -> Result<Option<Bytes>, Overrun> {
        if self.shares {
            let Some(piece) = self.kind.piece(self.cursor)? else { return Ok(None) };
            if piece.first > self.floor {
                self.cursor = piece.to;
                self.position = self.position.max(piece.last);
                return Ok(Some(piece.bytes));
            }
        }
        loop {
            self.changes.clear();
            self.kind.read(self.cursor, PIECE_CHANGES, &mut self.changes)?;
            if self.changes.is_empty() {
                return Ok(None);
            }
            let (piece, read) = self.piece();
            self.cursor += read as u64;
            if let Some(last) = self.changes.get(read - 1) {
                self.position = self.position.max(last.entry.revision);
            }
            if piece.is_some() {
                return Ok(piece);
            }
        }
    }

    /// Turns changes into a piece, until it is full; says how many were taken.
    fn piece(&mut self) -> (Option<Bytes>, usize) {
        let now = self.server.now();
        let mut lone: Option<Bytes> = None;
        let mut piece = Vec::new();
        let mut read = 0;
        for change in &self.changes {
            read += 1;
            if change.entry.revision <= self.floor {
                continue;
            }
            let Some(seen) = frames::seen(&self.selection, change) else { continue };
            // A single change is sent as the line that all watchers share; several are joined.
            if lone.is_none()
                && piece.is_empty()
                && self.frames.is_plain()
                && seen == Seen::Current(change.kind)
            {
                lone = Some(change.frame().clone());
                continue;
            }
            if let Some(first) = lone.take() {
                piece.extend_from_slice(&first);
            }
            self.frames.change(&mut piece, change, seen, now);
            if piece.len() >= PIECE_BYTES {
                break;
            }
        }
        let joined = lone.or_else(|| (!piece.is_empty()).then(|| piece.into()));
        (joined, read)
    }

    /// A bookmark of where this watcher is, and the time of the one after it.
    fn next_bookmark(&mut self) -> Bytes {
        let now = Instant::now();
        let last = self.end.checked_sub(BOOKMARK_BEFORE_END).filter(|last| *last > now);
        self.bookmark = last.map(|last| last.min(now + BOOKMARK_PERIOD));
        let mut line = Vec::new();
        self.frames.bookmark(&mut line, self.position, false, self.server.now());
        line.into()
    }

    /// Waits a little if the piece before has only just been written and many watch this kind.
    async fn pace(&self) {
        let pace = PACE_PER_WATCHER.saturating_mul(self.kind.watchers()).min(PACE_MAX);
        if let Some(last) = self.last_piece
            && pace >= PACE_MIN
        {
            sleep_until(next_beat(self.kind.epoch(), last, pace)).await;
        }
    }
}

/// The next time after `last` that is a whole number of paces after `epoch`: all watchers of a kind go on together, so that one timer wakes
/// them all and they find the same piece in the processor's cache.
fn next_beat(epoch: Instant, last: Instant, pace: Duration) -> Instant {
    let since = last.saturating_duration_since(epoch);
    let over = Duration::from_nanos((since.as_nanos() % pace.as_nanos().max(1)) as u64);
    last + (pace - over)
}

/// The line that ends a watch whose changes are gone: the client lists again.
fn gone(why: &str) -> Bytes {
    let mut line = Vec::new();
    frames::error(&mut line, &Status::expired(why));
    line.into()
}

fn timeout(asked_seconds: u64) -> Duration {
    match asked_seconds {
        0 => TIMEOUT_MIN.mul_f64(rand::rng().random_range(1.0..2.0)),
        seconds => Duration::from_secs(seconds).min(TIMEOUT_MAX),
    }
}

fn first_bookmark(now: Instant, end: Instant) -> Instant {
    let first = now + BOOKMARK_PERIOD.mul_f64(rand::rng().random_range(0.75..1.0));
    match end.checked_sub(BOOKMARK_BEFORE_END) {
        Some(last) if last > now => first.min(last),
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_are_common_and_never_further_than_a_pace() {
        let epoch = Instant::now();
        let pace = Duration::from_millis(20);
        for (since, expected) in [(0, 20), (1, 20), (19, 20), (20, 40), (59, 60), (60, 80)] {
            let next = next_beat(epoch, epoch + Duration::from_millis(since), pace);
            assert_eq!(next - epoch, Duration::from_millis(expected), "{since}");
        }
        assert_eq!(next_beat(epoch + pace, epoch, pace), epoch + pace);
    }
}

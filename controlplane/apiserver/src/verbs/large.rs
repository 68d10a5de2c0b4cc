//! Requests with large bodies: what takes long to decode and to check must not keep other requests waiting.
//!
//! Up to [`LARGE_BYTES`] a request is worked on where it came in. From then on the thread that works on it gives its other tasks
//! away for as long as it computes, and only [`AT_ONCE`] such requests are worked on at a time; the others wait.

use std::{
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
};

use naru_api::status::Status;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::OwnedSemaphorePermit,
    task::{block_in_place, yield_now},
};

use super::Call;

/// A body of more bytes than this is large: a smaller one is worked on in some milliseconds.
const LARGE_BYTES: usize = 256 << 10;

/// Large requests that are worked on at a time.
pub(crate) const AT_ONCE: usize = 2;

/// What a request holds from when its body has turned out to be large.
pub(crate) type Permit = OnceLock<OwnedSemaphorePermit>;

/// Told of a body that has been read. Returns when the request may go on.
pub(super) async fn read(call: &Call, length: usize) -> Result<(), Status> {
    if length <= LARGE_BYTES {
        return Ok(());
    }
    let permit = call.server.large_permit().await?;
    // A call reads one body.
    let _ = call.large.set(permit);
    // What comes next is polled by `Aside`, which knows by then.
    yield_now().await;
    Ok(())
}

/// A call's work, beside which other tasks of its thread go on if it is large.
pub(crate) struct Aside<'a, F> {
    call: &'a Call,
    work: Pin<Box<F>>,
}

impl<'a, F: Future> Aside<'a, F> {
    /// The work of `call`.
    pub(crate) fn new(call: &'a Call, work: F) -> Self {
        Self { call, work: Box::pin(work) }
    }
}

impl<F: Future> Future for Aside<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let has_others =
            || Handle::try_current().is_ok_and(|own| own.runtime_flavor() == RuntimeFlavor::MultiThread);
        if self.call.large.get().is_some() && has_others() {
            block_in_place(|| self.work.as_mut().poll(context))
        } else {
            self.work.as_mut().poll(context)
        }
    }
}

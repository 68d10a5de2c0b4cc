//! The Node object: registered, kept alive by its Lease, told how the machine is.
//!
//! [`facts`] reads the machine, [`conditions`] judges (pure), [`images`] chooses what is told of images (pure), [`register`] creates or adopts the object, [`heartbeat`] keeps
//! status and Lease fresh. All of it survives an API server that is away.

mod conditions;
mod facts;
mod heartbeat;
mod images;
mod register;

pub(crate) use facts::{Capacity, Machine};
pub(crate) use heartbeat::{lease, status};
pub(crate) use register::Registration;

//! The API as a whole, called in process over the store in memory: every verb and every refusal, lists, watches, and a store
//! that goes away.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![allow(unreachable_pub, reason = "a test binary has no interface")]

mod deletes;
mod emptied;
mod faulty;
mod forms;
mod gzip;
mod harness;
mod large;
mod lists;
mod ordering;
mod outage;
mod priority;
mod reads;
mod requests;
mod reviews;
mod service_accounts;
mod subresources;
mod watches;
mod websockets;
mod writes;

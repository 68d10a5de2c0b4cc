//! The shim's own log, and what libcontainer said last.
//!
//! Events go to the descriptor that was stderr when the shim began; a container's process, which has its own stderr long
//! before it is done with libcontainer, writes there too. libcontainer's errors lose their causes on the way to the
//! caller, so the events of level error since [`forget`] are also kept in a memory file that both processes write to.

use std::{
    fmt::{self, Write as _},
    fs::File,
    io::{self, Read, Seek, Write},
    os::fd::AsFd,
    sync::OnceLock,
};

use nix::sys::memfd::{MFdFlags, memfd_create};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// The most bytes of errors that [`last_errors`] returns.
const ERRORS_LIMIT: u64 = 4096;

static ERRORS: OnceLock<File> = OnceLock::new();

/// Starts the log; called once.
pub(crate) fn init() -> io::Result<()> {
    let log = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let errors = File::from(memfd_create("errors", MFdFlags::MFD_CLOEXEC)?);
    let errors = ERRORS.get_or_init(|| errors);
    tracing::subscriber::set_global_default(Journal { log, errors }).map_err(io::Error::other)
}

/// Forgets the errors kept so far.
pub(crate) fn forget() {
    if let Some(mut errors) = ERRORS.get() {
        // A memory file: neither fails for lack of space or rights.
        let _ = errors.set_len(0).and_then(|()| errors.rewind());
    }
}

/// The errors since [`forget`], one a line.
pub(crate) fn last_errors() -> String {
    let mut text = Vec::new();
    if let Some(mut errors) = ERRORS.get() {
        let _ = errors.rewind().and_then(|()| errors.take(ERRORS_LIMIT).read_to_end(&mut text));
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes events; has no spans.
struct Journal {
    log: File,
    errors: &'static File,
}

impl Subscriber for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // libcontainer warns of every controller a machine does not have, at every container.
        let level = if metadata.target().starts_with("naru") { Level::INFO } else { Level::ERROR };
        metadata.is_event() && *metadata.level() <= level
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let (metadata, text) = (event.metadata(), text.0);
        let now = jiff::Timestamp::now();
        let line = format!("{now:.3} {} {}:{text}\n", metadata.level(), metadata.target());
        // There is nobody to tell of a log that cannot be written.
        let _ = (&self.log).write_all(line.as_bytes());
        if *metadata.level() == Level::ERROR {
            let mut errors = self.errors;
            let _ = errors.write_all(format!("{}\n", text.trim()).as_bytes());
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event's fields as text: the message, then `name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        // Writing to a string fails only if a Debug implementation does.
        let _ = written;
    }
}

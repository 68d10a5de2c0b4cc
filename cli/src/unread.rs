//! Output that nobody reads any more, as in `naru get pods | head -1`.

use std::{panic, process};

/// What a shell says of a process that SIGPIPE has ended: 128 and the signal's number.
const ENDED_BY_SIGPIPE: i32 = 141;

/// From now on, printing to a closed standard output or error ends the process in silence, as SIGPIPE ends others. (The
/// signal itself stays ignored: on a socket a closed connection is an ordinary error.)
pub fn end_in_silence() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let message = panic.payload().downcast_ref::<String>().map(String::as_str).unwrap_or_default();
        if is_unread(message) {
            process::exit(ENDED_BY_SIGPIPE);
        }
        report(panic);
    }));
}

/// Whether a panic says that printing failed because nobody reads.
fn is_unread(message: &str) -> bool {
    message.starts_with("failed printing to std") && message.contains("Broken pipe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_reads_is_silent() {
        for (message, expected) in [
            ("failed printing to stdout: Broken pipe (os error 32)", true),
            ("failed printing to stderr: Broken pipe (os error 32)", true),
            ("failed printing to stdout: No space left on device (os error 28)", false),
            ("index out of bounds", false),
        ] {
            assert_eq!(is_unread(message), expected, "{message}");
        }
    }
}

//! Questions to whoever sits at the terminal.
//!
//! In: a prompt, which goes to standard output, and a line of standard input. Out: the line without its end. Where standard input is
//! no terminal nobody can answer, and that is the error.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::{Result, bail, ensure};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

/// The longest answer, in bytes.
const ANSWER_MAX: u64 = 64 * 1024;

/// Whether somebody can be asked.
pub fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a line.
///
/// # Errors
/// There is no terminal, or it is closed instead of an answer.
pub fn line(prompt: &str) -> Result<String> {
    if !is_there() {
        bail!("inappropriate ioctl for device");
    }
    print!("{prompt}");
    io::stdout().flush()?;
    answer()
}

/// Asks for a line that is not shown.
///
/// # Errors
/// There is no terminal, or it is closed instead of an answer.
pub fn hidden_line(prompt: &str) -> Result<String> {
    print!("{prompt}");
    io::stdout().flush()?;
    let line = hidden();
    println!();
    line
}

fn hidden() -> Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        bail!("inappropriate ioctl for device");
    }
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSANOW, &silent)?;
    let line = answer();
    tcsetattr(&stdin, SetArg::TCSANOW, &before)?;
    line
}

fn answer() -> Result<String> {
    let mut line = String::new();
    let read = io::stdin().lock().take(ANSWER_MAX).read_line(&mut line)?;
    ensure!(read > 0, "EOF");
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

//! Copies a container's output from its pipes to its log file.

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use naru_runtime::logs::{LogWriter, Stream};
use nix::{
    fcntl::OFlag,
    unistd::{Gid, Uid, fchown, pipe2},
};
use tokio::net::unix::pipe;

/// Bytes read from a pipe at once.
const CHUNK: usize = 16 * 1024;

/// The reading ends of a container's output, and its log.
#[derive(Debug)]
pub(crate) struct Output {
    pipes: [(Stream, pipe::Receiver); 2],
    log: LogWriter,
    path: PathBuf,
}

/// The writing ends, which become a container's stdout and stderr.
#[derive(Debug)]
pub(crate) struct Writers {
    /// Standard output.
    pub(crate) stdout: OwnedFd,
    /// Standard error.
    pub(crate) stderr: OwnedFd,
}

impl Output {
    /// Opens the log and makes the pipes. They belong to the container's user, so that it may open `/dev/stdout`.
    pub(crate) fn open(log: &Path, uid: u32, gid: u32) -> io::Result<(Self, Writers)> {
        let (stdout, out_writer) = pipe(uid, gid)?;
        let (stderr, err_writer) = pipe(uid, gid)?;
        let pipes = [(Stream::Stdout, stdout), (Stream::Stderr, stderr)];
        let output = Self { pipes, log: LogWriter::open(log)?, path: log.to_owned() };
        Ok((output, Writers { stdout: out_writer, stderr: err_writer }))
    }

    /// Copies until both pipes are closed by all who hold them.
    pub(crate) async fn copy(mut self) {
        let mut open = [true, true];
        while open.contains(&true) {
            let [(_, stdout), (_, stderr)] = &self.pipes;
            let (index, ready) = tokio::select! {
                ready = stdout.readable(), if open[0] => (0, ready),
                ready = stderr.readable(), if open[1] => (1, ready),
            };
            open[index] = ready.is_ok() && self.take(index);
        }
    }

    /// Copies what a pipe holds; false at its end.
    fn take(&mut self, index: usize) -> bool {
        let (stream, pipe) = &self.pipes[index];
        // On the stack of this call, not of the task: most pipes are silent most of the time.
        let mut chunk = [0; CHUNK];
        let (written, more) = match pipe.try_read(&mut chunk) {
            Ok(0) => (self.log.finish(*stream, Timestamp::now()), false),
            Ok(length) => (self.log.write(*stream, &chunk[..length], Timestamp::now()), true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (Ok(()), true),
            Err(error) => (Err(error), false),
        };
        if let Err(error) = written {
            tracing::warn!(%error, log = %self.path.display(), "container output is lost");
        }
        more
    }
}

fn pipe(uid: u32, gid: u32) -> io::Result<(pipe::Receiver, OwnedFd)> {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
    fchown(&writer, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    Ok((pipe::Receiver::from_owned_fd(reader)?, writer))
}

//! Writes a container's output to its log file.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{MAX_FILE, MAX_TEXT, Stream, line, rotated};

/// A container's log file, both outputs. Cuts bytes into lines; what has no newline yet is kept until it has,
/// or is [`MAX_TEXT`] long, or the stream ends. One batch of bytes is one write to the file, so readers see whole lines.
#[derive(Debug)]
pub struct LogWriter {
    path: PathBuf,
    file: File,
    size: u64,
    max_file: u64,
    rest: [Vec<u8>; 2],
    out: Vec<u8>,
}

impl LogWriter {
    /// Opens `path` to append to; its directory exists.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, MAX_FILE)
    }

    /// [`LogWriter::open`] with another size to rotate at, in bytes.
    pub fn with_limit(path: &Path, max_file: u64) -> io::Result<Self> {
        let file = append(path)?;
        let size = file.metadata()?.len();
        let path = path.to_owned();
        Ok(Self { path, file, size, max_file, rest: Default::default(), out: Vec::new() })
    }

    /// Takes what the container wrote at `now`.
    pub fn write(&mut self, stream: Stream, mut bytes: &[u8], now: Timestamp) -> io::Result<()> {
        let time = line::time(now);
        let rest = &mut self.rest[stream.index()];
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            push(&mut self.out, rest, &time, stream, &bytes[..end]);
            line::format(&mut self.out, &time, stream, true, rest);
            rest.clear();
            bytes = &bytes[end + 1..];
        }
        push(&mut self.out, rest, &time, stream, bytes);
        self.flush()
    }

    /// The stream has ended: writes what had no newline, as a piece.
    pub fn finish(&mut self, stream: Stream, now: Timestamp) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest[stream.index()]);
        if !rest.is_empty() {
            line::format(&mut self.out, &line::time(now), stream, false, &rest);
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let length = self.out.len() as u64;
        if self.size > 0 && self.size + length > self.max_file {
            std::fs::rename(&self.path, rotated(&self.path))?;
            self.file = append(&self.path)?;
            self.size = 0;
        }
        // On failure (a full disk) the batch is lost, and the container goes on.
        let written = self.file.write_all(&self.out);
        self.out.clear();
        self.out.shrink_to(4 * MAX_TEXT);
        written?;
        self.size += length;
        Ok(())
    }
}

/// Adds text without a newline to the rest, writing full pieces out.
fn push(out: &mut Vec<u8>, rest: &mut Vec<u8>, time: &str, stream: Stream, mut text: &[u8]) {
    while rest.len() + text.len() > MAX_TEXT {
        let (now, later) = text.split_at(MAX_TEXT - rest.len());
        rest.extend_from_slice(now);
        line::format(out, time, stream, false, rest);
        rest.clear();
        text = later;
    }
    rest.extend_from_slice(text);
}

fn append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::logs::Line;
    use proptest::prelude::*;

    fn text_of(file: &[u8], stream: Stream) -> Vec<u8> {
        let mut text = Vec::new();
        for line in file.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let line = Line::parse(line).unwrap();
            assert!(line.text.len() <= MAX_TEXT);
            if line.stream == stream {
                text.extend_from_slice(line.text);
                text.extend(line.full.then_some(b'\n'));
            }
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_byte_comes_back(writes in prop::collection::vec(
            (any::<bool>(), prop_oneof!["[a\n]{0,40}", (0usize..40_000).prop_map(|n| "x".repeat(n))]), 0..12))
        {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("0.log");
            let mut log = LogWriter::open(&path).unwrap();
            let mut sent = [Vec::new(), Vec::new()];
            for (error, text) in &writes {
                let stream = if *error { Stream::Stderr } else { Stream::Stdout };
                log.write(stream, text.as_bytes(), Timestamp::now()).unwrap();
                sent[stream.index()].extend_from_slice(text.as_bytes());
            }
            for stream in [Stream::Stdout, Stream::Stderr] {
                log.finish(stream, Timestamp::now()).unwrap();
                let file = std::fs::read(&path).unwrap();
                prop_assert_eq!(&text_of(&file, stream), &sent[stream.index()]);
            }
        }
    }

    #[test]
    fn rotation_keeps_one_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = LogWriter::with_limit(&path, 200).unwrap();
        for n in 0..20 {
            log.write(Stream::Stdout, format!("line {n}\n").as_bytes(), Timestamp::now()).unwrap();
        }
        let old = std::fs::read(rotated(&path)).unwrap();
        let new = std::fs::read(&path).unwrap();
        assert!(old.len() <= 200 && new.len() <= 200);
        let both = [text_of(&old, Stream::Stdout), text_of(&new, Stream::Stdout)].concat();
        assert!(both.ends_with(b"line 18\nline 19\n"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

//! Reads a container's log file, also while it grows.
//!
//! In: the file's path and what a client of the Kubernetes API asks for ([`LogOptions`]). Out: a stream of the text as
//! the client gets it. The rotated file is read first. A tail is found by reading blocks from the end.

use std::{
    collections::VecDeque,
    fs::File,
    future::Future,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{Line, Stream, rotated};

/// How much is read at once, in bytes.
const BLOCK: usize = 64 * 1024;

/// How often a followed file is looked at.
const POLL: Duration = Duration::from_millis(100);

/// What of a log is wanted, as in the API's PodLogOptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Only the last so many lines.
    pub tail_lines: Option<u64>,
    /// Only what was written at that time or later.
    pub since: Option<Timestamp>,
    /// Each line begins with its time.
    pub timestamps: bool,
    /// At most so many bytes.
    pub limit_bytes: Option<u64>,
    /// What is written later, too.
    pub follow: bool,
    /// Only one output; `None` is both.
    pub stream: Option<Stream>,
}

/// The log in `path` as `options` ask for it. A file that does not exist is an empty one. With `follow` the stream ends when
/// `ended` is ready (the container has ended and its shim has written everything) and all is read.
pub fn read(
    path: PathBuf,
    options: LogOptions,
    ended: impl Future<Output = ()> + Send + 'static,
) -> impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static {
    let follow = options.follow;
    let state = Following { reader: None, ended: Box::pin(ended), last: !follow, path, options };
    futures::stream::try_unfold(state, Following::next)
}

/// The asynchronous shell around [`Reader`].
struct Following {
    reader: Option<Reader>,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The end of the file is the end of the stream.
    last: bool,
    path: PathBuf,
    options: LogOptions,
}

impl Following {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            let reader = self.reader.take();
            let (path, options) = (self.path.clone(), self.options.clone());
            let step = move || {
                let mut reader = match reader {
                    Some(reader) => reader,
                    None => Reader::open(&path, options)?,
                };
                let block = reader.block()?;
                io::Result::Ok((reader, block))
            };
            let (reader, block) = tokio::task::spawn_blocking(step).await.map_err(io::Error::other)??;
            let limited = reader.left == Some(0);
            self.reader = Some(reader);
            match block {
                Some(bytes) if !bytes.is_empty() => return Ok(Some((bytes.into(), self))),
                Some(_) if !limited => {}
                None if !limited && !self.last => {
                    tokio::select! {
                        () = &mut self.ended => self.last = true,
                        () = tokio::time::sleep(POLL) => {}
                    }
                }
                _ => return Ok(None),
            }
        }
    }
}

/// The files of one log, read in order.
struct Reader {
    path: PathBuf,
    options: LogOptions,
    /// Being read.
    file: Option<File>,
    /// To be read after it.
    later: VecDeque<File>,
    /// The beginning of a line whose end is not there yet.
    carry: Vec<u8>,
    /// For each stream, whether its last text had no newline.
    within: [bool; 2],
    /// Bytes still allowed.
    left: Option<u64>,
}

impl Reader {
    fn open(path: &Path, options: LogOptions) -> io::Result<Self> {
        let mut files = open_all(path)?;
        if let Some(lines) = options.tail_lines {
            seek_to_tail(&mut files, lines)?;
        }
        let left = options.limit_bytes;
        let file = files.pop_front();
        let path = path.to_owned();
        Ok(Self { path, options, file, later: files, carry: Vec::new(), within: [false; 2], left })
    }

    /// The next text; empty if all that was read is filtered out, `None` at the end of what is there.
    fn block(&mut self) -> io::Result<Option<Vec<u8>>> {
        let start = self.carry.len();
        let mut block = std::mem::take(&mut self.carry);
        block.resize(start + BLOCK, 0);
        loop {
            let read = match &mut self.file {
                Some(file) => file.read(&mut block[start..])?,
                None => 0,
            };
            if read > 0 {
                block.truncate(start + read);
                break;
            }
            if !self.advance()? {
                block.truncate(start);
                self.carry = block;
                return Ok(None);
            }
        }
        let whole = block.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut out = Vec::with_capacity(whole);
        for line in block[..whole].split_inclusive(|&byte| byte == b'\n') {
            if let Some(line) = Line::parse(&line[..line.len() - 1]) {
                self.line(&line, &mut out);
            }
        }
        self.carry = block.split_off(whole);
        if let Some(left) = &mut self.left {
            out.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= out.len() as u64;
        }
        Ok(Some(out))
    }

    /// At the end of a file: goes on to the next one, or finds out whether there is one. False if not.
    fn advance(&mut self) -> io::Result<bool> {
        if let Some(next) = self.later.pop_front() {
            // A torn line at a file's end has no rest.
            self.carry.clear();
            self.file = Some(next);
            return Ok(true);
        }
        let mut files = open_all(&self.path)?;
        let Some(file) = &self.file else {
            self.file = files.pop_front();
            self.later = files;
            return Ok(self.file.is_some());
        };
        let this = identity(file)?;
        // What this file got before it was rotated is read before the next one begins.
        while let Some(index) = position(&files, this)? {
            files.drain(..=index);
        }
        self.later = files;
        Ok(!self.later.is_empty())
    }

    fn line(&mut self, line: &Line<'_>, out: &mut Vec<u8>) {
        if self.options.stream.is_some_and(|stream| stream != line.stream) {
            return;
        }
        if let Some(since) = &self.options.since {
            if line.before(since) {
                return;
            }
            // Lines are in order of time.
            self.options.since = None;
        }
        let within = &mut self.within[line.stream.index()];
        if self.options.timestamps && !*within {
            out.extend_from_slice(line.time);
            out.push(b' ');
        }
        out.extend_from_slice(line.text);
        if line.full {
            out.push(b'\n');
        }
        *within = !line.full;
    }
}

/// The rotated file, if there is one, and the current one.
fn open_all(path: &Path) -> io::Result<VecDeque<File>> {
    // The current one first: if it is rotated between the two, it is found twice and not missed.
    let current = open(path)?;
    let old = open(&rotated(path))?;
    let mut files = VecDeque::with_capacity(2);
    if let Some(old) = old {
        match &current {
            Some(current) if identity(current)? == identity(&old)? => {}
            _ => files.push_back(old),
        }
    }
    files.extend(current);
    Ok(files)
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

fn position(files: &VecDeque<File>, wanted: (u64, u64)) -> io::Result<Option<usize>> {
    for (index, file) in files.iter().enumerate() {
        if identity(file)? == wanted {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Drops the files before the last `lines` lines, and places the first one left at where these begin.
fn seek_to_tail(files: &mut VecDeque<File>, lines: u64) -> io::Result<()> {
    let mut wanted = lines;
    for index in (0..files.len()).rev() {
        match tail_start(&files[index], wanted)? {
            Tail::At(offset) => {
                files.drain(..index);
                files[0].seek(SeekFrom::Start(offset))?;
                return Ok(());
            }
            Tail::Before(found) => wanted -= found,
        }
    }
    Ok(())
}

/// Where the last lines of a file begin.
#[derive(Debug, PartialEq, Eq)]
enum Tail {
    /// At this offset.
    At(u64),
    /// Before its beginning; it has so many.
    Before(u64),
}

/// Looks for the beginning of the last `wanted` lines, from the end. Pieces of one line count once.
fn tail_start(file: &File, wanted: u64) -> io::Result<Tail> {
    let mut at = file.metadata()?.len();
    // From `at` to the end of the line that goes across it.
    let mut carry: Vec<u8> = Vec::new();
    let mut found = 0;
    let mut end_of_file = true;
    while at > 0 {
        let size = at.min(BLOCK as u64);
        at -= size;
        let mut block = vec![0; usize::try_from(size).unwrap_or(BLOCK)];
        file.read_exact_at(&mut block, at)?;
        block.append(&mut carry);
        let mut end = block.len();
        loop {
            // The line's text lies between the previous newline and the one at `end - 1`.
            let inner = &block[..end.saturating_sub(1)];
            let start = match inner.iter().rposition(|&byte| byte == b'\n') {
                Some(newline) => newline + 1,
                None if at == 0 => 0,
                None => break,
            };
            let closed = block[start..end].last() == Some(&b'\n');
            let line = Line::parse(&block[start..end - usize::from(closed)]);
            // A line ends at its last piece, or where the file ends without one.
            if let Some(line) = line.filter(|line| closed && (line.full || end_of_file)) {
                if found == wanted && (line.full || wanted == 0) {
                    return Ok(Tail::At(at + end as u64));
                }
                found += 1;
            }
            end_of_file &= !closed;
            end = start;
            if end == 0 {
                break;
            }
        }
        block.truncate(end);
        carry = block;
    }
    Ok(if found == wanted && wanted == 0 { Tail::At(0) } else { Tail::Before(found) })
}

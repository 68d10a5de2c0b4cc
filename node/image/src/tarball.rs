//! Reading tar archives from strangers, as a stream.
//!
//! In: bytes of any origin. Out: one [`Entry`] at a time with the long names, large sizes and extended attributes of the
//! ustar, GNU and PAX dialects applied, and its data as a reader. Unlike `tar::Archive` every extension header has a size
//! limit, so that a hostile archive cannot fill the memory. Sparse files are refused: no image builder writes them.

use std::io::{self, Read};
use std::ops::Range;

use tar::{EntryType, Header, PaxExtensions};

/// Bytes of a tar block.
const BLOCK: u64 = 512;
/// Bytes of one extension header (long name, PAX records). Linux allows paths of 4 KiB and attributes of 64 KiB.
const MAX_EXTENSION: u64 = 1024 * 1024;
/// Extension headers before one entry.
const MAX_EXTENSIONS: usize = 16;
/// Prefix of PAX records that carry extended attributes.
const PAX_XATTR: &[u8] = b"SCHILY.xattr.";

// Where a header has its numbers (POSIX ustar; GNU has them in the same places).
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MTIME: Range<usize> = 136..148;
const MAJOR: Range<usize> = 329..337;
const MINOR: Range<usize> = 337..345;

/// What an entry makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink,
    HardLink,
    Character,
    Block,
    Fifo,
}

/// One member of an archive. Names are bytes: nothing promises that they are UTF-8.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) path: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
    /// Major and minor device number.
    pub(crate) device: (u32, u32),
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where its data starts in the archive, in bytes.
    pub(crate) offset: u64,
}

/// A tar archive being read; after [`TarReader::next`] it is itself the reader of that entry's data.
pub(crate) struct TarReader<R> {
    inner: R,
    position: u64,
    /// Bytes of the current entry's data not read yet.
    left: u64,
    /// Bytes between its end and the next block.
    padding: u64,
}

/// Extension headers collected before an entry.
#[derive(Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Vec<u8>>,
}

impl<R: Read> TarReader<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, position: 0, left: 0, padding: 0 }
    }

    /// The next entry, or none at the end of the archive. Errors of kind `InvalidData` or `UnexpectedEof` blame the archive.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let (mut extensions, mut global) = (Extensions::default(), None);
        for _ in 0..=MAX_EXTENSIONS {
            self.skip_data()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let kind = header.entry_type();
            let size = number(&header, SIZE)?;
            let slot = match kind {
                EntryType::GNULongName => &mut extensions.path,
                EntryType::GNULongLink => &mut extensions.link,
                EntryType::XHeader => &mut extensions.pax,
                // Records for all entries that follow: git writes its commit there; nothing in them matters to an image.
                EntryType::XGlobalHeader => &mut global,
                EntryType::GNUSparse => return Err(invalid("sparse files are not supported")),
                _ => return self.entry(&header, size, extensions).map(Some),
            };
            *slot = Some(self.extension(size)?);
        }
        Err(invalid(format!("more than {MAX_EXTENSIONS} extension headers for one entry")))
    }

    /// Reads to the end of the stream behind the archive's end, so that a digest of the whole can be taken. At most `limit` bytes.
    pub(crate) fn drain(mut self, limit: u64) -> io::Result<()> {
        let behind = io::copy(&mut (&mut self.inner).take(limit + 1), &mut io::sink())?;
        match behind > limit {
            true => Err(invalid(format!("more than {limit} bytes behind the end of the archive"))),
            false => Ok(()),
        }
    }

    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut header = Header::new_old();
        let bytes = header.as_mut_bytes();
        // An archive may end without its two blocks of zeros, but not inside a block.
        let first = self.inner.read(&mut bytes[..])?;
        if first == 0 {
            return Ok(None);
        }
        self.inner.read_exact(&mut bytes[first..])?;
        self.position += BLOCK;
        if bytes.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        let sum: u32 = bytes
            .iter()
            .enumerate()
            .map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) })
            .sum();
        match header.cksum() {
            Ok(stated) if stated == sum => Ok(Some(header)),
            _ => Err(invalid("archive header checksum mismatch")),
        }
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > MAX_EXTENSION {
            return Err(invalid(format!("extension header of {size} bytes; the limit is {MAX_EXTENSION}")));
        }
        self.begin(size);
        let mut data = Vec::new();
        self.read_to_end(&mut data)?;
        Ok(data)
    }

    fn entry(&mut self, header: &Header, mut size: u64, extensions: Extensions) -> io::Result<Entry> {
        let id = |value: u64| {
            u32::try_from(value).map_err(|_| invalid(format!("user or group id {value} out of range")))
        };
        let mut entry = Entry {
            kind: kind_of(header)?,
            path: extensions.path.map_or_else(|| header.path_bytes().into_owned(), until_nul),
            link: extensions
                .link
                .map_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned(), until_nul),
            size: 0,
            mode: number(header, MODE)? as u32 & 0o7777,
            uid: 0,
            gid: 0,
            mtime: number(header, MTIME)? as i64,
            device: (number(header, MAJOR)? as u32, number(header, MINOR)? as u32),
            xattrs: Vec::new(),
            offset: self.position,
        };
        let (mut uid, mut gid) = (number(header, UID)?, number(header, GID)?);
        if let Some(pax) = &extensions.pax {
            apply_pax(pax, &mut entry, &mut size, &mut uid, &mut gid)?;
        }
        (entry.uid, entry.gid) = (id(uid)?, id(gid)?);
        if entry.kind == Kind::File && entry.path.ends_with(b"/") {
            entry.kind = Kind::Directory; // before ustar that was the only way to say so
        }
        // Links and directories carry no data, whatever their size field says (POSIX); devices and pipes neither.
        entry.size = if entry.kind == Kind::File { size } else { 0 };
        self.begin(entry.size);
        Ok(entry)
    }

    fn begin(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
    }

    fn skip_data(&mut self) -> io::Result<()> {
        let rest = self.left.saturating_add(self.padding);
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut (&mut self.inner).take(rest), &mut io::sink())?;
        self.position += skipped;
        match skipped == rest {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if want == 0 {
            return Ok(0);
        }
        let n = self.inner.read(&mut buffer[..want])?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= n as u64;
        self.position += n as u64;
        Ok(n)
    }
}

fn kind_of(header: &Header) -> io::Result<Kind> {
    Ok(match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink,
        EntryType::Link => Kind::HardLink,
        EntryType::Char => Kind::Character,
        EntryType::Block => Kind::Block,
        EntryType::Fifo => Kind::Fifo,
        other => return Err(invalid(format!("unknown entry type {:?}", char::from(other.as_byte())))),
    })
}

/// Octal digits between spaces and zeros, or nothing for 0; with the first bit set a binary number (GNU).
fn number(header: &Header, field: Range<usize>) -> io::Result<u64> {
    let bytes = &header.as_bytes()[field];
    if bytes[0] & 0x80 != 0 {
        // The last eight bytes; what comes before is the sign, which no field here needs.
        return Ok(bytes[bytes.len() - 8..].iter().enumerate().fold(0, |sum, (i, b)| {
            let b = if bytes.len() == 8 && i == 0 { b & 0x7f } else { *b };
            sum << 8 | u64::from(b)
        }));
    }
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default().trim_ascii();
    let digits = text.iter().try_fold(0u64, |sum, b| match b {
        b'0'..=b'7' => Some(sum << 3 | u64::from(b - b'0')),
        _ => None,
    });
    digits.ok_or_else(|| invalid(format!("{:?} is not an octal number", String::from_utf8_lossy(text))))
}

fn apply_pax(pax: &[u8], entry: &mut Entry, size: &mut u64, uid: &mut u64, gid: &mut u64) -> io::Result<()> {
    for record in PaxExtensions::new(pax) {
        let record = record.map_err(|e| invalid(e.to_string()))?;
        let (key, value) = (record.key_bytes(), record.value_bytes());
        match key {
            b"path" => entry.path = value.to_vec(),
            b"linkpath" => entry.link = value.to_vec(),
            b"size" => *size = decimal(value)?,
            b"uid" => *uid = decimal(value)?,
            b"gid" => *gid = decimal(value)?,
            b"mtime" => entry.mtime = seconds(value)?,
            _ if key.starts_with(PAX_XATTR) => {
                entry.xattrs.push((key[PAX_XATTR.len()..].to_vec(), value.to_vec()))
            }
            _ if key.starts_with(b"GNU.sparse.") => return Err(invalid("sparse files are not supported")),
            _ => {}
        }
    }
    Ok(())
}

fn decimal(value: &[u8]) -> io::Result<u64> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid(format!("{:?} is not a number", String::from_utf8_lossy(value))))
}

/// `-12.345` is -12: the fraction is dropped.
fn seconds(value: &[u8]) -> io::Result<i64> {
    let whole = value.split(|b| *b == b'.').next().unwrap_or(value);
    std::str::from_utf8(whole)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid(format!("{:?} is not a time", String::from_utf8_lossy(value))))
}

fn until_nul(mut name: Vec<u8>) -> Vec<u8> {
    if let Some(end) = name.iter().position(|b| *b == 0) {
        name.truncate(end);
    }
    name
}

fn invalid(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use tar::Builder;

    use super::*;

    fn header(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header
    }

    fn names(bytes: &[u8]) -> io::Result<Vec<(String, u64)>> {
        let mut reader = TarReader::new(bytes);
        let mut out = Vec::new();
        while let Some(entry) = reader.next()? {
            let mut data = Vec::new();
            reader.read_to_end(&mut data)?;
            assert_eq!(data.len() as u64, entry.size);
            assert_eq!(&bytes[entry.offset as usize..][..data.len()], &data);
            out.push((String::from_utf8_lossy(&entry.path).into_owned(), entry.size));
        }
        Ok(out)
    }

    #[test]
    fn reads_all_dialects() {
        let mut tar = Builder::new(Vec::new());
        let long = "d/".repeat(120) + "file";
        tar.append_data(&mut header(EntryType::Regular, 3), "a", &b"abc"[..]).unwrap();
        tar.append_data(&mut header(EntryType::Regular, 700), &long, &[7u8; 700][..]).unwrap();
        tar.append_pax_extensions([
            ("path", &b"renamed"[..]),
            ("size", b"2"),
            ("SCHILY.xattr.user.k", b"v\0w"),
        ])
        .unwrap();
        tar.append(&header(EntryType::Regular, 2), &b"hi"[..]).unwrap();
        tar.append_data(&mut header(EntryType::Directory, 0), "dir/", &b""[..]).unwrap();
        let bytes = tar.into_inner().unwrap();
        let expected = [("a".into(), 3), (long, 700), ("renamed".into(), 2), ("dir/".into(), 0)];
        assert_eq!(names(&bytes).unwrap(), expected);

        let mut reader = TarReader::new(&bytes[..]);
        let third = (0..3).map(|_| reader.next().unwrap().unwrap()).last().unwrap();
        assert_eq!(third.xattrs, [(b"user.k".to_vec(), b"v\0w".to_vec())]);
    }

    #[test]
    fn bounds_extension_headers() {
        let mut bytes = header(EntryType::XHeader, u64::from(u32::MAX)).as_bytes().to_vec();
        bytes.resize(4096, b'x');
        assert!(names(&bytes).unwrap_err().to_string().contains("extension header of 4294967295 bytes"));
        let endless = header(EntryType::XGlobalHeader, 0).as_bytes().repeat(40);
        assert!(names(&endless).unwrap_err().to_string().contains("extension headers for one entry"));
    }

    #[test]
    fn refuses_sparse_and_damaged_archives() {
        assert!(
            names(header(EntryType::GNUSparse, 0).as_bytes()).unwrap_err().to_string().contains("sparse")
        );
        let mut bytes = header(EntryType::Regular, 0).as_bytes().to_vec();
        bytes[0] ^= 1;
        assert!(names(&bytes).unwrap_err().to_string().contains("checksum"));
        assert_eq!(names(&bytes[..100]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let cut = header(EntryType::Regular, 900);
        assert_eq!(names(cut.as_bytes()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..2048), kind in any::<u8>(), size in any::<u64>()) {
            let _ = TarReader::new(&bytes[..]).next();
            // And with a header that is sound, but lies.
            let mut lying = Header::new_gnu();
            lying.set_entry_type(EntryType::new(kind));
            lying.set_size(size);
            lying.set_cksum();
            bytes.splice(0..0, lying.as_bytes().iter().copied());
            let mut reader = TarReader::new(&bytes[..]);
            while let Ok(Some(_)) = reader.next() {}
        }
    }
}

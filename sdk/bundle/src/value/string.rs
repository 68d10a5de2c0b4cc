//! Go's `string`: immutable bytes, usually but not always UTF-8, shared by reference.

use std::{borrow::Cow, fmt, ops::Deref, sync::Arc};

/// Immutable bytes; a clone is a reference. Threads may share them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Arc<[u8]>);

impl Str {
    /// `length` bytes that `fill` writes over zeros, in their final place.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let zeros = Arc::<[u8]>::new_zeroed_slice(length);
        // SAFETY: bytes that are zero are good bytes.
        let mut bytes = unsafe { zeros.assume_init() };
        if let Some(bytes) = Arc::get_mut(&mut bytes) {
            fill(bytes)?;
        }
        Ok(Self(bytes))
    }

    /// As UTF-8; invalid bytes become U+FFFD, as Go does when it ranges over a string.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl Default for Str {
    fn default() -> Self {
        Self::from("")
    }
}

impl Deref for Str {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::borrow::Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl From<Vec<u8>> for Str {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), out)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text(), out)
    }
}

//! Counts a container's memory and holds it to its limit.

use std::sync::{Arc, atomic::Ordering};

use wasmtime::ResourceLimiter;

use crate::meter::Usage;

/// Bytes of one element of a table.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Sums all linear memories and tables of a container. Beyond the limit nothing grows: the guest is ended, as Linux does it.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    usage: Arc<Usage>,
    max: u64,
    exceeded: bool,
    /// What the last growth added, should it fail after all.
    last: u64,
}

/// The trap that ends a guest over its limit.
#[derive(Debug, thiserror::Error)]
#[error("the container's memory limit of {max} bytes is reached: {wanted} bytes are wanted")]
pub(crate) struct OutOfMemory {
    max: u64,
    wanted: u64,
}

impl MemoryLimit {
    /// At most `max` bytes, counted in `usage`.
    pub(crate) fn new(usage: Arc<Usage>, max: Option<u64>) -> Self {
        Self { usage, max: max.unwrap_or(u64::MAX), exceeded: false, last: 0 }
    }

    /// Whether the limit was the end of the guest.
    pub(crate) fn exceeded(&self) -> bool {
        self.exceeded
    }

    fn grow(&mut self, current: usize, desired: usize, element: usize) -> Result<(), OutOfMemory> {
        let more = (desired.saturating_sub(current) as u64).saturating_mul(element as u64);
        let wanted = self.usage.memory_bytes.load(Ordering::Relaxed).saturating_add(more);
        if wanted > self.max {
            self.exceeded = true;
            return Err(OutOfMemory { max: self.max, wanted });
        }
        self.last = more;
        // One guest writes; others only read.
        self.usage.memory_bytes.store(wanted, Ordering::Relaxed);
        Ok(())
    }

    fn failed(&mut self) {
        let last = std::mem::take(&mut self.last);
        self.usage.memory_bytes.fetch_sub(last, Ordering::Relaxed);
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Beyond its own maximum a memory does not grow, and the guest is told.
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last = 0;
            return Ok(false);
        }
        self.grow(current, desired, 1)?;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last = 0;
            return Ok(false);
        }
        self.grow(current, desired, TABLE_ELEMENT)?;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn everything_counts_once() {
        let usage = Arc::new(Usage::default());
        let mut limit = MemoryLimit::new(Arc::clone(&usage), Some(1000));
        let used = || usage.memory_bytes.load(Ordering::Relaxed);
        assert!(limit.memory_growing(0, 400, None).unwrap());
        assert!(limit.memory_growing(0, 100, Some(100)).unwrap());
        assert!(limit.table_growing(0, 10, None).unwrap());
        assert_eq!(used(), 580);
        // Its own maximum: refused, not ended.
        assert!(!limit.memory_growing(100, 200, Some(100)).unwrap());
        assert_eq!(used(), 580);
        // The system refused.
        assert!(limit.memory_growing(400, 500, None).unwrap());
        limit.memory_grow_failed(wasmtime::Error::msg("no")).unwrap();
        assert_eq!(used(), 580);
        assert!(!limit.exceeded());
        assert!(limit.memory_growing(400, 821, None).is_err());
        assert!(limit.exceeded());
        assert_eq!(used(), 580);
    }
}

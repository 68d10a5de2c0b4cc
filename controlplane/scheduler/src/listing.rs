//! What a watch has told exists, so that after a new list what is gone can be found.

use std::{collections::HashSet, sync::Arc};

/// The keys of the objects of one kind.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    known: HashSet<Arc<str>>,
    /// While a list is being read: what it held so far.
    listing: Option<HashSet<Arc<str>>>,
    complete: bool,
}

impl Listing {
    /// Whether a list has been read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// A list begins.
    pub(crate) fn begin(&mut self) {
        self.listing = Some(HashSet::new());
    }

    /// An object exists.
    pub(crate) fn add(&mut self, key: &str) {
        let key = match self.known.get(key) {
            Some(known) => known.clone(),
            None => {
                let key: Arc<str> = key.into();
                self.known.insert(key.clone());
                key
            }
        };
        if let Some(listing) = &mut self.listing {
            listing.insert(key);
        }
    }

    /// An object is gone.
    pub(crate) fn remove(&mut self, key: &str) {
        self.known.remove(key);
        if let Some(listing) = &mut self.listing {
            listing.remove(key);
        }
    }

    /// A list is complete; returns what was known and is not in it.
    pub(crate) fn end(&mut self) -> Vec<Arc<str>> {
        self.complete = true;
        let Some(listing) = self.listing.take() else { return Vec::new() };
        let gone: Vec<_> = self.known.difference(&listing).cloned().collect();
        self.known = listing;
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_list_tells_what_is_gone() {
        let mut listing = Listing::default();
        listing.begin();
        listing.add("a");
        listing.add("b");
        assert!(!listing.is_complete());
        assert!(listing.end().is_empty() && listing.is_complete());
        listing.add("c");
        listing.remove("a");
        listing.begin();
        listing.add("c");
        listing.add("d");
        assert_eq!(listing.end(), ["b".into()]);
        listing.begin();
        let mut gone = listing.end();
        gone.sort();
        assert_eq!(gone, ["c".into(), "d".into()]);
    }
}

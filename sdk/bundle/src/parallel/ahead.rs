//! Work on texts that begins while others of them are still being read. In: texts. Out: what was made of those that are
//! wanted in the end, and of the rest nothing.

use std::{
    collections::{HashMap, HashSet},
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Batch;
use crate::value::Str;

/// Texts on their way to what is made of them. Clones share them, and the first that asks gets them.
pub(crate) struct Ahead<R: Send + 'static> {
    work: Work<R>,
    is_urgent: bool,
    begun: Arc<Mutex<Begun<R>>>,
}

/// Makes something of a text, unless that is not for now.
type Work<R> = Arc<dyn Fn(Str) -> Option<R> + Send + Sync>;

struct Begun<R: Send + 'static> {
    batch: Batch<Str, Option<R>>,
    /// The texts in the order in which the batch was given them.
    texts: Vec<Str>,
}

impl<R: Send + 'static> Begun<R> {
    fn new(work: Work<R>, is_urgent: bool) -> Self {
        Self { batch: Batch::with(Box::new(move |text| work(text)), is_urgent), texts: Vec::new() }
    }

    fn add(&mut self, text: &Str) {
        self.texts.push(text.clone());
        self.batch.give(text.clone(), text.len());
    }
}

impl<R: Send + 'static> Ahead<R> {
    /// To do this `work` on texts.
    pub(crate) fn new(work: impl Fn(Str) -> Option<R> + Send + Sync + 'static) -> Self {
        Self::with(Arc::new(work), false)
    }

    /// As [`Ahead::new`], but to go before other work: a text may take as long as many others.
    pub(crate) fn urgent(work: impl Fn(Str) -> Option<R> + Send + Sync + 'static) -> Self {
        Self::with(Arc::new(work), true)
    }

    fn with(work: Work<R>, is_urgent: bool) -> Self {
        let begun = Begun::new(Arc::clone(&work), is_urgent);
        Self { work, is_urgent, begun: Arc::new(Mutex::new(begun)) }
    }

    /// Begins with a text.
    pub(crate) fn add(&self, text: &Str) {
        self.begun().add(text);
    }

    fn begun(&self) -> MutexGuard<'_, Begun<R>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was made of `texts`, also of those that were not begun with.
    pub(crate) fn finish(&self, texts: &[&Str]) -> HashMap<Identity, R> {
        let mut begun = mem::replace(&mut *self.begun(), Begun::new(Arc::clone(&self.work), self.is_urgent));
        let known: HashSet<_> = begun.texts.iter().map(identity).collect();
        let wanted: HashSet<_> = texts.iter().map(|text| identity(text)).collect();
        texts.iter().filter(|text| !known.contains(&identity(text))).for_each(|text| begun.add(text));
        let made = begun.batch.finish_some(|text| wanted.contains(&identity(text)));
        let identities = begun.texts.iter().map(identity);
        identities.zip(made).filter_map(|(text, made)| Some((text, made??))).collect()
    }
}

impl<R: Send + 'static> Clone for Ahead<R> {
    fn clone(&self) -> Self {
        Self { work: Arc::clone(&self.work), is_urgent: self.is_urgent, begun: Arc::clone(&self.begun) }
    }
}

impl<R: Send + 'static> fmt::Debug for Ahead<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ahead").field("texts", &self.begun().texts.len()).finish_non_exhaustive()
    }
}

/// Where a text is in memory, and its bytes: cheaper to compare than the text.
pub(crate) type Identity = (usize, usize);

/// The identity of a text.
pub(crate) fn identity(text: &Str) -> Identity {
    (text.as_ptr() as usize, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_made_of_each_text_once() {
        let ahead = Ahead::new(|text: Str| (!text.is_empty()).then(|| text.len()));
        let [early, unwanted, late, empty] = ["early", "unwanted", "late", ""].map(Str::from);
        for text in [&early, &unwanted, &empty] {
            ahead.clone().add(text);
        }
        let made = ahead.finish(&[&late, &early, &empty, &early]);
        assert_eq!(made.get(&identity(&early)), Some(&5));
        assert_eq!(made.get(&identity(&late)), Some(&4));
        assert_eq!(made.get(&identity(&empty)), None);
        assert!(ahead.finish(&[]).is_empty());
    }
}

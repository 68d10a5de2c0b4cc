//! Which kinds have been listed, and which cannot be. Pure.
//!
//! An owner that has not been seen may only not have been listed yet, so that nothing is collected before all kinds have been.
//! But one kind that cannot be listed must not keep all the others from it: it is given up until it answers again, and what
//! names an owner of it stays.

use std::collections::HashSet;

use super::graph::Uid;

/// A kind that has failed so often in a row, while another did not, is given up; with the pauses between, that takes some ten
/// seconds.
const FAILURES_MAX: u32 = 4;

#[derive(Clone, Debug, Default)]
struct List {
    /// The objects of a list that is still coming in.
    coming: HashSet<Uid>,
    /// Whether there has been a whole one.
    listed: bool,
    /// How often it has failed since it last answered.
    failures: u32,
    given_up: bool,
}

/// The state of every kind's list, by the kind's place in the list of kinds.
#[derive(Debug)]
pub(super) struct Lists(Vec<List>);

impl Lists {
    /// Nothing has been listed.
    pub(super) fn new(kinds: usize) -> Self {
        Lists(vec![List::default(); kinds])
    }

    /// Whether every kind has been listed or given up.
    pub(super) fn are_complete(&self) -> bool {
        self.0.iter().all(|list| list.listed || list.given_up)
    }

    /// Whether a kind is given up: nobody can tell which objects of it there are.
    pub(super) fn is_given_up(&self, kind: usize) -> bool {
        self.0[kind].given_up
    }

    /// A new list begins.
    pub(super) fn begin(&mut self, kind: usize) {
        self.0[kind].coming.clear();
    }

    /// It holds an object.
    pub(super) fn bring(&mut self, kind: usize, uid: Option<&str>) {
        self.0[kind].coming.extend(uid.map(Uid::from));
    }

    /// It is whole: the objects in it, and whether the kind had been given up.
    pub(super) fn end(&mut self, kind: usize) -> (HashSet<Uid>, bool) {
        let list = &mut self.0[kind];
        (list.listed, list.failures) = (true, 0);
        (std::mem::take(&mut list.coming), std::mem::take(&mut list.given_up))
    }

    /// A watch that follows a list has brought something.
    pub(super) fn answer(&mut self, kind: usize) {
        self.0[kind].failures = 0;
    }

    /// A list or a watch has failed; whether the kind is given up by that.
    pub(super) fn fail(&mut self, kind: usize) -> bool {
        // If none answers, it is the server that is away.
        let other_answers = (0..self.0.len())
            .any(|other| other != kind && self.0[other].listed && self.0[other].failures == 0);
        let list = &mut self.0[kind];
        list.failures = list.failures.saturating_add(1);
        let given_up = list.failures >= FAILURES_MAX && other_answers && !list.given_up;
        list.given_up |= given_up;
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(lists: &mut Lists, kind: usize, times: u32) -> u32 {
        (0..times).map(|_| u32::from(lists.fail(kind))).sum()
    }

    #[test]
    fn one_kind_that_fails_is_given_up_once_and_comes_back() {
        let mut lists = Lists::new(2);
        lists.end(0);
        assert!(!lists.are_complete());
        assert_eq!(fail(&mut lists, 1, FAILURES_MAX - 1), 0);
        assert!(!lists.are_complete(), "it may be late");
        assert_eq!(fail(&mut lists, 1, 100), 1);
        assert!(lists.are_complete() && lists.is_given_up(1) && !lists.is_given_up(0));
        lists.begin(1);
        lists.bring(1, Some("u"));
        assert_eq!(lists.end(1), (HashSet::from(["u".into()]), true));
        assert!(!lists.is_given_up(1));
        assert_eq!(lists.end(1), (HashSet::new(), false));
    }

    #[test]
    fn a_server_that_is_away_is_no_kind_that_fails() {
        let mut lists = Lists::new(2);
        assert_eq!(fail(&mut lists, 0, 9) + fail(&mut lists, 1, 9), 0, "nothing has ever answered");
        lists.end(0);
        lists.end(1);
        assert_eq!(fail(&mut lists, 0, 1) + fail(&mut lists, 1, 9), 0, "both fail");
        lists.answer(0);
        assert_eq!(fail(&mut lists, 1, 1), 1);
    }

    #[test]
    fn what_has_been_listed_is_known_although_its_watch_fails_at_times() {
        let mut lists = Lists::new(2);
        lists.end(0);
        lists.end(1);
        for _ in 0..10 {
            assert_eq!(fail(&mut lists, 1, FAILURES_MAX - 1), 0);
            lists.answer(1);
        }
        assert!(lists.are_complete());
    }
}

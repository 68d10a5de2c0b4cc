//! Compiled patterns and the texts they are matched against.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    ops::Range,
    rc::Rc,
};

use regex_automata::meta;
use regex_syntax::hir::Hir;

use super::{expand::Group, syntax};
use crate::{fault::Fault, functions::strings::runes::runes, value::Str};

/// How many compiled patterns a thread keeps; when there are more, it starts over.
const MAX_CACHED: usize = 512;
/// Largest compiled pattern, in bytes.
const MAX_COMPILED_BYTES: usize = 64 << 20;
/// Bytes of text from which on it pays to compile a pattern once more, for fast matching: that takes as long as to match
/// so much without.
const WORTH_AUTOMATA_BYTES: usize = 8 << 10;

thread_local! {
    static CACHE: RefCell<HashMap<Str, Rc<Pattern>>> = RefCell::default();
}

/// A compiled pattern.
pub(super) struct Pattern {
    expression: Hir,
    /// Compiled quickly: most patterns are matched against a few short texts.
    simple: meta::Regex,
    /// Compiled with automata, once texts are many or long.
    fast: OnceCell<meta::Regex>,
    /// Bytes of text seen so far.
    seen: Cell<usize>,
    /// The names of the groups from 1 on, empty for those without. Go lets several have the same name.
    names: Vec<String>,
}

/// Where a group matched, if it did.
type Matched = Option<Range<usize>>;

impl Pattern {
    /// The pattern of this source, compiled at most once.
    ///
    /// # Errors
    /// Go's words for what is malformed.
    pub(super) fn cached(source: &Str) -> Result<Rc<Self>, Fault> {
        if let Some(known) = CACHE.with_borrow(|cache| cache.get(source).cloned()) {
            return Ok(known);
        }
        let pattern = Rc::new(Self::compile(source)?);
        CACHE.with_borrow_mut(|cache| {
            if cache.len() >= MAX_CACHED {
                cache.clear();
            }
            cache.insert(source.clone(), Rc::clone(&pattern));
        });
        Ok(pattern)
    }

    fn compile(source: &[u8]) -> Result<Self, Fault> {
        let refused = |cause: String| Fault::new(format!("error parsing regexp: {cause}"));
        let source = std::str::from_utf8(source);
        let source = source.map_err(|error| refused(format!("invalid UTF-8: {error}")))?;
        let (expression, names) = syntax::parse(source).map_err(refused)?;
        let simple = build(&expression, false);
        let simple = simple.map_err(|error| refused(format!("expression too large: {error}")))?;
        Ok(Self { expression, simple, fast: OnceCell::new(), seen: Cell::new(0), names })
    }

    /// What matches a text like this one.
    fn regex(&self, haystack: &Haystack<'_>) -> &meta::Regex {
        self.seen.set(self.seen.get().saturating_add(haystack.text.len()));
        if self.seen.get() < WORTH_AUTOMATA_BYTES {
            return &self.simple;
        }
        self.fast.get_or_init(|| build(&self.expression, true).unwrap_or_else(|_| self.simple.clone()))
    }

    /// Whether it occurs in the text.
    pub(super) fn is_match(&self, haystack: &Haystack<'_>) -> bool {
        self.regex(haystack).is_match(&*haystack.text)
    }

    /// Where it occurs, from left to right, without overlaps; an empty match never touches the one before it.
    pub(super) fn spans<'a>(&'a self, haystack: &'a Haystack<'_>) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex(haystack).find_iter(&*haystack.text).map(|found| haystack.given(found.range()))
    }

    /// The same with the groups of each match, the whole match first.
    pub(super) fn groups<'a>(
        &'a self,
        haystack: &'a Haystack<'_>,
    ) -> impl Iterator<Item = Vec<Matched>> + 'a {
        self.regex(haystack).captures_iter(&*haystack.text).map(|captures| {
            captures.iter().map(|group| group.map(|span| haystack.given(span.range()))).collect()
        })
    }

    /// Where the group matched; of several with the same name the first that did.
    pub(super) fn group(&self, matched: &[Matched], group: &Group<'_>) -> Matched {
        match group {
            Group::Number(number) => matched.get(*number)?.clone(),
            Group::Name(sought) => {
                let named = self.names.iter().zip(matched.iter().skip(1));
                named.filter(|(name, _)| name.as_bytes() == *sought).find_map(|(_, span)| span.clone())
            }
        }
    }
}

/// Compiles an expression, with the automata and literals that make matching fast, or without, which takes a tenth of the
/// time.
fn build(expression: &Hir, fast: bool) -> Result<meta::Regex, Box<meta::BuildError>> {
    let config = meta::Config::new().utf8_empty(true).nfa_size_limit(Some(MAX_COMPILED_BYTES));
    let config = config.dfa(fast).hybrid(fast).onepass(fast).auto_prefilter(fast);
    meta::Builder::new().configure(config).build_from_hir(expression).map_err(Box::new)
}

/// A text to match against. Go takes each byte that is not UTF-8 for U+FFFD, so such a text is matched in that
/// form, and positions are translated back.
pub(super) struct Haystack<'a> {
    text: Cow<'a, [u8]>,
    /// For each byte of `text` and for its end, the position in the text given; empty if they are the same.
    positions: Vec<usize>,
}

impl<'a> Haystack<'a> {
    /// The text as Go's matcher sees it.
    pub(super) fn new(given: &'a [u8]) -> Self {
        if std::str::from_utf8(given).is_ok() {
            return Self { text: Cow::Borrowed(given), positions: Vec::new() };
        }
        let (mut text, mut positions, mut position) = (String::new(), Vec::new(), 0);
        for (rune, size) in runes(given) {
            text.push(rune);
            positions.resize(text.len(), position);
            position += size;
        }
        positions.push(position);
        Self { text: Cow::Owned(text.into_bytes()), positions }
    }

    /// Positions in the text given for those in the text matched.
    fn given(&self, span: Range<usize>) -> Range<usize> {
        if self.positions.is_empty() { span } else { self.positions[span.start]..self.positions[span.end] }
    }
}

//! Parsed templates: variables are slots, functions are resolved, texts are ranges of the source. They may be parsed in
//! one thread and executed in another.

use std::{cell::Cell, iter, mem, ops::Deref, sync::Arc};

use super::{number::Number, source::Source};
use crate::{functions::Function, stack::deep, value::Str};

/// A byte's index in the source.
pub(super) type Position = u32;

/// An index as a position; texts are limited far below four gigabytes.
pub(super) fn position(index: usize) -> Position {
    Position::try_from(index).unwrap_or(Position::MAX)
}

/// A variable's place in its template's frame. Slot 0 is `$`.
pub(super) type Slot = u32;

/// Stands for a variable that the parser accepts, as Go's does, but that executing does not find.
pub(super) const UNDEFINED: Slot = Slot::MAX;

/// One template.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) name: Str,
    pub(super) source: Arc<Source>,
    pub(super) root: Block,
    /// How many slots its frame has.
    pub(super) slots: usize,
    /// Whether it, or what stands before it in its file, calls a function that takes its time.
    pub(super) is_slow: bool,
    /// How often it is being included at present, inside itself.
    pub(super) nested: Cell<usize>,
}

impl Template {
    /// Whether it holds nothing but space: such a template replaces no other.
    pub(super) fn is_empty(&self) -> bool {
        self.root.iter().all(|node| match node {
            Node::Text { start, end } => {
                let text = &self.source.text[*start as usize..*end as usize];
                String::from_utf8_lossy(text).trim().is_empty()
            }
            _ => false,
        })
    }
}

/// Nodes in a row.
pub(super) type Block = Box<[Node]>;

// What follows is small, and beside each other what belongs together: most of it is written by one thread and read once
// by another, which takes as long as the memory that it lies in.

/// What a template is made of.
#[derive(Debug)]
pub(super) enum Node {
    Text {
        start: Position,
        end: Position,
    },
    /// A [`Placed`] pipeline.
    Action {
        at: Position,
        pipeline: Arc<Pipeline>,
    },
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<Invocation>),
    Break,
    Continue,
}

/// `if`, `with` or `range`, its body and what follows `else`.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) position: Position,
    pub(super) pipeline: Placed,
    pub(super) body: Block,
    pub(super) otherwise: Option<Block>,
}

impl Drop for Branch {
    fn drop(&mut self) {
        let inner = (mem::take(&mut self.body), self.otherwise.take());
        deep(|| drop(inner));
    }
}

/// `template "name" pipeline`.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) position: Position,
    pub(super) name: Str,
    pub(super) pipeline: Option<Placed>,
}

/// A pipeline and where its action is: equal ones share theirs.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) at: Position,
    pub(super) pipeline: Arc<Pipeline>,
}

/// Commands, each fed with the value of the one before, and the variables that take the last value. All positions in it
/// count from where its action is.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) position: Position,
    pub(super) variables: Variables,
    pub(super) first: Command,
    /// The commands after the first one, which most pipelines have not.
    pub(super) rest: Box<[Command]>,
}

impl Pipeline {
    pub(super) fn commands(&self) -> impl Iterator<Item = &Command> {
        iter::once(&self.first).chain(&self.rest)
    }
}

/// The variables that a pipeline gives its value to: none, one, or for `range` two.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variables {
    slots: [Slot; 2],
    count: u8,
}

impl Variables {
    /// One more, of at most two.
    pub(super) fn push(&mut self, slot: Slot) {
        if let Some(free) = self.slots.get_mut(usize::from(self.count)) {
            *free = slot;
            self.count += 1;
        }
    }
}

impl Deref for Variables {
    type Target = [Slot];
    fn deref(&self) -> &[Slot] {
        &self.slots[..usize::from(self.count)]
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let first = mem::replace(&mut self.first.first.term, Term::Dot);
        let others = (mem::take(&mut self.first.arguments), mem::take(&mut self.rest));
        deep(|| drop((first, others)));
    }
}

/// A first operand and the arguments it is given.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) first: Operand,
    pub(super) arguments: Box<[Operand]>,
}

/// An operand and where it stands.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) position: Position,
    pub(super) term: Term,
}

/// An operand.
#[derive(Debug)]
pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    Text(Str),
    /// `.a.b`.
    Field(Names),
    /// `$x.a.b`.
    Variable(Slot, Names),
    Function(Callee),
    Pipeline(Box<Pipeline>),
    /// `(pipeline).a.b`.
    Chain(Box<Operand>, Names),
}

/// The names of a chain of fields, dots between, which are where they stand in the source; empty only for variables. They
/// are UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Names {
    /// Whether there are none.
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The names, in the text that the action stands in at `at`.
    pub(super) fn of(self, text: &[u8], at: Position) -> &[u8] {
        let at = at as usize;
        &text[at + self.start as usize..at + self.end as usize]
    }
}

/// A function as the parser found it.
#[derive(Clone, Copy)]
pub(super) struct Callee {
    pub(super) function: &'static Function,
    /// For `and` and `or`: the truth that decides. They evaluate no more arguments than they need.
    pub(super) deciding: Option<bool>,
}

impl std::fmt::Debug for Callee {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.function.name)
    }
}

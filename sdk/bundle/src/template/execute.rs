//! Walks trees and writes what they write.

use super::{
    MAX_OUTPUT_BYTES,
    engine::{Engine, NO_VALUE},
    tree::{Block, Branch, Invocation, Node, Placed, Position, Slot, Template, UNDEFINED},
};
use crate::{fault::Fault, printf, value::Value};

/// A value or Go's invalid value: what an untyped nil becomes, whose fields are missing without a fault. A missing
/// key is `Some(Value::Nil)` (a nil interface, whose fields do fail) until its pipeline ends.
pub(super) type Item = Option<Value>;

/// A result with a fault that is small to pass on.
pub(super) type Outcome<T> = Result<T, Box<Fault>>;

/// How a block ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Normal,
    Break,
    Continue,
}

/// One execution: its output and its variables.
pub(super) struct State<'e> {
    pub(super) engine: &'e Engine<'e>,
    pub(super) buffers: Buffers,
    /// Where the innermost frame starts.
    base: usize,
    /// What is being evaluated, for faults.
    pub(super) position: Position,
}

/// What an execution grows, so that the next one need not.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) out: Vec<u8>,
    /// The frames of the templates that execute each other.
    slots: Vec<Item>,
    /// Arguments of the calls that are being prepared.
    pub(super) arguments: Vec<Value>,
}

impl Buffers {
    /// Empties all, keeping their memory.
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.slots.clear();
        self.arguments.clear();
    }
}

/// The template that is being executed, and what its dot is.
#[derive(Clone, Copy)]
pub(super) struct Frame<'t> {
    pub(super) template: &'t Template,
    pub(super) dot: &'t Item,
    /// Where the action is, from which the positions in it count.
    pub(super) at: Position,
}

/// A fault with Go's words.
pub(super) fn fault(cause: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(cause))
}

impl<'e> State<'e> {
    /// A state that has written nothing into its empty buffers.
    pub(super) fn new(engine: &'e Engine<'e>, buffers: Buffers) -> Self {
        Self { engine, buffers, base: 0, position: 0 }
    }

    /// Executes `template` with `dot` as its data.
    pub(super) fn run(&mut self, template: &Template, dot: Item) -> Outcome<()> {
        let (base, position) = (self.base, self.position);
        self.base = self.buffers.slots.len();
        self.buffers.slots.resize(self.base + template.slots, None);
        self.buffers.slots[self.base].clone_from(&dot);
        let engine = self.engine;
        let result = engine.deeper(|| self.block(Frame { template, dot: &dot, at: 0 }, &template.root));
        let result = match result {
            Ok(_) => Ok(()),
            Err(fault) => Err(Box::new(fault.at(template.source.place(self.position as usize)))),
        };
        self.buffers.slots.truncate(self.base);
        (self.base, self.position) = (base, position);
        result
    }

    fn block(&mut self, frame: Frame<'_>, block: &Block) -> Outcome<Flow> {
        for node in block {
            self.engine.step()?;
            let flow = match node {
                Node::Text { start, end } => {
                    self.buffers
                        .out
                        .extend_from_slice(&frame.template.source.text[*start as usize..*end as usize]);
                    Flow::Normal
                }
                Node::Action { at, pipeline } => {
                    let value = self.pipeline(Frame { at: *at, ..frame }, pipeline)?;
                    if pipeline.variables.is_empty() {
                        self.print(&value)?;
                    }
                    Flow::Normal
                }
                Node::If(branch) => crate::stack::deep(|| self.choose(frame, branch, false))?,
                Node::With(branch) => crate::stack::deep(|| self.choose(frame, branch, true))?,
                Node::Range(branch) => crate::stack::deep(|| self.range(frame, branch))?,
                Node::Template(invocation) => {
                    self.invoke(frame, invocation)?;
                    Flow::Normal
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Normal {
                return Ok(flow);
            }
        }
        Ok(Flow::Normal)
    }

    fn placed(&mut self, frame: Frame<'_>, Placed { at, pipeline }: &Placed) -> Outcome<Item> {
        self.pipeline(Frame { at: *at, ..frame }, pipeline)
    }

    fn print(&mut self, value: &Item) -> Outcome<()> {
        match value {
            None | Some(Value::Nil) => self.buffers.out.extend_from_slice(NO_VALUE),
            Some(Value::Object(object)) => {
                self.buffers.out.extend_from_slice(object.print_field().as_bytes())
            }
            Some(value) => printf::write(&mut self.buffers.out, value),
        }
        if self.buffers.out.len() > MAX_OUTPUT_BYTES {
            let cause = format!("a template's output is over the limit of {MAX_OUTPUT_BYTES} bytes");
            return Err(Fault::limit(cause).into());
        }
        Ok(())
    }

    /// `if` and, where the value becomes dot, `with`.
    fn choose(&mut self, frame: Frame<'_>, branch: &Branch, with: bool) -> Outcome<Flow> {
        let value = self.placed(frame, &branch.pipeline)?;
        let chosen = value.as_ref().is_some_and(Value::is_true);
        match (chosen, &branch.otherwise) {
            (true, _) if with => self.block(Frame { dot: &value, ..frame }, &branch.body),
            (true, _) => self.block(frame, &branch.body),
            (false, Some(otherwise)) => self.block(frame, otherwise),
            (false, None) => Ok(Flow::Normal),
        }
    }

    fn invoke(&mut self, frame: Frame<'_>, invocation: &Invocation) -> Outcome<()> {
        self.position = invocation.position;
        let Some(template) = self.engine.find(&invocation.name) else {
            return Err(Box::new(self.engine.missing(&invocation.name)));
        };
        let data = match &invocation.pipeline {
            None => None,
            Some(pipeline) => self.placed(frame, pipeline)?,
        };
        self.run(&template, data)
    }

    /// The variable in `slot`.
    pub(super) fn variable(&self, slot: Slot) -> Outcome<&Item> {
        match slot {
            UNDEFINED => Err(fault("undefined variable")),
            slot => Ok(&self.buffers.slots[self.base + slot as usize]),
        }
    }

    /// Sets the variable in `slot`.
    pub(super) fn set_variable(&mut self, slot: Slot, value: Item) -> Outcome<()> {
        match slot {
            UNDEFINED => Err(fault("undefined variable")),
            slot => {
                self.buffers.slots[self.base + slot as usize] = value;
                Ok(())
            }
        }
    }

    fn range(&mut self, frame: Frame<'_>, branch: &Branch) -> Outcome<Flow> {
        self.position = branch.position;
        let template = frame.template;
        let value = self.placed(frame, &branch.pipeline)?;
        let mut iterated = false;
        match &value {
            None | Some(Value::Nil) => {}
            Some(Value::List(list)) => {
                for index in 0..list.len() {
                    iterated = true;
                    let key = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    if self.iteration(template, branch, key, list[index].clone())? == Flow::Break {
                        break;
                    }
                }
            }
            Some(Value::Map(map)) => {
                for (key, item) in map.snapshot() {
                    iterated = true;
                    if self.iteration(template, branch, Value::Str(key), item)? == Flow::Break {
                        break;
                    }
                }
            }
            Some(Value::Bytes(bytes)) => {
                for (index, byte) in bytes.iter().enumerate() {
                    iterated = true;
                    let key = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    if self.iteration(template, branch, key, Value::Byte(*byte))? == Flow::Break {
                        break;
                    }
                }
            }
            Some(Value::Int(count)) => iterated = self.count(template, branch, *count, Value::Int)?,
            Some(Value::Int64(count)) => iterated = self.count(template, branch, *count, Value::Int64)?,
            Some(Value::Byte(count)) => {
                let byte = |number| Value::Byte(u8::try_from(number).unwrap_or(u8::MAX));
                iterated = self.count(template, branch, i64::from(*count), byte)?;
            }
            Some(Value::Uint64(count)) => {
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                iterated =
                    self.count(template, branch, count, |number| Value::Uint64(number.unsigned_abs()))?;
            }
            Some(Value::Object(object)) => match object.entries() {
                None => return Err(endless(&value)),
                Some(entries) => {
                    for (key, item) in entries {
                        iterated = true;
                        if self.iteration(template, branch, key, item)? == Flow::Break {
                            break;
                        }
                    }
                }
            },
            Some(_) => return Err(endless(&value)),
        }
        match &branch.otherwise {
            Some(otherwise) if !iterated => self.block(frame, otherwise),
            _ => Ok(Flow::Normal),
        }
    }

    /// Iterates over the integers below `count`; whether there were any.
    fn count(
        &mut self,
        template: &Template,
        branch: &Branch,
        count: i64,
        value: impl Fn(i64) -> Value,
    ) -> Outcome<bool> {
        if branch.pipeline.pipeline.variables.len() > 1 {
            return Err(fault(format!("can't use {count} to iterate over more than one variable")));
        }
        for number in 0..count {
            // The element is the index too: with one variable only the element is seen.
            if self.iteration(template, branch, Value::Nil, value(number))? == Flow::Break {
                break;
            }
        }
        Ok(count > 0)
    }

    fn iteration(&mut self, template: &Template, branch: &Branch, key: Value, item: Value) -> Outcome<Flow> {
        self.engine.step()?;
        let item = Some(item);
        match *branch.pipeline.pipeline.variables {
            [] => {}
            [element] => self.set_variable(element, item.clone())?,
            [index, element, ..] => {
                self.set_variable(index, Some(key))?;
                self.set_variable(element, item.clone())?;
            }
        }
        self.block(Frame { template, dot: &item, at: 0 }, &branch.body)
    }
}

/// The fault of a value that has nothing to iterate over.
fn endless(value: &Item) -> Box<Fault> {
    let shown = value.as_ref().map(printf::sprint).unwrap_or_default();
    fault(format!("range can't iterate over {shown}"))
}

//! Evaluates pipelines, commands and operands.

use super::{
    execute::{Frame, Item, Outcome, State, fault},
    tree::{Command, Names, Operand, Pipeline, Term},
};
use crate::{stack::deep, value::Value};

/// What the command before in the pipeline gave; `None` for the first command.
pub(super) type Piped = Option<Item>;

impl State<'_> {
    /// The value of a pipeline, which its variables take.
    pub(super) fn pipeline(&mut self, frame: Frame<'_>, pipeline: &Pipeline) -> Outcome<Item> {
        self.position = frame.at + pipeline.position;
        // A nil interface loses its type here: its fields fail no more.
        let untyped = |value: Item| value.filter(|value| !matches!(value, Value::Nil));
        let mut value = untyped(self.command(frame, &pipeline.first, None)?);
        for command in &pipeline.rest {
            value = untyped(self.command(frame, command, Some(value))?);
        }
        for slot in &*pipeline.variables {
            self.set_variable(*slot, value.clone())?;
        }
        Ok(value)
    }

    fn command(&mut self, frame: Frame<'_>, command: &Command, piped: Piped) -> Outcome<Item> {
        let first = &command.first;
        self.position = frame.at + first.position;
        let arguments = &*command.arguments;
        match &first.term {
            Term::Field(names) => self.chain(frame, frame.dot, *names, arguments, piped),
            Term::Function(callee) => self.call(frame, *callee, arguments, piped, self.position),
            Term::Variable(slot, names) => {
                let value = self.variable(*slot)?.clone();
                if names.is_empty() {
                    not_a_function(first, command, &piped)?;
                    return Ok(value);
                }
                self.chain(frame, &value, *names, arguments, piped)
            }
            Term::Chain(operand, names) => {
                let receiver = self.receiver(frame, operand)?;
                self.chain(frame, &receiver, *names, arguments, piped)
            }
            Term::Pipeline(pipeline) => {
                not_a_function(first, command, &piped)?;
                deep(|| self.pipeline(frame, pipeline))
            }
            term => {
                not_a_function(first, command, &piped)?;
                match term {
                    Term::Bool(flag) => Ok(Some(Value::Bool(*flag))),
                    Term::Number(number) => match &number.ideal {
                        Some(ideal) => Ok(Some(ideal.value())),
                        None => Err(fault(format!("{} overflows int", number.text))),
                    },
                    Term::Text(text) => Ok(Some(Value::Str(text.clone()))),
                    Term::Nil => Err(fault("nil is not a command")),
                    _ => Ok(frame.dot.clone()),
                }
            }
        }
    }

    /// What a chain of fields starts from.
    pub(super) fn receiver(&mut self, frame: Frame<'_>, operand: &Operand) -> Outcome<Item> {
        match &operand.term {
            Term::Pipeline(pipeline) => deep(|| self.pipeline(frame, pipeline)),
            Term::Function(callee) => self.call(frame, *callee, &[], None, frame.at + operand.position),
            Term::Nil => Err(fault("indirection through explicit nil")),
            _ => Err(fault("a chain of fields starts at a pipeline or function")),
        }
    }

    /// `receiver.a.b`, the last of which may be a method that takes arguments.
    pub(super) fn chain(
        &mut self,
        frame: Frame<'_>,
        receiver: &Item,
        names: Names,
        arguments: &[Operand],
        piped: Piped,
    ) -> Outcome<Item> {
        let position = self.position;
        let mut value;
        let (mut current, mut rest) = (receiver, names.of(&frame.template.source.text, frame.at));
        while let Some(dot) = rest.iter().position(|byte| *byte == b'.') {
            value = self.field(frame, current, &rest[..dot], &[], None)?;
            (current, rest) = (&value, &rest[dot + 1..]);
        }
        self.position = position;
        self.field(frame, current, rest, arguments, piped)
    }
}

fn not_a_function(first: &Operand, command: &Command, piped: &Piped) -> Outcome<()> {
    if command.arguments.is_empty() && piped.is_none() {
        return Ok(());
    }
    let kind = match first.term {
        Term::Dot => "dot",
        Term::Variable(..) => "variable",
        Term::Pipeline(_) => "parenthesized pipeline",
        _ => "literal",
    };
    Err(fault(format!("can't give argument to non-function: a {kind}")))
}

//! Calls functions: counts arguments, evaluates each for its parameter, and refuses what Go could not assign.

use super::{
    MAX_OUTPUT_BYTES,
    evaluate::Piped,
    execute::{Frame, Item, Outcome, State, fault},
    number::{Ideal, Number},
    tree::{Callee, Operand, Position, Term},
};
use crate::{
    fault::Fault,
    functions::{Call, Function, Parameter},
    stack::deep,
    value::{Element, List, MapType, Str, Value},
};

impl State<'_> {
    /// Calls a function with operands and the value piped into it.
    pub(super) fn call(
        &mut self,
        frame: Frame<'_>,
        callee: Callee,
        operands: &[Operand],
        piped: Piped,
        position: Position,
    ) -> Outcome<Item> {
        let function = callee.function;
        check_count(function, operands.len(), piped.is_some())?;
        if let Some(deciding) = callee.deciding {
            return self.decide(frame, deciding, operands, piped);
        }
        let start = self.buffers.arguments.len();
        for (index, operand) in operands.iter().enumerate() {
            let value = self.argument(frame, parameter(function, index), operand)?;
            self.buffers.arguments.push(value);
        }
        if let Some(item) = piped {
            self.position = position;
            let value = assign(item, parameter(function, operands.len()))?;
            self.buffers.arguments.push(value);
        }
        self.position = position;
        self.engine.steps(function.steps)?;
        let call = Call {
            arguments: &self.buffers.arguments[start..],
            environment: self.engine.environment,
            templates: Some(self.engine),
        };
        let result = (function.call)(&call);
        if let Ok(value) = &result {
            self.engine.handle(call.arguments, value)?;
        }
        self.buffers.arguments.truncate(start);
        match result {
            Ok(value) => {
                self.measure(&value)?;
                Ok(Some(value))
            }
            Err(fault) => Err(Box::new(explained(function, fault))),
        }
    }

    /// Refuses a text beyond the limits.
    fn measure(&self, value: &Value) -> Outcome<()> {
        let (Value::Str(text) | Value::Bytes(text)) = value else {
            return Ok(());
        };
        if text.len() > MAX_OUTPUT_BYTES {
            let cause =
                format!("a text of {} bytes is over the limit of {MAX_OUTPUT_BYTES} bytes", text.len());
            return Err(Fault::limit(cause).into());
        }
        self.engine.produce(text.len())
    }

    /// `and` and `or`: evaluates up to the argument whose truth decides.
    fn decide(
        &mut self,
        frame: Frame<'_>,
        deciding: bool,
        operands: &[Operand],
        piped: Piped,
    ) -> Outcome<Item> {
        let mut value = Value::Nil;
        for operand in operands {
            value = self.argument(frame, Parameter::Any, operand)?;
            if value.is_true() == deciding {
                return Ok(Some(value));
            }
        }
        match piped {
            Some(item) => Ok(Some(item.unwrap_or_default())),
            None => Ok(Some(value)),
        }
    }

    /// An operand as an argument for `parameter`.
    pub(super) fn argument(
        &mut self,
        frame: Frame<'_>,
        parameter: Parameter,
        operand: &Operand,
    ) -> Outcome<Value> {
        let position = frame.at + operand.position;
        self.position = position;
        let item = match &operand.term {
            Term::Dot => frame.dot.clone(),
            Term::Nil => return typed_nil(parameter).ok_or_else(|| fault(no_nil(parameter))),
            Term::Field(names) => self.chain(frame, frame.dot, *names, &[], None)?,
            Term::Variable(slot, names) => {
                let value = self.variable(*slot)?.clone();
                if names.is_empty() { value } else { self.chain(frame, &value, *names, &[], None)? }
            }
            Term::Pipeline(pipeline) => deep(|| self.pipeline(frame, pipeline))?,
            Term::Function(callee) => self.call(frame, *callee, &[], None, position)?,
            Term::Chain(first, names) => {
                let receiver = self.receiver(frame, first)?;
                self.chain(frame, &receiver, *names, &[], None)?
            }
            Term::Bool(flag) => return literal_bool(*flag, parameter),
            Term::Number(number) => return literal_number(number, parameter),
            Term::Text(text) => return literal_text(text, parameter),
        };
        self.position = position;
        assign(item, parameter)
    }
}

/// The parameter that argument `index` is for.
fn parameter(function: &Function, index: usize) -> Parameter {
    let parameters = function.parameters;
    let last = parameters.len().saturating_sub(1);
    parameters.get(index.min(last)).copied().unwrap_or(Parameter::Any)
}

fn check_count(function: &Function, operands: usize, piped: bool) -> Outcome<()> {
    let given = operands + usize::from(piped);
    let declared = function.parameters.len();
    if function.variadic {
        let least = declared.saturating_sub(1);
        if given < least {
            let name = function.name;
            return Err(fault(format!(
                "wrong number of args for {name}: want at least {least} got {operands}"
            )));
        }
    } else if given != declared {
        let name = function.name;
        return Err(fault(format!("wrong number of args for {name}: want {declared} got {given}")));
    }
    Ok(())
}

/// Whether the function fails because the chart says so.
fn is_demand(function: &Function) -> bool {
    matches!(function.name, "fail" | "required")
}

/// A function's own failure, with its name; what failed inside another template is explained already, and the
/// words of `fail` and `required` are the chart's.
fn explained(function: &Function, mut fault: Fault) -> Fault {
    if fault.trace.is_empty() && !fault.limit && !is_demand(function) {
        fault.cause = format!("error calling {}: {}", function.name, fault.cause);
    }
    fault
}

/// The name of a parameter's type.
fn type_name(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Any => "interface {}",
        Parameter::Str => "string",
        Parameter::Bool => "bool",
        Parameter::Int => "int",
        Parameter::Int64 => "int64",
        Parameter::Float => "float64",
        Parameter::List => "[]interface {}",
        Parameter::Strings => "[]string",
        Parameter::Map => "map[string]interface {}",
        Parameter::Bytes => "[]uint8",
        Parameter::Uint32 => "uint32",
        Parameter::Named(name) => name,
    }
}

/// The nil of a parameter's type, if the type has one. A nil map is nil, as functions expect it.
fn typed_nil(parameter: Parameter) -> Option<Value> {
    match parameter {
        Parameter::Any | Parameter::Map => Some(Value::Nil),
        Parameter::List => Some(Value::List(List::nil(Element::Any))),
        Parameter::Strings => Some(Value::List(List::nil(Element::Str))),
        Parameter::Bytes => Some(Value::Bytes("".into())),
        Parameter::Named(name) if name.starts_with('*') => Some(Value::Nil),
        _ => None,
    }
}

fn no_nil(parameter: Parameter) -> String {
    format!("cannot assign nil to {}", type_name(parameter))
}

/// The value as the parameter's type takes it.
pub(super) fn assign(item: Item, parameter: Parameter) -> Outcome<Value> {
    let Some(value) = item else {
        let expected = type_name(parameter);
        return typed_nil(parameter).ok_or_else(|| fault(format!("invalid value; expected {expected}")));
    };
    let fits = match (parameter, &value) {
        (Parameter::Any, _)
        | (Parameter::Str, Value::Str(_))
        | (Parameter::Bool, Value::Bool(_))
        | (Parameter::Int, Value::Int(_))
        | (Parameter::Int64, Value::Int64(_))
        | (Parameter::Float, Value::Float(_))
        | (Parameter::Bytes, Value::Bytes(_)) => true,
        (Parameter::List, Value::List(list)) => list.element() == Element::Any,
        (Parameter::Strings, Value::List(list)) => list.element() == Element::Str,
        (Parameter::Map, Value::Map(map)) => match map.map_type() {
            MapType::Any => true,
            MapType::Values => return Ok(Value::Map(map.seen_as(MapType::Any))),
            MapType::Str => false,
        },
        (Parameter::Named(name), Value::Object(object)) => {
            let own = object.type_name();
            own == name || own.strip_prefix('*') == Some(name)
        }
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    let got = if matches!(value, Value::Nil) { "interface {}" } else { value.type_name() };
    Err(fault(format!("wrong type for value; expected {}; got {got}", type_name(parameter))))
}

fn literal_bool(flag: bool, parameter: Parameter) -> Outcome<Value> {
    match parameter {
        Parameter::Any | Parameter::Bool => Ok(Value::Bool(flag)),
        _ => Err(misfit(&flag.to_string(), parameter)),
    }
}

fn literal_text(text: &Str, parameter: Parameter) -> Outcome<Value> {
    match parameter {
        Parameter::Any | Parameter::Str => Ok(Value::Str(text.clone())),
        _ => Err(misfit(&text.text(), parameter)),
    }
}

fn literal_number(number: &Number, parameter: Parameter) -> Outcome<Value> {
    let value = match parameter {
        Parameter::Any => number.ideal.as_ref().map(Ideal::value),
        Parameter::Int => number.int.map(Value::Int),
        Parameter::Int64 => number.int.map(Value::Int64),
        Parameter::Float => number.float.map(Value::Float),
        // Go cuts a larger literal to the type's bits.
        Parameter::Uint32 => number.uint.map(|uint| Value::Int((uint & u64::from(u32::MAX)) as i64)),
        _ => None,
    };
    value.ok_or_else(|| match parameter {
        Parameter::Any => fault(format!("{} overflows int", number.text)),
        _ => misfit(&number.text, parameter),
    })
}

/// A literal of another type than the parameter's.
fn misfit(literal: &str, parameter: Parameter) -> Box<Fault> {
    let expected = match parameter {
        Parameter::Int | Parameter::Int64 => "integer",
        Parameter::Uint32 => "unsigned integer",
        Parameter::Float => "float",
        other => type_name(other),
    };
    fault(format!("expected {expected}; found {literal}"))
}

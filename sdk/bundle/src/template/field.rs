//! Fields of maps and objects, and the methods that objects and `.Values` have.

use super::{
    evaluate::Piped,
    execute::{Frame, Item, Outcome, State, fault},
    tree::Operand,
};
use crate::{
    fault::Fault,
    functions::Parameter,
    value::{Map, MapType, Object, Value},
    yaml,
};

impl State<'_> {
    /// `receiver.name`: a method if there is one, called with the arguments, else a field or the value of a key.
    pub(super) fn field(
        &mut self,
        frame: Frame<'_>,
        receiver: &Item,
        name: &[u8],
        operands: &[Operand],
        piped: Piped,
    ) -> Outcome<Item> {
        let given = !operands.is_empty() || piped.is_some();
        match receiver {
            None => Ok(None),
            Some(Value::Nil) => Err(fault(format!("nil pointer evaluating interface {{}}.{}", text(name)))),
            Some(Value::Map(map)) => {
                if map.map_type() == MapType::Values && is_values_method(name) {
                    let arguments = self.method_arguments(frame, operands, piped)?;
                    return values_method(map, text(name), &arguments).map(Some).map_err(Box::new);
                }
                if given {
                    return Err(fault(format!("{} is not a method but has arguments", text(name))));
                }
                Ok(Some(map.get(name).unwrap_or_else(|| zero_of(map.map_type()))))
            }
            Some(Value::Object(object)) => {
                let object = object.clone();
                self.member(frame, &*object, text(name), operands, piped).map(Some)
            }
            Some(other) => {
                let (name, type_name) = (text(name), other.type_name());
                Err(fault(format!("can't evaluate field {name} in type {type_name}")))
            }
        }
    }

    fn member(
        &mut self,
        frame: Frame<'_>,
        object: &dyn Object,
        name: &str,
        operands: &[Operand],
        piped: Piped,
    ) -> Outcome<Value> {
        let given = !operands.is_empty() || piped.is_some();
        let position = self.position;
        let arguments = self.method_arguments(frame, operands, piped)?;
        self.position = position;
        self.engine.step()?;
        if let Some(result) = object.call(name, &arguments) {
            return result.map_err(|mut fault| {
                if fault.trace.is_empty() {
                    fault.cause = format!("error calling {name}: {}", fault.cause);
                }
                Box::new(fault)
            });
        }
        match object.field(name) {
            Some(_) if given => Err(fault(format!("{name} has arguments but cannot be invoked as function"))),
            Some(value) => Ok(value),
            None if object.kind_name() == "map" && !given => Ok(Value::Nil),
            None => Err(fault(format!("can't evaluate field {name} in type {}", object.type_name()))),
        }
    }

    fn method_arguments(
        &mut self,
        frame: Frame<'_>,
        operands: &[Operand],
        piped: Piped,
    ) -> Outcome<Vec<Value>> {
        let mut arguments = Vec::with_capacity(operands.len() + usize::from(piped.is_some()));
        for operand in operands {
            arguments.push(self.argument(frame, Parameter::Any, operand)?);
        }
        if let Some(item) = piped {
            arguments.push(item.unwrap_or_default());
        }
        Ok(arguments)
    }
}

/// A field's name; the lexer lets no other than UTF-8 through.
fn text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// What a map gives for a key it lacks.
fn zero_of(map_type: MapType) -> Value {
    match map_type {
        MapType::Str => Value::string(""),
        MapType::Any | MapType::Values => Value::Nil,
    }
}

/// The methods of Helm's type for values, which hide keys of the same names.
fn is_values_method(name: &[u8]) -> bool {
    matches!(name, b"AsMap" | b"Table" | b"PathValue" | b"YAML" | b"Encode")
}

fn values_method(map: &Map, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    match (name, arguments) {
        ("AsMap", []) => Ok(Value::Map(map.seen_as(MapType::Any))),
        ("Table", [Value::Str(path)]) => table(map, &path.text()).map(Value::Map),
        ("PathValue", [Value::Str(path)]) => path_value(map, &path.text()),
        ("YAML", []) => match yaml::write(&Value::Map(map.clone())) {
            Ok(text) => Ok(Value::string(text)),
            Err(error) => Err(Fault::new(error.to_string())),
        },
        ("Encode", _) => Err(Fault::new("no writer can be given to Encode")),
        _ => Err(Fault::new(format!("wrong number or type of args for {name}"))),
    }
}

/// The map at a dotted path.
fn table(map: &Map, path: &str) -> Result<Map, Fault> {
    let mut table = map.clone();
    for name in path.split('.') {
        table = match table.get(name.as_bytes()) {
            Some(Value::Map(inner)) => inner.seen_as(MapType::Values),
            _ => return Err(Fault::new(format!("{name:?} is not a table"))),
        };
    }
    Ok(table)
}

/// The value, which is no map, at a dotted path.
fn path_value(map: &Map, path: &str) -> Result<Value, Fault> {
    let (holder, key) = match path.rsplit_once('.') {
        Some((holder, key)) => (table(map, holder)?, key),
        None => (map.clone(), path),
    };
    match holder.get(key.as_bytes()) {
        None | Some(Value::Map(_)) => Err(Fault::new(format!("{path:?} is not a value"))),
        Some(value) => Ok(value),
    }
}

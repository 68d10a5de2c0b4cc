//! Field types: scalars and objects, in lists and maps.

use std::cmp::Ordering;

use super::facts::{Definition, DefinitionId};

/// A field's type: a scalar or an object in up to three layers of lists and maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    base: Base,
    /// Two bits a layer, the outermost lowest.
    layers: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Scalar(Scalar),
    Object(DefinitionId),
}

/// What a type is at its outermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No list, map or object with known fields.
    Scalar(Scalar),
    /// An object with known fields.
    Object(DefinitionId),
    /// A list.
    List(Type),
    /// A list that is a message of its own in protobuf; in JSON it is a list like any other.
    WrappedList(Type),
    /// A map with string keys.
    Map(Type),
}

/// The scalar types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    String,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer.
    Int64,
    /// A boolean.
    Bool,
    /// A floating point number.
    Double,
    /// A quantity: a string, or a number.
    Quantity,
    /// A 32-bit integer or a string.
    IntOrString,
    /// RFC 3339 in whole seconds.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// Base64.
    Bytes,
    /// Any JSON, carried as bytes in protobuf.
    Raw,
    /// Any JSON.
    Any,
}

const LIST: u8 = 1;
const MAP: u8 = 2;
const WRAPPED: u8 = 3;

impl Type {
    /// What it is at its outermost.
    #[inline]
    pub fn shape(self) -> Shape {
        let inner = Type { base: self.base, layers: self.layers >> 2 };
        match (self.layers & 3, self.base) {
            (LIST, _) => Shape::List(inner),
            (MAP, _) => Shape::Map(inner),
            (WRAPPED, _) => Shape::WrappedList(inner),
            (_, Base::Scalar(scalar)) => Shape::Scalar(scalar),
            (_, Base::Object(id)) => Shape::Object(id),
        }
    }

    /// The definition of the objects in it, however deep in lists and maps.
    pub fn object(self) -> Option<&'static Definition> {
        match self.base {
            Base::Object(id) => Some(id.get()),
            Base::Scalar(_) => None,
        }
    }

    /// The type as Go prints it.
    pub fn go_name(self) -> String {
        match self.shape() {
            Shape::List(item) | Shape::WrappedList(item) => format!("[]{}", item.go_name()),
            Shape::Map(value) => format!("map[string]{}", value.go_name()),
            Shape::Object(id) => id.get().go_name().into(),
            Shape::Scalar(scalar) => scalar.go_name().into(),
        }
    }
}

impl Scalar {
    fn go_name(self) -> &'static str {
        match self {
            Scalar::String => "string",
            Scalar::Int32 => "int32",
            Scalar::Int64 => "int64",
            Scalar::Bool => "bool",
            Scalar::Double => "float64",
            Scalar::Quantity => "resource.Quantity",
            Scalar::IntOrString => "intstr.IntOrString",
            Scalar::Time => "v1.Time",
            Scalar::MicroTime => "v1.MicroTime",
            Scalar::Bytes => "[]uint8",
            Scalar::Raw => "runtime.RawExtension",
            Scalar::Any => "interface {}",
        }
    }
}

impl Type {
    /// Reads the text form; `owner` is the definition it stands in, `names` are all definitions in order.
    pub(super) fn parse(text: &str, owner: &str, names: &[&str]) -> Type {
        let (mut rest, mut layers, mut shift) = (text, 0, 0);
        let base = loop {
            let layer = match rest.get(..2) {
                Some("[]") => LIST,
                Some("{}") => MAP,
                Some("()") => WRAPPED,
                _ => break Base::parse(rest, owner, names),
            };
            layers |= layer << shift;
            shift += 2;
            rest = &rest[2..];
        };
        Type { base, layers }
    }
}

impl Base {
    fn parse(text: &str, owner: &str, names: &[&str]) -> Base {
        let scalar = match text {
            "s" => Scalar::String,
            "i" => Scalar::Int32,
            "l" => Scalar::Int64,
            "b" => Scalar::Bool,
            "d" => Scalar::Double,
            "q" => Scalar::Quantity,
            "x" => Scalar::IntOrString,
            "t" => Scalar::Time,
            "u" => Scalar::MicroTime,
            "y" => Scalar::Bytes,
            "w" => Scalar::Raw,
            "a" => Scalar::Any,
            reference => {
                let name = reference.trim_start_matches('&');
                let package = owner.rsplit_once('.').map_or("", |(package, _)| package);
                let full = match name.strip_prefix('.') {
                    Some(_) => names.binary_search_by(|one| compare_joined(one, package, name)),
                    None => names.binary_search(&name),
                };
                let at = full.expect("generated: references have definitions");
                return Base::Object(DefinitionId(u16::try_from(at).expect("fewer than 65536 definitions")));
            }
        };
        Base::Scalar(scalar)
    }
}

/// Compares `one` with `package` and `name` put together.
fn compare_joined(one: &str, package: &str, name: &str) -> Ordering {
    one.bytes().cmp(package.bytes().chain(name.bytes()))
}

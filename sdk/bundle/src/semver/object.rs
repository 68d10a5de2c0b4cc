//! A version as templates see it: Go's `*semver.Version`, with methods and without fields.

use std::{any::Any, rc::Rc};

use super::{SemverError, Version, version::Part};
use crate::{
    fault::Fault,
    value::{Object, Structure, Value},
};

/// A version handed to templates; `Inc*` and `Set*` give the struct, `semver` the pointer.
#[derive(Debug)]
struct VersionValue {
    version: Version,
    pointer: bool,
}

impl Version {
    /// The value that `semver` returns.
    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(VersionValue { version: self, pointer: true }))
    }

    fn into_struct(self) -> Value {
        Value::Object(Rc::new(VersionValue { version: self, pointer: false }))
    }
}

impl Object for VersionValue {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        if self.pointer { "*semver.Version" } else { "semver.Version" }
    }

    fn kind_name(&self) -> &str {
        if self.pointer { "ptr" } else { "struct" }
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        match arguments {
            [] => self.plain_method(name).map(Ok).or_else(|| self.next(name)),
            [argument] => self.binary_method(name, argument),
            _ => None,
        }
        .or_else(|| {
            METHODS.contains(&name).then(|| Err(Fault::new(format!("wrong number of args for {name}"))))
        })
    }

    fn print(&self) -> String {
        self.version.to_string()
    }

    fn structure(&self) -> Option<Structure> {
        let version = &self.version;
        Some(Structure {
            fields: vec![
                ("major", Value::Uint64(version.major)),
                ("minor", Value::Uint64(version.minor)),
                ("patch", Value::Uint64(version.patch)),
                ("pre", Value::from(version.prerelease.as_str())),
                ("metadata", Value::from(version.metadata.as_str())),
                ("original", Value::from(version.original.as_str())),
            ],
            has_text: true,
        })
    }

    fn plain(&self) -> Value {
        Value::string(self.version.to_string())
    }
}

/// All methods' names, to tell a wrong number of arguments from an unknown name.
const METHODS: [&str; 21] = [
    "Major",
    "Minor",
    "Patch",
    "Prerelease",
    "Metadata",
    "Original",
    "String",
    "Value",
    "MarshalText",
    "MarshalJSON",
    "IncMajor",
    "IncMinor",
    "IncPatch",
    "SetPrerelease",
    "SetMetadata",
    "Compare",
    "Equal",
    "LessThan",
    "GreaterThan",
    "LessThanEqual",
    "GreaterThanEqual",
];

impl VersionValue {
    fn plain_method(&self, name: &str) -> Option<Value> {
        let version = &self.version;
        Some(match name {
            "Major" => Value::Uint64(version.major),
            "Minor" => Value::Uint64(version.minor),
            "Patch" => Value::Uint64(version.patch),
            "Prerelease" => Value::from(version.prerelease.as_str()),
            "Metadata" => Value::from(version.metadata.as_str()),
            "Original" if self.pointer => Value::from(version.original.as_str()),
            "String" | "Value" => Value::string(version.to_string()),
            "MarshalText" => Value::Bytes(version.to_string().into()),
            "MarshalJSON" => Value::Bytes(format!("\"{version}\"").into()),
            _ => return None,
        })
    }

    fn next(&self, name: &str) -> Option<Result<Value, Fault>> {
        let part = match name {
            "IncMajor" => Part::Major,
            "IncMinor" => Part::Minor,
            "IncPatch" => Part::Patch,
            _ => return None,
        };
        let overflow = || Fault::new("version increment would overflow uint64");
        Some(self.version.next(part).map(Version::into_struct).ok_or_else(overflow))
    }

    fn binary_method(&self, name: &str, argument: &Value) -> Option<Result<Value, Fault>> {
        match name {
            "SetPrerelease" => return Some(self.changed(argument, Version::with_prerelease)),
            "SetMetadata" => return Some(self.changed(argument, Version::with_metadata)),
            // These have pointer receivers, so a struct does not offer them.
            _ if !self.pointer => return None,
            _ => {}
        }
        let compare = |test: fn(std::cmp::Ordering) -> Value| Some(self.compared(argument, test));
        match name {
            "Compare" => compare(|order| Value::Int(order as i64)),
            "Equal" => compare(|order| Value::Bool(order.is_eq())),
            "LessThan" => compare(|order| Value::Bool(order.is_lt())),
            "LessThanEqual" => compare(|order| Value::Bool(order.is_le())),
            "GreaterThan" => compare(|order| Value::Bool(order.is_gt())),
            "GreaterThanEqual" => compare(|order| Value::Bool(order.is_ge())),
            _ => None,
        }
    }

    fn compared(&self, argument: &Value, test: fn(std::cmp::Ordering) -> Value) -> Result<Value, Fault> {
        let Value::Object(object) = argument else {
            return Err(wrong_type("*semver.Version", argument));
        };
        let other: &Self =
            object.any().downcast_ref().ok_or_else(|| wrong_type("*semver.Version", argument))?;
        Ok(test(self.version.cmp(&other.version)))
    }

    fn changed(
        &self,
        argument: &Value,
        change: fn(&Version, &str) -> Result<Version, SemverError>,
    ) -> Result<Value, Fault> {
        let Value::Str(text) = argument else {
            return Err(wrong_type("string", argument));
        };
        let changed = change(&self.version, &text.text()).map_err(|error| Fault::new(error.to_string()))?;
        Ok(changed.into_struct())
    }
}

fn wrong_type(expected: &str, got: &Value) -> Fault {
    Fault::new(format!("wrong type for value; expected {expected}; got {}", got.type_name()))
}

//! Values with fields and methods of their own: `.Files`, `.Capabilities`, `.Chart`, times, durations, versions.

use std::{any::Any, fmt};

use super::Value;
use crate::fault::Fault;

/// A Go struct or named type, as templates see it.
pub trait Object: fmt::Debug {
    /// For functions that take the concrete type back.
    fn any(&self) -> &dyn Any;
    /// Go's `%T`: `time.Time`, `*semver.Version`.
    fn type_name(&self) -> &str;
    /// Go's `reflect.Kind`: `struct`, `ptr`, `int64`, `map`, `slice`.
    fn kind_name(&self) -> &str;
    /// The field `name`, or `None` if there is no such field.
    fn field(&self, name: &str) -> Option<Value>;
    /// Calls the method `name`; `None` if there is no such method. `arguments` are not yet checked.
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>>;
    /// What `{{ . }}` and `%v` print.
    fn print(&self) -> String;
    /// What `{{ . }}` prints if that is not what `%v` prints: of a field that Go can take the address of, a template
    /// prints what the pointer's `String` method gives.
    fn print_field(&self) -> String {
        self.print()
    }
    /// What it is made of, if it is a struct (or a pointer to one) that `printf` shows field by field.
    fn structure(&self) -> Option<Structure> {
        None
    }
    /// The value that `toYaml` and `toJson` see: a map, list or scalar.
    fn plain(&self) -> Value;
    /// A struct's members under their JSON names, in the order that JSON has them; `None` if `plain` is written.
    fn members(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }
    /// Entries to range over and index, for named maps and slices (`.Files`); `None` for structs.
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        None
    }
    /// Truth; structs are always true.
    fn is_true(&self) -> bool {
        true
    }
}

/// A struct as `printf` sees it.
#[derive(Debug)]
pub struct Structure {
    /// The fields' names and values in the order of Go's declaration, unexported ones too.
    pub fields: Vec<(&'static str, Value)>,
    /// Whether it has a `String` method, whose text `%v`, `%s` and `%q` show.
    pub has_text: bool,
}

//! Go's slices: immutable here, because no function of Helm's changes one in place.

use std::{ops::Deref, rc::Rc};

use super::Value;

/// The element type of a slice, which `%T` and `typeOf` show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`.
    Any,
    /// `string`.
    Str,
    /// `int`.
    Int,
    /// `map[string]interface {}`.
    Map,
}

impl Element {
    /// The slice's type: `[]interface {}`.
    pub fn slice_name(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::Str => "[]string",
            Self::Int => "[]int",
            Self::Map => "[]map[string]interface {}",
        }
    }
}

/// A slice; a clone is a reference.
#[derive(Clone, Debug)]
pub struct List {
    element: Element,
    items: Rc<[Value]>,
}

impl List {
    /// A slice of `items`, which the caller knows to be of the type `element`.
    pub fn new(element: Element, items: impl IntoIterator<Item = Value>) -> Self {
        Self { element, items: items.into_iter().collect() }
    }

    /// The element type.
    pub fn element(&self) -> Element {
        self.element
    }
}

impl Deref for List {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.items
    }
}

//! Go's slices: immutable here, but for the one function of Helm's that changes a slice in place (`sortAlpha`
//! sorts the very `[]string` it is given).

use std::{cell::OnceCell, ops::Deref, rc::Rc};

use super::Value;
use crate::stack::deep;

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
    /// `[]interface {}`.
    List,
}

impl Element {
    /// The slice's type: `[]interface {}`.
    pub fn slice_name(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::Str => "[]string",
            Self::Int => "[]int",
            Self::Map => "[]map[string]interface {}",
            Self::List => "[][]interface {}",
        }
    }
}

#[derive(Debug)]
struct Shared {
    element: Element,
    nil: bool,
    items: Box<[Value]>,
    /// The items in order, once `sort` was called: from then on they are what everybody sees.
    sorted: OnceCell<Box<[Value]>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let items = std::mem::take(&mut self.items);
        if items.iter().any(|item| matches!(item, Value::List(_) | Value::Map(_))) {
            deep(|| drop(items));
        }
    }
}

/// A slice; a clone is a reference.
#[derive(Clone, Debug)]
pub struct List(Rc<Shared>);

impl List {
    /// A slice of `items`, which the caller knows to be of the type `element`.
    pub fn new(element: Element, items: impl IntoIterator<Item = Value>) -> Self {
        let items = items.into_iter().collect();
        Self(Rc::new(Shared { element, nil: false, items, sorted: OnceCell::new() }))
    }

    /// A nil slice: empty, but `null` as JSON.
    pub fn nil(element: Element) -> Self {
        Self(Rc::new(Shared { element, nil: true, items: Box::default(), sorted: OnceCell::new() }))
    }

    /// The element type.
    pub fn element(&self) -> Element {
        self.0.element
    }

    /// Whether it is a nil slice.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// Where it is in memory, for `%p`.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Whether both are the same slice, not merely equal ones.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Puts the strings in byte order, for everybody who shares the slice. Items that are no strings stay ahead.
    pub fn sort(&self) {
        self.0.sorted.get_or_init(|| {
            let mut items = self.0.items.clone();
            items.sort_by(|left, right| match (left, right) {
                (Value::Str(left), Value::Str(right)) => left.cmp(right),
                (left, right) => matches!(left, Value::Str(_)).cmp(&matches!(right, Value::Str(_))),
            });
            items
        });
    }
}

impl Deref for List {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        self.0.sorted.get().unwrap_or(&self.0.items)
    }
}

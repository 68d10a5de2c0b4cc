//! Executes templates of a set: files by name, `include` and `tpl` from within.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use foldhash::fast::RandomState;

use super::{
    COPY_WEIGHT, MAX_CACHED_TEXTS, MAX_DEPTH, MAX_HANDLED_ITEMS, MAX_INCLUDES_OF_ONE_NAME,
    MAX_PRODUCED_BYTES, MAX_STEPS, TemplateSet,
    execute::{Buffers, Item, Outcome, State},
    phrases::Phrasebook,
    set,
    tree::Template,
};
use crate::{
    environment::Environment,
    fault::{Fault, nearest},
    functions::Templates,
    value::{Str, Value},
};

/// What Go writes for a missing value, and Helm takes out again.
pub(super) const NO_VALUE: &[u8] = b"<no value>";

/// The name that faults give a text of `tpl`; Helm's own.
const TEXT_NAME: &str = "gotpl";

/// Most buffers kept for reuse, and the size above which one is not kept, in bytes.
const MAX_SPARE_BUFFERS: usize = 64;
const MAX_SPARE_BYTES: usize = 1 << 20;

/// One rendering: a set of templates, the outside, and how much was used of each limit.
pub struct Engine<'a> {
    set: &'a TemplateSet,
    pub(super) environment: &'a dyn Environment,
    layer: RefCell<Option<Rc<Layer>>>,
    texts: RefCell<Texts>,
    /// Actions of these texts.
    phrases: RefCell<Phrasebook>,
    depth: Cell<usize>,
    steps: Cell<u64>,
    produced: Cell<u64>,
    handled: Cell<u64>,
    /// Buffers of executions that ended, for the next ones.
    spare: RefCell<Vec<Buffers>>,
}

/// Templates of texts.
type Texts = HashMap<Str, Rc<[Rc<Template>]>, RandomState>;

/// What a text of `tpl` defines, in front of what was known outside it.
struct Layer {
    outer: Option<Rc<Layer>>,
    templates: HashMap<Str, Rc<Template>>,
}

impl<'a> Engine<'a> {
    /// An engine for the templates of `set`.
    pub fn new(set: &'a TemplateSet, environment: &'a dyn Environment) -> Self {
        Self {
            set,
            environment,
            layer: RefCell::default(),
            texts: RefCell::default(),
            phrases: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
            produced: Cell::new(0),
            handled: Cell::new(0),
            spare: RefCell::default(),
        }
    }

    /// What the template `name` writes for `data`, without Go's `<no value>`.
    ///
    /// # Errors
    /// If there is no such template or it fails; the trace leads from the failing action outwards.
    pub fn render(&self, name: &str, data: &Value) -> Result<Vec<u8>, Fault> {
        let template = self.find(name.as_bytes()).ok_or_else(|| self.missing(name.as_bytes()))?;
        self.execute(&template, data, |out| {
            strip_no_value(out);
            // What has grown serves the next execution.
            out.clone()
        })
        .map_err(|fault| *fault)
    }

    /// The template `name`, as the present layer knows it.
    pub(super) fn find(&self, name: &[u8]) -> Option<Rc<Template>> {
        let mut layer = self.layer.borrow().clone();
        while let Some(present) = layer {
            if let Some(template) = present.templates.get(name) {
                return Some(Rc::clone(template));
            }
            layer = present.outer.clone();
        }
        self.set.find(name).cloned()
    }

    /// The fault of a name that no template has.
    pub(super) fn missing(&self, name: &[u8]) -> Fault {
        let name = String::from_utf8_lossy(name);
        let known: Vec<_> = self.set.names().map(String::from_utf8_lossy).collect();
        let alike = nearest(&name, known.iter().map(AsRef::as_ref));
        let fault = Fault::new(format!("no template {name:?} associated with template {TEXT_NAME:?}"));
        fault.with_remedy(Some(match alike {
            Some(alike) => format!("there is a template {alike:?}"),
            None => "define it, or add the chart that does to the dependencies and fetch it".to_owned(),
        }))
    }

    /// What `template` writes, from a state of its own, as `finish` makes it out of the buffer.
    fn execute<T>(
        &self,
        template: &Template,
        data: &Value,
        finish: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Outcome<T> {
        let buffers = self.spare.borrow_mut().pop().unwrap_or_default();
        let mut state = State::new(self, buffers);
        let data: Item = match data {
            Value::Nil => None,
            data => Some(data.clone()),
        };
        state.run(template, data)?;
        let result = finish(&mut state.buffers.out);
        let mut buffers = state.buffers;
        buffers.clear();
        let mut spare = self.spare.borrow_mut();
        if spare.len() < MAX_SPARE_BUFFERS && buffers.out.capacity() <= MAX_SPARE_BYTES {
            spare.push(buffers);
        }
        Ok(result)
    }

    /// Counts one step.
    pub(super) fn step(&self) -> Outcome<()> {
        self.steps(1)
    }

    /// Counts steps.
    pub(super) fn steps(&self, count: u64) -> Outcome<()> {
        let steps = self.steps.get() + count;
        self.steps.set(steps);
        if steps > MAX_STEPS {
            return Err(Fault::limit(format!("more steps than the limit of {MAX_STEPS}")).into());
        }
        Ok(())
    }

    /// Counts bytes that a function returned.
    pub(super) fn produce(&self, bytes: usize) -> Outcome<()> {
        let produced = self.produced.get().saturating_add(bytes as u64);
        self.produced.set(produced);
        if produced > MAX_PRODUCED_BYTES {
            let cause = format!("functions returned more than the limit of {MAX_PRODUCED_BYTES} bytes");
            return Err(Fault::limit(cause).into());
        }
        Ok(())
    }

    /// Counts the items of lists that a function was given and of the one it returned, which was copied.
    pub(super) fn handle(&self, arguments: &[Value], result: &Value) -> Outcome<()> {
        let length = |value: &Value| match value {
            Value::List(list) => list.len() as u64,
            _ => 0,
        };
        let given: u64 = arguments.iter().map(length).sum();
        let handled = self.handled.get() + given + COPY_WEIGHT * length(result);
        self.handled.set(handled);
        if handled > MAX_HANDLED_ITEMS {
            let cause = format!("functions handled more list items than the limit of {MAX_HANDLED_ITEMS}");
            return Err(Fault::limit(cause).into());
        }
        Ok(())
    }

    /// Runs `body` one template deeper.
    pub(super) fn deeper<T>(&self, body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let depth = self.depth.get();
        if depth == MAX_DEPTH {
            return Err(
                Fault::limit(format!("templates are nested deeper than the limit of {MAX_DEPTH}")).into()
            );
        }
        self.depth.set(depth + 1);
        let result = crate::stack::deep(body);
        self.depth.set(depth);
        result
    }

    /// The templates of a text, parsed once.
    fn parsed(&self, text: &Str) -> Result<Rc<[Rc<Template>]>, Fault> {
        if let Some(templates) = self.texts.borrow().get(text) {
            return Ok(Rc::clone(templates));
        }
        let templates: Rc<[Rc<Template>]> = set::parse_text(TEXT_NAME, text, &mut self.phrases.borrow_mut())?
            .into_iter()
            .map(Rc::new)
            .collect();
        let mut texts = self.texts.borrow_mut();
        if texts.len() >= MAX_CACHED_TEXTS {
            texts.clear();
        }
        texts.insert(text.clone(), Rc::clone(&templates));
        Ok(templates)
    }

    /// The layer inside a text that defines `templates`; the present one if it defines none.
    fn layered(&self, templates: &[Rc<Template>]) -> Option<Rc<Layer>> {
        let outer = self.layer.borrow().clone();
        let known = |template: &Rc<Template>| template.is_empty() && self.find(&template.name).is_some();
        let defined: HashMap<_, _> = templates
            .iter()
            .filter(|template| !known(template))
            .map(|template| (template.name.clone(), Rc::clone(template)))
            .collect();
        if defined.is_empty() { outer } else { Some(Rc::new(Layer { outer, templates: defined })) }
    }
}

impl Templates for Engine<'_> {
    fn include(&self, name: &Str, data: &Value) -> Result<Str, Fault> {
        let template = self.find(name).ok_or_else(|| self.missing(name))?;
        let nested = template.nested.get();
        if nested > MAX_INCLUDES_OF_ONE_NAME {
            return Err(Fault::new(format!("rendering template has a nested reference name: {name}")));
        }
        template.nested.set(nested + 1);
        let result = self.execute(&template, data, |out| Str::from(out.as_slice()));
        template.nested.set(nested);
        result.map_err(|fault| *fault)
    }

    fn tpl(&self, text: &Str, data: &Value) -> Result<Str, Fault> {
        if memchr::memmem::find(text, b"{{").is_none() {
            // No action: the text writes itself.
            return Ok(match memchr::memmem::find(text, NO_VALUE) {
                None => text.clone(),
                Some(_) => {
                    let mut out = text.to_vec();
                    strip_no_value(&mut out);
                    out.into()
                }
            });
        }
        let templates = self.parsed(text)?;
        let Some((main, defined)) = templates.split_last() else {
            return Ok(Str::default());
        };
        let layer = self.layered(defined);
        let outer = self.layer.replace(layer);
        let result = self.execute(main, data, |out| {
            strip_no_value(out);
            Str::from(out.as_slice())
        });
        self.layer.replace(outer);
        result.map_err(|fault| *fault)
    }
}

/// Takes every `<no value>` out.
fn strip_no_value(out: &mut Vec<u8>) {
    let finder = memchr::memmem::Finder::new(NO_VALUE);
    let Some(first) = finder.find(out) else {
        return;
    };
    let (mut kept, mut read) = (first, first + NO_VALUE.len());
    loop {
        let length = finder.find(&out[read..]).unwrap_or(out.len() - read);
        out.copy_within(read..read + length, kept);
        kept += length;
        read += length + NO_VALUE.len();
        if read > out.len() {
            out.truncate(kept);
            return;
        }
    }
}

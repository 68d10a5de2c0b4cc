//! How often an execution may call certain functions, told beforehand. In: parsed templates and the data of one of
//! them. Out: a number, which is right unless conditions hang on more than fields of the data: of a branch whose
//! condition cannot be told, both ways count. Nothing is executed.

use std::collections::HashMap;

use super::{
    TemplateSet,
    tree::{Block, Branch, Command, Node, Operand, Pipeline, Placed, Position, Term},
};
use crate::{
    stack::deep,
    value::{Str, Value},
};

/// Functions whose first argument names a template that they execute.
const INCLUDING: &str = "include";

/// Counts the calls of some functions.
pub(crate) struct Forecast<'a> {
    set: &'a TemplateSet,
    names: &'a [&'a str],
    /// Calls of templates that others include, whatever their data.
    included: HashMap<Str, usize>,
}

/// What is known of the data, and the text that their fields are named in.
#[derive(Clone, Copy)]
struct Scope<'a> {
    text: &'a [u8],
    /// Where in it the action is.
    at: Position,
    /// `$`.
    root: Option<&'a Value>,
    /// `.`.
    dot: Option<&'a Value>,
}

const UNKNOWN: Scope<'_> = Scope { text: &[], at: 0, root: None, dot: None };

impl<'a> Forecast<'a> {
    /// Of the functions with these names.
    pub(crate) fn new(set: &'a TemplateSet, names: &'a [&'a str]) -> Self {
        Self { set, names, included: HashMap::new() }
    }

    /// The calls by the template `name` with its `data`.
    pub(crate) fn calls(&mut self, name: &str, data: &Value) -> usize {
        self.set.find(name.as_bytes()).map_or(0, |template| {
            let scope = Scope { text: &template.source.text, at: 0, root: Some(data), dot: Some(data) };
            self.block(&template.root, scope)
        })
    }

    fn block(&mut self, block: &Block, scope: Scope<'_>) -> usize {
        block.iter().map(|node| self.node(node, scope)).sum()
    }

    fn node(&mut self, node: &Node, scope: Scope<'_>) -> usize {
        match node {
            Node::Text { .. } | Node::Break | Node::Continue => 0,
            Node::Action { pipeline, .. } => self.pipeline(pipeline),
            Node::If(branch) => self.branch(branch, scope, scope),
            Node::With(branch) | Node::Range(branch) => {
                self.branch(branch, scope, Scope { dot: None, ..scope })
            }
            Node::Template(invocation) => {
                self.included(&invocation.name)
                    + invocation.pipeline.as_ref().map_or(0, |placed| self.pipeline(&placed.pipeline))
            }
        }
    }

    fn branch(&mut self, branch: &Branch, scope: Scope<'_>, inside: Scope<'_>) -> usize {
        let Placed { at, pipeline } = &branch.pipeline;
        let chosen = Scope { at: *at, ..scope }.truth(pipeline);
        deep(|| {
            let body = if chosen == Some(false) { 0 } else { self.block(&branch.body, inside) };
            let otherwise = branch.otherwise.as_ref().filter(|_| chosen != Some(true));
            let otherwise = otherwise.map_or(0, |block| self.block(block, scope));
            self.pipeline(pipeline) + body + otherwise
        })
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> usize {
        pipeline.commands().map(|command| self.command(command)).sum()
    }

    fn command(&mut self, command: &Command) -> usize {
        let own = match (&command.first.term, &*command.arguments) {
            (Term::Function(callee), [Operand { term: Term::Text(name), .. }, ..])
                if callee.function.name == INCLUDING =>
            {
                self.included(name)
            }
            _ => self.operand(&command.first),
        };
        own + command.arguments.iter().map(|operand| self.operand(operand)).sum::<usize>()
    }

    fn operand(&mut self, operand: &Operand) -> usize {
        match &operand.term {
            Term::Function(callee) => usize::from(self.names.contains(&callee.function.name)),
            Term::Pipeline(pipeline) => deep(|| self.pipeline(pipeline)),
            Term::Chain(inner, _) => self.operand(inner),
            _ => 0,
        }
    }

    /// The calls by a template that another includes.
    fn included(&mut self, name: &Str) -> usize {
        if let Some(known) = self.included.get(name) {
            return *known;
        }
        // One that includes itself counts once.
        self.included.insert(name.clone(), 0);
        let set = self.set;
        let calls = set.find(name).map_or(0, |template| deep(|| self.block(&template.root, UNKNOWN)));
        self.included.insert(name.clone(), calls);
        calls
    }
}

impl Scope<'_> {
    /// Whether a pipeline's value is true, if it can be told.
    fn truth(self, pipeline: &Pipeline) -> Option<bool> {
        if !pipeline.rest.is_empty() {
            return None;
        }
        let Command { first, arguments } = &pipeline.first;
        match (&first.term, &**arguments) {
            (Term::Function(callee), arguments) => {
                let truths = || arguments.iter().map(|operand| self.truth_of(operand));
                match (callee.deciding, callee.function.name, arguments) {
                    (Some(deciding), ..) if truths().any(|truth| truth == Some(deciding)) => Some(deciding),
                    (Some(deciding), ..) => truths().all(|truth| truth.is_some()).then_some(!deciding),
                    (None, "not", [operand]) => self.truth_of(operand).map(|truth| !truth),
                    (None, "eq", [left, right]) => self.are_equal(left, right),
                    (None, "ne", [left, right]) => self.are_equal(left, right).map(|equal| !equal),
                    _ => None,
                }
            }
            (_, []) => self.truth_of(first),
            _ => None,
        }
    }

    fn truth_of(self, operand: &Operand) -> Option<bool> {
        match &operand.term {
            Term::Pipeline(pipeline) => deep(|| self.truth(pipeline)),
            _ => self.value(operand).map(|value| value.is_true()),
        }
    }

    fn are_equal(self, left: &Operand, right: &Operand) -> Option<bool> {
        match (self.value(left)?, self.value(right)?) {
            (Value::Str(left), Value::Str(right)) => Some(left == right),
            (Value::Bool(left), Value::Bool(right)) => Some(left == right),
            _ => None,
        }
    }

    fn value(self, operand: &Operand) -> Option<Value> {
        match &operand.term {
            Term::Bool(flag) => Some(Value::Bool(*flag)),
            Term::Text(text) => Some(Value::Str(text.clone())),
            Term::Field(names) => field(self.dot?, names.of(self.text, self.at)),
            // Slot 0 is `$`.
            Term::Variable(0, names) if !names.is_empty() => field(self.root?, names.of(self.text, self.at)),
            _ => None,
        }
    }
}

/// The value at a chain of keys of maps.
fn field(value: &Value, names: &[u8]) -> Option<Value> {
    names.split(|byte| *byte == b'.').try_fold(value.clone(), |value, name| match value {
        Value::Map(map) => Some(map.get(name).unwrap_or(Value::Nil)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn calls_are_counted_where_they_may_be_made() {
        let data = yaml::read(b"{right: true, wrong: false, text: a, empty: {}, list: [1]}").expect("YAML");
        let mut set = TemplateSet::default();
        let partial = r#"{{ define "one" }}{{ uuidv4 }}{{ end }}{{ define "loop" }}{{ now }}{{ include "loop" . }}{{ end }}"#;
        set.parse("partial", partial.as_bytes()).expect("templates");
        for (text, expected) in [
            ("uuidv4 {{/* uuidv4 */}}{{ .uuidv4 }}{{ \"uuidv4\" }}", 0),
            ("{{ uuidv4 }}{{ $a := uuidv4 | quote }}{{ print (uuidv4) uuidv4 }}{{ (now).Unix }}", 5),
            ("{{ if .right }}{{ uuidv4 }}{{ else }}{{ now }}{{ now }}{{ end }}", 1),
            ("{{ if .wrong }}{{ uuidv4 }}{{ else }}{{ now }}{{ now }}{{ end }}", 2),
            ("{{ if .missing }}{{ uuidv4 }}{{ end }}{{ if .empty.inner }}{{ uuidv4 }}{{ end }}", 0),
            ("{{ if .missing.inner }}{{ uuidv4 }}{{ end }}{{ if len .list }}{{ now }}{{ end }}", 2),
            (
                "{{ if and .right (not .wrong) }}{{ uuidv4 }}{{ end }}{{ if or .wrong $.empty }}{{ uuidv4 }}{{ end }}",
                1,
            ),
            (
                "{{ if and (len .list) .wrong }}{{ uuidv4 }}{{ end }}{{ if or (len .list) .wrong }}{{ now }}{{ end }}",
                1,
            ),
            ("{{ if eq .text \"b\" }}{{ uuidv4 }}{{ else if ne $.text \"b\" }}{{ now }}{{ end }}", 1),
            (
                "{{ range .list }}{{ if .wrong }}{{ uuidv4 }}{{ end }}{{ if $.wrong }}{{ uuidv4 }}{{ end }}{{ end }}",
                1,
            ),
            ("{{ with .empty }}{{ uuidv4 }}{{ else }}{{ uuidv4 }}{{ uuidv4 }}{{ end }}", 2),
            (
                "{{ include \"one\" . }}{{ template \"one\" . }}{{ include \"loop\" uuidv4 }}{{ include \"none\" . }}",
                4,
            ),
        ] {
            set.parse("file", text.as_bytes()).expect(text);
            assert_eq!(Forecast::new(&set, &["uuidv4", "now"]).calls("file", &data), expected, "{text}");
        }
        assert_eq!(Forecast::new(&set, &["now"]).calls("nothing", &data), 0);
    }
}

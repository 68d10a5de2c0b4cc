//! Builds trees from tokens: blocks, definitions and control structures. Expressions are in `expression`.

use std::{cell::Cell, sync::Arc};

use super::{
    MAX_BLOCKS,
    lexer::Lexer,
    phrases::{Phrase, Phrasebook},
    source::Source,
    token::{Keyword, Kind, Token},
    tree::{Block, Branch, Command, Invocation, Node, Operand, Placed, Template},
    variables::Scope,
};
use crate::{fault::Fault, printf::quote, stack::deep, value::Str};

/// What a text holds.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The templates that it defines, in order.
    defined: Vec<Template>,
    /// The text itself, under the name of its file.
    root: Template,
}

impl Parsed {
    /// The same of a text that stands in another file.
    pub(super) fn of(mut self, file: &str) -> Self {
        let source = Arc::new(Source { file: file.to_owned(), text: self.root.source.text.clone() });
        for template in self.defined.iter_mut().chain([&mut self.root]) {
            template.source = Arc::clone(&source);
        }
        self.root.name = file.into();
        self
    }

    /// All templates, the text itself last.
    ///
    /// # Errors
    /// If it defines its own name.
    pub(super) fn templates(mut self) -> Result<Vec<Template>, Fault> {
        let source = Arc::clone(&self.root.source);
        let added = add(&mut self.defined, self.root);
        added.map_err(|cause| source.fault(source.text.len(), cause))?;
        Ok(self.defined)
    }
}

/// Adds a template; one that holds only space neither replaces another nor counts as a second definition. The error
/// says which name has two.
fn add(templates: &mut Vec<Template>, template: Template) -> Result<(), String> {
    let before = templates.iter().position(|before| before.name == template.name);
    match before {
        None => templates.push(template),
        Some(index) if templates[index].is_empty() => templates[index] = template,
        Some(_) if template.is_empty() => {}
        Some(_) => return Err(format!("multiple definition of template {:?}", template.name)),
    }
    Ok(())
}

/// What `source` holds; its actions are taken from `phrases` and added to them.
///
/// # Errors
/// If it is malformed, uses a function that does not exist, or defines one name twice.
pub(super) fn parse(source: &Arc<Source>, phrases: &mut Phrasebook) -> Result<Parsed, Fault> {
    let mut parser = Parser {
        source,
        lexer: Lexer::new(source),
        next: 0,
        phrases,
        known: None,
        malformed: None,
        scope: Scope::new(),
        nesting: 0,
        parentheses: 0,
        is_slow: false,
        is_root_certain: true,
        templates: Vec::new(),
        nodes: Vec::new(),
        commands: Vec::new(),
        operands: Vec::new(),
    };
    let parsed = parser.file();
    let malformed = parser.malformed.take();
    let line = |fault: &Fault| fault.trace.first().map(|place| (place.line, place.column));
    match (parsed, malformed) {
        (Ok(root), None) => {
            let root = parser.template(Str::from(&*parser.source.file), root);
            Ok(Parsed { defined: parser.templates, root })
        }
        // What cannot be parsed is often the reason for what cannot be told apart later.
        (Err(fault), Some(malformed)) if line(&fault) >= line(&malformed) => Err(malformed),
        (Err(fault), _) => Err(fault),
        (Ok(_), Some(malformed)) => Err(malformed),
    }
}

/// The tokens at hand, the place among them, and what the templates so far are.
pub(super) struct Parser<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) lexer: Lexer<'a>,
    pub(super) next: usize,
    pub(super) phrases: &'a mut Phrasebook,
    /// The action at hand, if it is known.
    pub(super) known: Option<Phrase>,
    /// Why the text could not be told apart to its end.
    pub(super) malformed: Option<Fault>,
    pub(super) scope: Scope,
    nesting: usize,
    /// Parentheses that are open.
    pub(super) parentheses: usize,
    /// Whether a function is called that takes its time.
    pub(super) is_slow: bool,
    /// Whether `$` means the data in all of the text: nobody else's variable is called so.
    pub(super) is_root_certain: bool,
    templates: Vec<Template>,
    /// What is gathered at present, the innermost last: a block, pipeline or command takes its own from the end.
    nodes: Vec<Node>,
    pub(super) commands: Vec<Command>,
    pub(super) operands: Vec<Operand>,
}

/// What ended a block.
#[derive(PartialEq)]
enum Ending {
    End,
    /// `else`, perhaps with a keyword `if` or `with` still to be read.
    Else,
}

/// A control structure of the kind that has a pipeline, a body and an `else`.
#[derive(Clone, Copy, PartialEq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

/// A node, or the end of the block it would have been in.
enum Item {
    Node(Node),
    Ending(Ending),
}

impl Parser<'_> {
    /// Runs `body` one block deeper.
    pub(super) fn nested<T>(
        &mut self,
        token: Token,
        body: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.nesting == MAX_BLOCKS {
            let cause = format!("blocks are nested deeper than the limit of {MAX_BLOCKS} levels");
            return Err(Fault::limit(cause).at(self.source.place(token.start as usize)));
        }
        self.nesting += 1;
        let result = deep(|| body(self));
        self.nesting -= 1;
        result
    }

    /// The outermost block, which alone may define templates.
    fn file(&mut self) -> Result<Block, Fault> {
        let outer = self.nodes.len();
        while self.peek().kind != Kind::End {
            if self.peek().kind == Kind::LeftDelimiter {
                let mark = self.mark();
                self.take();
                if self.take_word().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.back(mark);
            }
            let token = self.peek();
            match self.item()? {
                Item::Node(node) => self.nodes.push(node),
                Item::Ending(Ending::End) => return Err(self.fault(token, "unexpected {{end}}")),
                Item::Ending(Ending::Else) => return Err(self.fault(token, "unexpected {{else}}")),
            }
        }
        Ok(taken(&mut self.nodes, outer))
    }

    /// `define "name"`, its body and `end`.
    fn definition(&mut self) -> Result<(), Fault> {
        let context = "define clause";
        let token = self.take_word();
        let name = self.template_name(token, context)?;
        self.expect(Kind::RightDelimiter, context)?;
        self.separate(token, name, context)
    }

    /// The body of a template of its own, up to `end`, and its entry among the templates.
    fn separate(&mut self, token: Token, name: Str, context: &str) -> Result<(), Fault> {
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let result = self.nested(token, Self::block);
        let (root, ending) = result?;
        if ending != Ending::End {
            return Err(self.fault(token, format!("unexpected {{{{else}}}} in {context}")));
        }
        self.add(name, root)?;
        self.scope = outer;
        Ok(())
    }

    fn add(&mut self, name: Str, root: Block) -> Result<(), Fault> {
        let template = self.template(name, root);
        add(&mut self.templates, template).map_err(|cause| {
            let position = self.peek();
            self.fault(position, cause)
        })
    }

    fn template(&self, name: Str, root: Block) -> Template {
        let source = Arc::clone(self.source);
        let (slots, is_slow) = (self.scope.slots, self.is_slow);
        Template { name, source, root, slots, is_slow, nested: Cell::new(0) }
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Str, Fault> {
        match token.kind {
            Kind::QuotedString | Kind::RawString => self.unquoted(token),
            _ => Err(self.unexpected(token, context)),
        }
    }

    /// The text that a string token means.
    pub(super) fn unquoted(&self, token: Token) -> Result<Str, Fault> {
        let text = quote::unquote(self.bytes(token));
        text.map(|text| Str::from(&*text)).ok_or_else(|| self.fault(token, "invalid syntax"))
    }

    /// Nodes up to `end` or `else`.
    fn block(&mut self) -> Result<(Block, Ending), Fault> {
        let outer = self.nodes.len();
        while self.peek_word().kind != Kind::End {
            match self.item()? {
                Item::Node(node) => self.nodes.push(node),
                Item::Ending(ending) => return Ok((taken(&mut self.nodes, outer), ending)),
            }
        }
        let token = self.peek();
        Err(self.fault(token, "unexpected EOF"))
    }

    fn item(&mut self) -> Result<Item, Fault> {
        let token = self.take_word();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text { start: token.start, end: token.end })),
            Kind::LeftDelimiter => self.action(),
            _ => Err(self.unexpected(token, "input")),
        }
    }

    fn action(&mut self) -> Result<Item, Fault> {
        let token = self.peek_word();
        let Kind::Keyword(keyword) = token.kind else {
            if let Some(text) = self.literal(token) {
                return Ok(Item::Node(text));
            }
            let Placed { at, pipeline } = self.placed("command")?;
            return Ok(Item::Node(Node::Action { at, pipeline }));
        };
        self.take();
        let node = match keyword {
            Keyword::Block => self.block_control()?,
            Keyword::Break => self.leave(token, "break", Node::Break)?,
            Keyword::Continue => self.leave(token, "continue", Node::Continue)?,
            Keyword::Define => return Err(self.unexpected(token, "command")),
            Keyword::Else => return self.else_control().map(Item::Ending),
            Keyword::End => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Keyword::If => Node::If(Box::new(self.control(token, Control::If)?)),
            Keyword::With => Node::With(Box::new(self.control(token, Control::With)?)),
            Keyword::Range => Node::Range(Box::new(self.control(token, Control::Range)?)),
            Keyword::Template => self.template_control(token)?,
        };
        Ok(Item::Node(node))
    }

    fn leave(&mut self, token: Token, name: &str, node: Node) -> Result<Node, Fault> {
        self.expect(Kind::RightDelimiter, name)?;
        if self.scope.ranges == 0 {
            return Err(self.fault(token, format!("{{{{{name}}}}} outside {{{{range}}}}")));
        }
        Ok(node)
    }

    /// What follows `else`: the delimiter, or a keyword that starts a structure in its place.
    fn else_control(&mut self) -> Result<Ending, Fault> {
        let token = self.peek_word();
        if !matches!(token.kind, Kind::Keyword(Keyword::If | Keyword::With)) {
            self.expect(Kind::RightDelimiter, "else")?;
        }
        Ok(Ending::Else)
    }

    /// A control structure whose keyword is passed.
    fn control(&mut self, token: Token, control: Control) -> Result<Branch, Fault> {
        self.nested(token, |parser| parser.control_inside(token, control))
    }

    fn control_inside(&mut self, token: Token, control: Control) -> Result<Branch, Fault> {
        let (visible, accepted) = (self.scope.visible.len(), self.scope.accepted.len());
        let pipeline = self.placed(control.name())?;
        let body_visible = self.scope.visible.len();
        let ranges = usize::from(control == Control::Range);
        self.scope.ranges += ranges;
        let (body, ending) = self.block()?;
        self.scope.ranges -= ranges;
        self.scope.visible.truncate(body_visible);
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => Some(self.otherwise(control)?),
        };
        self.scope.visible.truncate(visible);
        self.scope.accepted.truncate(accepted);
        Ok(Branch { position: token.start, pipeline, body, otherwise })
    }

    /// What stands after `else`, up to the `end` that closes the structure.
    fn otherwise(&mut self, control: Control) -> Result<Block, Fault> {
        let token = self.peek();
        match (control, token.kind) {
            (Control::If, Kind::Keyword(Keyword::If)) => {
                self.take();
                Ok(Box::new([Node::If(Box::new(self.control(token, Control::If)?))]))
            }
            (Control::With, Kind::Keyword(Keyword::With)) => {
                self.take();
                Ok(Box::new([Node::With(Box::new(self.control(token, Control::With)?))]))
            }
            _ => {
                let (block, ending) = self.block()?;
                if ending == Ending::End {
                    Ok(block)
                } else {
                    Err(self.fault(token, "expected end; found {{else}}"))
                }
            }
        }
    }

    /// `block "name" pipeline`: defines a template and executes it here.
    fn block_control(&mut self) -> Result<Node, Fault> {
        let context = "block clause";
        let token = self.take_word();
        let name = self.template_name(token, context)?;
        let pipeline = self.placed(context)?;
        self.separate(token, name.clone(), context)?;
        Ok(invocation(token, name, Some(pipeline)))
    }

    fn template_control(&mut self, keyword: Token) -> Result<Node, Fault> {
        let context = "template clause";
        let token = self.take_word();
        let name = self.template_name(token, context)?;
        if self.peek_word().kind == Kind::RightDelimiter {
            self.take();
            return Ok(invocation(keyword, name, None));
        }
        let pipeline = self.placed(context)?;
        Ok(invocation(keyword, name, Some(pipeline)))
    }
}

/// What was gathered since there were `outer`.
pub(super) fn taken<T>(gathered: &mut Vec<T>, outer: usize) -> Box<[T]> {
    match outer {
        _ if outer == gathered.len() => Box::default(),
        // In one piece; from the start on that would take along the memory for what is to come.
        1.. => gathered.split_off(outer).into(),
        0 => gathered.drain(..).collect(),
    }
}

fn invocation(token: Token, name: Str, pipeline: Option<Placed>) -> Node {
    Node::Template(Box::new(Invocation { position: token.start, name, pipeline }))
}

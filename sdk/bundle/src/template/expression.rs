//! Parses what stands inside an action: pipelines, commands, operands.

use super::{
    MAX_PARENTHESES,
    number::Number,
    parser::{Parser, taken},
    token::{Kind, Token},
    tree::{Callee, Command, Names, Node, Operand, Pipeline, Position, Term, Variables},
};
use crate::{
    fault::{Fault, nearest},
    functions,
    stack::deep,
    value::Str,
};

impl Parser<'_> {
    /// The action at hand, if it is nothing but a string that stands in the source as it is printed. One that prints
    /// only space is none: a template of such actions is not empty.
    pub(super) fn literal(&mut self, token: Token) -> Option<Node> {
        let is_plain: fn(&u8) -> bool = match token.kind {
            Kind::RawString => |byte| *byte != b'\r',
            Kind::QuotedString => |byte| byte.is_ascii() && *byte != b'\\',
            _ => return None,
        };
        let mark = self.mark();
        self.take();
        if self.peek_word().kind == Kind::RightDelimiter {
            let (start, end) = (token.start + 1, token.end - 1);
            let said = &self.source.text[start as usize..end as usize];
            if said.iter().all(is_plain) && said.iter().any(u8::is_ascii_graphic) {
                self.take();
                return Some(Node::Text { start, end });
            }
        }
        self.back(mark);
        None
    }

    /// A pipeline up to and with the token `end`; `context` names it in faults.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipeline, Fault> {
        let start = self.peek_word();
        let pending = self.scope.pending();
        let variables = self.declarations(context)?;
        let outer = self.commands.len();
        let mut first = None;
        loop {
            let token = self.peek_word();
            match token.kind {
                _ if token.kind == end => {
                    self.take();
                    break;
                }
                Kind::Bool
                | Kind::CharacterConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::QuotedString
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    let command = self.command()?;
                    match first {
                        None => first = Some(command),
                        Some(_) => self.commands.push(command),
                    }
                }
                _ => return Err(self.unexpected(token, context)),
            }
        }
        self.scope.reveal(pending);
        let Some(first) = first else {
            return Err(self.fault(start, format!("missing value for {context}")));
        };
        let rest = taken(&mut self.commands, outer);
        for (index, command) in rest.iter().enumerate() {
            if matches!(
                command.first.term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_)
            ) {
                let cause = format!("non executable command in pipeline stage {}", index + 2);
                return Err(self.source.fault(self.action_start() + command.first.position as usize, cause));
            }
        }
        Ok(Pipeline { position: self.inside(start), variables, first, rest })
    }

    /// `$x :=`, `$x =` or, for `range`, `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Result<Variables, Fault> {
        let mut names: Vec<Token> = Vec::new();
        loop {
            let mark = self.mark();
            let variable = self.peek_word();
            if variable.kind != Kind::Variable {
                break;
            }
            self.take();
            let next = self.peek_word();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.take();
                    names.push(variable);
                    return Ok(self.bind(&names, next.kind == Kind::Assign));
                }
                Kind::Comma => {
                    self.take();
                    names.push(variable);
                    if context != "range" || names.len() >= 2 {
                        return Err(self.fault(next, format!("too many declarations in {context}")));
                    }
                    let after = self.peek_word();
                    if !matches!(after.kind, Kind::Variable | Kind::RightDelimiter | Kind::RightParenthesis) {
                        return Err(self.fault(after, "range can only initialize variables"));
                    }
                }
                _ => {
                    self.back(mark);
                    break;
                }
            }
        }
        // `range $i, $x` without `:=` declares `$i` all the same.
        Ok(self.bind(&names, false))
    }

    fn bind(&mut self, names: &[Token], assign: bool) -> Variables {
        let mut variables = Variables::default();
        for token in names {
            let name: Str = self.bytes(*token).into();
            self.is_root_certain &= *name != *b"$";
            variables.push(if assign { self.scope.assign(name) } else { self.scope.declare(name) });
        }
        variables
    }

    /// Operands separated by space, up to a pipe (which is passed) or the pipeline's end (which is not).
    fn command(&mut self) -> Result<Command, Fault> {
        let start = self.peek_word();
        let outer = self.operands.len();
        let mut first = None;
        loop {
            self.peek_word();
            match self.operand()? {
                Some(operand) if first.is_some() => self.operands.push(operand),
                Some(operand) => first = Some(operand),
                None => {}
            }
            let token = self.peek();
            match token.kind {
                Kind::Space => {
                    self.take();
                }
                Kind::RightDelimiter | Kind::RightParenthesis => break,
                Kind::Pipe => {
                    self.take();
                    break;
                }
                _ => return Err(self.unexpected(token, "operand")),
            }
        }
        let Some(first) = first else {
            return Err(self.fault(start, "empty command"));
        };
        Ok(Command { first, arguments: taken(&mut self.operands, outer) })
    }

    /// A term and the fields after it.
    fn operand(&mut self) -> Result<Option<Operand>, Fault> {
        let start = self.peek();
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        let here = self.inside(start);
        let after = self.peek();
        if after.kind != Kind::Field {
            return Ok(Some(Operand { position: here, term }));
        }
        let names = self.fields();
        let term = match term {
            Term::Variable(slot, _) => Term::Variable(slot, names),
            Term::Bool(_) | Term::Text(_) | Term::Number(_) | Term::Nil | Term::Dot => {
                return Err(self.fault(after, "unexpected . after term"));
            }
            other => Term::Chain(Box::new(Operand { position: here, term: other }), names),
        };
        Ok(Some(Operand { position: here, term }))
    }

    /// Field tokens in a row, of which there is at least one.
    fn fields(&mut self) -> Names {
        let first = self.peek();
        let mut last = first;
        while self.peek().kind == Kind::Field {
            last = self.take();
        }
        // Without the first dot.
        let action = self.action_start() as Position;
        Names { start: first.start - action + 1, end: last.end - action }
    }

    fn term(&mut self) -> Result<Option<Term>, Fault> {
        let token = self.peek_word();
        let term = match token.kind {
            Kind::Identifier => Term::Function(self.callee(token)?),
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                let name = self.bytes(token);
                match self.scope.find(name) {
                    Some(slot) => Term::Variable(slot, Names::default()),
                    None => {
                        let cause = format!("undefined variable {:?}", String::from_utf8_lossy(name));
                        return Err(self.fault(token, cause));
                    }
                }
            }
            Kind::Field => return Ok(Some(Term::Field(self.fields()))),
            Kind::Bool => Term::Bool(self.bytes(token) == b"true"),
            Kind::Number | Kind::CharacterConstant | Kind::Complex => {
                let text = String::from_utf8_lossy(self.bytes(token));
                let number = Number::parse(token.kind, &text).map_err(|cause| self.fault(token, cause))?;
                Term::Number(Box::new(number))
            }
            Kind::QuotedString | Kind::RawString => Term::Text(self.unquoted(token)?),
            Kind::LeftParenthesis => {
                self.take();
                if self.parentheses == MAX_PARENTHESES {
                    return Err(self.fault(token, "max expression depth exceeded"));
                }
                self.parentheses += 1;
                let pipeline = deep(|| self.pipeline("parenthesized pipeline", Kind::RightParenthesis))?;
                self.parentheses -= 1;
                return Ok(Some(Term::Pipeline(Box::new(pipeline))));
            }
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(term))
    }

    fn callee(&mut self, token: Token) -> Result<Callee, Fault> {
        let name = self.bytes(token);
        let Some(function) = std::str::from_utf8(name).ok().and_then(functions::lookup) else {
            let name = String::from_utf8_lossy(name);
            let alike = nearest(&name, functions::all().map(|function| function.name));
            let remedy = alike.map(|alike| format!("there is a function {alike:?}"));
            return Err(self.fault(token, format!("function {name:?} not defined")).with_remedy(remedy));
        };
        self.is_slow |= function.is_slow();
        let deciding = match function.name {
            "and" => Some(false),
            "or" => Some(true),
            _ => None,
        };
        Ok(Callee { function, deciding })
    }
}

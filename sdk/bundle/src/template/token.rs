//! The units that a template's text is made of.

use super::tree::Position;

/// A unit's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text outside actions, already trimmed.
    Text,
    LeftDelimiter,
    RightDelimiter,
    LeftParenthesis,
    RightParenthesis,
    /// Spaces and newlines between operands.
    Space,
    /// `=`.
    Assign,
    /// `:=`.
    Declare,
    Pipe,
    Comma,
    /// Any other printable ASCII character, which no action can use.
    Character,
    Dot,
    /// `.name`.
    Field,
    /// `$` or `$name`.
    Variable,
    Identifier,
    Bool,
    Nil,
    Number,
    CharacterConstant,
    /// `1+2i`.
    Complex,
    QuotedString,
    RawString,
    Keyword(Keyword),
    /// A whole pipeline with its right delimiter, known from another action.
    Known,
    End,
}

/// A word with a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

impl Keyword {
    /// The keyword spelled `word`.
    pub(super) fn find(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"range" => Self::Range,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }

    /// How long it is, in bytes.
    pub(super) fn length(self) -> usize {
        match self {
            Self::If => 2,
            Self::End => 3,
            Self::Else | Self::With => 4,
            Self::Block | Self::Break | Self::Range => 5,
            Self::Define => 6,
            Self::Continue | Self::Template => 8,
        }
    }
}

/// A unit: its kind and which bytes of the source it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: Position,
    pub(super) end: Position,
}

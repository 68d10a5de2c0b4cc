//! Field selectors: `metadata.name=a,spec.nodeName!=b`, with `\` before `,`, `=` and `\` in values.
//!
//! Grammar and error wording follow apimachinery `pkg/fields`.

/// How a requirement compares a field with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOperator {
    /// `=` or `==`.
    Equals,
    /// `!=`.
    NotEquals,
}

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field as the kinds table names it, for example `spec.nodeName`.
    pub label: String,
    /// The comparison.
    pub operator: FieldOperator,
    /// The value without escapes.
    pub value: String,
}

impl FieldRequirement {
    /// Whether a field with this value satisfies the requirement; an absent field is the empty string.
    pub fn matches(&self, value: &str) -> bool {
        (self.value == value) == (self.operator == FieldOperator::Equals)
    }
}

/// Requirements that must all hold. Empty: everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// The requirements in the order they were given.
    pub requirements: Vec<FieldRequirement>,
}

impl FieldSelector {
    /// Reads the form that queries carry. Which labels a kind supports is for the caller to check.
    ///
    /// # Errors
    /// The first thing wrong, worded as Kubernetes words it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let terms = terms(text).into_iter().filter(|term| !term.is_empty());
        let requirements = terms.map(|term| requirement(text, term)).collect::<Result<_, _>>()?;
        Ok(FieldSelector { requirements })
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The value that `label` must equal, when one is asked for.
    pub fn exact(&self, label: &str) -> Option<&str> {
        let mut exact = self.requirements.iter().filter(|one| one.operator == FieldOperator::Equals);
        exact.find(|one| one.label == label).map(|one| one.value.as_str())
    }

    /// Whether fields, looked up by `field` (absent: empty), satisfy every requirement.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.requirements.iter().all(|one| one.matches(field(&one.label)))
    }
}

fn terms(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c| {
        let cut = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        cut
    })
    .collect()
}

fn requirement(text: &str, term: &str) -> Result<FieldRequirement, String> {
    let bad = || format!("invalid selector: '{text}'; can't understand '{term}'");
    let at = term.char_indices().map(|(at, _)| at).find(|at| {
        let rest = &term[*at..];
        rest.starts_with("!=") || rest.starts_with('=')
    });
    let (label, rest) = term.split_at(at.ok_or_else(bad)?);
    let (operator, value) = match rest {
        _ if rest.starts_with("!=") => (FieldOperator::NotEquals, &rest[2..]),
        _ if rest.starts_with("==") => (FieldOperator::Equals, &rest[2..]),
        _ => (FieldOperator::Equals, &rest[1..]),
    };
    Ok(FieldRequirement { label: label.into(), operator, value: unescape(value)? })
}

fn unescape(value: &str) -> Result<String, String> {
    let escape = |sequence: String| format!("invalid field selector: invalid escape sequence: {sequence}");
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                Some(other) => return Err(escape(format!("\\{other}"))),
                None => return Err(escape("\\".into())),
            },
            ',' | '=' => {
                let what = "invalid field selector: unescaped character in value";
                return Err(format!("{what}: {}", u32::from(c)));
            }
            c => plain.push(c),
        }
    }
    Ok(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        let fields = |label: &str| match label {
            "metadata.name" => "a",
            "x" => "1,2=3\\",
            _ => "",
        };
        for (selector, expected) in [
            ("", true),
            (",", true),
            ("metadata.name=a", true),
            ("metadata.name==a,x!=2", true),
            ("metadata.name!=a", false),
            ("z=", true),
            ("z!=", false),
            (r"x=1\,2\=3\\", true),
        ] {
            assert_eq!(FieldSelector::parse(selector).unwrap().matches(fields), expected, "{selector}");
        }
        assert_eq!(FieldSelector::parse("a!=b,a=c").unwrap().exact("a"), Some("c"));
    }

    #[test]
    fn wording() {
        for (selector, expected) in [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
            (r"a=b\", r"invalid field selector: invalid escape sequence: \"),
        ] {
            assert_eq!(FieldSelector::parse(selector).unwrap_err(), expected);
        }
    }
}

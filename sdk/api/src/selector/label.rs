//! Label selectors: `a=b,c!=d,e in (f,g),h,!i` and the `matchLabels`/`matchExpressions` form.
//!
//! Grammar, meaning and error wording follow apimachinery `pkg/labels`.

use serde_json::Value;

use super::lexer::{Token, tokens};
use crate::names;

/// How a requirement compares a label with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOperator {
    /// Present and one of the values (`=`, `==`, `in`).
    In,
    /// Absent or none of the values (`!=`, `notin`).
    NotIn,
    /// Present.
    Exists,
    /// Absent.
    DoesNotExist,
    /// Present, an integer and greater than the value.
    GreaterThan,
    /// Present, an integer and less than the value.
    LessThan,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRequirement {
    /// The label's key.
    pub key: String,
    /// The comparison.
    pub operator: LabelOperator,
    /// What to compare with, sorted and without repetition.
    pub values: Vec<String>,
}

impl LabelRequirement {
    /// A checked requirement.
    ///
    /// # Errors
    /// What is wrong with the key, the operator's number of values, or a value.
    pub fn new(key: &str, operator: LabelOperator, values: Vec<String>) -> Result<Self, String> {
        let mut wrong = Vec::new();
        let mut invalid = |field: String, value: &str, why: &str| {
            wrong.push(format!("{field}: Invalid value: {value}: {why}"));
        };
        let bad = names::label_key(key);
        if !bad.is_empty() {
            invalid("key".into(), &format!("{key:?}"), &bad.join("; "));
        }
        let list = format!("{values:?}").replace(", ", ",");
        match operator {
            LabelOperator::In | LabelOperator::NotIn if values.is_empty() => {
                invalid("values".into(), &list, "for 'in', 'notin' operators, values set can't be empty");
            }
            LabelOperator::Exists | LabelOperator::DoesNotExist if !values.is_empty() => {
                invalid("values".into(), &list, "values set must be empty for exists and does not exist");
            }
            LabelOperator::GreaterThan | LabelOperator::LessThan => {
                if values.len() != 1 {
                    invalid(
                        "values".into(),
                        &list,
                        "for 'Gt', 'Lt' operators, exactly one value is required",
                    );
                }
                for (at, value) in values.iter().enumerate().filter(|(_, one)| one.parse::<i64>().is_err()) {
                    let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                    invalid(format!("values[{at}]"), &format!("{value:?}"), why);
                }
            }
            _ => {}
        }
        for (at, value) in values.iter().enumerate() {
            let bad = names::label_value(value);
            if !bad.is_empty() {
                invalid(format!("values[{at}][{key}]"), &format!("{value:?}"), &bad.join("; "));
            }
        }
        match wrong.as_slice() {
            [] => Ok(LabelRequirement { key: key.into(), operator, values }),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    /// Whether a label with this value (`None`: absent) satisfies the requirement.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|one| one == value);
        match (self.operator, value) {
            (LabelOperator::In, Some(value)) => listed(value),
            (LabelOperator::NotIn, Some(value)) => !listed(value),
            (LabelOperator::Exists, value) => value.is_some(),
            (LabelOperator::NotIn | LabelOperator::DoesNotExist, None) => true,
            (LabelOperator::DoesNotExist, Some(_)) | (_, None) => false,
            (LabelOperator::GreaterThan | LabelOperator::LessThan, Some(value)) => {
                let wanted = self.values.first().and_then(|one| one.parse::<i64>().ok());
                let (Ok(value), Some(wanted)) = (value.parse::<i64>(), wanted) else { return false };
                if self.operator == LabelOperator::GreaterThan { value > wanted } else { value < wanted }
            }
        }
    }
}

/// Requirements that must all hold. Empty: everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    /// The requirements, sorted by key.
    pub requirements: Vec<LabelRequirement>,
}

impl LabelSelector {
    /// Reads the form that queries carry.
    ///
    /// # Errors
    /// The first thing wrong, worded as Kubernetes words it; the server prefixes `unable to parse requirement: ` itself
    /// where Kubernetes does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        let mut requirements = parser.requirements()?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(LabelSelector { requirements })
    }

    /// Reads a `LabelSelector` object: `{"matchLabels": {...}, "matchExpressions": [...]}`.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn from_value(selector: &Value) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            requirements.push(LabelRequirement::new(key, LabelOperator::In, vec![value.into()])?);
        }
        for one in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
            let operator = match text("operator") {
                "In" => LabelOperator::In,
                "NotIn" => LabelOperator::NotIn,
                "Exists" => LabelOperator::Exists,
                "DoesNotExist" => LabelOperator::DoesNotExist,
                other => return Err(format!("{other:?} is not a valid label selector operator")),
            };
            let values = one.get("values").and_then(Value::as_array).into_iter().flatten();
            let mut values: Vec<String> = values.filter_map(Value::as_str).map(Into::into).collect();
            values.sort();
            values.dedup();
            requirements.push(LabelRequirement::new(text("key"), operator, values)?);
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(LabelSelector { requirements })
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether labels, looked up by `label`, satisfy every requirement.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|one| one.matches(label(&one.key)))
    }
}

struct Parser<'a> {
    tokens: Vec<(Token, &'a str)>,
    at: usize,
}

impl<'a> Parser<'a> {
    /// The token at hand; where a value may stand, `in` and `notin` are words like any other.
    fn peek(&self) -> (Token, &'a str) {
        match self.tokens.get(self.at) {
            Some((Token::In | Token::NotIn, text)) => (Token::Word, text),
            Some(token) => *token,
            None => (Token::End, ""),
        }
    }

    fn next(&mut self) -> (Token, &'a str) {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<LabelRequirement>, String> {
        let mut list = Vec::new();
        loop {
            match self.peek() {
                (Token::Word | Token::Not, _) => {
                    let one =
                        self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?;
                    list.push(one);
                }
                (Token::End, _) => return Ok(list),
                (_, found) => {
                    return Err(format!("found '{found}', expected: !, identifier, or 'end of string'"));
                }
            }
            match self.next() {
                (Token::End, _) => return Ok(list),
                (Token::Comma, _) => {
                    let (token, found) = self.peek();
                    if !matches!(token, Token::Word | Token::Not) {
                        return Err(format!("found '{found}', expected: identifier after ','"));
                    }
                }
                (_, found) => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<LabelRequirement, String> {
        let (mut token, mut key) = self.next();
        let negated = token == Token::Not;
        if negated {
            (token, key) = self.next();
        }
        if token != Token::Word {
            return Err(format!("found '{key}', expected: identifier"));
        }
        let bad = names::label_key(key);
        if !bad.is_empty() {
            return Err(format!("<nil>: Invalid value: {key:?}: {}", bad.join("; ")));
        }
        if negated {
            return LabelRequirement::new(key, LabelOperator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return LabelRequirement::new(key, LabelOperator::Exists, Vec::new());
        }
        let (operator, many) = self.operator()?;
        let values = if many { self.values()? } else { vec![self.exact_value()?] };
        LabelRequirement::new(key, operator, values)
    }

    /// The operator, and whether a list follows.
    fn operator(&mut self) -> Result<(LabelOperator, bool), String> {
        let (token, found) = self.tokens.get(self.at).copied().unwrap_or((Token::End, ""));
        self.at += 1;
        match token {
            Token::In => Ok((LabelOperator::In, true)),
            Token::NotIn => Ok((LabelOperator::NotIn, true)),
            Token::Equals | Token::DoubleEquals => Ok((LabelOperator::In, false)),
            Token::NotEquals => Ok((LabelOperator::NotIn, false)),
            Token::Greater => Ok((LabelOperator::GreaterThan, false)),
            Token::Less => Ok((LabelOperator::LessThan, false)),
            _ => Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.next() {
            (Token::Word, value) => Ok(value.into()),
            (_, found) => Err(format!("found '{found}', expected: identifier")),
        }
    }

    /// `(a,b)`: between commas nothing is the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let (token, found) = self.next();
        if token != Token::Open {
            return Err(format!("found '{found}' expected: '('"));
        }
        let mut values = vec![String::new()];
        let mut last_is_word = false;
        loop {
            match self.next() {
                (Token::Word, value) if !last_is_word => {
                    if let Some(last) = values.last_mut() {
                        *last = value.into();
                    }
                    last_is_word = true;
                }
                (Token::Comma, _) => {
                    values.push(String::new());
                    last_is_word = false;
                }
                (Token::Close, _) => break,
                (_, found) if last_is_word => {
                    return Err(format!("found '{found}', expected: ',' or ')'"));
                }
                (_, found) => return Err(format!("found '{found}', expected: ',', ')' or identifier")),
            }
        }
        values.sort();
        values.dedup();
        Ok(values)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let find = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        LabelSelector::parse(selector).unwrap().matches(find)
    }

    #[test]
    fn matching() {
        let labels = &[("a", "1"), ("b", "x"), ("e", "")][..];
        for (selector, expected) in [
            ("", true),
            ("a=1", true),
            ("a==1,b=x", true),
            ("a=1,b=y", false),
            ("a!=2", true),
            ("z!=2", true),
            ("a!=1", false),
            ("a in (1,2)", true),
            ("a in(2)", false),
            ("a notin (2, 3)", true),
            ("z notin (2)", true),
            ("a", true),
            ("z", false),
            ("!z", true),
            ("! a", false),
            ("a>0", true),
            ("a<1", false),
            ("b>0", false),
            ("e=", true),
            ("e in ()", true),
            ("e in (,x)", true),
            ("b in (in,x)", true),
            ("e=,a", true),
        ] {
            assert_eq!(matches(selector, labels), expected, "{selector}");
        }
    }

    #[test]
    fn wording() {
        for (selector, expected) in [
            ("a=1,", "found '', expected: identifier after ','"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in x", "unable to parse requirement: found 'x' expected: '('"),
            ("a in (x y)", "unable to parse requirement: found 'y', expected: ',' or ')'"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("a=)", "unable to parse requirement: found ')', expected: identifier"),
        ] {
            assert_eq!(LabelSelector::parse(selector).unwrap_err(), expected, "{selector}");
        }
        let bad = LabelSelector::parse("a=b@").unwrap_err();
        assert!(
            bad.starts_with(
                "unable to parse requirement: values[0][a]: Invalid value: \"b@\": a valid label must"
            ),
            "{bad}"
        );
        let bad = LabelSelector::parse("a@=b").unwrap_err();
        assert!(bad.contains("Invalid value: \"a@\": name part must consist"), "{bad}");
    }

    #[test]
    fn the_object_form() {
        let selector = serde_json::json!({
            "matchLabels": {"a": "1"},
            "matchExpressions": [{"key": "b", "operator": "In", "values": ["x", "y"]}, {"key": "z", "operator": "DoesNotExist"}],
        });
        let selector = LabelSelector::from_value(&selector).unwrap();
        assert!(selector.matches(|key| match key {
            "a" => Some("1"),
            "b" => Some("y"),
            _ => None,
        }));
        assert!(!selector.matches(|_| Some("1")));
    }
}

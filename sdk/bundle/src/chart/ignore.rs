//! `.helmignore`: what a chart's folder leaves out. Archives are taken whole. Source: Helm's `ignore` package.

use super::pattern;

/// The rules of one `.helmignore`.
#[derive(Clone, Debug)]
pub struct IgnoreRules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: String,
    negated: bool,
    folders_only: bool,
    /// Whether the pattern is for the last element of the path only.
    base_only: bool,
    /// What every name that matches begins and ends with, as far as the pattern's ends are letters: most names are told
    /// by them.
    first: Option<u8>,
    last: Option<u8>,
}

/// A line that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum IgnoreError {
    #[error("double-star (**) syntax is not supported")]
    DoubleStar,
    #[error(transparent)]
    Pattern(#[from] pattern::BadPattern),
}

impl IgnoreRules {
    /// The rules of `.helmignore`'s text (empty if there is none), and the one that holds for every chart.
    ///
    /// # Errors
    /// If a line is no rule.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().chain(["templates/.?*"]).map(str::trim);
        let rules = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(Rule::parse);
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the file or folder at `path`, relative to the chart with `/`, is left out. The first rule that
    /// matches decides; a negated rule leaves out whatever it does not match.
    pub fn ignores(&self, path: &str, is_folder: bool) -> bool {
        if path.is_empty() || path == "." || path == "./" {
            return false;
        }
        self.0.iter().any(|rule| match rule.negated {
            true => rule.folders_only && !is_folder || !rule.matches(path),
            false => (!rule.folders_only || is_folder) && rule.matches(path),
        })
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, IgnoreError> {
        if line.contains("**") {
            return Err(IgnoreError::DoubleStar);
        }
        pattern::matches(line, "abc")?;
        let (negated, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (folders_only, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        let (rooted, line) = line.strip_prefix('/').map_or((false, line), |rest| (true, rest));
        let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-~".contains(byte);
        let after_escape = line.len() > 1 && line.as_bytes()[line.len() - 2] == b'\\';
        Ok(Self {
            first: line.bytes().next().filter(letter),
            last: line.bytes().next_back().filter(|byte| letter(byte) && !after_escape),
            pattern: line.to_owned(),
            negated,
            folders_only,
            base_only: !rooted && !line.contains('/'),
        })
    }

    fn matches(&self, path: &str) -> bool {
        let name = if self.base_only { path.rsplit('/').next().unwrap_or(path) } else { path };
        let differs = |own: Option<u8>, other: Option<u8>| own.is_some() && own != other;
        let (first, last) = (name.bytes().next(), name.bytes().next_back());
        !differs(self.first, first)
            && !differs(self.last, last)
            && pattern::matches(&self.pattern, name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::*;

    #[test]
    fn rules_as_helm_reads_them() {
        let cases = [
            ("helm.txt", "helm.txt", false, true),
            ("helm.*", "helm.txt", false, true),
            ("helm.*", "rudder.txt", false, false),
            ("*.txt", "cargo/b.txt", false, true),
            ("cargo/*.txt", "cargo/b.txt", false, true),
            ("/cargo", "cargo", true, true),
            ("/b.txt", "cargo/b.txt", false, false),
            ("cargo/", "cargo", true, true),
            ("cargo/", "cargo", false, false),
            ("!helm.txt", "helm.txt", false, false),
            ("!helm.txt", "other.txt", false, true),
            ("!cargo/", "cargo", true, false),
            ("!cargo/", "x.txt", false, true),
            ("# *.txt", "a.txt", false, false),
            ("*\\t", "a.txt", false, true),
            ("a.tx[st]", "a.txt", false, true),
            ("a*", "", false, false),
            ("*ü", "mü", false, true),
            ("", "templates/.dotfile", false, true),
            ("", "templates/sub/.dotfile", false, false),
        ];
        for (text, path, is_folder, expected) in cases {
            assert_eq!(IgnoreRules::parse(text).unwrap().ignores(path, is_folder), expected, "{text} {path}");
        }
        assert_eq!(IgnoreRules::parse("a/**").unwrap_err(), IgnoreError::DoubleStar);
        assert!(IgnoreRules::parse("[").is_err());
    }
}

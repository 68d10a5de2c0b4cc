//! The points of a release's life at which hooks run. In: words of annotations and of release records; out: the events.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point of a release's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Before objects are made.
    PreInstall,
    /// After they are.
    PostInstall,
    /// Before objects are removed.
    PreDelete,
    /// After they are.
    PostDelete,
    /// Before objects are changed.
    PreUpgrade,
    /// After they are.
    PostUpgrade,
    /// Before objects are changed back.
    PreRollback,
    /// After they are.
    PostRollback,
    /// When tests are asked for; `test-success` is what Helm 2 called it.
    #[serde(alias = "test-success")]
    Test,
}

impl Event {
    const ALL: [Self; 9] = [
        Self::PreInstall,
        Self::PostInstall,
        Self::PreDelete,
        Self::PostDelete,
        Self::PreUpgrade,
        Self::PostUpgrade,
        Self::PreRollback,
        Self::PostRollback,
        Self::Test,
    ];

    /// The word in annotations and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }

    /// The event of a word of `helm.sh/hook`, lower-case.
    pub fn parse(word: &str) -> Option<Self> {
        let word = if word == "test-success" { "test" } else { word };
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_annotations_are_those_of_records() {
        for event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(event));
            assert_eq!(serde_json::to_value(event).ok(), Some(event.as_str().into()));
        }
        assert_eq!(Event::parse("test-success"), Some(Event::Test));
        assert_eq!(serde_json::from_str("\"test-success\"").ok(), Some(Event::Test));
        assert_eq!(Event::parse("test-failure"), None);
    }
}

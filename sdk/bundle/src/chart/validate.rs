//! What makes a chart's metadata valid. Source: Helm's `Metadata.Validate`.

use super::{ChartError, Dependency, Metadata};

impl Metadata {
    /// Cleans the texts as Helm does and checks them.
    pub(super) fn validate(&mut self) -> Result<(), ChartError> {
        self.clean();
        let name = &self.name;
        let fault = if self.api_version.is_empty() {
            "chart.metadata.apiVersion is required".to_owned()
        } else if name.is_empty() {
            "chart.metadata.name is required".to_owned()
        } else if name == "." || name == ".." {
            format!("chart.metadata.name {name:?} is not allowed")
        } else if name.contains('/') {
            format!("chart.metadata.name {name:?} is invalid")
        } else if self.version.is_empty() {
            "chart.metadata.version is required".to_owned()
        } else if crate::semver::Version::parse(&self.version).is_err() {
            format!("chart.metadata.version {:?} is invalid", self.version)
        } else if !matches!(self.kind.as_str(), "" | "application" | "library") {
            "chart.metadata.type must be application or library".to_owned()
        } else if self.has_null_entry {
            "maintainers and dependencies must not contain empty or null nodes".to_owned()
        } else {
            return self.check_dependencies();
        };
        Err(ChartError::Invalid(fault))
    }

    fn clean(&mut self) {
        let texts = [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ];
        texts.into_iter().chain(&mut self.sources).chain(&mut self.keywords).for_each(clean);
        for maintainer in &mut self.maintainers {
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(clean);
        }
        for dependency in self.dependencies.iter_mut().flatten() {
            let Dependency { name, version, repository, condition, tags, .. } = dependency;
            [name, version, repository, condition].into_iter().chain(tags).for_each(clean);
        }
    }

    fn check_dependencies(&self) -> Result<(), ChartError> {
        let mut names = std::collections::HashSet::new();
        for dependency in self.dependencies.iter().flatten() {
            let alias = &dependency.alias;
            if !alias.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-') {
                let name = &dependency.name;
                return Err(ChartError::Invalid(format!(
                    "dependency {name:?} has disallowed characters in the alias"
                )));
            }
            let key = if alias.is_empty() { &dependency.name } else { alias };
            if !names.insert(key) {
                return Err(ChartError::Invalid(format!(
                    "more than one dependency with name or alias {key:?}"
                )));
            }
        }
        Ok(())
    }
}

/// White space becomes a blank, and what cannot be printed disappears.
fn clean(text: &mut String) {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return;
    }
    *text = text
        .chars()
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| is_printable(*letter))
        .collect();
}

fn is_printable(letter: char) -> bool {
    let format = matches!(letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{10ffff}');
    !letter.is_control() && !format
}

//! Switches with a value, as Go's flags take them: `--wait-for-jobs=false`. In: the words of a command line and which flags
//! are switches. Out: words with the switch alone, or without it.

use std::{collections::BTreeSet, ffi::OsString};

use clap::{Arg, ArgAction, Command};

/// Go's words for a truth value, and what each means.
pub fn truth(word: &str) -> Option<bool> {
    match word {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// What a variable says to a switch; what is no truth value says nothing, as with helm.
pub fn from_variable(word: &str) -> Result<bool, String> {
    Ok(truth(word).unwrap_or_default())
}

/// The words of a command line, switches with a value rewritten. `command` makes the grammar of `naru`; it is asked only
/// where there is something to rewrite.
pub fn rewritten(words: Vec<OsString>, command: impl FnOnce() -> Command) -> Vec<OsString> {
    let is_bundle = words.get(1).is_some_and(|word| word == "bundle");
    if !is_bundle || !words.iter().any(|word| valued(word).is_some()) {
        return words;
    }
    let mut command = command();
    command.build();
    let switches = command.find_subcommand("bundle").map(|bundle| known(bundle, &words));
    rewrite(words, &switches.unwrap_or_default())
}

/// The switches of the command that `words` name, and of all others what is a switch wherever it is a flag.
fn known(bundle: &Command, words: &[OsString]) -> BTreeSet<String> {
    let valued = names(bundle, &|argument| !is_switch(argument));
    let anywhere = names(bundle, &is_switch).into_iter().filter(|name| !valued.contains(name));
    let own = words.iter().find_map(|word| bundle.find_subcommand(word));
    let own = own.map(|command| names(command, &is_switch)).unwrap_or_default();
    anywhere.chain(own).collect()
}

fn is_switch(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::SetTrue)
}

/// `--NAME=TRUTH`.
fn valued(word: &OsString) -> Option<(&str, bool)> {
    let (name, value) = word.to_str()?.strip_prefix("--")?.split_once('=')?;
    Some((name, truth(value)?))
}

/// The long names of a command's flags that are so, and of those of the commands below it.
fn names(command: &Command, is_so: &dyn Fn(&Arg) -> bool) -> BTreeSet<String> {
    let own = command.get_arguments().filter(|argument| is_so(argument)).flat_map(|argument| {
        argument.get_long().into_iter().chain(argument.get_all_aliases().into_iter().flatten())
    });
    let below = command.get_subcommands().flat_map(|command| names(command, is_so));
    own.map(str::to_owned).chain(below).collect()
}

/// The last of several counts.
fn rewrite(words: Vec<OsString>, switches: &BTreeSet<String>) -> Vec<OsString> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let switch = |word: &OsString| {
        let (name, on) = match valued(word) {
            Some(found) => found,
            None => (word.to_str()?.strip_prefix("--")?, true),
        };
        switches.contains(name).then(|| (name.to_owned(), on))
    };
    let mut states: Vec<(String, bool)> = Vec::new();
    for (name, on) in words[..end].iter().filter_map(switch) {
        states.retain(|(known, _)| *known != name);
        states.push((name, on));
    }
    let mut rewritten = Vec::with_capacity(words.len());
    for (at, word) in words.into_iter().enumerate() {
        match switch(&word).filter(|_| at < end) {
            None => rewritten.push(word),
            Some((name, _)) if states.contains(&(name.clone(), true)) => {
                rewritten.push(format!("--{name}").into());
            }
            Some(_) => {}
        }
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn switches_take_gos_truth_values() {
        let rows = [
            ("bundle install x y --atomic", "bundle install x y --atomic"),
            ("bundle install x y --atomic=true", "bundle install x y --atomic"),
            ("bundle install --wait-for-jobs=F x y", "bundle install x y"),
            ("bundle install x y --atomic --atomic=false", "bundle install x y"),
            ("bundle install x y --atomic=0 --atomic=1", "bundle install x y --atomic --atomic"),
            ("bundle upgrade x y --force=true -i --install=t", "bundle upgrade x y --force -i --install"),
            ("bundle --debug=1 list --all-namespaces=false", "bundle --debug list"),
            ("bundle uninstall x --dry-run=true", "bundle uninstall x --dry-run"),
            ("bundle delete x --dry-run=false", "bundle delete x"),
            ("bundle install x y --dry-run=true", "bundle install x y --dry-run=true"),
            ("bundle install x y --atomic=yes", "bundle install x y --atomic=yes"),
            (
                "bundle install x y --set=true --version=1 --wait=true",
                "bundle install x y --set=true --version=1 --wait=true",
            ),
            ("bundle template x y -- --debug=false", "bundle template x y -- --debug=false"),
            ("get pods --watch=true", "get pods --watch=true"),
        ];
        for (line, expected) in rows {
            let words = format!("naru {line}").split(' ').map(OsString::from).collect();
            let found = rewritten(words, Cli::command);
            let expected: Vec<OsString> = format!("naru {expected}").split(' ').map(OsString::from).collect();
            assert_eq!(found, expected, "{line}");
        }
        for (word, expected) in [("1", true), ("TRUE", true), ("0", false), ("nope", false), ("", false)] {
            assert_eq!(from_variable(word), Ok(expected), "{word}");
        }
    }
}

//! Mistakes in how `naru bundle` is called, in Helm's words where it has some: what a command takes, what it does not know,
//! and what to use instead of commands of Helm's that are not here. In: what the reader of the command line says; out:
//! what people are told.

use clap::{
    Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Commands of Helm's that are not here, and what to do instead.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "completion",
        "`naru completion SHELL` prints what a shell completes commands of naru with, these among them",
    ),
    ("version", "`naru --version` says which version this is"),
    (
        "plugin",
        "plugins are not managed here; post-renderers in helm's plugin folder ($HELM_PLUGINS) are run, others are not",
    ),
    (
        "search",
        "`naru bundle repo list` names the repositories, `naru bundle show chart REPOSITORY/CHART` says what is there",
    ),
];

/// What people get instead of what they asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// A help, for standard output; with one, the command succeeds as Helm's does.
    pub help: Option<String>,
    /// What is wrong, for standard error.
    pub problem: String,
}

/// What people get for a command `line` that cannot be read. `naru` makes the grammar.
pub fn answer(error: &Error, line: &[String], naru: impl Fn() -> Command) -> Answer {
    // Nothing was said but the command's name: its help is what was asked for.
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Answer { help: Some(error.render().to_string()), problem: String::new() };
    }
    let problem = explain(error, &naru);
    if error.kind() != ErrorKind::InvalidSubcommand {
        return Answer { help: None, problem };
    }
    let naru = built(naru());
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    match named(&naru, &usage).filter(|command| command.get_bin_name() != Some("naru bundle")) {
        None => Answer { help: None, problem },
        Some(command) => match line.iter().find(|word| !knows(command, word)) {
            Some(flag) => Answer { help: None, problem: with_usage(command, &unknown_flag(flag)) },
            // Helm helps whoever misspells a command of a command, and calls that a success.
            None => Answer { help: Some(command.clone().render_help().to_string()), problem },
        },
    }
}

/// Whether a word is no flag, or one that the command has.
fn knows(command: &Command, word: &str) -> bool {
    let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else { return true };
    let mut known = command.get_arguments();
    match name.strip_prefix('-').map(|name| name.split('=').next().unwrap_or(name)) {
        Some(long) => long.is_empty() || known.any(|flag| flag.get_long() == Some(long)),
        None => known.any(|flag| flag.get_short() == name.chars().next()),
    }
}

fn built(naru: Command) -> Command {
    let mut naru = naru.name("naru").bin_name("naru");
    naru.build();
    naru
}

fn with_usage(command: &Command, what: &str) -> String {
    format!("Error: {what}\n\n{}\n", command.clone().render_usage())
}

/// What people are told of a mistake.
fn explain(error: &Error, naru: impl Fn() -> Command) -> String {
    let said = error.render().to_string();
    let said = said.strip_prefix("error: ").map(|rest| format!("Error: {rest}")).unwrap_or(said);
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(all)) => Some(all.join(", ")),
        _ => None,
    };
    let naru = built(naru());
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let Some(command) = named(&naru, &usage) else { return said };
    let path = command.get_bin_name().unwrap_or("naru bundle").to_owned();
    let with_usage = |what: String| with_usage(command, &what);
    match error.kind() {
        ErrorKind::MissingRequiredArgument => match text(ContextKind::InvalidArg) {
            // A flag that another needs is named better by whoever reads the line.
            Some(missing) if missing.contains("--") => said,
            _ => with_usage(format!("{path:?} {}", takes(command, Lack::TooFew))),
        },
        ErrorKind::UnknownArgument => match text(ContextKind::InvalidArg) {
            Some(flag) if flag.starts_with('-') && flag.len() > 1 => {
                let similar = text(ContextKind::SuggestedArg);
                let hint = similar.map(|known| format!(" (did you mean {known}?)")).unwrap_or_default();
                with_usage(format!("{}{hint}", unknown_flag(&flag)))
            }
            Some(_) => with_usage(format!("{path:?} {}", takes(command, Lack::TooMany))),
            None => said,
        },
        ErrorKind::TooManyValues => match text(ContextKind::InvalidValue) {
            Some(value) => {
                with_usage(format!("expected at most two arguments, unexpected arguments: {value}"))
            }
            None => said,
        },
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            unknown_command(&word, &path, text(ContextKind::SuggestedSubcommand))
        }
        _ => said,
    }
}

/// The command whose usage this is.
fn named<'a>(naru: &'a Command, usage: &str) -> Option<&'a Command> {
    let words = usage.trim_start_matches("Usage: ").split_whitespace().skip(1);
    let words = words.take_while(|word| !word.starts_with(['<', '[', '-']));
    words.into_iter().try_fold(naru, |command, word| command.find_subcommand(word))
}

fn unknown_flag(flag: &str) -> String {
    match flag.strip_prefix('-').filter(|rest| !rest.starts_with('-')).and_then(|rest| rest.chars().next()) {
        Some(short) => format!("unknown shorthand flag: {short:?} in {flag}"),
        None => format!("unknown flag: {}", flag.split('=').next().unwrap_or(flag)),
    }
}

fn unknown_command(word: &str, path: &str, similar: Option<String>) -> String {
    let mut told = format!("Error: unknown command {word:?} for {path:?}\n");
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(name, _)| path == "naru bundle" && *name == word) {
        told.push_str(&format!("Hint: {instead}\n"));
    } else if let Some(similar) = similar {
        told.push_str(&format!("\nDid you mean this?\n\t{}\n", similar.replace(", ", "\n\t")));
    }
    told + &format!("\nRun '{path} --help' for usage.\n")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lack {
    TooFew,
    TooMany,
}

/// How many arguments a command takes.
fn takes(command: &Command, lack: Lack) -> String {
    let (mut least, mut most) = (0, 0usize);
    for argument in command.get_positionals() {
        let count = argument.get_num_args().unwrap_or_else(|| 1.into());
        least += if argument.is_required_set() { count.min_values().max(1) } else { 0 };
        most = most.saturating_add(count.max_values());
    }
    let plural = |count| if count == 1 { "" } else { "s" };
    match (least, most, lack) {
        (_, 0, _) => "accepts no arguments".into(),
        (least, most, _) if least == most => format!("requires {least} argument{}", plural(least)),
        (least, _, Lack::TooFew) => format!("requires at least {least} argument{}", plural(least)),
        (_, most, Lack::TooMany) => format!("accepts at most {most} argument{}", plural(most)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::args::Cli;

    fn answered(line: &str) -> Answer {
        let words: Vec<String> =
            format!("naru bundle {line}").split_whitespace().map(str::to_owned).collect();
        answer(&Cli::try_parse_from(&words).unwrap_err(), &words, Cli::command)
    }

    fn told(line: &str) -> String {
        answered(line).problem
    }

    #[test]
    fn mistakes_are_told_with_helms_facts() {
        for (line, expected) in [
            ("repo add", "\"naru bundle repo add\" requires 2 arguments"),
            ("repo add a", "\"naru bundle repo add\" requires 2 arguments"),
            ("repo add a b c", "\"naru bundle repo add\" requires 2 arguments"),
            ("repo list x", "\"naru bundle repo list\" accepts no arguments"),
            ("repo remove", "\"naru bundle repo remove\" requires at least 1 argument"),
            ("show chart", "\"naru bundle show chart\" requires 1 argument"),
            ("inspect values a b", "\"naru bundle show values\" requires 1 argument"),
            ("get all", "\"naru bundle get all\" requires 1 argument"),
            ("dep up a b", "\"naru bundle dependency update\" accepts at most 1 argument"),
            ("install", "\"naru bundle install\" requires at least 1 argument"),
            ("template", "\"naru bundle template\" requires at least 1 argument"),
            ("template a b c", "expected at most two arguments, unexpected arguments: c"),
            ("upgrade a", "\"naru bundle upgrade\" requires 2 arguments"),
            ("uninstall", "\"naru bundle uninstall\" requires at least 1 argument"),
            ("rollback", "\"naru bundle rollback\" requires at least 1 argument"),
            ("list a", "\"naru bundle list\" accepts no arguments"),
            ("status a b", "\"naru bundle status\" requires 1 argument"),
            ("verify", "\"naru bundle verify\" requires 1 argument"),
            ("install --nope a b", "unknown flag: --nope"),
            ("install --nope=1 a b", "unknown flag: --nope"),
            ("install --atomik a b", "unknown flag: --atomik (did you mean --atomic?)"),
            ("list --nope", "unknown flag: --nope"),
            ("list -y", "unknown shorthand flag: 'y' in -y"),
            ("nope", "unknown command \"nope\" for \"naru bundle\""),
            ("repo nope", "unknown command \"nope\" for \"naru bundle repo\""),
        ] {
            let told = told(line);
            assert_eq!(told.lines().next(), Some(&*format!("Error: {expected}")), "{line}: {told}");
            let usage =
                told.lines().any(|line| line.starts_with("Usage: naru bundle") || line.starts_with("Run "));
            assert!(usage, "{line}: {told}");
        }
        for line in ["install a b --set", "list -o nope", "install a b --timeout x"] {
            assert!(told(line).starts_with("Error: "), "{line}");
        }
    }

    #[test]
    fn helms_other_commands_have_a_hint() {
        for (name, hint) in ELSEWHERE {
            assert!(told(name).contains(&format!("Hint: {hint}")), "{name}");
        }
        assert!(told("instal").contains("\tinstall"));
    }

    #[test]
    fn commands_of_commands_are_helped_with() {
        for line in ["", "repo", "show", "get", "dependency", "registry"] {
            let Answer { help, problem } = answered(line);
            assert!(
                help.is_some_and(|help| help.contains("Usage: naru bundle")) && problem.is_empty(),
                "{line}"
            );
        }
        for line in
            ["repo ad", "repo ad x y -n z", "dep updat .", "get val r --namespace=z", "show nonsense --"]
        {
            let Answer { help, problem } = answered(line);
            assert!(help.is_some_and(|help| help.contains("Usage: naru bundle")), "{line}");
            assert!(problem.starts_with("Error: unknown command"), "{line}: {problem}");
        }
        for (line, flag) in
            [("repo ad --foo", "flag: --foo"), ("get val r -o json", "shorthand flag: 'o' in -o")]
        {
            let Answer { help, problem } = answered(line);
            assert!(
                help.is_none() && problem.starts_with(&format!("Error: unknown {flag}\n")),
                "{line}: {problem}"
            );
        }
        assert_eq!(answered("nope").help, None);
    }
}

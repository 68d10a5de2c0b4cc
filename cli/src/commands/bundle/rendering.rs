//! The command line of `naru bundle template`, read by the grammar of that command alone: to make that of all commands
//! takes a tenth of the time of a small chart. In: the words of a command line. Out: the status to end with, or nothing
//! where the whole grammar has something to say.

use std::ffi::OsString;

use clap::Parser;

use super::{finish, global::GlobalArgs, template::TemplateArgs};

/// A rendering that was asked for.
#[derive(Debug, Parser)]
pub struct Rendering {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(flatten)]
    args: TemplateArgs,
}

impl Rendering {
    /// Reads the words of a command line. `None` if they are another command, a mistake or a question for help.
    pub fn parse(words: &[OsString]) -> Option<Self> {
        match words {
            [_, bundle, template, ..] if bundle == "bundle" && template == "template" => {
                Self::try_parse_from(&words[2..]).ok()
            }
            _ => None,
        }
    }

    /// Renders, and gives the status to end with; `None` if that takes a cluster or a network.
    pub fn run_offline(self) -> Option<u8> {
        (!self.args.reaches_out()).then(|| finish(self.args.run(&self.global)))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction, CommandFactory};

    use super::{
        super::{BundleArgs, ChartCommand, Command},
        *,
    };

    /// Flags that are refused without another one.
    const PAIRED: [&str; 3] = ["--cert-file", "--key-file", "--post-renderer-args"];

    #[derive(Debug, Parser)]
    struct Whole {
        #[command(flatten)]
        bundle: BundleArgs,
    }

    /// What both grammars make of a line after `naru`, if anything.
    fn both(line: &[String]) -> [Option<String>; 2] {
        let words: Vec<OsString> = ["naru".to_owned()].iter().chain(line).map(OsString::from).collect();
        let alone = Rendering::parse(&words).map(|parsed| format!("{:?}", (parsed.global, parsed.args)));
        let whole = Whole::try_parse_from(&words[1..]).ok().and_then(|whole| match whole.bundle.command {
            Command::Chart(ChartCommand::Template(args)) => {
                Some(format!("{:?}", (whole.bundle.global, *args)))
            }
            _ => None,
        });
        [alone, whole]
    }

    fn line(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    /// How a flag is written, with a value if it takes one.
    fn written(argument: &Arg) -> Option<String> {
        let name = argument.get_long()?;
        let values = argument.get_possible_values();
        let value = match name {
            "timeout" => "1s",
            "labels" => "a=b",
            _ => values.first().map_or("1", |value| value.get_name()),
        };
        Some(match argument.get_action() {
            ArgAction::Set | ArgAction::Append => format!("--{name}={value}"),
            _ => format!("--{name}"),
        })
    }

    #[test]
    fn every_flag_is_read_as_by_the_whole_grammar() {
        let command = Rendering::command();
        let flags: Vec<_> = command.get_arguments().filter_map(written).collect();
        assert!(flags.len() > 60, "{flags:?}");
        for flag in &flags {
            for line in [format!("bundle template r c {flag}"), format!("bundle template {flag} {flag} c")] {
                let [alone, whole] = both(&self::line(&line));
                assert_eq!(alone, whole, "{line}");
                assert_ne!(alone.is_some(), PAIRED.iter().any(|paired| flag.starts_with(paired)), "{line}");
            }
        }
        let [alone, whole] = both(&[line("bundle template r c"), flags].concat());
        assert_eq!(alone, whole);
        assert!(alone.is_some());
    }

    #[test]
    fn what_else_there_is_to_say_is_left_to_the_whole_grammar() {
        for text in [
            "bundle template",
            "bundle template a b c",
            "bundle template a --nope",
            "bundle template a --help",
            "bundle template a -h",
            "bundle template a --dry-run=x",
            "bundle lint a",
            "bundle --debug template a",
            "template a",
            "bundle",
        ] {
            assert_eq!(both(&line(text))[0], None, "{text}");
        }
        for text in ["bundle template -n a -fx -f y --set a=b,c=d r c", "bundle template r -- -c"] {
            let [alone, whole] = both(&line(text));
            assert_eq!(alone, whole, "{text}");
            assert!(alone.is_some(), "{text}");
        }
    }
}

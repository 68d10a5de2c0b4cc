//! `naru bundle diff`: what an upgrade would change, before it does.

use std::io::IsTerminal;

use anyhow::Result;
use clap::{Args, ValueEnum};
use naru_release::{
    operations::{Difference, Options},
    rendering::Settings,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

use super::{
    chart_flags::ChartFlags, connect::ConnectArgs, connect::operator, install::renderer_of, output::yaml_of,
    upgrade::ReuseFlags, value_flags::ValueFlags,
};

/// Show what an upgrade would change.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// The release.
    release: String,
    /// The chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH.
    chart: String,
    #[command(flatten)]
    values: ValueFlags,
    #[command(flatten)]
    chart_flags: ChartFlags,
    #[command(flatten)]
    reuse: ReuseFlags,
    /// Lines around each change.
    #[arg(long, value_name = "LINES", default_value_t = 3)]
    context: usize,
    /// Print what is in Secrets; otherwise only whether it changes.
    #[arg(long)]
    show_secrets: bool,
    /// Colours: auto, always or never.
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    color: Color,
    /// Exit with 2 if anything would change.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl DiffArgs {
    /// Runs the command; `true` if it is to end with 2.
    pub async fn run(self) -> Result<bool> {
        let chart = self.chart_flags.load(&self.chart).await?;
        let cluster = self.connect.connect().await?;
        let settings = Settings { reuse: self.reuse.policy(), ..Settings::default() };
        let renderer = renderer_of(chart, self.values.merge()?, settings, &cluster);
        let differences = operator(&cluster, Options::default()).diff(&self.release, &renderer).await?;
        let color = match self.color {
            Color::Auto => std::io::stdout().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        };
        for difference in &differences {
            print!("{}", self.text(difference, color)?);
        }
        Ok(self.detailed_exitcode && !differences.is_empty())
    }

    fn text(&self, difference: &Difference, color: bool) -> Result<String> {
        let Difference { identity, before, after } = difference;
        let what = match (before, after) {
            (None, _) => "will be created",
            (_, None) => "will be deleted",
            _ => "will change",
        };
        let place =
            if identity.namespace.is_empty() { String::new() } else { format!("{}/", identity.namespace) };
        let title = format!("{} {place}{} ({}) {what}\n", identity.kind, identity.name, identity.api_version);
        let (before, after) = (self.yaml(before.as_ref())?, self.yaml(after.as_ref())?);
        Ok(format!("{}{}\n", paint(&title, "1", color), unified(&before, &after, self.context, color)))
    }

    fn yaml(&self, object: Option<&Value>) -> Result<String> {
        let Some(object) = object else { return Ok(String::new()) };
        let mut object = object.clone();
        if object["kind"] == "Secret" && !self.show_secrets {
            mask(&mut object);
        }
        yaml_of(&object.to_string())
    }
}

/// Puts a digest in the place of each of a Secret's values, so that a change shows and a value does not.
fn mask(secret: &mut Value) {
    for field in ["data", "stringData"] {
        for value in secret[field].as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
            let text = value.as_str().unwrap_or_default();
            let digest = Sha256::digest(text.as_bytes());
            *value = Value::String(format!(
                "({} bytes, {:02x}{:02x}{:02x})",
                text.len(),
                digest[0],
                digest[1],
                digest[2]
            ));
        }
    }
}

fn unified(before: &str, after: &str, context: usize, color: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for group in diff.grouped_ops(context) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let (old, new) =
            (first.old_range().start..last.old_range().end, first.new_range().start..last.new_range().end);
        let heading = format!("@@ -{} +{} @@\n", range(&old), range(&new));
        text.push_str(&paint(&heading, "36", color));
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (sign, code) = match change.tag() {
                ChangeTag::Equal => (' ', ""),
                ChangeTag::Delete => ('-', "31"),
                ChangeTag::Insert => ('+', "32"),
            };
            let line = change.value().trim_end_matches('\n');
            text.push_str(&paint(&format!("{sign}{line}\n"), code, color));
        }
    }
    text
}

/// A range of lines as unified diffs write it: the first line, counted from 1, and how many.
fn range(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn paint(line: &str, code: &str, color: bool) -> String {
    match line.strip_suffix('\n') {
        Some(text) if color && !code.is_empty() => format!("\x1b[{code}m{text}\x1b[0m\n"),
        _ => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn diffs_are_unified() {
        assert_eq!(unified("a\nb\nc\n", "a\nx\nc\n", 1, false), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        assert_eq!(unified("", "a\n", 3, false), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(unified("a\n", "a\n", 3, false), "");
        assert_eq!(unified("a\n", "", 3, true), "\x1b[36m@@ -1 +0,0 @@\x1b[0m\n\x1b[31m-a\x1b[0m\n");
    }

    #[test]
    fn secrets_are_masked() {
        let mut secret = json!({"kind": "Secret", "data": {"a": "c2VjcmV0"}});
        mask(&mut secret);
        assert_eq!(secret["data"]["a"], "(8 bytes, 1c1185)");
    }
}

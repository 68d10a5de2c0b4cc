//! `naru bundle diff`: what an upgrade, an install or a rollback would change, before it does.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use naru_release::{
    cluster::Cluster,
    operations::{Difference, Options},
    rendering::{ChartRenderer, Settings},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

use super::{
    chart_flags::{ChartFlags, random},
    connect::operator,
    global::GlobalArgs,
    operate::WriteArgs,
    output::yaml_of,
    post_renderer::PostRenderFlags,
    report::paint,
    upgrade::ReuseFlags,
    value_flags::ValueFlags,
};

/// Show what an upgrade would change; with --revision, what a rollback would.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// The release.
    release: String,
    /// The chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH.
    #[arg(required_unless_present = "revision", conflicts_with = "revision")]
    chart: Option<String>,
    /// Instead of a chart: what going back to this revision would change. Given twice: in what the two revisions differ.
    #[arg(long, value_name = "NUMBER")]
    revision: Vec<u64>,
    /// Where there is no release by this name: what an install would make.
    #[arg(long, short)]
    install: bool,
    #[command(flatten)]
    values: ValueFlags,
    #[command(flatten)]
    chart_flags: ChartFlags,
    #[command(flatten)]
    reuse: ReuseFlags,
    #[command(flatten)]
    post_render: PostRenderFlags,
    #[command(flatten)]
    write: WriteArgs,
    /// Take over objects of others.
    #[arg(long)]
    take_ownership: bool,
    /// Do not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
    /// Lines around each change.
    #[arg(long, value_name = "LINES", default_value_t = 3)]
    context: usize,
    /// Print what is in Secrets; otherwise only whether it changes.
    #[arg(long)]
    show_secrets: bool,
    /// Exit with 2 if anything would change.
    #[arg(long)]
    detailed_exitcode: bool,
}

impl DiffArgs {
    /// Runs the command; `true` if it is to end with 2.
    pub async fn run(self, global: &GlobalArgs) -> Result<bool> {
        let cluster = global.connect().await?;
        let differences = match (&self.chart, self.revision.as_slice()) {
            (Some(chart), _) => self.against_chart(&cluster, chart, global).await?,
            (None, [revision]) => {
                let revision = i64::try_from(*revision).context("the revision")?;
                operator(&cluster, self.options()).diff_rollback(&self.release, revision).await?
            }
            (None, [from, to]) => {
                operator(&cluster, self.options()).diff_revisions(&self.release, *from, *to).await?
            }
            _ => bail!("--revision is given once or twice"),
        };
        let color = global.color.is_on();
        for difference in &differences {
            print!("{}", self.text(difference, color)?);
        }
        Ok(self.detailed_exitcode && !differences.is_empty())
    }

    fn options(&self) -> Options {
        Options {
            server_side: self.write.server_side(),
            force_conflicts: self.write.force_conflicts,
            force_replace: self.write.replaces(),
            take_ownership: self.take_ownership,
            dry_run: naru_release::operations::DryRun::Server,
            ..Options::default()
        }
    }

    async fn against_chart(
        &self,
        cluster: &Cluster,
        chart: &str,
        global: &GlobalArgs,
    ) -> Result<Vec<Difference>> {
        let chart = self.chart_flags.load(chart, false, global).await?;
        let settings = Settings {
            reuse: self.reuse.policy(),
            skip_schema: self.skip_schema_validation,
            origins: self.values.origins(),
            ..Settings::default()
        };
        let renderer = ChartRenderer::new(chart, self.values.merge()?, settings, Some(cluster), random);
        let renderer = self.post_render.apply(renderer)?;
        let operator = operator(cluster, self.options());
        match operator.history(&self.release).await {
            Err(error) if error.is_not_found() => {
                ensure!(
                    self.install,
                    "{:?} has no deployed releases; --install shows what an install would make",
                    self.release
                );
                Ok(operator.diff_install(&self.release, &renderer).await?)
            }
            found => {
                found?;
                Ok(operator.diff(&self.release, &renderer).await?)
            }
        }
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
        Ok(format!("{}{}\n", paint_line(&title, "1", color), unified(&before, &after, self.context, color)))
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
        let values = secret.get_mut(field).and_then(Value::as_object_mut);
        for value in values.into_iter().flat_map(|map| map.values_mut()) {
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
        text.push_str(&paint_line(&heading, "36", color));
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (sign, code) = match change.tag() {
                ChangeTag::Equal => (' ', ""),
                ChangeTag::Delete => ('-', "31"),
                ChangeTag::Insert => ('+', "32"),
            };
            let line = change.value().trim_end_matches('\n');
            text.push_str(&paint_line(&format!("{sign}{line}\n"), code, color));
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

/// A line in a colour; its end is not coloured.
fn paint_line(line: &str, code: &str, color: bool) -> String {
    match line.strip_suffix('\n') {
        Some(text) => paint(text, code, color) + "\n",
        None => line.into(),
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
        assert_eq!(secret, json!({"kind": "Secret", "data": {"a": "(8 bytes, 1c1185)"}}));
    }
}

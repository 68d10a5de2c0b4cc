//! `naru bundle template`: a chart's manifests on standard output. Source: `helm template`.

mod ignored;
mod output;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use naru_bundle::{
    builtin::{Capabilities, KubeVersion, ReleaseOptions},
    chart::Chart,
    render::{self, CustomResource, RenderError, RenderOptions, Unsorted, custom_resources, push_document},
    template::{Engine, TemplateSet},
    value::Value,
};
use naru_release::{
    operations::{DryRun, Options},
    post_render,
    record::{Event, Hook},
    rendering::{ChartRenderer, Settings},
};

use super::{
    chart_flags::{ChartFlags, random},
    connect::interruptible,
    global::GlobalArgs,
    listed::{Listed, listed},
    operate::Try,
    post_renderer::PostRenderFlags,
    source,
    surroundings::Offline,
    value_flags::ValueFlags,
};

/// Longest release name, in characters.
const MAX_NAME: usize = 53;

/// Render a chart's templates here and print them.
///
/// No cluster is asked: what would be looked up in one is empty, and `.Capabilities` is what the stock helm assumes.
#[derive(Clone, Debug, Args)]
#[command(args_override_self = true)]
pub struct TemplateArgs {
    /// The release's name, and the chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH. The name may be left out.
    #[arg(value_name = "[NAME] CHART", num_args = 1..=2, required = true)]
    arguments: Vec<String>,
    /// The values.
    #[command(flatten)]
    values: ValueFlags,
    /// A template for the release's name.
    #[arg(long, value_name = "TEMPLATE", default_value = "")]
    name_template: String,
    /// Make up a name from the chart's and the time.
    #[arg(short, long)]
    generate_name: bool,
    /// The Kubernetes version that templates see.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// Further API versions that templates see; repeat or separate with commas.
    #[arg(short, long, value_name = "VERSIONS", value_parser = listed)]
    api_versions: Vec<Listed>,
    /// Print the files of crds/ too, first.
    #[arg(long)]
    include_crds: bool,
    /// Render as for an upgrade instead of an installation.
    #[arg(long)]
    is_upgrade: bool,
    /// Print only what comes from these templates (paths within the chart, or patterns).
    #[arg(short, long, value_name = "TEMPLATE")]
    show_only: Vec<String>,
    /// Leave out hooks that are tests.
    #[arg(long)]
    skip_tests: bool,
    /// Leave out all hooks.
    #[arg(long)]
    no_hooks: bool,
    /// Write files below this folder instead of printing.
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
    /// Put a folder of the release's name between the output folder and the files.
    #[arg(long)]
    release_name: bool,
    /// Do not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
    /// Where the chart comes from.
    #[command(flatten)]
    chart: ChartFlags,
    /// Fetch the chart's missing dependencies first.
    #[arg(long)]
    dependency_update: bool,
    /// A program that changes what was rendered.
    #[command(flatten)]
    post_render: PostRenderFlags,
    /// Let `getHostByName` resolve names; otherwise it gives empty text.
    #[arg(long)]
    enable_dns: bool,
    /// Ask the cluster: for its capabilities, for what is looked up, and whether it would take the objects.
    #[arg(long)]
    validate: bool,
    /// The same as --validate if server; client changes nothing.
    #[arg(long, value_name = "STRATEGY", value_enum, default_value = "client", default_missing_value = "unset", num_args = 0..=1, require_equals = true)]
    dry_run: Try,
    /// Flags that say nothing to a rendering.
    #[command(flatten)]
    #[allow(dead_code, reason = "taken and ignored, as helm does")]
    ignored: ignored::Ignored,
}

impl TemplateArgs {
    /// Renders a chart that lies here, and prints it.
    pub fn run(self, global: &GlobalArgs) -> Result<()> {
        self.check()?;
        let (name, reference) = self.name_and_chart()?;
        let path = source::locate(reference)?
            .ok_or_else(|| anyhow!("chart {reference:?} not found on this machine"))?;
        self.chart.provenance.verify_here(&path)?;
        let chart = source::load_for_rendering(&path)?;
        source::check_installable(&chart)?;
        let outcome = self.render(&name, chart, global);
        std::mem::forget(self);
        outcome
    }

    /// The same with a chart from wherever it is, and a cluster that may be asked about it.
    pub async fn run_online(self, global: &GlobalArgs) -> Result<()> {
        self.check()?;
        let (name, reference) = self.name_and_chart()?;
        let chart = self.chart.load(reference, self.dependency_update, global).await?;
        if !self.validates() {
            return self.render(&name, chart, global);
        }
        let crds = self.crds(&chart);
        let cluster = global.connect().await?;
        let settings = Settings {
            skip_schema: self.skip_schema_validation,
            dns: self.enable_dns,
            origins: self.values.origins(),
            ..Settings::default()
        };
        let renderer = ChartRenderer::new(chart, self.values.merge()?, settings, Some(&cluster), random);
        let renderer = self.post_render.apply(renderer)?;
        let options = Options { dry_run: DryRun::Server, replace: true, ..Options::default() };
        let release = interruptible(&cluster, options, &name)?.install(&name, &renderer).await?;
        let mut text = String::new();
        for crd in &crds {
            push_document(&mut text, &crd.path, &crd.content);
        }
        text.push_str(release.manifest.trim());
        text.push('\n');
        let is_left_out =
            |hook: &Hook| self.no_hooks || self.skip_tests && hook.events.contains(&Event::Test);
        for hook in release.hooks.iter().filter(|hook| !is_left_out(hook)) {
            push_document(&mut text, &hook.path, &hook.manifest);
        }
        self.print_selected(&text)
    }

    /// The files of crds/, if they are wanted.
    fn crds(&self, chart: &Chart) -> Vec<CustomResource> {
        if self.include_crds { custom_resources(chart) } else { Vec::new() }
    }

    fn validates(&self) -> bool {
        self.validate || self.dry_run == Try::Server
    }

    /// Whether a cluster is asked, or the chart or what it depends on is to be fetched; everything else needs neither a
    /// network nor a runtime.
    pub fn reaches_out(&self) -> bool {
        let reference = self.arguments.last().map(String::as_str).unwrap_or_default();
        self.validates() || self.dependency_update || self.chart.is_remote(reference)
    }

    fn check(&self) -> Result<()> {
        ensure!(
            !self.validates() || self.output_dir.is_none() && !self.is_upgrade,
            "--output-dir and --is-upgrade do not go together with --validate or --dry-run=server"
        );
        self.chart.access.check()?;
        ensure!(
            self.dry_run != Try::None,
            "invalid dry-run value (\"none\"). Must be \"server\" or \"client\""
        );
        self.dry_run.warn();
        if self.validate {
            eprintln!("Flag --validate has been deprecated, use '--dry-run=server' instead");
        }
        Ok(())
    }

    fn render(&self, name: &str, mut chart: Chart, global: &GlobalArgs) -> Result<()> {
        let capabilities = self.capabilities()?;
        let values = self.values.merge()?;
        check_name(name)?;
        let options = RenderOptions {
            release: ReleaseOptions {
                name: name.into(),
                namespace: global.namespace_here(),
                revision: 1,
                is_upgrade: self.is_upgrade,
                is_install: !self.is_upgrade,
            },
            capabilities,
            subchart_notes: false,
            skip_schema: self.skip_schema_validation,
            lint: false,
            origins: self.values.origins(),
            last: true,
        };
        let offline = Offline { dns: self.enable_dns };
        let mut warnings = Vec::new();
        let program = self.post_render.find()?;
        let mut change = |files| match &program {
            Some(program) => {
                post_render::change(&files, |text| program.run(text).map_err(|error| format!("{error:#}")))
            }
            None => Ok(files),
        };
        let post_render = program.is_some().then_some::<render::PostRender<'_>>(&mut change);
        let rendered = render::render(&mut chart, &values, &options, &offline, post_render, &mut warnings);
        source::warn(&warnings);
        let rendered = rendered.map_err(|error| self.explain(error, global.debug))?;
        let crds = self.crds(&chart);
        let outcome = match &self.output_dir {
            None => self.print(&crds, &rendered),
            Some(folder) => {
                let files = if self.release_name { folder.join(name) } else { folder.clone() };
                self.write(&crds, &rendered, folder, &files)
            }
        };
        // The process ends; to free so many pieces would take a while.
        std::mem::forget((chart, values, options, crds, rendered));
        outcome
    }

    fn capabilities(&self) -> Result<Capabilities> {
        let mut capabilities = Capabilities::default();
        if let Some(text) = &self.kube_version {
            let version = KubeVersion::parse(text);
            capabilities.kube_version = version.with_context(|| format!("invalid kube version '{text}'"))?;
        }
        capabilities.api_versions.extend(Listed::all(&self.api_versions).cloned());
        Ok(capabilities)
    }

    fn name_and_chart(&self) -> Result<(String, &str)> {
        match self.arguments.as_slice() {
            [name, chart] => {
                ensure!(!self.generate_name, "cannot set --generate-name and also specify a name");
                ensure!(self.name_template.is_empty(), "cannot set --name-template and also specify a name");
                Ok((name.clone(), chart))
            }
            [chart] if !self.name_template.is_empty() => Ok((template_name(&self.name_template)?, chart)),
            [chart] => Ok(("release-name".into(), chart)),
            _ => Err(anyhow!("\"naru bundle template\" requires at least 1 argument")),
        }
    }

    /// People who debug see what was rendered, if anything was.
    fn explain(&self, error: RenderError, debug: bool) -> anyhow::Error {
        match &error {
            RenderError::Document { rest, .. } if debug => {
                self.show_unsorted(rest).unwrap_or_else(|| anyhow!(error))
            }
            RenderError::Document { .. } => anyhow!("{error}\n\nUse --debug flag to render out invalid YAML"),
            _ if debug && error.is_of_rendering() => {
                self.show_unsorted(&Unsorted::default()).unwrap_or_else(|| anyhow!(error))
            }
            _ => anyhow!(error),
        }
    }

    /// Prints every file, and the hooks once more, as helm does; why not, if that fails.
    fn show_unsorted(&self, rest: &Unsorted) -> Option<anyhow::Error> {
        let mut files = String::new();
        for (path, content) in rest.files.iter().filter(|(_, content)| !content.trim().is_empty()) {
            push_document(&mut files, path, content);
        }
        let mut text = files.trim().to_owned();
        text.push('\n');
        self.push_hooks(&mut text, &rest.hooks);
        self.print_selected(&text).err()
    }
}

pub(super) fn template_name(text: &str) -> Result<String> {
    const NAME: &str = "name-template";
    let mut set = TemplateSet::default();
    set.parse(NAME, text)?;
    let name = Engine::new(&set, &Offline::default()).render(NAME, &Value::Nil)?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

/// A release's name is a DNS subdomain of at most [`MAX_NAME`] characters.
fn check_name(name: &str) -> Result<()> {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    ensure!(!name.is_empty(), "release name check failed: no name provided");
    ensure!(
        name.len() <= MAX_NAME && name.split('.').all(is_label),
        "release name check failed: release name {name:?}: invalid release name, must match regex \
         ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
    );
    Ok(())
}

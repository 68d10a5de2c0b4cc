//! `naru bundle template`: a chart's manifests on standard output. Source: `helm template`.

use std::{
    collections::HashSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use naru_bundle::{
    builtin::{Capabilities, KubeVersion, ReleaseOptions},
    chart::{Chart, pattern},
    render::{self, HookEvent, RenderOptions, Rendered, custom_resources, push_document},
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
    operate::Try,
    post_renderer::PostRenderFlags,
    source,
    surroundings::Offline,
    value_flags::ValueFlags,
};

/// Longest release name, in characters.
const MAX_NAME: usize = 53;

/// Render a chart's templates here, without a cluster, and print them.
///
/// What would be looked up in a cluster is empty, and `.Capabilities` is what the stock helm assumes.
#[derive(Clone, Debug, Args)]
#[command(args_override_self = true)]
pub struct TemplateArgs {
    /// The release's name, and the chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH. The name may be left out.
    #[arg(value_name = "[NAME] CHART", num_args = 1..=2, required = true)]
    arguments: Vec<String>,
    /// The values.
    #[command(flatten)]
    values: ValueFlags,
    /// The release's namespace.
    #[arg(short, long, env = "HELM_NAMESPACE", default_value = "default", hide_env = true)]
    namespace: String,
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
    #[arg(short, long, value_name = "VERSIONS", value_delimiter = ',')]
    api_versions: Vec<String>,
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
    /// Print what was rendered even if it is no YAML.
    #[arg(long, env = "HELM_DEBUG", hide_env = true)]
    debug: bool,
    /// Where the chart comes from.
    #[command(flatten)]
    chart: ChartFlags,
    /// Fetch the chart's missing dependencies first.
    #[arg(long)]
    dependency_update: bool,
    /// A program that changes what was rendered.
    #[command(flatten)]
    post_render: PostRenderFlags,
    #[arg(long, hide = true)]
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
    ignored: Ignored,
}

/// Flags of an installation, which `helm template` takes and which change nothing of what is rendered.
#[derive(Clone, Debug, Args)]
#[allow(dead_code, reason = "taken and ignored, as helm does")]
struct Ignored {
    #[arg(long, hide = true)]
    skip_crds: bool,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true, alias = "force")]
    force_replace: bool,
    #[arg(long, hide = true)]
    force_conflicts: bool,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
    #[arg(long, hide = true, alias = "atomic")]
    rollback_on_failure: bool,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true)]
    wait: Option<Option<String>>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true)]
    server_side: Option<Option<String>>,
    #[arg(long, hide = true)]
    timeout: Option<String>,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(short, long, hide = true)]
    labels: Vec<String>,
    #[arg(long, hide = true)]
    kubeconfig: Option<String>,
    #[arg(long, hide = true)]
    kube_context: Option<String>,
}

impl TemplateArgs {
    /// Renders a chart that lies here, and prints it.
    pub fn run(self) -> Result<()> {
        self.check()?;
        let (name, reference) = self.name_and_chart()?;
        let path = source::locate(reference)?
            .ok_or_else(|| anyhow!("chart {reference:?} not found on this machine"))?;
        let chart = source::load(&path)?;
        source::check_installable(&chart)?;
        self.render(&name, chart)
    }

    /// The same with a chart from wherever it is, and a cluster that may be asked about it.
    pub async fn run_online(self, global: &GlobalArgs) -> Result<()> {
        self.check()?;
        let (name, reference) = self.name_and_chart()?;
        let chart = self.chart.load(reference, self.dependency_update, global).await?;
        if !self.validates() {
            return self.render(&name, chart);
        }
        let crds = if self.include_crds { custom_resources(&chart) } else { Vec::new() };
        let cluster = global.connect().await?;
        let settings = Settings { skip_schema: self.skip_schema_validation, ..Settings::default() };
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
        print(&self.select(&text)?)
    }

    fn validates(&self) -> bool {
        self.validate || self.dry_run == Try::Server
    }

    /// Whether a cluster is asked, or the chart or what it depends on is to be fetched; everything else needs neither a
    /// network nor a runtime.
    pub fn reaches_out(&self) -> bool {
        let reference = self.arguments.last().map(String::as_str).unwrap_or_default();
        let is_here = || matches!(source::locate(reference), Ok(Some(_)));
        self.validates()
            || self.dependency_update
            || !self.chart.repo.is_empty()
            || reference.starts_with("oci://")
            || !is_here()
    }

    fn check(&self) -> Result<()> {
        self.chart.provenance.refuse()?;
        ensure!(
            !self.enable_dns,
            "--enable-dns is not supported: templates never reach the network; pass the address as a value"
        );
        ensure!(
            !self.validates() || self.output_dir.is_none() && !self.is_upgrade,
            "--output-dir and --is-upgrade do not go together with --validate or --dry-run=server"
        );
        self.dry_run.warn();
        if self.validate {
            eprintln!("Flag --validate has been deprecated, use '--dry-run=server' instead");
        }
        Ok(())
    }

    fn render(&self, name: &str, mut chart: Chart) -> Result<()> {
        let capabilities = self.capabilities()?;
        let values = self.values.merge()?;
        check_name(name)?;
        let options = RenderOptions {
            release: ReleaseOptions {
                name: name.into(),
                namespace: self.namespace.clone(),
                revision: 1,
                is_upgrade: self.is_upgrade,
                is_install: !self.is_upgrade,
            },
            capabilities,
            subchart_notes: false,
            skip_schema: self.skip_schema_validation,
            lint: false,
        };
        let mut warnings = Vec::new();
        let program = self.post_render.find()?;
        let mut change = |files| {
            let run = |text: String| match &program {
                Some(program) => program.run(&text).map_err(|error| format!("{error:#}")),
                None => Ok(text),
            };
            post_render::split(&run(post_render::merge(&files)?)?)
        };
        let post_render = program.is_some().then_some::<render::PostRender<'_>>(&mut change);
        let rendered = render::render(&mut chart, &values, &options, &Offline, post_render, &mut warnings);
        source::warn(&warnings);
        let rendered = rendered.map_err(|error| self.explain(error))?;
        match &self.output_dir {
            None => print(&self.select(&self.text(&rendered))?),
            Some(folder) => {
                let files = if self.release_name { folder.join(name) } else { folder.clone() };
                self.write(&rendered, folder, &files)
            }
        }
    }

    fn capabilities(&self) -> Result<Capabilities> {
        let mut capabilities = Capabilities::default();
        if let Some(text) = &self.kube_version {
            let version = KubeVersion::parse(text);
            capabilities.kube_version = version.with_context(|| format!("invalid kube version '{text}'"))?;
        }
        capabilities.api_versions.extend(self.api_versions.iter().cloned());
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

    /// A document that is no YAML is worth seeing.
    fn explain(&self, error: render::RenderError) -> anyhow::Error {
        match &error {
            render::RenderError::Document { path, document, .. } if self.debug => {
                let mut text = String::new();
                push_document(&mut text, path, document);
                let shown = print(&text);
                shown.err().unwrap_or_else(|| anyhow!(error))
            }
            render::RenderError::Document { .. } => {
                anyhow!("{error}\n\nUse --debug flag to render out invalid YAML")
            }
            _ => anyhow!(error),
        }
    }

    fn hooks<'a>(&self, rendered: &'a Rendered) -> impl Iterator<Item = &'a render::Hook> {
        let (none, skip_tests) = (self.no_hooks, self.skip_tests);
        let is_test = |hook: &render::Hook| hook.events.contains(&HookEvent::Test);
        rendered.hooks.iter().filter(move |hook| !(none || skip_tests && is_test(hook)))
    }

    /// Everything, as one text.
    fn text(&self, rendered: &Rendered) -> String {
        let mut text = rendered.manifest_text(self.include_crds).trim().to_owned();
        text.push('\n');
        for hook in self.hooks(rendered) {
            push_document(&mut text, &hook.path, &hook.content);
        }
        text
    }

    /// Of a text, what `--show-only` asks for.
    fn select(&self, text: &str) -> Result<String> {
        if self.show_only.is_empty() {
            return Ok(text.to_owned());
        }
        let documents = render::documents(text);
        let mut selected = String::new();
        for wanted in &self.show_only {
            let matches = |document: &&&str| {
                source_path(document).is_some_and(|path| pattern::matches(wanted, path).unwrap_or(false))
            };
            let found: Vec<_> = documents.iter().filter(matches).collect();
            ensure!(!found.is_empty(), "could not find template {wanted} in chart");
            for document in found {
                selected.extend(["---\n", document, "\n"]);
            }
        }
        Ok(selected)
    }

    /// Writes every document to the file its template's path names.
    fn write(&self, rendered: &Rendered, top: &Path, files: &Path) -> Result<()> {
        let mut out = String::new();
        let mut written = HashSet::new();
        if self.include_crds {
            for crd in &rendered.crds {
                write_file(top, &crd.path, &crd.content, &mut written, &mut out)?;
            }
        }
        for manifest in &rendered.manifests {
            write_file(files, &manifest.path, &manifest.content, &mut written, &mut out)?;
        }
        out.push('\n');
        let mut notices = String::new();
        for hook in self.hooks(rendered) {
            if files.join(&hook.path).exists() {
                written.insert(files.join(&hook.path));
            }
            write_file(files, &hook.path, &hook.content, &mut written, &mut notices)?;
        }
        // Helm prints the empty manifest after all notices.
        out.insert_str(out.len() - 1, &notices);
        print(&out)
    }
}

/// Appends to a file that was written already, and replaces one that was not.
fn write_file(
    folder: &Path,
    path: &str,
    content: &str,
    written: &mut HashSet<PathBuf>,
    out: &mut String,
) -> Result<()> {
    let file = folder.join(path);
    let parent = file.parent().unwrap_or(folder);
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    let append = !written.insert(file.clone());
    let mut text = String::new();
    push_document(&mut text, path, content);
    let mut options = fs::OpenOptions::new();
    let opened = options.create(true).write(true).append(append).truncate(!append).open(&file);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| file.display().to_string())?;
    out.push_str(&format!("wrote {}\n", file.display()));
    Ok(())
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The path within the chart that a document's `# Source:` names.
fn source_path(document: &str) -> Option<&str> {
    let starts = document.match_indices("# Source: ").map(|(at, mark)| &document[at + mark.len()..]);
    starts.into_iter().find_map(|rest| {
        let (chart, path) = rest.split_once('/')?;
        let path = path.split('\n').next().unwrap_or_default();
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    })
}

pub(super) fn template_name(text: &str) -> Result<String> {
    const NAME: &str = "name-template";
    let mut set = TemplateSet::default();
    set.parse(NAME, text)?;
    let name = Engine::new(&set, &Offline).render(NAME, &Value::Nil)?;
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

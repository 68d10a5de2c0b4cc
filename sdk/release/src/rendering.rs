//! Renders a chart for a release: `naru-bundle`'s values in, text out.
//!
//! The cluster is asked while a template runs (`lookup`), from the thread that renders: a runtime with several threads is
//! needed.

use std::{cell::RefCell, collections::BTreeMap, net::ToSocketAddrs, sync::Arc};

use jiff::Zoned;
use naru_bundle::{
    builtin::{Capabilities, KubeVersion, ReleaseOptions},
    chart::{Chart, Metadata},
    environment::Environment,
    fault::Fault,
    json,
    render::{self, RenderOptions, Rendered, custom_resources},
    value::{Map, Value},
    values::{Nulls, Origins, coalesce, coalesce_tables, deep_copy_map},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use crate::{
    cluster::{Cluster, chain},
    operations::{Bundle, Definition, Render, RenderError, Request},
    post_render,
    record::{DeletePolicy, Hook, OutputPolicy, Release, chart},
};

/// What becomes of the last revision's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// They are taken if none are given.
    #[default]
    IfNoneGiven,
    /// They are dropped.
    Reset,
    /// They and the last chart's defaults stay below the given ones.
    Reuse,
    /// They stay below the given ones; the defaults are the new chart's.
    ResetThenReuse,
}

/// How a chart is rendered.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What becomes of the last revision's values.
    pub reuse: Reuse,
    /// Whether the subcharts' notes are wanted too.
    pub subchart_notes: bool,
    /// Whether `values.schema.json` is not looked at.
    pub skip_schema: bool,
    /// Whether templates may resolve names.
    pub dns: bool,
    /// Where the given values come from, for reports.
    pub origins: Option<Arc<Origins>>,
}

/// A chart and the values given for it.
pub struct ChartRenderer<'a> {
    chart: RefCell<Chart>,
    given: Map,
    settings: Settings,
    cluster: Option<&'a Cluster>,
    random: fn(&mut [u8]),
    post_render: Option<Box<PostRender<'a>>>,
}

/// Somebody who changes what was rendered: all documents as one stream in, as one stream out.
pub type PostRender<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// Values that are no JSON.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// The record's chart makes no sense.
    #[error("failed to rebuild old values: {0}")]
    Old(String),
    /// Something cannot be written as JSON.
    #[error("cannot record the release")]
    Json(#[from] json::Error),
    /// The record's JSON makes no sense.
    #[error("cannot record the release")]
    Text(#[from] serde_json::Error),
}

impl<'a> ChartRenderer<'a> {
    /// Renders `chart` with the `given` values; templates may look things up in `cluster`. `random` fills bytes with
    /// cryptographically strong randomness.
    pub fn new(
        chart: Chart,
        given: Map,
        settings: Settings,
        cluster: Option<&'a Cluster>,
        random: fn(&mut [u8]),
    ) -> Self {
        ChartRenderer { chart: RefCell::new(chart), given, settings, cluster, random, post_render: None }
    }

    /// The same; what was rendered is changed before it is sorted.
    #[must_use]
    pub fn post_rendered_by(self, change: Box<PostRender<'a>>) -> Self {
        ChartRenderer { post_render: Some(change), ..self }
    }

    fn render_now(&self, request: Request<'_>) -> Result<Bundle, RenderError> {
        let mut chart = self.chart.borrow().clone();
        let mut warnings = Vec::new();
        let given = self.values(&mut chart, request.previous, &mut warnings)?;
        let config = json::write(&Value::Map(given.clone()), json::Style::Compact).map_err(Error::Json)?;
        let options = RenderOptions {
            release: ReleaseOptions {
                name: request.name.into(),
                namespace: request.namespace.into(),
                revision: i64::try_from(request.revision).unwrap_or(i64::MAX),
                is_upgrade: request.upgrade,
                is_install: !request.upgrade,
            },
            capabilities: capabilities(request)?,
            subchart_notes: self.settings.subchart_notes,
            skip_schema: self.settings.skip_schema,
            lint: false,
            origins: self.settings.origins.clone(),
            last: false,
        };
        let surroundings =
            Surroundings { cluster: self.cluster, random: self.random, dns: self.settings.dns };
        let mut change = |files: BTreeMap<String, String>| match &self.post_render {
            Some(program) => post_render::change(&files, |stream| program(stream)),
            None => Ok(files),
        };
        let rendered =
            render::render(&mut chart, &given, &options, &surroundings, Some(&mut change), &mut warnings)?;
        Ok(Bundle {
            chart: RawValue::from_string(chart::record(&chart)?).map_err(Error::Text)?,
            config: RawValue::from_string(config).map_err(Error::Text)?,
            manifest: rendered.manifest_text(),
            hooks: hooks(&rendered),
            notes: rendered.notes,
            warnings,
        })
    }

    /// The values for a revision: those given, and those kept from the last one. A chart whose defaults are replaced by
    /// the last revision's is changed.
    fn values(
        &self,
        chart: &mut Chart,
        previous: Option<&Release>,
        warnings: &mut Vec<String>,
    ) -> Result<Map, Error> {
        let given = deep_copy_map(&self.given);
        let Some(previous) = previous.filter(|_| self.settings.reuse != Reuse::Reset) else {
            return Ok(given);
        };
        let old = json::read_map(previous.config_text().as_bytes())?;
        match self.settings.reuse {
            Reuse::IfNoneGiven if given.is_empty() => return Ok(old),
            Reuse::IfNoneGiven | Reuse::Reset => return Ok(given),
            Reuse::Reuse => {
                let before = old_chart(previous)?;
                chart.values = Some(coalesce(&before, &old, Nulls::Remove, warnings).map_err(Error::Old)?);
            }
            Reuse::ResetThenReuse => {}
        }
        coalesce_tables(&given, &old, Nulls::Remove, warnings);
        Ok(given)
    }
}

impl Render for ChartRenderer<'_> {
    fn definitions(&self) -> Vec<Definition> {
        let files = custom_resources(&self.chart.borrow());
        files.into_iter().map(|file| Definition { name: file.name, content: file.content }).collect()
    }

    async fn render(&self, request: Request<'_>) -> Result<Bundle, RenderError> {
        match self.cluster {
            // Others go on while this thread computes, and while it waits for what templates look up.
            Some(_) => tokio::task::block_in_place(|| self.render_now(request)),
            None => self.render_now(request),
        }
    }
}

fn capabilities(request: Request<'_>) -> Result<Capabilities, RenderError> {
    let Some(found) = request.capabilities else { return Ok(Capabilities::default()) };
    let mut version = KubeVersion::parse(&found.version)?;
    version.major.clone_from(&found.major);
    version.minor.clone_from(&found.minor);
    Ok(Capabilities { kube_version: version, api_versions: found.api_versions.clone() })
}

fn hooks(rendered: &Rendered) -> Vec<Hook> {
    let word = |text: &String| serde_json::Value::String(text.clone());
    let read = |hook: &render::Hook| Hook {
        name: hook.name.clone(),
        kind: hook.kind.clone(),
        path: hook.path.clone(),
        manifest: hook.content.to_string(),
        events: hook.events.clone(),
        weight: hook.weight,
        delete_policies: hook
            .delete_policies
            .iter()
            .map(|text| {
                serde_json::from_value(word(text)).unwrap_or_else(|_| DeletePolicy::Other(text.clone()))
            })
            .collect(),
        output_log_policies: hook
            .output_log_policies
            .iter()
            .map(|text| {
                serde_json::from_value(word(text)).unwrap_or_else(|_| OutputPolicy::Other(text.clone()))
            })
            .collect(),
        ..Hook::default()
    };
    rendered.hooks.iter().map(read).collect()
}

/// Of a record's chart what its values need.
fn old_chart(release: &Release) -> Result<Chart, Error> {
    #[derive(Deserialize)]
    struct Stored {
        values: Option<Box<RawValue>>,
    }
    let mut metadata = Metadata::default();
    metadata.name = release.chart_metadata().unwrap_or_default().name;
    let mut chart = Chart { metadata, ..Chart::default() };
    let Some(text) = &release.chart else { return Ok(chart) };
    let stored: Stored = serde_json::from_str(text.get())?;
    if let Some(values) = stored.values.filter(|values| values.get() != "null") {
        chart.values = Some(json::read_map(values.get().as_bytes())?);
    }
    Ok(chart)
}

/// A release's values with those of its chart below them, as JSON with keys in order.
pub fn computed_values(release: &Release) -> Result<String, RenderError> {
    let given = json::read_map(release.config_text().as_bytes())?;
    let values = coalesce(&old_chart(release)?, &given, Nulls::Remove, &mut Vec::new())?;
    Ok(json::write(&Value::Map(values), json::Style::Compact)?)
}

/// What templates may ask: this machine's clock and randomness, and the cluster.
struct Surroundings<'a> {
    cluster: Option<&'a Cluster>,
    random: fn(&mut [u8]),
    dns: bool,
}

impl Environment for Surroundings<'_> {
    fn now(&self) -> Zoned {
        Zoned::now()
    }

    fn random(&self, bytes: &mut [u8]) {
        (self.random)(bytes);
    }

    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Fault> {
        let Some(cluster) = self.cluster else { return Ok(Value::map::<&str>([])) };
        let found = Handle::current().block_on(cluster.lookup(api_version, kind, namespace, name));
        match found.map_err(|error| Fault::new(chain(&error)))? {
            None => Ok(Value::map::<&str>([])),
            Some(object) => {
                json::read(object.to_string().as_bytes()).map_err(|error| Fault::new(error.to_string()))
            }
        }
    }

    fn resolve(&self, host: &str) -> Result<String, Fault> {
        if self.dns { address(host) } else { Ok(String::new()) }
    }
}

/// The first address that `host` resolves to, as text.
///
/// # Errors
/// If it has none.
pub fn address(host: &str) -> Result<String, Fault> {
    let found = (host, 0).to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    let found = found.ok_or_else(|| Fault::new(format!("{host} has no address")))?;
    Ok(found.ip().to_string())
}

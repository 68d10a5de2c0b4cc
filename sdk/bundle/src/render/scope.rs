//! What each chart's templates see, and the templates of a chart with all its subcharts.
//! Source: Helm's `allTemplates`.

use crate::{
    builtin::{Files, chart_object},
    chart::{Chart, clean_path},
    value::{Map, MapType, Str, Value},
    values::table_at,
};

/// One template and what it sees.
#[derive(Debug)]
pub(super) struct Template {
    /// `chart/charts/sub/templates/x.yaml`.
    pub(super) path: String,
    /// Its text.
    pub(super) text: Str,
    /// The top of what it sees; all templates of a chart share it.
    pub(super) scope: Map,
    /// `chart/charts/sub/templates`.
    pub(super) base_path: String,
}

/// What all charts of a rendering share.
#[derive(Debug)]
pub(super) struct Shared {
    /// `.Release`.
    pub(super) release: Value,
    /// `.Capabilities`.
    pub(super) capabilities: Value,
}

/// The templates of a chart and its subcharts in the order in which they are parsed and rendered: the deepest first.
/// Of two with the same path the later stays.
pub(super) fn templates(chart: &Chart, values: &Map, shared: &Shared) -> Vec<Template> {
    let mut found = Vec::new();
    collect(chart, None, values, shared, &mut found);
    let depth = |template: &Template| template.path.bytes().filter(|byte| *byte == b'/').count();
    found.sort_by_cached_key(|template| std::cmp::Reverse((depth(template), template.path.clone())));
    found.dedup_by(|later, earlier| {
        let same = later.path == earlier.path;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
    found
}

/// Adds the templates of `chart`, whose `values` are its own or, under its name, its `parent`'s; returns its scope.
fn collect(
    chart: &Chart,
    parent: Option<&str>,
    values: &Map,
    shared: &Shared,
    found: &mut Vec<Template>,
) -> Map {
    let path = match parent {
        None => chart.name().to_owned(),
        Some(parent) => format!("{parent}/charts/{}", chart.name()),
    };
    let own = match parent {
        None => values.clone(),
        Some(_) => table_at(values, chart.name()).unwrap_or_else(|_| Map::new::<Str>(MapType::Values, [])),
    };
    let own = own.seen_as(MapType::Values);
    let subcharts = Map::new::<Str>(MapType::Any, []);
    let scope = Map::new(
        MapType::Values,
        [
            ("Chart", chart_object(&chart.metadata, parent.is_none())),
            ("Files", Files::new(&chart.files).into_value()),
            ("Release", shared.release.clone()),
            ("Capabilities", shared.capabilities.clone()),
            ("Values", Value::Map(own.clone())),
            ("Subcharts", Value::Map(subcharts.clone())),
        ],
    );
    for subchart in &chart.dependencies {
        let inner = collect(subchart, Some(&path), &own, shared, found);
        subcharts.set(subchart.name(), Value::Map(inner.seen_as(MapType::Any)));
    }
    let is_library = chart.metadata.is_library();
    let base_path = clean_path(&format!("{path}/templates"));
    for file in &chart.templates {
        if is_library && !is_partial(&file.name) {
            continue;
        }
        let path = clean_path(&format!("{path}/{}", file.name));
        found.push(Template {
            path,
            text: (*file.data).clone(),
            scope: scope.clone(),
            base_path: base_path.clone(),
        });
    }
    scope
}

/// Whether a template only defines what others include.
pub(super) fn is_partial(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
}

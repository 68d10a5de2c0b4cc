//! The templates of a chart, executed. Source: Helm's `Engine.render`.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    RenderError, RenderOptions, Unsorted,
    outside::{self, Outside},
    scope::{self, Template},
};
use crate::{
    chart::Chart,
    template::{Engine, Forecast, TemplateSet},
    value::{Map, MapType, Value},
    yaml,
};

/// What every template but partials writes, by path; `written` is told of each at once.
pub(super) fn render(
    chart: &Chart,
    values: Map,
    options: &RenderOptions,
    outside: &Outside<'_>,
    written: &mut dyn FnMut(&str, &Arc<String>),
) -> Result<Files, RenderError> {
    let shared =
        scope::Shared { release: options.release.value(), capabilities: options.capabilities.value() };
    let templates = scope::templates(chart, &values, &shared);
    let mut set = TemplateSet::default();
    let files: Vec<_> = templates.iter().map(|template| (&*template.path, &template.text)).collect();
    set.parse_all(&files, &chart.ahead.templates)?;
    outside.expect(keys(&set, &templates));
    let engine = Engine::new(&set, outside);
    let wanted = templates.iter().filter(|template| !scope::is_partial(&template.path));
    let files = wanted.map(|template| {
        let text = Arc::new(execute(&engine, template)?);
        written(&template.path, &text);
        Ok((template.path.clone(), text))
    });
    let files = files.collect();
    drop(engine);
    if options.last {
        std::mem::forget((set, templates, values));
    }
    files
}

/// How many keys for certificates the templates are going to make, as far as can be told.
fn keys(set: &TemplateSet, templates: &[Template]) -> usize {
    let mut slow: Vec<_> = templates.iter().filter(|template| set.is_slow(&template.path)).collect();
    if slow.iter().any(|template| scope::is_partial(&template.path)) {
        slow = templates.iter().collect();
    }
    let mut forecast = Forecast::new(set, &outside::KEY_MAKERS);
    let calls = slow.into_iter().filter(|template| !scope::is_partial(&template.path)).map(|template| {
        let data = Value::Map(template.scope.clone());
        forecast.calls(&template.path, &data)
    });
    calls.sum()
}

/// Rendered files, by path.
pub(super) type Files = BTreeMap<String, Arc<String>>;

fn execute(engine: &Engine<'_>, template: &Template) -> Result<String, RenderError> {
    let names = [("Name", template.path.as_str()), ("BasePath", template.base_path.as_str())];
    let names = names.map(|(name, text)| (name, Value::string(text)));
    template.scope.set("Template", Value::Map(Map::new(MapType::Values, names)));
    let bytes = engine.render(&template.path, &Value::Map(template.scope.clone()))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => lossy(&template.path, error.as_bytes()),
    }
}

/// What is no UTF-8 is no YAML either; notes show it as it can be shown.
fn lossy(path: &str, bytes: &[u8]) -> Result<String, RenderError> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let failed = if path.ends_with(super::NOTES) { None } else { yaml::read(bytes).err() };
    match failed {
        None => Ok(text),
        Some(error) => Err(RenderError::Document {
            path: path.to_owned(),
            cause: error.to_string(),
            position: None,
            rest: Box::new(Unsorted { document: text, ..Unsorted::default() }),
        }),
    }
}

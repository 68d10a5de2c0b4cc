//! The templates of a chart, executed.

use std::collections::BTreeMap;

use super::{RenderError, RenderOptions, scope};
use crate::{chart::Chart, environment::Environment, fault::Fault, value::Map};

/// What every template but partials writes, by path.
pub(super) fn render(
    chart: &Chart,
    values: &Map,
    options: &RenderOptions,
    _environment: &dyn Environment,
) -> Result<BTreeMap<String, String>, RenderError> {
    let shared =
        scope::Shared { release: options.release.value(), capabilities: options.capabilities.value() };
    let templates = scope::templates(chart, values, &shared);
    // Until the engine is there, only a chart without templates renders.
    match templates.first() {
        None => Ok(BTreeMap::new()),
        Some(template) => {
            let (path, length) = (&template.path, template.text.len());
            let scope = template.scope.len();
            Err(Fault::new(format!(
                "{path}: {length} bytes, {scope} names: no engine in {}",
                template.base_path
            ))
            .into())
        }
    }
}

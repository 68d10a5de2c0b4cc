//! `.Chart`: the chart's metadata under the names of Helm's struct, every field there.

use crate::{
    chart::{Dependency, Maintainer, Metadata},
    value::{Map, MapType, Value},
};

/// The map that a chart's templates see as `.Chart`.
pub fn chart_object(metadata: &Metadata, is_root: bool) -> Value {
    let annotations = metadata.annotations.as_ref().map_or_else(
        || Map::nil(MapType::Str),
        |annotations| {
            Map::new(MapType::Str, annotations.iter().map(|(key, value)| (key.as_str(), text(value))))
        },
    );
    let dependencies = metadata.dependencies.iter().flatten().map(dependency);
    Value::map([
        ("Name", text(&metadata.name)),
        ("Home", text(&metadata.home)),
        ("Sources", texts(&metadata.sources)),
        ("Version", text(&metadata.version)),
        ("Description", text(&metadata.description)),
        ("Keywords", texts(&metadata.keywords)),
        ("Maintainers", Value::list(metadata.maintainers.iter().map(maintainer))),
        ("Icon", text(&metadata.icon)),
        ("APIVersion", text(&metadata.api_version)),
        ("Condition", text(&metadata.condition)),
        ("Tags", text(&metadata.tags)),
        ("AppVersion", text(&metadata.app_version)),
        ("Deprecated", Value::Bool(metadata.deprecated)),
        ("Annotations", Value::Map(annotations)),
        ("KubeVersion", text(&metadata.kube_version)),
        ("Dependencies", Value::list(dependencies)),
        ("Type", text(&metadata.kind)),
        ("IsRoot", Value::Bool(is_root)),
    ])
}

fn maintainer(maintainer: &Maintainer) -> Value {
    Value::map([
        ("Name", text(&maintainer.name)),
        ("Email", text(&maintainer.email)),
        ("URL", text(&maintainer.url)),
    ])
}

fn dependency(dependency: &Dependency) -> Value {
    Value::map([
        ("Name", text(&dependency.name)),
        ("Version", text(&dependency.version)),
        ("Repository", text(&dependency.repository)),
        ("Condition", text(&dependency.condition)),
        ("Tags", texts(&dependency.tags)),
        ("Enabled", Value::Bool(dependency.enabled)),
        ("ImportValues", Value::list(dependency.import_values.iter().cloned())),
        ("Alias", text(&dependency.alias)),
    ])
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn texts(texts: &[String]) -> Value {
    Value::list(texts.iter().map(|item| text(item)))
}

//! Which subcharts take part: aliases, conditions, tags, and the values that parents import from them.
//! Source: Helm's `ProcessDependencies`.

use super::{Chart, Dependency};
use crate::{
    semver::{Constraint, Version},
    value::{Map, MapType, Value},
    values::{Nulls, coalesce, coalesce_tables, deep_copy_map, scalar_at, table_at},
};

/// The dependencies that `Chart.yaml` names and the chart does not contain.
pub fn missing_dependencies(chart: &Chart) -> Vec<String> {
    let dependencies = chart.metadata.dependencies.iter().flatten();
    let absent = |name: &&str| !chart.dependencies.iter().any(|subchart| subchart.name() == *name);
    dependencies.map(|dependency| dependency.name.as_str()).filter(absent).map(str::to_owned).collect()
}

/// Applies aliases, removes the subcharts that conditions or tags switch off under the `given` values, and takes over
/// what `import-values` asks for, at every depth.
///
/// # Errors
/// If what is given for a subchart is no map.
pub fn process_dependencies(
    chart: &mut Chart,
    given: &Map,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    enable(chart, given, "", warnings)?;
    import(chart, warnings)
}

/// Whether `version` is a version that `range` admits; neither may be malformed.
pub(crate) fn is_compatible(range: &str, version: &str) -> bool {
    match (Version::parse(version), Constraint::parse(range)) {
        (Ok(version), Ok(range)) => range.accepts(&version),
        _ => false,
    }
}

fn enable(chart: &mut Chart, given: &Map, path: &str, warnings: &mut Vec<String>) -> Result<(), String> {
    if chart.metadata.dependencies.is_none() {
        return Ok(());
    }
    select(chart);
    let values = coalesce(chart, given, Nulls::Remove, warnings)?;
    let mut dependencies = chart.metadata.dependencies.take().unwrap_or_default();
    for dependency in &mut dependencies {
        dependency.enabled = enabled_by_condition(dependency, &values, path, warnings)
            .unwrap_or_else(|| enabled_by_tags(dependency, &values, warnings));
    }
    let disabled: Vec<String> = dependencies
        .iter()
        .filter(|dependency| !dependency.enabled)
        .map(|dependency| dependency.name.clone())
        .collect();
    dependencies.retain(|dependency| !disabled.contains(&dependency.name));
    chart.dependencies.retain(|subchart| !disabled.contains(&subchart.metadata.name));
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.metadata.name);
        enable(subchart, &values, &path, warnings)?;
    }
    chart.metadata.dependencies = Some(dependencies).filter(|dependencies| !dependencies.is_empty());
    Ok(())
}

/// The subcharts in the order of `Chart.yaml`, each under its alias, after those that it does not mention.
fn select(chart: &mut Chart) {
    let dependencies = chart.metadata.dependencies.as_deref_mut().unwrap_or_default();
    let fits = |dependency: &Dependency, subchart: &Chart| {
        subchart.name() == dependency.name && is_compatible(&dependency.version, &subchart.metadata.version)
    };
    let (mentioned, mut selected): (Vec<Chart>, Vec<Chart>) = std::mem::take(&mut chart.dependencies)
        .into_iter()
        .partition(|subchart| dependencies.iter().any(|dependency| fits(dependency, subchart)));
    for dependency in dependencies {
        if let Some(subchart) = mentioned.iter().find(|subchart| fits(dependency, subchart)) {
            let mut subchart = subchart.clone();
            if !dependency.alias.is_empty() {
                subchart.metadata.name.clone_from(&dependency.alias);
            }
            selected.push(subchart);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
    }
    chart.dependencies = selected;
}

/// The first of the condition's paths that leads to a boolean.
fn enabled_by_condition(
    dependency: &Dependency,
    values: &Map,
    path: &str,
    warnings: &mut Vec<String>,
) -> Option<bool> {
    for condition in dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
        match scalar_at(values, &format!("{path}{condition}")) {
            Some(Value::Bool(flag)) => return Some(flag),
            Some(_) => {
                warnings.push(format!("returned non-bool value: path={condition} chart={}", dependency.name))
            }
            None => {}
        }
    }
    None
}

/// On, unless all of its tags that have a value are off.
fn enabled_by_tags(dependency: &Dependency, values: &Map, warnings: &mut Vec<String>) -> bool {
    let Ok(tags) = table_at(values, "tags") else { return true };
    let (mut on, mut off) = (false, false);
    for tag in &dependency.tags {
        match tags.get(tag.as_bytes()) {
            Some(Value::Bool(true)) => on = true,
            Some(Value::Bool(false)) => off = true,
            Some(_) => warnings.push(format!("returned non-bool value: tag={tag} chart={}", dependency.name)),
            None => {}
        }
    }
    on || !off
}

/// `import-values`, innermost first.
fn import(chart: &mut Chart, warnings: &mut Vec<String>) -> Result<(), String> {
    for subchart in &mut chart.dependencies {
        import(subchart, warnings)?;
    }
    let Some(mut dependencies) = chart.metadata.dependencies.take() else { return Ok(()) };
    // Without an import the chart's values would become what every later pass makes of them anyway.
    let values = coalesce(chart, &empty(), Nulls::Keep, warnings)?;
    let imported = empty();
    for dependency in &mut dependencies {
        let name = &dependency.name;
        let imports = dependency.import_values.iter().filter_map(ends).collect::<Vec<_>>();
        for (child, parent) in &imports {
            match table_at(&values, &format!("{name}.{child}")) {
                Ok(table) => coalesce_tables(&imported, &nested(parent, table), Nulls::Keep, warnings),
                Err(error) => warnings.push(format!("ImportValues missing table from chart {name}: {error}")),
            }
        }
        dependency.import_values = imports.into_iter().map(written).collect();
    }
    let own = deep_copy_map(&values);
    coalesce_tables(&own, &imported, Nulls::Keep, warnings);
    chart.values = Some(own);
    chart.metadata.dependencies = Some(dependencies);
    Ok(())
}

fn empty() -> Map {
    Map::new::<&str>(MapType::Any, [])
}

/// The paths an entry names, below the subchart and below the parent.
fn ends(entry: &Value) -> Option<(String, String)> {
    match entry {
        Value::Str(name) => Some((format!("exports.{name}"), ".".into())),
        Value::Map(map) => {
            let text = |key: &str| {
                map.get(key.as_bytes())
                    .map_or("<nil>".into(), |value| crate::printf::sprint(&value).to_string())
            };
            Some((text("child"), text("parent")))
        }
        _ => None,
    }
}

fn written((child, parent): (String, String)) -> Value {
    Value::Map(Map::new(MapType::Str, [("child", Value::from(child)), ("parent", Value::from(parent))]))
}

/// `table` at the end of a dotted path; at the top for `.`.
fn nested(path: &str, table: Map) -> Map {
    if path == "." {
        return table;
    }
    path.rsplit('.').fold(table, |inner, name| Map::new(MapType::Any, [(name, Value::Map(inner))]))
}

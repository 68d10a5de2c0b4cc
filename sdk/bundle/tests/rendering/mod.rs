//! A chart of a test, rendered as the first revision of release `r` in namespace `n`.

use naru_bundle::{
    builtin::{Capabilities, ReleaseOptions},
    chart::{Chart, File},
    environment::Environment,
    render::{RenderOptions, render},
    value::Map,
};

/// What the chart `name` with these files (besides `Chart.yaml`) makes of `given`, or why it fails.
pub(crate) fn rendered(
    name: &str,
    files: &[(&str, &str)],
    given: &Map,
    environment: &dyn Environment,
) -> Result<String, String> {
    let metadata = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
    let files = [("Chart.yaml", metadata.as_str())].into_iter().chain(files.iter().copied());
    let files = files.map(|(name, text)| File { name: name.into(), data: text.into() });
    let mut chart = Chart::from_files(files.collect(), &mut Vec::new()).map_err(|error| error.to_string())?;
    let release = ReleaseOptions {
        name: "r".into(),
        namespace: "n".into(),
        revision: 1,
        is_upgrade: false,
        is_install: true,
    };
    let options = RenderOptions {
        release,
        capabilities: Capabilities::default(),
        subchart_notes: false,
        skip_schema: false,
        lint: false,
        origins: None,
        last: false,
    };
    let rendered = render(&mut chart, given, &options, environment, None, &mut Vec::new());
    rendered.map(|rendered| rendered.manifest_text()).map_err(|error| error.to_string())
}

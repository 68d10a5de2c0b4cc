//! Charts from files and archives, and which subcharts take part.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::{
    json::{self, Style},
    value::{Map, Value},
    values::{Nulls, coalesce},
};

fn files(list: &[(&str, &str)]) -> Vec<File> {
    list.iter().map(|(name, text)| File { name: (*name).into(), data: (*text).into() }).collect()
}

fn load(list: &[(&str, &str)]) -> Result<Chart, ChartError> {
    Chart::from_files(files(list), &mut Vec::new())
}

fn given(text: &str) -> Map {
    json::read_map(text.as_bytes()).unwrap()
}

fn text(values: &Map) -> String {
    json::write(&Value::Map(values.clone()), Style::Raw).unwrap()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, data) in entries {
        let mut header = tar::Header::new_gnu();
        // Written by hand: the builder refuses the very paths that must be refused.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *data).unwrap();
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&builder.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

const CHART: &str = "apiVersion: v2\nname: top\nversion: 1.0.0\n";

#[test]
fn metadata_is_read_and_checked() {
    let valid = "apiVersion: v2\nname: a\nversion: 1.2\nappVersion: 20230101\ntype: library\nkeywords: [1, true]\n\
                 maintainers: [{name: b}]\nannotations: {x: 1.5}\n";
    let metadata = load(&[("Chart.yaml", valid)]).unwrap().metadata;
    assert_eq!((metadata.version.as_str(), metadata.app_version.as_str()), ("1.2", "20230101"));
    assert_eq!(metadata.keywords, ["1", "true"]);
    assert_eq!(metadata.annotations.as_deref().unwrap(), [("x".to_owned(), "1.5".to_owned())]);
    assert!(metadata.is_library());
    let invalid = [
        "name: a\n",
        "version: 1.0.0\n",
        "apiVersion: v3\nname: a\nversion: 1.0.0\n",
        "apiVersion: v2\nname: a/b\nversion: 1.0.0\n",
        "apiVersion: v2\nname: ..\nversion: 1.0.0\n",
        "apiVersion: v2\nname: a\nversion: one\n",
        "apiVersion: v2\nname: a\nversion: 1.0.0\ntype: other\n",
        "apiVersion: v2\nname: a\nversion: 1.0.0\nmaintainers: [null]\n",
        "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b, alias: 'x y'}]\n",
        "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b}, {name: c, alias: b}]\n",
        "apiVersion: v2\nname: [a]\nversion: 1.0.0\n",
        "a: [\n",
        "- a\n",
    ];
    for text in invalid {
        assert!(load(&[("Chart.yaml", text)]).is_err(), "{text}");
    }
    assert!(matches!(load(&[("values.yaml", "")]), Err(ChartError::Missing)));
}

#[test]
fn files_go_where_they_belong() {
    let chart = load(&[
        (".helmignore", ""),
        ("Chart.yaml", CHART),
        ("charts/README.md", ""),
        ("charts/_off/Chart.yaml", "broken: ["),
        ("charts/sub/Chart.yaml", "name: sub\nversion: 0.1.0\n"),
        ("charts/sub/charts/deep/Chart.yaml", "name: deep\nversion: 0.1.0\n"),
        ("crds/a.yaml", ""),
        ("templates/a.yaml", ""),
        ("values.yaml", "a: 1\n---\nb: 2\n"),
    ]);
    // A file in charts/ that is no chart is one without Chart.yaml.
    assert!(matches!(&chart, Err(ChartError::Subchart { name, .. }) if name == "README.md"));
    // Its words hold the cause already: whoever tells all causes must not tell this one twice.
    assert!(std::error::Error::source(&chart.unwrap_err()).is_none());
    let chart = load(&[
        (".helmignore", ""),
        ("Chart.yaml", CHART),
        ("charts/_off/Chart.yaml", "broken: ["),
        ("charts/sub/Chart.yaml", "name: sub\nversion: 0.1.0\n"),
        ("charts/sub/charts/deep/Chart.yaml", "name: deep\nversion: 0.1.0\n"),
        ("crds/a.yaml", ""),
        ("templates/a.yaml", ""),
        ("values.yaml", "a: 1\n---\nb: 2\n"),
    ])
    .unwrap();
    let names = |files: &[File]| files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&chart.files), [".helmignore", "crds/a.yaml"]);
    assert_eq!(names(&chart.templates), ["templates/a.yaml"]);
    assert_eq!(text(chart.values.as_ref().unwrap()), r#"{"a":1,"b":2}"#);
    assert_eq!(chart.dependencies[0].metadata.api_version, "v1");
    assert_eq!(chart.dependencies[0].dependencies[0].name(), "deep");
}

#[test]
fn requirements_of_v1_charts() {
    let requirements = ("requirements.yaml", "dependencies: [{name: sub, version: 0.1.0}]\n");
    let chart = load(&[("Chart.yaml", "name: a\nversion: 1.0.0\n"), requirements]).unwrap();
    assert_eq!(chart.metadata.dependencies.unwrap()[0].name, "sub");
    assert_eq!(chart.files.len(), 1);
    let mut warnings = Vec::new();
    let chart = Chart::from_files(files(&[("Chart.yaml", CHART), requirements]), &mut warnings).unwrap();
    assert_eq!((chart.files.len(), warnings.len()), (0, 1));
}

#[test]
fn archives_are_read_and_refused() {
    let inner = archive(&[("sub/Chart.yaml", b"name: sub\nversion: 0.1.0\n")]);
    let outer = archive(&[("top/Chart.yaml", CHART.as_bytes()), ("top/charts/sub-0.1.0.tgz", &inner)]);
    let chart = Chart::from_archive(&outer, &mut Vec::new()).unwrap();
    assert_eq!(chart.dependencies[0].name(), "sub");
    let big = vec![b' '; MAX_CHART_BYTES as usize];
    let refused: [&[(&str, &[u8])]; 7] = [
        &[("Chart.yaml", b"")],
        &[("top/../../x", b"")],
        &[("top//etc/passwd", b"")],
        &[("top/.", b"")],
        &[("x", b"")],
        &[("top\\..\\..\\x", b"")],
        &[("top/big", &big)],
    ];
    for entries in refused {
        assert!(matches!(
            Chart::from_archive(&archive(entries), &mut Vec::new()),
            Err(ChartError::Archive(_))
        ));
    }
    assert!(Chart::from_archive(b"no gzip", &mut Vec::new()).is_err());
    assert!(Chart::from_archive(&outer[..outer.len() / 2], &mut Vec::new()).is_err());
}

const PARENT: &str = "apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n\
    - {name: sub, version: '>=0.1', condition: 'sub.on,global.on', tags: [front]}\n\
    - {name: sub, version: 0.x, alias: other, tags: [back, front]}\n\
    - {name: third, version: 2.x, import-values: [data, {child: deep.part, parent: here.there}]}\n";

fn parent(values: &str) -> Chart {
    load(&[
        ("Chart.yaml", PARENT),
        ("values.yaml", values),
        ("charts/sub/Chart.yaml", "name: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", "a: 1\nnested: {x: 1, z: null}\n"),
        ("charts/third/Chart.yaml", "name: third\nversion: 2.1.0\n"),
        ("charts/third/values.yaml", "exports: {data: {imported: 1, own: 1}}\ndeep: {part: {z: 3}}\n"),
        ("charts/unlisted/Chart.yaml", "name: unlisted\nversion: 1.0.0\n"),
    ])
    .unwrap()
}

#[test]
fn conditions_tags_and_aliases() {
    let cases = [
        ("{}", "unlisted sub other third"),
        (r#"{"sub":{"on":false}}"#, "unlisted other third"),
        (r#"{"global":{"on":false}}"#, "unlisted other third"),
        (r#"{"sub":{"on":true},"tags":{"front":false}}"#, "unlisted sub third"),
        (r#"{"tags":{"front":false}}"#, "unlisted third"),
        (r#"{"tags":{"front":false,"back":true}}"#, "unlisted other third"),
        (r#"{"sub":{"on":"no"}}"#, "unlisted sub other third"),
    ];
    for (values, expected) in cases {
        let mut chart = parent("");
        process_dependencies(&mut chart, &given(values), &mut Vec::new()).unwrap();
        let names: Vec<_> = chart.dependencies.iter().map(Chart::name).collect();
        assert_eq!(names.join(" "), expected, "{values}");
    }
    let mut chart = parent("");
    assert!(process_dependencies(&mut chart, &given(r#"{"sub":1}"#), &mut Vec::new()).is_err());
}

#[test]
fn values_are_imported_and_coalesced() {
    let mut chart = parent("own: 2\nsub: {nested: {x: null}}\nglobal: {g: 1}\n");
    let given = given(r#"{"other":{"a":null,"global":{"h":2}},"third":{"deep":null}}"#);
    process_dependencies(&mut chart, &given, &mut Vec::new()).unwrap();
    let values = coalesce(&chart, &given, Nulls::Remove, &mut Vec::new()).unwrap();
    // As the stock helm has it.
    let expected = r#"{"global":{"g":1},"here":{"there":{"z":3}},"imported":1,"#.to_owned()
        + r#""other":{"global":{"g":1,"h":2},"nested":{"x":1,"z":null}},"own":2,"#
        + r#""sub":{"a":1,"global":{"g":1},"nested":{"x":1}},"#
        + r#""third":{"exports":{"data":{"imported":1,"own":1}},"global":{"g":1}},"unlisted":{"global":{"g":1}}}"#;
    assert_eq!(text(&values), expected);
}

#[test]
fn missing_dependencies_are_named() {
    let chart =
        load(&[("Chart.yaml", PARENT), ("charts/sub/Chart.yaml", "name: sub\nversion: 0.1.0\n")]).unwrap();
    assert_eq!(missing_dependencies(&chart), ["third"]);
}

//! `naru bundle get all --template`: a release's record as Helm's structs, for a Go template. Source: `helm get all`.

use anyhow::Result;
use naru_bundle::{
    json,
    template::{Engine, TemplateSet},
    time::{Instant, Zone},
    value::{Str, Value},
};
use naru_release::record::{Release, Time};

use super::surroundings::Offline;

/// Fields that Go names otherwise than by capital letters alone.
const NAMES: [(&str, &str); 3] = [("api_version", "APIVersion"), ("url", "URL"), ("urls", "URLs")];

/// Fields that hold what users wrote: their keys are no fields.
const FREE: [&str; 4] = ["config", "values", "annotations", "labels"];

/// Fields that are numbers without a fraction.
const WHOLE: [&str; 3] = ["version", "weight", "rollback_revision"];

/// Fields that are times.
const TIMES: [&str; 5] = ["first_deployed", "last_deployed", "deleted", "started_at", "completed_at"];

/// What `template` prints of a release, which it knows as `.Release`.
pub fn render(template: &str, release: &Release) -> Result<Vec<u8>> {
    const NAME: &str = "_";
    let mut set = TemplateSet::default();
    set.parse(NAME, template)?;
    let data = Value::map([("Release", object(release)?)]);
    Ok(Engine::new(&set, &Offline::default()).render(NAME, &data)?)
}

fn object(release: &Release) -> Result<Value> {
    let record = json::read(serde_json::to_string(release)?.as_bytes())?;
    let object = fields(&record);
    let labels = release.labels.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str())));
    if let Value::Map(map) = &object {
        map.set("Labels", Value::map(labels));
    }
    Ok(object)
}

/// JSON with its keys as the fields of Go's structs.
fn fields(value: &Value) -> Value {
    match value {
        Value::List(list) => Value::list(list.iter().map(fields)),
        Value::Map(map) => {
            let entries = map.snapshot();
            Value::map(entries.iter().map(|(key, value)| (field_name(key), field(key, value))))
        }
        other => other.clone(),
    }
}

fn field(key: &Str, value: &Value) -> Value {
    let key = snake(&key.text());
    let is_one_of = |names: &[&str]| names.contains(&key.as_str());
    match value {
        Value::List(hooks) if key == "hooks" => Value::list(hooks.iter().map(hook)),
        Value::Float(number) if is_one_of(&WHOLE) => Value::Int(*number as i64),
        Value::Str(text) if is_one_of(&TIMES) => text.text().parse().map_or_else(|_| value.clone(), instant),
        _ if is_one_of(&FREE) => value.clone(),
        _ => fields(value),
    }
}

/// A hook; one without a weight has the weight 0.
fn hook(value: &Value) -> Value {
    let hook = fields(value);
    if let Value::Map(map) = &hook
        && map.get(b"Weight").is_none()
    {
        map.set("Weight", Value::Int(0));
    }
    hook
}

fn instant(time: Time) -> Value {
    let (seconds, nanoseconds) = (time.at.as_second(), time.at.subsec_nanosecond().unsigned_abs());
    let zone = match time.offset.seconds() {
        0 => Zone::Utc,
        offset => Zone::Fixed { name: "".into(), offset },
    };
    Instant::new(seconds, nanoseconds, zone).into_value()
}

/// `lastDeployed` and `last_deployed` as the latter.
fn snake(key: &str) -> String {
    let mut name = String::new();
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// `last_deployed` as `LastDeployed`.
fn field_name(key: &Str) -> String {
    let name = snake(&key.text());
    if let Some((_, known)) = NAMES.iter().find(|(known, _)| *known == name) {
        return (*known).to_owned();
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::*;

    #[test]
    fn releases_are_structs_of_go() {
        let record = r#"{
            "name": "web", "namespace": "shop", "version": 3, "manifest": "kind: A", "config": {"a_b": {"cD": 1}},
            "info": {"first_deployed": "2026-11-21T20:00:00.5Z", "last_deployed": "2026-11-21T21:00:00+01:00",
                     "status": "deployed", "description": "Install complete", "notes": "hi"},
            "chart": {"metadata": {"name": "c", "version": "1.0.0", "apiVersion": "v2", "appVersion": "7",
                                   "annotations": {"x_y": "z"}}, "values": {"v_w": true}},
            "hooks": [{"name": "h", "kind": "Job", "weight": -5, "events": ["pre-install"]}]
        }"#;
        let release: Release = serde_json::from_str(record).unwrap();
        let rows = [
            (
                "{{.Release.Name}} {{.Release.Namespace}} {{ if eq .Release.Version 3 }}third{{ end }}",
                "web shop third",
            ),
            ("{{.Release.Info.Status}}: {{.Release.Info.Description}}", "deployed: Install complete"),
            ("{{.Release.Info.FirstDeployed}}", "2026-11-21 20:00:00.5 +0000 UTC"),
            (
                "{{.Release.Info.LastDeployed}} {{.Release.Info.LastDeployed.Year}}",
                "2026-11-21 21:00:00 +0100 +0100 2026",
            ),
            (
                "{{with .Release.Chart.Metadata}}{{.Name}}-{{.Version}} {{.APIVersion}} {{.AppVersion}} {{.Annotations.x_y}}{{end}}",
                "c-1.0.0 v2 7 z",
            ),
            ("{{.Release.Config.a_b.cD}} {{.Release.Chart.Values.v_w}}", "1 true"),
            (
                "{{range .Release.Hooks}}{{.Kind}}/{{.Name}} {{.Weight}} {{.Events}}{{end}}",
                "Job/h -5 [pre-install]",
            ),
        ];
        for (template, expected) in rows {
            let text = String::from_utf8(render(template, &release).unwrap()).unwrap();
            assert_eq!(text, expected, "{template}");
        }
        assert!(render("{{", &release).is_err());
    }
}

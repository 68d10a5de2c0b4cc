//! `naru apply`: makes objects be as manifests describe them, as kubectl's client-side apply does.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use crate::client::{
    ClientArgs, Session, api, failure,
    manifest::{self, FileArgs},
    output::Output,
    resource::{Resource, Resources},
};

/// Where kubectl and we keep what was applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Create or change objects to be as files describe them.
///
/// Examples: `naru apply -f pod.yaml`, `naru apply -f manifests/ -R`, `cat pod.yaml | naru apply -f -`.
#[derive(Clone, Debug, Args)]
pub struct ApplyArgs {
    /// The files.
    #[command(flatten)]
    pub files: FileArgs,
    /// Change nothing: none does it, client prints what would be sent, server has the server try it.
    #[arg(long, value_enum, default_value_t = DryRun::None)]
    pub dry_run: DryRun,
    /// The form of what is printed: json, yaml, name.
    #[arg(long, short, value_name = "FORM")]
    pub output: Option<Output>,
    /// What to do about fields the server does not know: strict refuses, warn tells, ignore says nothing.
    #[arg(long, value_enum, default_value_t = Validation::Strict)]
    pub validate: Validation,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// It is.
    None,
    /// The server is not asked.
    Client,
    /// The server checks and stores nothing.
    Server,
}

/// How strictly unknown fields are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Validation {
    /// They are errors.
    Strict,
    /// They are warnings.
    Warn,
    /// They are dropped.
    Ignore,
}

impl Validation {
    fn parameter(self) -> &'static str {
        match self {
            Validation::Strict => "Strict",
            Validation::Warn => "Warn",
            Validation::Ignore => "Ignore",
        }
    }
}

impl ApplyArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        if self.files.filename.is_empty() {
            bail!("must specify -f: a file, a directory or - for standard input");
        }
        let objects = manifest::read(&self.files)?;
        let session = self.client.session().await?;
        let resources = session.resources().await?;
        let mut failed = false;
        for object in objects {
            if let Err(error) = self.apply(&session, &resources, object).await {
                failed = true;
                eprintln!("{}", failure::describe(&error));
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn apply(&self, session: &Session, resources: &Resources, mut object: Value) -> Result<()> {
        let (api_version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
        let resource = resources.of_kind(&api_version, &kind)?;
        let namespace = place(session, resource, &mut object)?;
        let name = text(&object, "/metadata/name");
        if name.is_empty() {
            bail!("{kind} has no metadata.name: apply needs one (generateName works with create only)");
        }
        remember(&mut object);
        if self.dry_run == DryRun::Client {
            return self.told(resource, &name, &object, "applied");
        }
        let path = resource.path(Some(&namespace), Some(&name));
        match api::get(&session.client, &path, "application/json").await {
            Err(error) if failure::is_not_found(&error) => {
                let collection = resource.path(Some(&namespace), None);
                let path = api::with_query(&collection, self.parameters());
                let made = api::send(&session.client, Method::POST, &path, &object).await?;
                self.told(resource, &name, &made, "created")
            }
            Err(error) => Err(error.into()),
            Ok(live) => {
                let (media_type, patch) = patch(&live, &object);
                let path = api::with_query(&path, self.parameters());
                let after = api::patch(&session.client, &path, media_type, &patch).await?;
                let version = "/metadata/resourceVersion";
                let same = text(&live, version) == text(&after, version) && self.dry_run == DryRun::None;
                self.told(resource, &name, &after, if same { "unchanged" } else { "configured" })
            }
        }
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("fieldManager", "kubectl-client-side-apply".into()),
            ("fieldValidation", self.validate.parameter().into()),
        ];
        if self.dry_run == DryRun::Server {
            parameters.push(("dryRun", "All".into()));
        }
        parameters
    }

    fn told(&self, resource: &Resource, name: &str, object: &Value, what: &str) -> Result<()> {
        if let Some(output) = &self.output
            && let Some(text) = output.render(resource, object)?
        {
            print!("{text}");
            return Ok(());
        }
        let suffix = match self.dry_run {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        println!("{} {what}{suffix}", resource.object(name));
        Ok(())
    }
}

/// Gives an object its namespace; one that the manifest names must be the one that was asked for.
fn place(session: &Session, resource: &Resource, object: &mut Value) -> Result<String> {
    if !resource.namespaced() {
        return Ok(String::new());
    }
    let named = text(object, "/metadata/namespace");
    if named.is_empty() {
        object["metadata"]["namespace"] = json!(session.namespace);
        return Ok(session.namespace.clone());
    }
    if session.namespace_given && named != session.namespace {
        bail!(
            "the namespace from the provided object {named:?} does not match the namespace {:?}. You must pass \
             '--namespace={named}' to perform this operation.",
            session.namespace
        );
    }
    Ok(named)
}

/// Writes the object into its own last-applied annotation.
fn remember(object: &mut Value) {
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    if object["metadata"]["annotations"].is_null() {
        object["metadata"]["annotations"] = json!({});
    }
    let text = format!("{}\n", sorted(object));
    object["metadata"]["annotations"][LAST_APPLIED] = Value::String(text);
}

/// The value with its keys in order: kubectl writes them so, and compares the annotation's text.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: std::collections::BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The patch that makes `live` as `wanted`: what was applied last and is wanted no more goes, what is wanted is set,
/// what others have written stays (kubectl's three-way merge). Built-in kinds get a strategic patch, whose lists merge by
/// key on the server; others a JSON merge patch.
fn patch(live: &Value, wanted: &Value) -> (&'static str, Value) {
    let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    let last: Value = last.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let kind = naru_api::kinds::by_kind(&text(wanted, "/apiVersion"), &text(wanted, "/kind"));
    match kind {
        Some(kind) => (
            "application/strategic-merge-patch+json",
            naru_api::patch::three_way(kind.definition, &last, wanted),
        ),
        None => ("application/merge-patch+json", merge(&last, wanted)),
    }
}

/// `wanted` with a null for each field of `last` that it lacks.
fn merge(last: &Value, wanted: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (last, wanted) else { return wanted.clone() };
    let mut patch = serde_json::Map::new();
    for (key, value) in after {
        patch.insert(key.clone(), merge(before.get(key).unwrap_or(&Value::Null), value));
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_applied_and_is_wanted_no_more_goes() {
        let last = json!({"spec": {"a": 1, "b": {"c": 2, "d": 3}, "list": [1, 2]}});
        let wanted = json!({"spec": {"a": 1, "b": {"c": 5}, "list": [2]}});
        let expected = json!({"spec": {"a": 1, "b": {"c": 5, "d": null}, "list": [2]}});
        assert_eq!(merge(&last, &wanted), expected);
    }

    #[test]
    fn the_annotation_holds_the_object_without_itself() {
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        remember(&mut object);
        let once = object.clone();
        remember(&mut object);
        assert_eq!(object, once);
        let text = object["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
        let expected =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": {}}});
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), expected);
        assert!(text.ends_with('\n'));
    }
}

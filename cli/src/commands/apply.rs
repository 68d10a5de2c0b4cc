//! `naru apply`: makes objects be as manifests describe them, as kubectl's client-side apply does.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use http::Method;
use naru_api::patch;
use serde_json::{Value, json};

use crate::client::{
    ClientArgs, Session, api, canonical, failure,
    manifest::{self, FileArgs, Manifest},
    output::{self, Output},
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
    #[arg(long, value_enum, default_value_t = Validation::Strict, num_args = 0..=1, default_missing_value = "strict", require_equals = true)]
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
    #[value(alias = "true")]
    Strict,
    /// They are warnings.
    Warn,
    /// They are dropped.
    #[value(alias = "false")]
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
        let manifests = manifest::read(&self.files)?;
        let several = manifests.len() > 1;
        let session = self.client.session().await?;
        let resources = session.resources().await?;
        let mut failed = false;
        let mut results = Vec::new();
        for manifest in manifests {
            match self.apply(&session, &resources, manifest).await {
                Ok(done) => match &self.output {
                    Some(Output::Json | Output::Yaml) if several => results.push(done.object),
                    Some(output) => {
                        print!("{}", output.render(&done.resource, &done.object)?.unwrap_or_default())
                    }
                    None => println!("{}", self.words(&done)),
                },
                Err(error) => {
                    failed = true;
                    eprintln!("{}", failure::describe(&error));
                }
            }
        }
        if let (Some(output), false) = (&self.output, results.is_empty()) {
            let list = output::list(results);
            print!("{}", output.render(resources.of_kind("v1", "Namespace")?, &list)?.unwrap_or_default());
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn apply(&self, session: &Session, resources: &Resources, manifest: Manifest) -> Result<Done> {
        let Manifest { path: file, mut object } = manifest;
        let (api_version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
        let name = text(&object, "/metadata/name");
        let resource = resources.of_kind(&api_version, &kind).with_context(|| {
            let namespace = text(&object, "/metadata/namespace");
            format!("resource mapping not found for name: {name:?} namespace: {namespace:?} from {file:?}")
        })?;
        let resource = resource.clone();
        let namespace = place(session, &resource, &mut object)?;
        if name.is_empty() {
            bail!(
                "{kind} in {file:?} has no metadata.name: apply needs one (generateName works with create only)"
            );
        }
        remember(&mut object);
        let path = resource.path(Some(&namespace), Some(&name));
        let live = match api::get(&session.client, &path, "application/json").await {
            Err(error) if failure::is_not_found(&error) => None,
            found => Some(found?),
        };
        let (object, outcome) = match live {
            None if self.dry_run == DryRun::Client => (object, Outcome::Created),
            None => {
                let path = api::with_query(&resource.path(Some(&namespace), None), self.parameters());
                let made = api::send(&session.client, Method::POST, &path, &object).await;
                (made.map_err(|error| blame("creating", &file, error))?, Outcome::Created)
            }
            Some(live) => {
                warn_of_missing_memory(&resource, &name, &live);
                let patch = Patch::of(&live, &object);
                let after = if self.dry_run == DryRun::Client {
                    patch.apply(&live)?
                } else {
                    let path = api::with_query(&path, self.parameters());
                    let after = api::patch(&session.client, &path, patch.media_type(), patch.body()).await;
                    after.map_err(|error| blame("patching", &file, error))?
                };
                let outcome = if same(&live, &after) { Outcome::Unchanged } else { Outcome::Configured };
                if outcome == Outcome::Configured && !live["metadata"]["deletionTimestamp"].is_null() {
                    let what = format!("{}/{name}", resource.plural);
                    eprintln!(
                        "Warning: Detected changes to resource {what} which is currently being deleted."
                    );
                }
                (after, outcome)
            }
        };
        Ok(Done { resource, object, outcome })
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

    fn words(&self, done: &Done) -> String {
        let outcome = match done.outcome {
            Outcome::Created => "created",
            Outcome::Configured => "configured",
            Outcome::Unchanged => "unchanged",
        };
        let suffix = match self.dry_run {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        format!("{} {outcome}{suffix}", done.resource.object(&text(&done.object, "/metadata/name")))
    }
}

/// An object that was applied.
struct Done {
    resource: Resource,
    object: Value,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Created,
    Configured,
    Unchanged,
}

/// Says which file a refused object is from.
fn blame(doing: &str, file: &str, error: kube::Error) -> kube::Error {
    match error {
        kube::Error::Api(mut status) if status.reason != "Invalid" => {
            status.message = format!("error when {doing} {file:?}: {}", status.message);
            kube::Error::Api(status)
        }
        other => other,
    }
}

fn warn_of_missing_memory(resource: &Resource, name: &str, live: &Value) {
    if live["metadata"]["annotations"][LAST_APPLIED].is_null() {
        eprintln!(
            "Warning: resource {}/{name} is missing the {LAST_APPLIED} annotation which is required by naru apply. \
             naru apply should only be used on resources created declaratively by either kubectl create --save-config \
             or naru apply. The missing annotation will be patched automatically.",
            resource.plural
        );
    }
}

/// Whether the patch changed nothing: then the server kept the version, or, when it only tried, all that matters.
fn same(live: &Value, after: &Value) -> bool {
    let version = |object: &Value| text(object, "/metadata/resourceVersion");
    let without_books = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for field in ["resourceVersion", "generation", "managedFields"] {
                metadata.remove(field);
            }
        }
        object
    };
    version(live) == version(after) && without_books(live) == without_books(after)
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
    let text = format!("{}\n", canonical::compact(object));
    object["metadata"]["annotations"][LAST_APPLIED] = Value::String(text);
}

/// The patch that makes a live object as it is wanted: what was applied last and is wanted no more goes, what is wanted is
/// set, what others have written stays (kubectl's three-way merge).
enum Patch {
    /// For built-in kinds, with the name of their schema: lists merge by key.
    Strategic(&'static str, Value),
    /// A JSON merge patch for others.
    Merge(Value),
}

impl Patch {
    fn of(live: &Value, wanted: &Value) -> Self {
        let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
        let last: Value = last.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        match naru_api::kinds::by_kind(&text(wanted, "/apiVersion"), &text(wanted, "/kind")) {
            Some(kind) => Patch::Strategic(kind.definition, patch::three_way(kind.definition, &last, wanted)),
            None => Patch::Merge(merge(&last, wanted)),
        }
    }

    fn media_type(&self) -> &'static str {
        match self {
            Patch::Strategic(..) => "application/strategic-merge-patch+json",
            Patch::Merge(_) => "application/merge-patch+json",
        }
    }

    fn body(&self) -> &Value {
        match self {
            Patch::Strategic(_, body) | Patch::Merge(body) => body,
        }
    }

    /// What the server would make of it, but for its defaults.
    fn apply(&self, live: &Value) -> Result<Value> {
        match self {
            Patch::Strategic(definition, body) => patch::strategic(definition, live, body)
                .map_err(|status| anyhow::anyhow!("{}", status.message)),
            Patch::Merge(body) => {
                let mut after = live.clone();
                patch::merge(&mut after, body);
                Ok(after)
            }
        }
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
        assert!(
            text.starts_with("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\""),
            "{text}"
        );
    }

    #[test]
    fn a_patch_that_changes_nothing_is_noticed() {
        let live = json!({"metadata": {"resourceVersion": "1", "generation": 1}, "data": {"a": "b"}});
        assert!(same(&live, &live));
        let tried = json!({"metadata": {"resourceVersion": "1", "generation": 2}, "data": {"a": "c"}});
        assert!(!same(&live, &tried), "the server tried it and stored nothing");
        let stored = json!({"metadata": {"resourceVersion": "2", "generation": 1}, "data": {"a": "b"}});
        assert!(!same(&live, &stored));
    }
}

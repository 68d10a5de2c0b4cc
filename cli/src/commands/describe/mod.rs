//! `naru describe`: an object in detail, with its events.
//!
//! In: the object and its events as JSON. Out: text in kubectl's layout. The kinds of the core group have
//! layouts of their own; every other is printed field by field.

mod environment;
mod generic;
mod node;
mod pod;
mod small;
mod tabs;
mod text;
mod volume;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use text::Text;

use crate::client::{
    ClientArgs, Session, api, failure,
    resource::{Resource, Target},
};

/// Show an object in detail, with its events.
///
/// Examples: `naru describe pod web`, `naru describe node`, `naru describe pods -l app=web`.
#[derive(Clone, Debug, Args)]
pub struct DescribeArgs {
    /// TYPE, TYPE NAME..., or TYPE/NAME...
    #[arg(value_name = "TYPE")]
    pub targets: Vec<String>,
    /// Objects with these labels.
    #[arg(long = "selector", short = 'l', value_name = "LABELS")]
    pub selector: Option<String>,
    /// In all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// With the objects' events (--show-events=false leaves them out).
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub show_events: bool,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl DescribeArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let session = self.client.session().await?;
        let mut failed = false;
        let mut first = true;
        for target in session.resources().await?.targets(&self.targets)? {
            for object in self.objects(&session, &target).await? {
                match object {
                    Ok(object) => {
                        let text = self.describe(&session, &target.resource, &object).await?;
                        print!("{}{text}", if first { "" } else { "\n\n" });
                        first = false;
                    }
                    Err(error @ kube::Error::Api(_)) => {
                        failed = true;
                        eprintln!("{}", failure::describe(&error.into()));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if first && !failed {
            match self.all_namespaces {
                true => eprintln!("No resources found"),
                false => eprintln!("No resources found in {} namespace.", session.namespace),
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn objects(&self, session: &Session, target: &Target) -> Result<Vec<Result<Value, kube::Error>>> {
        let resource = &target.resource;
        if !target.names.is_empty() {
            let mut objects = Vec::new();
            for name in &target.names {
                match session.object(resource, &session.namespace, name, "application/json").await {
                    Err(error) if failure::is_not_found(&error) => {
                        let begin = self.beginning_with(session, resource, name).await?;
                        match begin.is_empty() {
                            true => objects.push(Err(error)),
                            false => objects.extend(begin.into_iter().map(Ok)),
                        }
                    }
                    found => objects.push(found),
                }
            }
            return Ok(objects);
        }
        Ok(self.list(session, resource).await?.into_iter().map(Ok).collect())
    }

    /// Who gives the beginning of a name means all objects whose names begin so.
    async fn beginning_with(&self, session: &Session, resource: &Resource, name: &str) -> Result<Vec<Value>> {
        let begins =
            |one: &Value| one["metadata"]["name"].as_str().is_some_and(|full| full.starts_with(name));
        Ok(self.list(session, resource).await?.into_iter().filter(begins).collect())
    }

    async fn list(&self, session: &Session, resource: &Resource) -> Result<Vec<Value>> {
        let namespace = (!self.all_namespaces).then_some(session.namespace.as_str());
        let labels = self.selector.clone().map(|labels| ("labelSelector", labels));
        let path = api::with_query(&resource.path(namespace, None), labels);
        let mut list = api::get(&session.client, &path, "application/json").await?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    async fn describe(&self, session: &Session, resource: &Resource, object: &Value) -> Result<String> {
        let mut text = Text::default();
        let mut with_events = self.show_events;
        match (resource.group.as_str(), resource.kind.as_str()) {
            ("", "Pod") => pod::describe(&mut text, object),
            ("", "Node") => {
                let (lease, pods) = on_node(session, object).await?;
                node::describe(&mut text, object, lease.as_ref(), &pods);
            }
            ("", "ConfigMap") => small::config_map(&mut text, object),
            ("", "ServiceAccount") => small::service_account(&mut text, object),
            ("", "Namespace") => {
                small::namespace(&mut text, object);
                with_events = false;
            }
            ("", "Secret") => {
                small::secret(&mut text, object);
                with_events = false;
            }
            (_, kind) => {
                generic::describe(&mut text, object);
                with_events &= kind != "Event";
            }
        }
        if with_events {
            events(&mut text, &self.events_of(session, resource, object).await?);
        }
        Ok(text.finish())
    }

    async fn events_of(&self, session: &Session, resource: &Resource, object: &Value) -> Result<Vec<Value>> {
        let field = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
        // Events of what has no namespace are in `default`.
        let namespace = Some(field("namespace")).filter(|name| !name.is_empty()).unwrap_or("default");
        let mut selector =
            format!("involvedObject.kind={},involvedObject.name={}", resource.kind, field("name"));
        // A node's events name it by name; the uid is that of whoever reports.
        if resource.kind != "Node" {
            selector.push_str(&format!(",involvedObject.uid={}", field("uid")));
        }
        let path =
            api::with_query(&format!("/api/v1/namespaces/{namespace}/events"), [("fieldSelector", selector)]);
        let mut list = api::get(&session.client, &path, "application/json").await?;
        let Value::Array(mut items) = list["items"].take() else { return Ok(Vec::new()) };
        items.sort_by(|one, other| when(one).cmp(when(other)));
        Ok(items)
    }
}

fn when(event: &Value) -> &str {
    ["lastTimestamp", "eventTime", "firstTimestamp"]
        .iter()
        .find_map(|field| event[field].as_str())
        .unwrap_or_default()
}

/// A node's lease, and the pods on it that have not ended.
async fn on_node(session: &Session, node: &Value) -> Result<(Option<Value>, Vec<Value>)> {
    let name = node["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}");
    let lease = match api::get(&session.client, &path, "application/json").await {
        Err(error) if failure::is_not_found(&error) => None,
        found => Some(found?),
    };
    let selector = format!("spec.nodeName={name},status.phase!=Failed,status.phase!=Succeeded");
    let path = api::with_query("/api/v1/pods", [("fieldSelector", selector)]);
    let mut list = api::get(&session.client, &path, "application/json").await?;
    match list["items"].take() {
        Value::Array(pods) => Ok((lease, pods)),
        _ => Ok((lease, Vec::new())),
    }
}

fn events(text: &mut Text, events: &[Value]) {
    if events.is_empty() {
        return text.field(0, "Events", "<none>");
    }
    text.flush();
    text.line(0, "Events:");
    text.line(1, "Type\tReason\tAge\tFrom\tMessage");
    text.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let field = |name: &str| event[name].as_str().unwrap_or_default();
        let first =
            Some(field("eventTime")).filter(|time| !time.is_empty()).unwrap_or(field("firstTimestamp"));
        let repeated = |last: &str, count: &Value| {
            format!("{} (x{count} over {})", text::since(last), text::since(first))
        };
        let series = &event["series"];
        let age = match (series["lastObservedTime"].as_str(), event["count"].as_i64()) {
            (Some(last), _) => repeated(last, &series["count"]),
            (None, Some(2..)) => repeated(field("lastTimestamp"), &event["count"]),
            _ => text::since(first),
        };
        let from = event["source"]["component"].as_str().filter(|from| !from.is_empty());
        let from = from.unwrap_or_else(|| field("reportingComponent"));
        let (kind, reason) = (field("type"), field("reason"));
        text.line(1, format_args!("{kind}\t{reason}\t{age}\t{from}\t{}", field("message").trim()));
    }
}

//! `naru describe`: an object in detail, with its events.
//!
//! In: the object and its events as JSON. Out: text in kubectl's layout. Pods and nodes have layouts of their own; every
//! other kind is printed field by field.

mod generic;
mod node;
mod pod;
mod text;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use text::Text;

use crate::client::{
    ClientArgs, Session, api, failure,
    resource::{Resource, Target},
    table::Grid,
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
            eprintln!("No resources found");
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn objects(&self, session: &Session, target: &Target) -> Result<Vec<Result<Value, kube::Error>>> {
        let resource = &target.resource;
        if !target.names.is_empty() {
            let mut objects = Vec::new();
            for name in &target.names {
                let path = resource.path(Some(&session.namespace), Some(name));
                objects.push(api::get(&session.client, &path, "application/json").await);
            }
            return Ok(objects);
        }
        let namespace = (!self.all_namespaces).then_some(session.namespace.as_str());
        let labels = self.selector.clone().map(|labels| ("labelSelector", labels));
        let path = api::with_query(&resource.path(namespace, None), labels);
        let mut list = api::get(&session.client, &path, "application/json").await?;
        match list["items"].take() {
            Value::Array(items) => Ok(items.into_iter().map(Ok).collect()),
            _ => Ok(Vec::new()),
        }
    }

    async fn describe(&self, session: &Session, resource: &Resource, object: &Value) -> Result<String> {
        let mut text = Text::default();
        match (resource.group.as_str(), resource.kind.as_str()) {
            ("", "Pod") => pod::describe(&mut text, object),
            ("", "Node") => node::describe(&mut text, object),
            _ => generic::describe(&mut text, resource, object),
        }
        if self.show_events && resource.kind != "Event" {
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

fn events(text: &mut Text, events: &[Value]) {
    if events.is_empty() {
        text.field(0, "Events", "<none>");
        return;
    }
    text.line(0, "Events:");
    let mut grid = Grid::default();
    let row = |cells: [&str; 5]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
    grid.push(row(["Type", "Reason", "Age", "From", "Message"]));
    grid.push(row(["----", "------", "----", "----", "-------"]));
    for event in events {
        let field = |name: &str| event[name].as_str().unwrap_or_default();
        let count = event["count"].as_i64().unwrap_or(1);
        let mut age = text::since(when(event));
        if count > 1 {
            age = format!("{age} (x{count} over {})", text::since(field("firstTimestamp")));
        }
        let from = event["source"]["component"].as_str().unwrap_or_else(|| field("reportingComponent"));
        grid.push(row([field("type"), field("reason"), &age, from, field("message").trim()]));
    }
    for line in grid.render().lines() {
        text.line(2, line);
    }
}

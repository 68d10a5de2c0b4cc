//! `naru get`: objects as the server's table, or in another form.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use futures::{StreamExt, pin_mut};
use serde_json::Value;

use crate::client::{
    ClientArgs, Session, api, failure,
    output::{self, Output},
    resource::{Resource, Target},
    table::{self, Style},
};

/// kubectl's page size.
const PAGE: usize = 500;

/// Show objects.
///
/// Examples: `naru get pods`, `naru get pod web -o yaml`, `naru get pods,nodes -A -o wide`, `naru get po -l app=web -w`.
#[derive(Clone, Debug, Args)]
pub struct GetArgs {
    /// TYPE, TYPE NAME..., or TYPE/NAME...
    #[arg(value_name = "TYPE")]
    pub targets: Vec<String>,
    /// The form: wide, json, yaml, name, jsonpath=TEMPLATE.
    #[arg(long, short, value_name = "FORM")]
    pub output: Option<Output>,
    /// Only objects with these labels, for example app=web,tier!=db.
    #[arg(long = "selector", short = 'l', value_name = "LABELS")]
    pub selector: Option<String>,
    /// Only objects with these fields, for example status.phase=Running.
    #[arg(long, value_name = "FIELDS")]
    pub field_selector: Option<String>,
    /// In all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// Go on with every change.
    #[arg(long, short)]
    pub watch: bool,
    /// Without the line of headings.
    #[arg(long)]
    pub no_headers: bool,
    /// With the objects' labels.
    #[arg(long)]
    pub show_labels: bool,
    /// Succeed when an object does not exist.
    #[arg(long)]
    pub ignore_not_found: bool,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl GetArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let session = self.client.session().await?;
        let targets = session.resources().await?.targets(&self.targets)?;
        if self.watch {
            let [target] = &targets[..] else { bail!("you may watch one type of resource at a time") };
            return self.watch(&session, target).await;
        }
        match &self.output {
            None | Some(Output::Wide) => self.tables(&session, &targets).await,
            Some(output) => self.objects(&session, &targets, output).await,
        }
    }

    fn namespace<'a>(&self, session: &'a Session) -> Option<&'a str> {
        (!self.all_namespaces).then_some(session.namespace.as_str())
    }

    fn style(&self, resource: &Resource) -> Style {
        Style {
            wide: self.output == Some(Output::Wide),
            no_headers: self.no_headers,
            namespaces: self.all_namespaces && resource.namespaced(),
            labels: self.show_labels,
        }
    }

    fn selectors(&self) -> Vec<(&'static str, String)> {
        let labels = self.selector.clone().map(|text| ("labelSelector", text));
        let fields = self.field_selector.clone().map(|text| ("fieldSelector", text));
        labels.into_iter().chain(fields).collect()
    }

    async fn tables(&self, session: &Session, targets: &[Target]) -> Result<ExitCode> {
        let mut failed = false;
        let mut printed = 0;
        for target in targets {
            let (tables, complaints) = self.fetch(session, target, api::TABLE).await?;
            failed |= complaints;
            let style = self.style(&target.resource);
            let mut grid = table::Grid::default();
            for (index, table) in tables.iter().enumerate() {
                let style = Style { no_headers: style.no_headers || index > 0, ..style };
                table::append(&mut grid, table, None, style);
            }
            let rows =
                tables.iter().filter_map(|table| table["rows"].as_array()).map(Vec::len).sum::<usize>();
            if rows > 0 {
                if printed > 0 {
                    println!();
                }
                print!("{}", grid.render());
            }
            printed += rows;
        }
        if printed == 0 && !failed && !self.ignore_not_found {
            match self.namespace(session) {
                Some(namespace) if targets.iter().any(|one| one.resource.namespaced()) => {
                    eprintln!("No resources found in {namespace} namespace.");
                }
                _ => eprintln!("No resources found"),
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn objects(&self, session: &Session, targets: &[Target], output: &Output) -> Result<ExitCode> {
        let mut failed = false;
        let mut items = Vec::new();
        for target in targets {
            let (found, complaints) = self.fetch(session, target, "application/json").await?;
            failed |= complaints;
            for mut one in found {
                match one["items"].take() {
                    Value::Array(all) => {
                        items.extend(all.into_iter().map(|item| typed(item, &target.resource)))
                    }
                    _ => items.push(one),
                }
            }
        }
        let single = targets.len() == 1 && targets[0].names.len() == 1;
        let resource = &targets[0].resource;
        let object = match items.len() {
            0 if single => return Ok(ExitCode::from(u8::from(failed))),
            1 if single => items.remove(0),
            _ => output::list(items),
        };
        if let Some(text) = output.render(resource, &object)? {
            print!("{text}");
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    /// The answers for a target: its named objects, or the pages of its list. Objects that cannot be had are complained
    /// about on standard error, which the second value tells.
    async fn fetch(&self, session: &Session, target: &Target, accept: &str) -> Result<(Vec<Value>, bool)> {
        let mut found = Vec::new();
        if target.names.is_empty() {
            self.pages(session, &target.resource, accept, &mut found).await?;
            return Ok((found, false));
        }
        let mut failed = false;
        for name in &target.names {
            let path = target.resource.path(Some(&session.namespace), Some(name));
            match api::get(&session.client, &path, accept).await {
                Ok(object) => found.push(object),
                Err(error) if self.ignore_not_found && failure::is_not_found(&error) => {}
                Err(error @ kube::Error::Api(_)) => {
                    failed = true;
                    eprintln!("{}", failure::describe(&error.into()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok((found, failed))
    }

    async fn pages(
        &self,
        session: &Session,
        resource: &Resource,
        accept: &str,
        found: &mut Vec<Value>,
    ) -> Result<()> {
        let path = resource.path(self.namespace(session), None);
        let mut next = String::new();
        loop {
            let mut parameters = self.selectors();
            parameters.push(("limit", PAGE.to_string()));
            if !next.is_empty() {
                parameters.push(("continue", next.clone()));
            }
            let page = api::get(&session.client, &api::with_query(&path, parameters), accept).await?;
            next = page["metadata"]["continue"].as_str().unwrap_or_default().to_string();
            found.push(page);
            if next.is_empty() {
                return Ok(());
            }
        }
    }

    async fn watch(&self, session: &Session, target: &Target) -> Result<ExitCode> {
        let resource = &target.resource;
        let tabular = matches!(self.output, None | Some(Output::Wide));
        let accept = if tabular { api::TABLE } else { "application/json" };
        let path = resource.path(self.namespace(session), None);
        let mut parameters = self.selectors();
        if let [name] = &target.names[..] {
            parameters.push(("fieldSelector", format!("metadata.name={name}")));
        }
        parameters.push(("watch", "true".into()));
        let events = api::watch(&session.client, &api::with_query(&path, parameters), accept).await?;
        pin_mut!(events);
        let mut columns = None;
        let mut style = self.style(resource);
        while let Some(event) = events.next().await {
            let event = event?;
            let object = &event["object"];
            if event["type"] == "ERROR" {
                bail!("the watch ended: {}", object["message"].as_str().unwrap_or_default());
            }
            match &self.output {
                Some(output) if !tabular => {
                    if let Some(text) = output.render(resource, object)? {
                        print!("{text}");
                    }
                }
                _ => {
                    columns = columns.or_else(|| Some(object["columnDefinitions"].clone()));
                    let mut grid = table::Grid::default();
                    table::append(&mut grid, object, columns.as_ref(), style);
                    print!("{}", grid.render());
                    style.no_headers = true;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Items of a list do not say what they are; alone they should.
fn typed(item: Value, resource: &Resource) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("apiVersion".into(), resource.api_version().into());
    object.insert("kind".into(), resource.kind.clone().into());
    if let Value::Object(fields) = item {
        object.extend(fields);
    }
    Value::Object(object)
}

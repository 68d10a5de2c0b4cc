//! `naru get`: objects as the server's table, or in another form.

use std::{cmp::Ordering, process::ExitCode};

use anyhow::{Result, bail};
use clap::Args;
use futures::{StreamExt, pin_mut};
use serde_json::Value;

use crate::client::{
    ClientArgs, Session, api, failure,
    jsonpath::Template,
    output::{self, Output},
    resource::{Resource, Target},
    table::{self, Grid, Style},
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
    /// Only changes, not what there is already.
    #[arg(long)]
    pub watch_only: bool,
    /// Without the line of headings.
    #[arg(long)]
    pub no_headers: bool,
    /// With the objects' labels.
    #[arg(long)]
    pub show_labels: bool,
    /// With a column for each of these labels.
    #[arg(long, short = 'L', value_name = "LABEL", value_delimiter = ',')]
    pub label_columns: Vec<String>,
    /// In the order of what this expression finds in them, for example .metadata.creationTimestamp.
    #[arg(long, value_name = "JSONPATH", value_parser = expression)]
    pub sort_by: Option<Template>,
    /// Succeed when an object does not exist.
    #[arg(long)]
    pub ignore_not_found: bool,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

fn expression(text: &str) -> Result<Template, String> {
    Template::parse(text).map_err(|error| error.to_string())
}

impl GetArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let session = self.client.session().await?;
        let targets = session.resources().await?.targets(&self.targets)?;
        if self.all_namespaces && targets.iter().any(|one| !one.names.is_empty() && one.resource.namespaced())
        {
            bail!("a resource cannot be retrieved by name across all namespaces");
        }
        if self.watch || self.watch_only {
            let [target] = &targets[..] else { bail!("you may only specify a single resource type") };
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
            label_columns: self.label_columns.clone(),
            prefix: String::new(),
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
        let several = targets.iter().any(|one| one.resource != targets[0].resource);
        for target in targets {
            let (mut tables, complaints) = self.fetch(session, target, api::TABLE).await?;
            failed |= complaints;
            self.sort(&mut tables, "rows")?;
            let mut style = self.style(&target.resource);
            if several {
                style.prefix = target.resource.object("");
            }
            let mut grid = Grid::default();
            for table in &tables {
                table::append(&mut grid, table, None, &style);
                style.no_headers = true;
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
                match one.get_mut("items").map(Value::take) {
                    Some(Value::Array(all)) => {
                        items.extend(all.into_iter().map(|item| typed(item, &target.resource)))
                    }
                    Some(_) => {}
                    None => items.push(one),
                }
            }
        }
        let single = targets.len() == 1 && targets[0].names.len() == 1;
        let resource = &targets[0].resource;
        let object = match items.len() {
            0 if single => return Ok(ExitCode::from(u8::from(failed))),
            1 if single => items.remove(0),
            _ => {
                let mut lists = vec![output::list(items)];
                self.sort(&mut lists, "items")?;
                lists.remove(0)
            }
        };
        if let Some(text) = output.render(resource, &object)? {
            print!("{text}");
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    /// Puts what `--sort-by` orders, the rows of tables or the items of lists, into the first of `all`.
    fn sort(&self, all: &mut [Value], field: &str) -> Result<()> {
        let (Some(template), Some((first, rest))) = (&self.sort_by, all.split_first_mut()) else {
            return Ok(());
        };
        let mut keyed = Vec::new();
        for one in std::iter::once(first[field].take()).chain(rest.iter_mut().map(|one| one[field].take())) {
            let Value::Array(one) = one else { continue };
            for value in one {
                let object = if field == "rows" { &value["object"] } else { &value };
                keyed.push((template.render(object)?, value));
            }
        }
        keyed.sort_by(|(one, _), (other, _)| compare(one, other));
        first[field] = Value::Array(keyed.into_iter().map(|(_, value)| value).collect());
        Ok(())
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
            match session.object(&target.resource, &session.namespace, name, accept).await {
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
            if self.sort_by.is_some() {
                parameters.push(("includeObject", "Object".into()));
            }
            if !next.is_empty() {
                parameters.push(("continue", next.clone()));
            }
            let page = api::get(&session.client, &api::with_query(&path, parameters), accept).await;
            let page = page.map_err(|error| self.blame_selectors(resource, error))?;
            next = page["metadata"]["continue"].as_str().unwrap_or_default().to_string();
            found.push(page);
            if next.is_empty() {
                return Ok(());
            }
        }
    }

    fn blame_selectors(&self, resource: &Resource, error: kube::Error) -> kube::Error {
        match error {
            kube::Error::Api(mut status) if matches!(status.code, 400 | 404) => {
                let what = format!("{}/{}, Resource={}", resource.group, resource.version, resource.plural);
                status.message = match (&self.selector, &self.field_selector) {
                    (None, None) => format!("Unable to list {what:?}: {}", status.message),
                    (labels, fields) => format!(
                        "Unable to find {what:?} that match label selector {:?}, field selector {:?}: {}",
                        labels.as_deref().unwrap_or_default(),
                        fields.as_deref().unwrap_or_default(),
                        status.message
                    ),
                };
                kube::Error::Api(status)
            }
            other => other,
        }
    }

    async fn watch(&self, session: &Session, target: &Target) -> Result<ExitCode> {
        let resource = &target.resource;
        let tabular = matches!(self.output, None | Some(Output::Wide));
        let accept = if tabular { api::TABLE } else { "application/json" };
        let mut screen = Screen {
            args: self,
            resource,
            style: self.style(resource),
            widths: Vec::new(),
            columns: None,
            documents: 0,
        };
        let path = resource.path(self.namespace(session), None);
        let mut parameters = self.selectors();
        match &target.names[..] {
            [] => {}
            [name] => {
                session.object(resource, &session.namespace, name, "application/json").await?;
                parameters.push(("fieldSelector", format!("metadata.name={name}")));
            }
            _ => bail!("you may watch one object, or all of a type"),
        }
        let list = api::get(&session.client, &api::with_query(&path, parameters.clone()), accept).await;
        let list = list.map_err(|error| self.blame_selectors(resource, error))?;
        let mut version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_string();
        if !self.watch_only {
            screen.show(&list)?;
        }
        loop {
            let from = [("watch", "true".to_string()), ("resourceVersion", version.clone())];
            let path = api::with_query(&path, parameters.iter().cloned().chain(from));
            let events = api::watch(&session.client, &path, accept).await?;
            pin_mut!(events);
            while let Some(event) = events.next().await {
                let event = event?;
                let object = &event["object"];
                if event["type"] == "ERROR" {
                    bail!("the watch ended: {}", object["message"].as_str().unwrap_or_default());
                }
                if let Some(seen) = seen(object) {
                    version = seen.to_string();
                }
                screen.show(object)?;
            }
        }
    }
}

/// What a watch has printed, so that what follows fits below it.
struct Screen<'a> {
    args: &'a GetArgs,
    resource: &'a Resource,
    style: Style,
    widths: Vec<usize>,
    columns: Option<Value>,
    documents: usize,
}

impl Screen<'_> {
    /// Prints a table, an object, or the objects of a list.
    fn show(&mut self, value: &Value) -> Result<()> {
        let Some(output) = self.args.output.as_ref().filter(|output| **output != Output::Wide) else {
            self.rows(value);
            return Ok(());
        };
        let objects = match value["items"].as_array() {
            Some(items) => items.iter().map(|item| typed(item.clone(), self.resource)).collect(),
            None => vec![value.clone()],
        };
        for object in objects {
            if *output == Output::Yaml && self.documents > 0 {
                println!("---");
            }
            self.documents += 1;
            print!("{}", output.render(self.resource, &object)?.unwrap_or_default());
        }
        Ok(())
    }

    fn rows(&mut self, table: &Value) {
        if table["rows"].as_array().is_none_or(Vec::is_empty) {
            return;
        }
        // Only the first table of a watch says what its columns are.
        if table["columnDefinitions"].as_array().is_some_and(|columns| !columns.is_empty()) {
            self.columns = Some(table["columnDefinitions"].clone());
        }
        let mut grid = Grid::default();
        table::append(&mut grid, table, self.columns.as_ref(), &self.style);
        print!("{}", grid.render_below(&mut self.widths));
        self.style.no_headers = true;
    }
}

/// The version of the object, or of the last row's, in an event.
fn seen(object: &Value) -> Option<&str> {
    let row = object["rows"].as_array().and_then(|rows| rows.last()).map(|row| &row["object"]);
    row.unwrap_or(object)["metadata"]["resourceVersion"].as_str()
}

/// Numbers by value, the rest as text.
fn compare(one: &str, other: &str) -> Ordering {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.total_cmp(&other),
        _ => one.cmp(other),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_sort_by_value() {
        let mut all = ["10", "9", "b", "a"];
        all.sort_by(|one, other| compare(one, other));
        assert_eq!(all, ["9", "10", "a", "b"]);
    }

    #[test]
    fn a_watch_goes_on_after_the_last_row() {
        let table = json!({"rows": [{"object": {"metadata": {"resourceVersion": "7"}}}]});
        assert_eq!(seen(&table), Some("7"));
        assert_eq!(seen(&json!({"metadata": {"resourceVersion": "8"}})), Some("8"));
    }
}

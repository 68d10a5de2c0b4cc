//! `naru wait`: until objects meet a condition, have gone, or show a value.

use std::{process::ExitCode, str::FromStr};

use anyhow::{Result, bail};
use clap::Args;
use futures::{StreamExt, pin_mut};
use serde_json::Value;
use tokio::time::{Duration, Instant, timeout_at};

use crate::client::{
    ClientArgs, Session, api, failure, jsonpath::Template, manifest::FileArgs, selection::Selected,
};

/// A watch is opened again this often, in seconds.
const WATCH_SECONDS: u32 = 60;

/// Wait until objects meet a condition.
///
/// Examples: `naru wait --for=condition=Ready pod/web --timeout=60s`, `naru wait --for=delete pod/web`,
/// `naru wait --for=jsonpath='{.status.phase}'=Running pod -l app=web`.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// TYPE NAME..., or TYPE/NAME...
    #[arg(value_name = "TYPE")]
    pub targets: Vec<String>,
    /// What files describe.
    #[command(flatten)]
    pub files: FileArgs,
    /// condition=NAME[=VALUE], delete, create, or jsonpath={PATH}[=VALUE].
    #[arg(long = "for", value_name = "CONDITION")]
    pub condition: Goal,
    /// How long to wait, for example 30s or 5m; 0 looks once, a negative time is a week.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = limit, allow_hyphen_values = true)]
    pub timeout: Duration,
    /// Objects with these labels.
    #[arg(long = "selector", short = 'l', value_name = "LABELS")]
    pub selector: Option<String>,
    /// All of the namespace.
    #[arg(long)]
    pub all: bool,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A condition with a status.
    Condition(String, String),
    /// The object has gone.
    Delete,
    /// The object exists.
    Create,
    /// A JSONPath that gives this text; any text if `None`.
    JsonPath(Template, Option<String>),
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_lowercase();
        if lower == "delete" {
            return Ok(Goal::Delete);
        }
        if lower == "create" {
            return Ok(Goal::Create);
        }
        if let Some(rest) = text.strip_prefix("condition=") {
            let (name, status) = rest.split_once('=').unwrap_or((rest, "true"));
            return Ok(Goal::Condition(name.into(), status.into()));
        }
        let Some(rest) = text.strip_prefix("jsonpath=") else {
            return Err("must be condition=NAME[=VALUE], delete, create, or jsonpath={PATH}[=VALUE]".into());
        };
        let (path, value) = match rest.rfind('}') {
            Some(end) => (&rest[..=end], rest[end + 1..].strip_prefix('=')),
            None => rest.split_once('=').map_or((rest, None), |(path, value)| (path, Some(value))),
        };
        let template = Template::parse(path).map_err(|error| error.to_string())?;
        Ok(Goal::JsonPath(template, value.map(|value| value.trim_matches(['\'', '"']).into())))
    }
}

impl Goal {
    /// Whether an object (`None`: it does not exist) is there.
    fn met(&self, object: Option<&Value>) -> Result<bool> {
        Ok(match (self, object) {
            (Goal::Delete, object) => object.is_none(),
            (_, None) => false,
            (Goal::Create, Some(_)) => true,
            (Goal::Condition(name, status), Some(object)) => {
                let all = object["status"]["conditions"].as_array();
                let observed = object["metadata"]["generation"].as_i64();
                all.into_iter().flatten().any(|one| {
                    let text = |field: &str| one[field].as_str().unwrap_or_default();
                    // A condition about an older generation says nothing about this one.
                    let current = match (one["observedGeneration"].as_i64(), observed) {
                        (Some(seen), Some(now)) => seen >= now,
                        _ => true,
                    };
                    current
                        && text("type").eq_ignore_ascii_case(name)
                        && text("status").eq_ignore_ascii_case(status)
                })
            }
            (Goal::JsonPath(template, value), Some(object)) => {
                let found = template.render(object)?;
                match value {
                    Some(value) => found == *value,
                    None => !found.is_empty(),
                }
            }
        })
    }

    fn words(&self) -> &'static str {
        match self {
            Goal::Delete => "deleted",
            _ => "condition met",
        }
    }
}

/// When a goal was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    /// Before anybody waited.
    Already,
    /// While we waited.
    InTime,
}

/// A time limit: kubectl takes a negative one for a week.
fn limit(text: &str) -> Result<Duration, String> {
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
    match text.strip_prefix('-') {
        Some(rest) => seconds(rest).map(|_| WEEK),
        None => seconds(text),
    }
}

/// A time as kubectl takes it: `30s`, `5m`, `1h`, `500ms`, a sum of those like `1m30s`, or seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no time: write 30s, 5m or 1h");
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        let letters =
            rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let unit = match &rest[digits..letters] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        total += Duration::try_from_secs_f64(number * unit).map_err(|_| bad())?;
        rest = &rest[letters..];
    }
    if text.is_empty() { Err(bad()) } else { Ok(total) }
}

impl WaitArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let session = self.client.session().await?;
        let deadline = Instant::now() + self.timeout;
        let objects = self.objects(&session).await?;
        if objects.is_empty() {
            if self.condition == Goal::Delete {
                return Ok(ExitCode::SUCCESS);
            }
            bail!("no matching resources found");
        }
        let mut failed = false;
        let alone = objects.len() == 1;
        for one in objects {
            let object = one.words();
            match self.until(&session, &one, deadline).await {
                Ok(Some(Met::Already)) if self.condition == Goal::Delete => {}
                Ok(Some(_)) => println!("{object} {}", self.condition.words()),
                Err(error) => {
                    failed = true;
                    eprintln!("{}", failure::describe(&error));
                }
                Ok(None) => {
                    failed = true;
                    let mark = if alone { "error: " } else { "" };
                    eprintln!(
                        "{mark}timed out waiting for the condition on {}/{}",
                        one.resource.plural, one.name
                    );
                }
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn objects(&self, session: &Session) -> Result<Vec<Selected>> {
        let resources = session.resources().await?;
        let mut objects = session.of_files(&resources, &self.files)?;
        if self.targets.is_empty() && !objects.is_empty() {
            return Ok(objects);
        }
        for target in resources.targets(&self.targets)? {
            match target.names.is_empty() {
                false => {
                    let names = target.names.into_iter();
                    objects.extend(names.map(|name| session.selected(&target.resource, name)));
                }
                true if self.all || self.selector.is_some() => {
                    let labels = self.selector.clone().map(|labels| ("labelSelector", labels));
                    let namespace = Some(session.namespace.as_str());
                    objects.extend(session.matching(&target.resource, namespace, labels).await?);
                }
                true => bail!("all resources must be named: give names, -l or --all"),
            }
        }
        Ok(objects)
    }

    /// Waits for one object: looks, then watches from there, again and again. None when the time is over.
    async fn until(&self, session: &Session, one: &Selected, deadline: Instant) -> Result<Option<Met>> {
        let Selected { resource, namespace, name } = one;
        let mut met = Met::Already;
        let collection = resource.path(Some(namespace), None);
        let only = ("fieldSelector", format!("metadata.name={name}"));
        loop {
            let path = api::with_query(&collection, [only.clone()]);
            let list = api::get(&session.client, &path, "application/json").await?;
            let found = list["items"].get(0);
            if self.condition.met(found)? {
                return Ok(Some(met));
            }
            met = Met::InTime;
            if Instant::now() >= deadline {
                return Ok(None);
            }
            if found.is_none() && !matches!(self.condition, Goal::Create) {
                session.object(resource, namespace, name, "application/json").await?;
            }
            let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_string();
            let parameters = [
                only.clone(),
                ("watch", "true".into()),
                ("resourceVersion", version),
                ("timeoutSeconds", WATCH_SECONDS.to_string()),
            ];
            let path = api::with_query(&collection, parameters);
            let events = api::watch(&session.client, &path, "application/json").await?;
            pin_mut!(events);
            loop {
                let Ok(event) = timeout_at(deadline, events.next()).await else { return Ok(None) };
                let Some(event) = event.transpose()? else { break };
                let object = match event["type"].as_str() {
                    Some("DELETED") => None,
                    Some("ADDED" | "MODIFIED") => Some(&event["object"]),
                    _ => break,
                };
                if self.condition.met(object)? {
                    return Ok(Some(met));
                }
                if object.is_none() {
                    break; // who waits for something else learns that it has gone
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn goals() {
        let pod = json!({"metadata": {"generation": 2}, "status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True"}, {"type": "Old", "status": "True", "observedGeneration": 1},
        ]}});
        for (goal, met) in [
            ("condition=Ready", true),
            ("condition=ready=true", true),
            ("condition=Ready=False", false),
            ("condition=Other", false),
            ("condition=Old", false),
            ("jsonpath={.status.phase}=Running", true),
            ("jsonpath='{.status.phase}'=Failed", false),
            ("jsonpath={.status.phase}", true),
            ("jsonpath={.status.none}", false),
            ("delete", false),
            ("create", true),
        ] {
            let goal: Goal = goal.replace('\'', "").parse().unwrap();
            assert_eq!(goal.met(Some(&pod)).unwrap(), met, "{goal:?}");
        }
        assert!("delete".parse::<Goal>().unwrap().met(None).unwrap());
        assert!(!"create".parse::<Goal>().unwrap().met(None).unwrap());
        assert!("ready".parse::<Goal>().is_err());
    }

    #[test]
    fn times() {
        for (text, ms) in
            [("30s", 30_000), ("5", 5_000), ("1m30s", 90_000), ("500ms", 500), ("1.5h", 5_400_000)]
        {
            assert_eq!(seconds(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", "s", "5x", "-1s", "1m5"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}

//! `naru logs`: what a pod's containers have written.

use std::{io::Write, process::ExitCode};

use anyhow::{Result, bail};
use clap::Args;
use futures::{StreamExt, pin_mut, stream::FuturesUnordered};
use serde_json::Value;
use tokio::time::Duration;

use crate::{
    client::{ClientArgs, Session, api, failure},
    commands::wait::seconds,
};

/// How many logs may be followed at once (kubectl's default).
const REQUESTS_MAX: usize = 5;
/// Lines of each log when several pods are selected and --tail is not given (kubectl's default).
const TAIL_OF_MANY: i64 = 10;

/// Print what a pod's containers have written.
///
/// Examples: `naru logs web`, `naru logs -f web -c sidecar`, `naru logs --previous web`, `naru logs -l app=web --prefix`.
#[derive(Clone, Debug, Args)]
pub struct LogsArgs {
    /// POD or pod/POD, then perhaps the container.
    #[arg(value_name = "POD")]
    pub target: Option<String>,
    /// The container.
    #[arg(value_name = "CONTAINER", conflicts_with = "container")]
    pub second: Option<String>,
    /// The container.
    #[arg(long, short)]
    pub container: Option<String>,
    /// Every container of the pod.
    #[arg(long)]
    pub all_containers: bool,
    /// Go on as they write.
    #[arg(long, short)]
    pub follow: bool,
    /// The container before its last restart.
    #[arg(long, short)]
    pub previous: bool,
    /// Only so many lines from the end; -1 is all.
    #[arg(long, value_name = "LINES", allow_negative_numbers = true)]
    pub tail: Option<i64>,
    /// With the time of each line.
    #[arg(long)]
    pub timestamps: bool,
    /// Only of this time, for example 5m.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub since: Option<Duration>,
    /// Only since this time (RFC 3339).
    #[arg(long, value_name = "TIME", conflicts_with = "since")]
    pub since_time: Option<jiff::Timestamp>,
    /// At most so many bytes.
    #[arg(long, value_name = "BYTES")]
    pub limit_bytes: Option<u64>,
    /// With the pod and the container before each line.
    #[arg(long)]
    pub prefix: bool,
    /// Pods with these labels.
    #[arg(long = "selector", short = 'l', value_name = "LABELS")]
    pub selector: Option<String>,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// One log to print.
struct Source {
    path: String,
    prefix: String,
}

impl LogsArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let session = self.client.session().await?;
        let mut sources = Vec::new();
        for pod in self.pods(&session).await? {
            for container in self.containers(&pod)? {
                sources.push(self.source(&pod, &container));
            }
        }
        if sources.is_empty() {
            eprintln!("No resources found in {} namespace.", session.namespace);
        }
        if self.follow && sources.len() > REQUESTS_MAX {
            bail!(
                "you are attempting to follow {} log streams, but maximum allowed concurrency is {REQUESTS_MAX}",
                sources.len()
            );
        }
        if self.follow {
            let mut running: FuturesUnordered<_> =
                sources.iter().map(|source| self.print(&session, source)).collect();
            while let Some(ended) = running.next().await {
                ended?;
            }
        } else {
            for source in &sources {
                self.print(&session, source).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn pods(&self, session: &Session) -> Result<Vec<Value>> {
        let pods = format!("/api/v1/namespaces/{}/pods", session.namespace);
        match (&self.target, &self.selector) {
            (Some(_), Some(_)) => bail!("only a selector (-l) or a POD name is allowed"),
            (None, None) => bail!("expected POD, pod/POD or -l SELECTOR; see naru logs --help"),
            (Some(target), None) => {
                let name = match target.split_once('/') {
                    None => target.as_str(),
                    Some(("pod" | "pods" | "po", name)) => name,
                    Some((other, _)) => bail!("logs are of pods, not of {other}: write pod/NAME"),
                };
                match api::get(&session.client, &format!("{pods}/{name}"), "application/json").await {
                    Ok(pod) => Ok(vec![pod]),
                    Err(error) if failure::is_not_found(&error) => bail!(
                        "error from server (NotFound): pods {name:?} not found in namespace {:?}",
                        session.namespace
                    ),
                    Err(error) => Err(error.into()),
                }
            }
            (None, Some(labels)) => {
                let path = api::with_query(&pods, [("labelSelector", labels.clone())]);
                let mut list = api::get(&session.client, &path, "application/json").await?;
                match list["items"].take() {
                    Value::Array(items) => Ok(items),
                    _ => Ok(Vec::new()),
                }
            }
        }
    }

    fn containers(&self, pod: &Value) -> Result<Vec<String>> {
        const DEFAULT: &str = "kubectl.kubernetes.io/default-container";
        let names = |list: &str| {
            let all = pod["spec"][list].as_array().into_iter().flatten();
            all.filter_map(|one| one["name"].as_str()).map(String::from).collect::<Vec<_>>()
        };
        let containers = names("containers");
        if let Some(name) = self.container.as_ref().or(self.second.as_ref()) {
            let all: Vec<String> = containers.into_iter().chain(names("initContainers")).collect();
            if !all.contains(name) {
                let pod = pod["metadata"]["name"].as_str().unwrap_or_default();
                bail!("container {name} is not valid for pod {pod} out of: {}", all.join(", "));
            }
            return Ok(vec![name.clone()]);
        }
        if self.all_containers {
            return Ok(names("initContainers").into_iter().chain(containers).collect());
        }
        if let Some(default) = pod["metadata"]["annotations"][DEFAULT].as_str() {
            return Ok(vec![default.into()]);
        }
        let Some(first) = containers.first() else { bail!("the pod has no containers") };
        if containers.len() > 1 {
            eprintln!("Defaulted container {first:?} out of: {}", containers.join(", "));
        }
        Ok(vec![first.clone()])
    }

    fn source(&self, pod: &Value, container: &str) -> Source {
        let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default().to_string();
        let mut parameters = vec![("container", container.to_string())];
        let flags = [("follow", self.follow), ("previous", self.previous), ("timestamps", self.timestamps)];
        parameters.extend(flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name, "true".to_string())));
        let tail = self.tail.or(self.selector.as_ref().map(|_| TAIL_OF_MANY)).filter(|lines| *lines >= 0);
        parameters.extend(tail.map(|lines| ("tailLines", lines.to_string())));
        parameters.extend(self.since.map(|since| ("sinceSeconds", since.as_secs().max(1).to_string())));
        parameters.extend(self.since_time.map(|time| ("sinceTime", time.to_string())));
        parameters.extend(self.limit_bytes.map(|bytes| ("limitBytes", bytes.to_string())));
        let path = format!("/api/v1/namespaces/{}/pods/{}/log", text("namespace"), text("name"));
        let prefix = match self.prefix {
            true => format!("[pod/{}/{container}] ", text("name")),
            false => String::new(),
        };
        Source { path: api::with_query(&path, parameters), prefix }
    }

    async fn print(&self, session: &Session, source: &Source) -> Result<()> {
        let chunks = api::text(&session.client, &source.path).await?;
        pin_mut!(chunks);
        let mut line_start = true;
        while let Some(chunk) = chunks.next().await {
            let chunk = prefixed(&chunk?, &source.prefix, &mut line_start);
            let mut out = std::io::stdout().lock();
            out.write_all(&chunk)?;
            out.flush()?;
        }
        Ok(())
    }
}

/// The bytes with `prefix` before each line; `line_start` says whether the next byte begins one.
fn prefixed(chunk: &[u8], prefix: &str, line_start: &mut bool) -> Vec<u8> {
    if prefix.is_empty() {
        return chunk.to_vec();
    }
    let mut out = Vec::with_capacity(chunk.len() + prefix.len());
    for line in chunk.split_inclusive(|byte| *byte == b'\n') {
        if *line_start {
            out.extend_from_slice(prefix.as_bytes());
        }
        out.extend_from_slice(line);
        *line_start = line.ends_with(b"\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_stands_once_before_each_line_however_it_is_cut() {
        let mut start = true;
        let mut out = prefixed(b"one\ntw", "> ", &mut start);
        out.extend(prefixed(b"o\nthree\n", "> ", &mut start));
        assert_eq!(String::from_utf8_lossy(&out), "> one\n> two\n> three\n");
    }
}

//! Runs hooks: made in order, each waited for, deleted as their policies say.

use http::Method as HttpMethod;
use naru_client::api;

use super::{Error, Operator, now};
use crate::{
    cluster::{self, Course, Writing},
    objects,
    plan::{
        changes::{Change, Placed},
        hooks::{due, is_deleted, prints_logs, set_default_policy},
    },
    readiness::Rules,
    record::{ApplyMethod, DeletePolicy, Event, Execution, Hook, OutputPolicy, Phase, Release},
};

/// What is still to be done once a run's outcome was looked at: hooks by place, and on what occasion.
#[derive(Debug, Default)]
pub(super) struct Cleanup(Vec<(usize, DeletePolicy)>);

impl Operator<'_> {
    /// Runs the hooks of an event and cleans up after them.
    pub(super) async fn run_hooks(&self, release: &mut Release, event: Event) -> Result<(), Error> {
        if self.options.no_hooks {
            return Ok(());
        }
        let (cleanup, outcome) = self.execute(release, event).await;
        let cleaned = self.clean(release, cleanup).await;
        outcome.and(cleaned)
    }

    /// Runs the hooks of an event; what their policies want deleted is left to [`Operator::clean`].
    pub(super) async fn execute(&self, release: &mut Release, event: Event) -> (Cleanup, Result<(), Error>) {
        let order = due(&release.hooks, event);
        let mut succeeded = Vec::new();
        for at in order {
            match self.execute_one(release, at, event).await {
                Ok(()) => succeeded.push(at),
                Err(error) => {
                    let hook = &mut release.hooks[at];
                    // What was not even begun has not failed.
                    if hook.last_run.phase == Phase::Running {
                        hook.last_run.completed_at = Some(now());
                        hook.last_run.phase = Phase::Failed;
                    }
                    self.print_logs(release, at, &OutputPolicy::HookFailed).await;
                    let before = succeeded.into_iter().map(|at| (at, DeletePolicy::HookSucceeded));
                    let list = std::iter::once((at, DeletePolicy::HookFailed)).chain(before).collect();
                    return (Cleanup(list), Err(error));
                }
            }
        }
        let list = succeeded.into_iter().rev().map(|at| (at, DeletePolicy::HookSucceeded)).collect();
        (Cleanup(list), Ok(()))
    }

    async fn execute_one(&self, release: &mut Release, at: usize, event: Event) -> Result<(), Error> {
        set_default_policy(&mut release.hooks[at]);
        tracing::debug!(event = event.as_str(), hook = release.hooks[at].path, "run a hook");
        self.delete_hook(&release.hooks[at], &DeletePolicy::BeforeHookCreation).await?;
        let placed = self.place_hook(&release.hooks[at], event.as_str()).await?;
        let run = Execution { started_at: Some(now()), completed_at: None, phase: Phase::Running };
        release.hooks[at].last_run = run;
        // A record that cannot be written now will be missed at the end, where it counts.
        let _ = self.storage.update(release).await;
        let server = release.apply_method == ApplyMethod::Server;
        let changes: Vec<Change> = placed
            .iter()
            .map(|one| match server && !one.identity.name.is_empty() {
                true => Change::Apply { wanted: one.clone(), force: false, is_new: true },
                false => Change::Create(one.clone()),
            })
            .collect();
        let (_, made) = self
            .cluster
            .perform(&changes, Course::Make, Writing { strict: server, ..Writing::default() })
            .await;
        let path = release.hooks[at].path.clone();
        made.map_err(|source| Error::Hook { event: event.as_str(), path, source: Box::new(source) })?;
        let identities: Vec<_> = placed.into_iter().map(|one| one.identity).collect();
        self.cluster.wait_ready(&identities, Rules::Hook, self.options.timeout).await?;
        release.hooks[at].last_run.completed_at = Some(now());
        release.hooks[at].last_run.phase = Phase::Succeeded;
        Ok(())
    }

    /// Deletes what the policies of a run want deleted, and prints the logs of what succeeded.
    pub(super) async fn clean(&self, release: &Release, cleanup: Cleanup) -> Result<(), Error> {
        for (at, policy) in cleanup.0 {
            if policy == DeletePolicy::HookSucceeded {
                self.print_logs(release, at, &OutputPolicy::HookSucceeded).await;
            }
            self.delete_hook(&release.hooks[at], &policy).await?;
        }
        Ok(())
    }

    async fn delete_hook(&self, hook: &Hook, occasion: &DeletePolicy) -> Result<(), Error> {
        if !is_deleted(hook, occasion) {
            return Ok(());
        }
        let placed = self.place_hook(hook, "deleting").await?;
        let identities: Vec<_> =
            placed.into_iter().map(|one| one.identity).filter(|one| !one.name.is_empty()).collect();
        let mut there = Vec::new();
        for identity in identities {
            if self.cluster.delete(&identity, "Background").await? {
                there.push(identity);
            }
        }
        Ok(self.cluster.wait_gone(&there, self.options.timeout).await?)
    }

    async fn place_hook(&self, hook: &Hook, event: &'static str) -> Result<Vec<Placed>, Error> {
        let failed =
            |source| Error::HookManifest { event, path: hook.path.clone(), source: Box::new(source) };
        let what = "unable to read the hook";
        let objects =
            objects::parse(&hook.manifest).map_err(|source| failed(Error::Manifest { what, source }))?;
        self.cluster.place(objects).await.map_err(|source| failed(source.into()))
    }

    async fn print_logs(&self, release: &Release, at: usize, occasion: &OutputPolicy) {
        let hook = &release.hooks[at];
        if prints_logs(hook, occasion)
            && let Err(error) = self.logs_of(hook, &release.namespace).await
        {
            self.say(&format!("error outputting logs for hook: {}", cluster::chain(&error)));
        }
    }

    async fn logs_of(&self, hook: &Hook, namespace: &str) -> Result<(), Error> {
        let selector = match hook.kind.as_str() {
            "Job" => ("labelSelector", format!("job-name={}", hook.name)),
            _ => ("fieldSelector", format!("metadata.name={}", hook.name)),
        };
        let named = objects::parse(&hook.manifest).ok();
        let namespace = named
            .and_then(|objects| objects.first().map(|one| one.namespace().to_string()))
            .filter(|named| !named.is_empty())
            .unwrap_or_else(|| namespace.into());
        let pods = format!("/api/v1/namespaces/{namespace}/pods");
        let client = self.cluster.client();
        let list = api::get(client, &api::with_query(&pods, [selector]), "application/json").await;
        let list = list.map_err(cluster::Error::from)?;
        for pod in list["items"].as_array().into_iter().flatten() {
            let pod_name = pod["metadata"]["name"].as_str().unwrap_or_default();
            for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
                let container = container["name"].as_str().unwrap_or_default();
                self.say(self.log(&pods, pod_name, container).await?.trim_end_matches('\n'));
            }
        }
        Ok(())
    }

    /// What a container has written.
    pub(super) async fn log(&self, pods: &str, pod: &str, container: &str) -> Result<String, Error> {
        let path = api::with_query(&format!("{pods}/{pod}/log"), [("container", container.to_string())]);
        let request = http::Request::builder().method(HttpMethod::GET).uri(path).body(Vec::new());
        let request = request.map_err(|error| Error::Plain(error.to_string()))?;
        let text = self.cluster.client().request_text(request).await.map_err(cluster::Error::from)?;
        Ok(text)
    }
}

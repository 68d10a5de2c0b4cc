//! A release's tests.

use super::{Error, Operator, hooks::Cleanup};
use crate::{
    plan::{history::Refusal, hooks::due, name},
    record::{Event, Hook, Release},
};

/// Which tests run.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these, if there are any.
    pub only: Vec<String>,
    /// Never these.
    pub never: Vec<String>,
}

impl Filter {
    fn allows(&self, hook: &Hook) -> bool {
        !self.never.contains(&hook.name) && (self.only.is_empty() || self.only.contains(&hook.name))
    }
}

/// Tests that have run and whose objects are still there.
pub struct Tested {
    /// The record, with how each test went.
    pub release: Release,
    /// How it went as a whole.
    pub outcome: Result<(), Error>,
    cleanup: Cleanup,
}

impl Operator<'_> {
    /// Runs a release's tests. Their objects stay until [`Operator::finish_test`], so that their logs can be read.
    pub async fn test(&self, name: &str, filter: &Filter) -> Result<Tested, Error> {
        name::check(name)
            .map_err(|_| Error::Plain(format!("releaseTest: Release name is invalid: {name}")))?;
        let history = self.storage.history(name).await?;
        let mut release = history.last().ok_or(Refusal::NotFound)?.release.clone();
        let (mut chosen, mut rest): (Vec<Hook>, Vec<Hook>) =
            std::mem::take(&mut release.hooks).into_iter().partition(|hook| filter.allows(hook));
        let before = chosen.len();
        // The rest comes last while tests run, so that the places of those that ran stay as they are.
        chosen.append(&mut rest);
        release.hooks = chosen;
        for hook in &mut release.hooks[before..] {
            hook.events.retain(|event| *event != Event::Test);
        }
        let (cleanup, outcome) = self.execute(&mut release, Event::Test).await;
        let left_out = history.last().map(|last| last.release.hooks.clone()).unwrap_or_default();
        for hook in &mut release.hooks[before..] {
            if let Some(original) = left_out.iter().find(|one| one.name == hook.name && one.path == hook.path)
            {
                hook.events.clone_from(&original.events);
            }
        }
        self.storage.update(&release).await?;
        Ok(Tested { release, outcome, cleanup })
    }

    /// What the containers of the test pods have written, with Helm's headings.
    pub async fn test_logs(&self, tested: &Tested, filter: &Filter) -> Result<String, Error> {
        let pods = format!("/api/v1/namespaces/{}/pods", self.cluster.namespace());
        let hooks = &tested.release.hooks;
        let mut text = String::new();
        for hook in due(hooks, Event::Test).into_iter().map(|at| &hooks[at]) {
            if hook.kind != "Pod" || !filter.allows(hook) {
                continue;
            }
            let identity = crate::objects::Identity {
                api_version: "v1".into(),
                kind: "Pod".into(),
                namespace: self.cluster.namespace().into(),
                name: hook.name.clone(),
            };
            let pod = self.cluster.get(&identity).await?.ok_or_else(|| {
                Error::Plain(format!("unable to get pod {}: pods {:?} not found", hook.name, hook.name))
            })?;
            for list in ["initContainers", "containers"] {
                for container in pod["spec"][list].as_array().into_iter().flatten() {
                    let container = container["name"].as_str().unwrap_or_default();
                    let log = self.log(&pods, &hook.name, container).await?;
                    text.push_str(&format!("POD LOGS: {} ({container})\n{log}\n", hook.name));
                }
            }
        }
        Ok(text)
    }

    /// Deletes what the tests' policies want deleted and gives the outcome.
    pub async fn finish_test(&self, tested: Tested) -> Result<(), Error> {
        let cleaned = self.clean(&tested.release, tested.cleanup).await;
        tested.outcome.and(cleaned)
    }
}

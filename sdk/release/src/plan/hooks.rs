//! Which hooks run at an event, in which order, and when their objects go.

use crate::record::{DeletePolicy, Event, Hook, OutputPolicy};

/// The places of the hooks of an event in the order in which they run: by weight, then name, else as they are (which
/// is by kind).
pub fn due(hooks: &[Hook], event: Event) -> Vec<usize> {
    let mut due: Vec<usize> = (0..hooks.len()).filter(|at| hooks[*at].events.contains(&event)).collect();
    due.sort_by(|a, b| {
        let key = |at: usize| (hooks[at].weight, &hooks[at].name);
        key(*a).cmp(&key(*b))
    });
    due
}

/// Gives a hook the policy that holds where none is named.
pub fn set_default_policy(hook: &mut Hook) {
    if hook.delete_policies.is_empty() {
        hook.delete_policies.push(DeletePolicy::BeforeHookCreation);
    }
}

/// Whether a hook's objects are deleted on an occasion. Definitions of kinds never are: every object of the kind would
/// go with them.
pub fn is_deleted(hook: &Hook, occasion: &DeletePolicy) -> bool {
    hook.kind != "CustomResourceDefinition" && hook.delete_policies.contains(occasion)
}

/// Whether a hook's logs are printed on an occasion.
pub fn prints_logs(hook: &Hook, occasion: &OutputPolicy) -> bool {
    matches!(hook.kind.as_str(), "Pod" | "Job") && hook.output_log_policies.contains(occasion)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(name: &str, weight: i64, events: &[Event]) -> Hook {
        Hook { name: name.into(), weight, events: events.to_vec(), ..Hook::default() }
    }

    #[test]
    fn by_weight_then_name() {
        let hooks = [
            hook("c", 5, &[Event::PreInstall]),
            hook("b", 0, &[Event::PreInstall, Event::PreUpgrade]),
            hook("a", 0, &[Event::PreInstall]),
            hook("z", -5, &[Event::PreInstall]),
            hook("t", 0, &[Event::Test]),
        ];
        assert_eq!(due(&hooks, Event::PreInstall), [3, 2, 1, 0]);
        assert_eq!(due(&hooks, Event::PreUpgrade), [1]);
        assert!(due(&hooks, Event::PostDelete).is_empty());
    }

    #[test]
    fn policies() {
        let mut plain = hook("a", 0, &[]);
        assert!(!is_deleted(&plain, &DeletePolicy::BeforeHookCreation));
        set_default_policy(&mut plain);
        assert!(is_deleted(&plain, &DeletePolicy::BeforeHookCreation));
        assert!(!is_deleted(&plain, &DeletePolicy::HookSucceeded));
        let definition = Hook { kind: "CustomResourceDefinition".into(), ..plain };
        assert!(!is_deleted(&definition, &DeletePolicy::BeforeHookCreation));
        let logs = vec![OutputPolicy::HookFailed];
        let pod = Hook { kind: "Pod".into(), output_log_policies: logs.clone(), ..Hook::default() };
        assert!(
            prints_logs(&pod, &OutputPolicy::HookFailed) && !prints_logs(&pod, &OutputPolicy::HookSucceeded)
        );
        assert!(!prints_logs(&Hook { kind: "ConfigMap".into(), ..pod }, &OutputPolicy::HookFailed));
    }
}

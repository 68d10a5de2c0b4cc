//! SELinux labels: what a container's `seLinuxOptions` come to on this machine.
//!
//! In: the pod, the container, whether the kernel enforces or logs SELinux. Out: nothing, or a refusal for the pod's user. As with
//! the other container runtimes, labels mean nothing where the kernel has no SELinux; where it has, a label that is asked for and
//! not set would be a protection that is not there. Source: `PodSecurityContext.seLinuxOptions` of the Kubernetes API.

use std::path::Path;

use k8s_openapi::api::core::v1::{Container, Pod};

/// Where the kernel tells of SELinux, if it has it and it is on (`selinuxfs`).
const ENFORCE: &str = "/sys/fs/selinux/enforce";

/// Whether SELinux is on here.
pub(crate) fn is_on() -> bool {
    Path::new(ENFORCE).exists()
}

/// Refuses labels where they would have to act.
pub(crate) fn check(pod: &Pod, container: &Container, on: bool) -> Result<(), String> {
    let own = container.security_context.as_ref().and_then(|context| context.se_linux_options.as_ref());
    let pods = || pod.spec.as_ref()?.security_context.as_ref()?.se_linux_options.as_ref();
    if on && own.or_else(pods).is_some() {
        return Err(
            "seLinuxOptions are set, SELinux is on on this node, and labels are not supported by naru yet: \
                    leave seLinuxOptions out or choose a node without SELinux"
                .into(),
        );
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_refused_only_where_they_would_act() {
        let label = Some(json!({"level": "s0:c0,c1"}));
        for (pods, own, on, fine) in [
            (None, None, true, true),
            (label.clone(), None, false, true),
            (None, label.clone(), false, true),
            (label.clone(), None, true, false),
            (None, label.clone(), true, false),
        ] {
            let container = json!({"name": "c", "securityContext": {"seLinuxOptions": own}});
            let pod: Pod = serde_json::from_value(json!({
                "metadata": {},
                "spec": {"securityContext": {"seLinuxOptions": pods}, "containers": [container]},
            }))
            .unwrap();
            let container = &pod.spec.as_ref().unwrap().containers[0];
            assert_eq!(check(&pod, container, on).is_ok(), fine, "{pods:?} {own:?} {on}");
        }
    }
}

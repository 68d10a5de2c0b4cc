//! Finding, pulling and mounting the image of a container.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Pod;
use naru_image::{Content, Credentials, Error, Image, Reference};

use super::Job;
use crate::{
    context::chain,
    events::Severity,
    objects::{Content as Object, Key},
    pods::{
        desired,
        ids::Engine,
        step::{Class, Done, Prepared, Trouble},
    },
};

/// The keys of secrets that hold logins: the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`.
const CONFIG_KEYS: [&str; 2] = [".dockerconfigjson", ".dockercfg"];

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PullPolicy {
    Always,
    IfNotPresent,
    Never,
}

impl PullPolicy {
    fn of(asked: Option<&str>, reference: &str) -> PullPolicy {
        match asked {
            Some("Always") => PullPolicy::Always,
            Some("Never") => PullPolicy::Never,
            Some(_) => PullPolicy::IfNotPresent,
            None if latest(reference) => PullPolicy::Always,
            None => PullPolicy::IfNotPresent,
        }
    }
}

/// Whether a reference means the tag `latest`.
fn latest(reference: &str) -> bool {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    !reference.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

impl Job {
    pub(super) async fn prepare_image(&self, name: &str, attempt: u32) -> Result<Done, Trouble> {
        let (pod, container) = self.find(name)?;
        let reference = container.image.as_deref().unwrap_or_default();
        let policy = PullPolicy::of(container.image_pull_policy.as_deref(), reference);
        let image = match self.have(pod, name, reference, policy).await {
            Ok(image) => image,
            Err(trouble) => {
                self.tell(Some(name), Severity::Warning, "Failed", format!("Error: {}", trouble.reason));
                return Err(trouble);
            }
        };
        let (engine, rootfs) = match &image.content {
            Content::Wasm { .. } => (Engine::Wasm, None),
            Content::Oci { .. } => {
                let id = self.id(name, attempt);
                let mounted = self.context.images.mount(&image, &id.0).await;
                let path =
                    mounted.map_err(|error| Trouble::passing("CreateContainerError", chain(&error)))?;
                (Engine::Oci, Some(path))
            }
        };
        let name = shown_name(&image, reference);
        let asked = reference.to_owned();
        Ok(Done::Image(Prepared { image: Arc::new(image), asked, name, engine, rootfs }))
    }

    /// The image, from here or from its registry.
    async fn have(
        &self,
        pod: &Pod,
        name: &str,
        reference: &str,
        policy: PullPolicy,
    ) -> Result<Image, Trouble> {
        let found = self
            .context
            .images
            .find(reference)
            .await
            .map_err(|error| self.refused(name, reference, error))?;
        if let Some(image) = found
            && (policy != PullPolicy::Always || image.imported)
        {
            let message = format!(
                "Container image {reference:?} already present on machine and can be accessed by the pod"
            );
            self.tell(Some(name), Severity::Normal, "Pulled", message);
            return Ok(image);
        }
        if policy == PullPolicy::Never {
            let message = format!("Container image {reference:?} is not present with pull policy of Never");
            self.tell(Some(name), Severity::Warning, "ErrImageNeverPull", message.clone());
            return Err(Trouble::lasting("ErrImageNeverPull", message));
        }
        self.pull(pod, name, reference).await
    }

    async fn pull(&self, pod: &Pod, name: &str, reference: &str) -> Result<Image, Trouble> {
        self.tell(Some(name), Severity::Normal, "Pulling", format!("Pulling image {reference:?}"));
        let waiting = Instant::now();
        let credentials = self.credentials(pod, reference).await?;
        let _permit = self.context.pulls.acquire().await;
        let pulling = Instant::now();
        match self.context.images.pull(reference, &credentials).await {
            Ok(image) => {
                let message = format!(
                    "Successfully pulled image {reference:?} in {} ({} including waiting). Image size: {} bytes.",
                    go_millis(pulling.elapsed()),
                    go_millis(waiting.elapsed()),
                    image.size_bytes
                );
                self.tell(Some(name), Severity::Normal, "Pulled", message);
                Ok(image)
            }
            Err(error) => Err(self.refused(name, reference, error)),
        }
    }

    async fn credentials(&self, pod: &Pod, reference: &str) -> Result<Credentials, Trouble> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let names = desired::spec(pod).image_pull_secrets.iter().flatten().map(|secret| &secret.name);
        // The API has always let them in.
        let names = names.filter(|name| !name.is_empty());
        let keys = names.map(|name| Key::secret(namespace, name)).collect();
        let contents = self.fetch(keys, Duration::ZERO).await;
        let contents = contents.map_err(|message| Trouble::passing("ErrImagePull", message))?;
        // A secret that is missing is no error: the registry may let anybody in (as kubelet does it).
        Ok(login(reference, contents.values().flatten().map(|content| &**content)))
    }

    fn refused(&self, name: &str, reference: &str, error: Error) -> Trouble {
        if matches!(error, Error::InvalidReference { .. }) {
            let message = format!(
                "Failed to apply default image tag {reference:?}: couldn't parse image name {reference:?}: \
                 invalid reference format"
            );
            self.tell(Some(name), Severity::Warning, "InspectFailed", message.clone());
            return Trouble::lasting("InvalidImageName", message);
        }
        let cause = match error {
            Error::Pull { reason, .. } => reason,
            other => chain(&other),
        };
        let message = format!("Failed to pull image {reference:?}: {cause}");
        self.tell(Some(name), Severity::Warning, "Failed", message);
        Trouble { reason: "ErrImagePull", message: cause, class: Class::Lasting }
    }
}

/// The login for `reference` in the first of `secrets` that has one.
fn login<'a>(reference: &str, secrets: impl Iterator<Item = &'a Object>) -> Credentials {
    let Ok(parsed) = Reference::parse(reference) else { return Credentials::Anonymous };
    let configs = secrets.filter_map(|secret| CONFIG_KEYS.iter().find_map(|key| secret.data.get(*key)));
    let logins = configs.filter_map(|config| match Credentials::for_registry(config, &parsed) {
        Ok(login) => login,
        Err(error) => {
            tracing::warn!(image = reference, %error, "an imagePullSecret cannot be read");
            None
        }
    });
    logins.into_iter().next().unwrap_or(Credentials::Anonymous)
}

/// The one of the image's names that the pod's reference stands for.
fn shown_name(image: &Image, reference: &str) -> String {
    let full = Reference::parse(reference).map(|parsed| parsed.to_string());
    let full = full.ok().filter(|full| image.names.contains(full));
    full.or_else(|| image.names.first().cloned()).unwrap_or_else(|| reference.to_owned())
}

/// A duration as Go prints it in milliseconds: `85ms`, `1.234s`, `1m2.5s`.
fn go_millis(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let fraction = format!("{:03}", millis % 1000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    match (millis / 60_000, millis / 1000 % 60) {
        (0, seconds) => format!("{seconds}{point}{fraction}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}{point}{fraction}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_default_by_the_tag() {
        let table = [
            (None, "busybox", PullPolicy::Always),
            (None, "localhost:5000/x:latest", PullPolicy::Always),
            (None, "localhost:5000/x:1", PullPolicy::IfNotPresent),
            (None, "x@sha256:00", PullPolicy::IfNotPresent),
            (Some("Always"), "x:1", PullPolicy::Always),
            (Some("Never"), "x", PullPolicy::Never),
            (Some("IfNotPresent"), "x", PullPolicy::IfNotPresent),
        ];
        for (asked, reference, expected) in table {
            assert_eq!(PullPolicy::of(asked, reference), expected, "{asked:?} {reference}");
        }
    }

    #[test]
    fn logins_come_from_secrets_of_both_types() {
        let secret = |key: &str, text: &str| Object {
            version: "1".into(),
            data: [(key.to_owned(), text.as_bytes().to_vec())].into(),
        };
        let entry = r#"{"localhost:5000": {"username": "u", "password": "p"}}"#;
        let new = secret(".dockerconfigjson", &format!(r#"{{"auths": {entry}}}"#));
        let (old, broken) = (secret(".dockercfg", entry), secret(".dockerconfigjson", "nonsense"));
        let found = Credentials::Basic { username: "u".into(), password: "p".into() };
        assert_eq!(login("localhost:5000/x", [&broken, &new].into_iter()), found);
        assert_eq!(login("localhost:5000/x", [&old].into_iter()), found);
        assert_eq!(login("localhost:6000/x", [&new].into_iter()), Credentials::Anonymous);
    }

    #[test]
    fn durations_look_like_gos() {
        let table = [(85, "85ms"), (1234, "1.234s"), (2000, "2s"), (62_500, "1m2.5s"), (0, "0ms")];
        for (millis, expected) in table {
            assert_eq!(go_millis(Duration::from_millis(millis)), expected);
        }
    }
}

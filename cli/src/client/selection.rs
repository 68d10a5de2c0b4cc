//! Which objects a command means: those its files describe, those its arguments name, those its selectors match.

use anyhow::Result;
use serde_json::Value;

use super::{
    Session, api,
    manifest::{self, FileArgs, Manifest},
    resource::{Resource, Resources},
};

/// One object, by kind, namespace and name.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The kind.
    pub resource: Resource,
    /// The namespace; meaningless for cluster-wide kinds.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Selected {
    /// The object's path on the server.
    pub fn path(&self) -> String {
        self.resource.path(Some(&self.namespace), Some(&self.name))
    }

    /// As users write it: `pod/web`.
    pub fn words(&self) -> String {
        self.resource.object(&self.name)
    }
}

impl Session {
    /// An object of the session's namespace.
    pub fn selected(&self, resource: &Resource, name: String) -> Selected {
        Selected { resource: resource.clone(), namespace: self.namespace.clone(), name }
    }

    /// What files describe; objects without a namespace are in the session's.
    pub fn of_files(&self, resources: &Resources, files: &FileArgs) -> Result<Vec<Selected>> {
        let mut selected = Vec::new();
        for Manifest { object, .. } in manifest::read(files)? {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let resource = resources.of_kind(text("/apiVersion"), text("/kind"))?;
            let mut one = self.selected(resource, text("/metadata/name").into());
            if !text("/metadata/namespace").is_empty() {
                one.namespace = text("/metadata/namespace").into();
            }
            selected.push(one);
        }
        Ok(selected)
    }

    /// What the server finds by selectors (`labelSelector`, `fieldSelector`), in one namespace or in all.
    pub async fn matching<'a>(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selectors: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Result<Vec<Selected>> {
        let path = api::with_query(&resource.path(namespace, None), selectors);
        let list = api::get(&self.client, &path, "application/json").await?;
        let selected = |one: &Value| {
            let field = |name: &str| one["metadata"][name].as_str().unwrap_or_default().to_string();
            Selected { resource: resource.clone(), namespace: field("namespace"), name: field("name") }
        };
        Ok(list["items"].as_array().into_iter().flatten().map(selected).collect())
    }
}

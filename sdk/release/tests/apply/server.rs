//! A small API server in memory that offers server-side apply: Secrets and ConfigMaps, field managers, conflicts in the
//! words of the Kubernetes API. In: HTTP; out: JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// An object and who manages which of its fields (`.data.key`), by (manager, operation).
#[derive(Clone, Debug, Default)]
struct Entry {
    object: Value,
    owners: BTreeMap<(String, String), BTreeSet<String>>,
}

/// The server's objects, by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server(Arc<Mutex<BTreeMap<String, Entry>>>);

type Answer = Result<Value, (StatusCode, Value)>;

fn refused(code: StatusCode, reason: &str, message: String) -> (StatusCode, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code.as_u16()});
    (code, status)
}

fn parameter(uri: &Uri, name: &str) -> String {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.replace("%3D", "=").replace("%2C", ","))
        .collect()
}

impl Server {
    /// Its router.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// An object as it is stored.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().get(path).map(shown)
    }

    /// What somebody else writes by an update.
    pub(crate) fn edit(&self, path: &str, manager: &str, data: Value) {
        let mut all = self.0.lock().unwrap();
        let entry = all.get_mut(path).unwrap();
        entry.update(manager, &json!({"data": data}));
    }

    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Answer {
        match uri.path() {
            "/version" => return Ok(json!({"major": "1", "minor": "37", "gitVersion": "v1.37.0"})),
            "/api" => return Ok(discovery()),
            "/apis" => {
                return Ok(
                    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": []}),
                );
            }
            _ => {}
        }
        let media_type = headers.get("content-type").and_then(|text| text.to_str().ok()).unwrap_or_default();
        let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() };
        let path = uri.path().to_string();
        let mut all = self.0.lock().unwrap();
        if *method == Method::GET && is_collection(&path) {
            return Ok(list(&all, &path, &parameter(uri, "labelSelector")));
        }
        let dry_run = !parameter(uri, "dryRun").is_empty();
        let manager = parameter(uri, "fieldManager");
        let not_found = || refused(StatusCode::NOT_FOUND, "NotFound", format!("{path:?} not found"));
        let key = match *method == Method::POST {
            true => format!("{path}/{}", body["metadata"]["name"].as_str().unwrap()),
            false => path.clone(),
        };
        let mut entry = all.get(&key).cloned();
        match (method, media_type) {
            (&Method::GET, _) => return entry.as_ref().map(shown).ok_or_else(not_found),
            (&Method::DELETE, _) => return all.remove(&key).map(|entry| shown(&entry)).ok_or_else(not_found),
            (&Method::POST, _) if entry.is_some() => {
                return Err(refused(
                    StatusCode::CONFLICT,
                    "AlreadyExists",
                    format!("{key:?} already exists"),
                ));
            }
            (&Method::POST, _) => entry.insert(Entry::default()).update(&manager, &body),
            (&Method::PUT, _) => entry.as_mut().ok_or_else(not_found)?.update(&manager, &body),
            (&Method::PATCH, "application/apply-patch+yaml") => {
                let force = parameter(uri, "force") == "true";
                entry.get_or_insert_default().apply(&manager, &body, force)?;
            }
            (&Method::PATCH, "application/json-patch+json") => {
                entry.as_mut().ok_or_else(not_found)?.set_managers(&body[0]["value"]);
            }
            (&Method::PATCH, _) => entry.as_mut().ok_or_else(not_found)?.update(&manager, &body),
            _ => return Err(refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "no".into())),
        }
        let mut entry = entry.unwrap();
        entry.complete();
        let answer = shown(&entry);
        if !dry_run {
            all.insert(key, entry);
        }
        Ok(answer)
    }
}

fn is_collection(path: &str) -> bool {
    path.ends_with("/secrets") || path.ends_with("/configmaps")
}

fn discovery() -> Value {
    let resource = |plural: &str, kind: &str| {
        json!({"resource": plural, "responseKind": {"group": "", "version": "v1", "kind": kind}, "scope": "Namespaced",
            "singularResource": kind.to_lowercase(), "verbs": ["get", "list", "create", "patch", "delete"]})
    };
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [{
        "metadata": {}, "versions": [{"version": "v1", "freshness": "Current",
            "resources": [resource("configmaps", "ConfigMap"), resource("secrets", "Secret")]}]}]})
}

fn list(all: &BTreeMap<String, Entry>, path: &str, selector: &str) -> Value {
    let wanted: Vec<(&str, &str)> = selector.split(',').filter_map(|pair| pair.split_once('=')).collect();
    let fits =
        |object: &Value| wanted.iter().all(|(key, value)| object["metadata"]["labels"][*key] == *value);
    let below = format!("{path}/");
    let items = all.iter().filter(|(key, entry)| key.starts_with(&below) && fits(&entry.object));
    json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items.map(|(_, entry)| shown(entry)).collect::<Vec<_>>()})
}

/// The fields of an object, `.data.key`; names and versions are nobody's.
fn fields(object: &Value) -> BTreeMap<String, Value> {
    fn collect(value: &Value, path: String, found: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                fields.iter().for_each(|(name, value)| collect(value, format!("{path}.{name}"), found));
            }
            leaf => drop(found.insert(path, leaf.clone())),
        }
    }
    let mut found = BTreeMap::new();
    collect(object, String::new(), &mut found);
    let nobodys =
        [".apiVersion", ".kind", ".metadata.name", ".metadata.namespace", ".metadata.resourceVersion"];
    found.retain(|path, _| !nobodys.contains(&path.as_str()) && !path.starts_with(".metadata.managedFields"));
    found
}

impl Entry {
    fn update(&mut self, manager: &str, change: &Value) {
        merge(&mut self.object, change);
        let key = (manager.to_string(), "Update".to_string());
        for path in fields(change).into_keys() {
            for own in self.owners.values_mut() {
                own.remove(&path);
            }
            self.owners.entry(key.clone()).or_default().insert(path);
        }
        self.tidy();
    }

    fn apply(&mut self, manager: &str, wanted: &Value, force: bool) -> Result<(), (StatusCode, Value)> {
        let key = (manager.to_string(), "Apply".to_string());
        let (now, new) = (fields(&self.object), fields(wanted));
        let mut conflicts = Vec::new();
        for (path, value) in &new {
            if now.get(path).is_none_or(|found| found == value) {
                continue;
            }
            let others: Vec<_> =
                self.owners.iter().filter(|(other, own)| **other != key && own.contains(path)).collect();
            conflicts.extend(others.iter().map(|((other, _), _)| (other.clone(), path.clone())));
        }
        if !conflicts.is_empty() && !force {
            let (other, path) = &conflicts[0];
            let message = format!("Apply failed with 1 conflict: conflict with {other:?} using v1: {path}");
            return Err(refused(StatusCode::CONFLICT, "Conflict", message));
        }
        for (_, path) in &conflicts {
            for (_, own) in self.owners.iter_mut().filter(|(other, _)| **other != key) {
                own.remove(path);
            }
        }
        let before = self.owners.insert(key, new.keys().cloned().collect()).unwrap_or_default();
        for path in before.into_iter().filter(|path| !new.contains_key(path)) {
            if !self.owners.values().any(|own| own.contains(&path)) {
                remove(&mut self.object, &path);
            }
        }
        merge(&mut self.object, wanted);
        self.tidy();
        Ok(())
    }

    /// Takes over who manages what from a client's word.
    fn set_managers(&mut self, managed: &Value) {
        fn collect(value: &Value, path: String, found: &mut BTreeSet<String>) {
            let fields = value.as_object().unwrap();
            if fields.is_empty() {
                found.insert(path.clone());
            }
            for (name, value) in fields {
                collect(value, format!("{path}.{}", name.trim_start_matches("f:")), found);
            }
        }
        self.owners.clear();
        for entry in managed.as_array().unwrap() {
            let word = |field: &str| entry[field].as_str().unwrap().to_string();
            let mut own = BTreeSet::new();
            collect(&entry["fieldsV1"], String::new(), &mut own);
            self.owners.insert((word("manager"), word("operation")), own);
        }
    }

    /// What a server adds by itself.
    fn complete(&mut self) {
        self.object["metadata"]["uid"] = json!("0");
        if self.object["kind"] == "ConfigMap" {
            self.object["immutable"] = json!(false);
        }
    }

    fn tidy(&mut self) {
        self.owners.retain(|_, own| !own.is_empty());
    }
}

/// An object as clients see it.
fn shown(entry: &Entry) -> Value {
    let mut object = entry.object.clone();
    let managed = entry.owners.iter().map(|((manager, operation), own)| {
        let mut tree = Value::Object(Map::new());
        for path in own {
            let mut at = &mut tree;
            for name in path.split('.').skip(1) {
                at = &mut at[format!("f:{name}")];
                if at.is_null() {
                    *at = json!({});
                }
            }
        }
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": tree})
    });
    object["metadata"]["managedFields"] = managed.collect();
    object["metadata"]["resourceVersion"] = json!("1");
    object
}

fn merge(object: &mut Value, change: &Value) {
    let Value::Object(fields) = change else { return *object = change.clone() };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut object[name], value);
        }
    }
}

fn remove(object: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('.').unwrap();
    if let Some(Value::Object(fields)) = object.pointer_mut(&parent.replace('.', "/")) {
        fields.remove(name);
    }
}

async fn handle(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (code, value) = match server.answer(&method, &uri, &headers, &body) {
        Ok(value) => (StatusCode::OK, value),
        Err((code, value)) => (code, value),
    };
    (code, [("content-type", "application/json")], value.to_string()).into_response()
}

//! The reference: what Kubernetes documents, computed from the API's objects by looking at every pod each time. Slow, and
//! written to be read.

mod filters;
mod scores;

use serde_json::{Value, json};

/// Nodes and the pods on them, as the API has them.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) nodes: Vec<Value>,
    pub(super) pods: Vec<Value>,
    pub(super) namespaces: Vec<Value>,
}

impl World {
    pub(super) fn node(&self, name: &str) -> Option<&Value> {
        self.nodes.iter().find(|node| node["metadata"]["name"] == name)
    }

    /// The pods that run on nodes that exist, with these.
    fn placed(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let node = |pod: &Value| self.node(pod["spec"]["nodeName"].as_str().unwrap_or_default());
        self.pods.iter().filter_map(move |pod| Some((pod, node(pod)?)))
    }

    /// The pods on one node.
    fn on<'a>(&'a self, node: &'a Value) -> impl Iterator<Item = &'a Value> {
        let here = |pod: &&Value| pod["spec"]["nodeName"] == node["metadata"]["name"];
        self.pods.iter().filter(here)
    }

    fn namespace_labels(&self, name: &Value) -> Value {
        let found = self.namespaces.iter().find(|one| one["metadata"]["name"] == *name);
        found.map_or(json!({}), |one| one["metadata"]["labels"].clone())
    }

    /// Whether a term of a pod is about another.
    fn is_about(&self, term: &Value, owner: &Value, other: &Value) -> bool {
        let namespace = &other["metadata"]["namespace"];
        let own = term["namespaces"].is_null() && term["namespaceSelector"].is_null();
        let named = list(&term["namespaces"]).contains(namespace);
        let labelled = matches(&term["namespaceSelector"], &self.namespace_labels(namespace));
        let place = (own && *namespace == owner["metadata"]["namespace"]) || named || labelled;
        let mut selector = term["labelSelector"].clone();
        for (keys, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
            for key in list(&term[keys]) {
                require(&mut selector, key.as_str().unwrap(), operator, owner);
            }
        }
        place && matches(&selector, &other["metadata"]["labels"])
    }
}

/// Adds the owner's value of a label to a selector.
fn require(selector: &mut Value, key: &str, operator: &str, owner: &Value) {
    let value = &owner["metadata"]["labels"][key];
    if value.is_null() || selector.is_null() {
        return;
    }
    let mut all = list(&selector["matchExpressions"]);
    all.push(json!({"key": key, "operator": operator, "values": [value]}));
    selector["matchExpressions"] = json!(all);
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// Whether a label selector matches labels: absent, it matches nothing.
fn matches(selector: &Value, labels: &Value) -> bool {
    if selector.is_null() {
        return false;
    }
    let equal =
        selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value);
    equal && list(&selector["matchExpressions"]).iter().all(|one| holds(one, labels))
}

/// Whether a requirement of a label holds.
fn holds(requirement: &Value, labels: &Value) -> bool {
    let found = &labels[requirement["key"].as_str().unwrap_or_default()];
    let listed = !found.is_null() && list(&requirement["values"]).contains(found);
    match requirement["operator"].as_str().unwrap() {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => !found.is_null(),
        "DoesNotExist" => found.is_null(),
        other => panic!("{other}"),
    }
}

/// A node's value of a topology key.
fn domain(node: &Value, key: &Value) -> Option<String> {
    node["metadata"]["labels"][key.as_str()?].as_str().map(str::to_owned)
}

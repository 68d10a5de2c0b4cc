//! A node's description, with its lease and the pods that run on it.

use naru_api::quantity::Quantity;
use serde_json::Value;

use super::text::{Text, entries, items, plain, since, time};

/// A role's label.
const ROLE: &str = "node-role.kubernetes.io/";

pub(super) fn describe(text: &mut Text, node: &Value, lease: Option<&Value>, pods: &[Value]) {
    let (meta, spec, status) = (&node["metadata"], &node["spec"], &node["status"]);
    text.field(0, "Name", plain(&meta["name"]));
    let roles: Vec<&str> =
        entries(&meta["labels"]).into_iter().filter_map(|(key, _)| key.strip_prefix(ROLE)).collect();
    text.field_or_none(0, "Roles", &roles.join(","));
    text.labels("Labels", &meta["labels"]);
    text.annotations(&meta["annotations"]);
    text.field(0, "CreationTimestamp", time(&meta["creationTimestamp"]));
    text.values("Taints", &items(&spec["taints"]).map(taint).collect::<Vec<_>>());
    text.field(0, "Unschedulable", spec["unschedulable"] == true);
    held(text, lease.map(|lease| &lease["spec"]));
    conditions(text, &status["conditions"]);
    text.line(0, "Addresses:");
    for one in items(&status["addresses"]) {
        text.field(1, &plain(&one["type"]), plain(&one["address"]));
    }
    for (title, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        text.line(0, format_args!("{title}:"));
        entries(&status[field])
            .into_iter()
            .for_each(|(resource, amount)| text.field(1, resource, plain(amount)));
    }
    system(text, &status["nodeInfo"]);
    text.optional(0, "PodCIDR", &spec["podCIDR"]);
    let ranges: Vec<String> = items(&spec["podCIDRs"]).map(plain).collect();
    text.optional(0, "PodCIDRs", &Value::String(ranges.join(",")));
    text.optional(0, "ProviderID", &spec["providerID"]);
    workload(text, &status["allocatable"], pods);
}

fn taint(taint: &Value) -> String {
    match taint["value"].as_str().filter(|value| !value.is_empty()) {
        Some(value) => format!("{}={value}:{}", plain(&taint["key"]), plain(&taint["effect"])),
        None => format!("{}:{}", plain(&taint["key"]), plain(&taint["effect"])),
    }
}

fn held(text: &mut Text, lease: Option<&Value>) {
    text.line(0, "Lease:");
    let Some(lease) = lease else { return text.field(1, "HolderIdentity", "<unset>") };
    let moment = |field: &str| match &lease[field] {
        Value::Null => "<unset>".to_string(),
        moment => time(moment),
    };
    text.field(1, "HolderIdentity", lease["holderIdentity"].as_str().unwrap_or("<unset>"));
    text.field(1, "AcquireTime", moment("acquireTime"));
    text.field(1, "RenewTime", moment("renewTime"));
}

fn conditions(text: &mut Text, conditions: &Value) {
    if items(conditions).next().is_none() {
        return;
    }
    text.line(0, "Conditions:");
    text.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    text.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for one in items(conditions) {
        let field = |name: &str| plain(&one[name]);
        let (beat, change) = (time(&one["lastHeartbeatTime"]), time(&one["lastTransitionTime"]));
        let (kind, status) = (field("type"), field("status"));
        text.line(
            1,
            format_args!(
                "{kind} \t{status} \t{beat} \t{change} \t{} \t{}",
                field("reason"),
                field("message")
            ),
        );
    }
}

fn system(text: &mut Text, info: &Value) {
    text.line(0, "System Info:");
    for (title, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        text.field(1, title, plain(&info[field]));
    }
}

/// An amount with its unit as it was written, and its share of what the node has.
#[derive(Clone, Copy, Default)]
struct Amount {
    /// Thousandths of a CPU, or bytes.
    value: i128,
}

/// What pods ask for: CPU requests and limits, memory requests and limits.
const COLUMNS: [(&str, &str); 4] =
    [("requests", "cpu"), ("limits", "cpu"), ("requests", "memory"), ("limits", "memory")];

fn workload(text: &mut Text, allocatable: &Value, pods: &[Value]) {
    let whole = |resource: &str| amount(resource, &allocatable[resource]).value;
    text.line(0, format_args!("Non-terminated Pods:\t({} in total)", pods.len()));
    text.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    text.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let mut totals = [Amount::default(); COLUMNS.len()];
    for pod in pods {
        let mut cells = String::new();
        for (total, (list, resource)) in totals.iter_mut().zip(COLUMNS) {
            let used = demand(pod, list, resource);
            total.value += used.value;
            cells.push_str(&format!("{}\t", used.share(resource, whole(resource))));
        }
        let meta = &pod["metadata"];
        let age = since(&plain(&meta["creationTimestamp"]));
        text.line(1, format_args!("{}\t{}\t\t{cells}{age}", plain(&meta["namespace"]), plain(&meta["name"])));
    }
    text.line(0, "Allocated resources:");
    text.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    text.line(1, "Resource\tRequests\tLimits");
    text.line(1, "--------\t--------\t------");
    for (resource, [requests, limits]) in
        [("cpu", [totals[0], totals[1]]), ("memory", [totals[2], totals[3]])]
    {
        let (requests, limits) =
            (requests.share(resource, whole(resource)), limits.share(resource, whole(resource)));
        text.line(1, format_args!("{resource}\t{requests}\t{limits}"));
    }
}

/// What a pod asks for: the sum of its containers, or the largest of those that run before them.
fn demand(pod: &Value, list: &str, resource: &str) -> Amount {
    let of = |container: &Value| amount(resource, &container["resources"][list][resource]).value;
    let together: i128 = items(&pod["spec"]["containers"]).map(of).sum();
    let before = items(&pod["spec"]["initContainers"]).map(of).max().unwrap_or_default();
    Amount { value: together.max(before) }
}

fn amount(resource: &str, value: &Value) -> Amount {
    let parsed = value.as_str().and_then(|text| Quantity::parse(text).ok());
    let value =
        parsed.map(|quantity| if resource == "cpu" { quantity.to_milli() } else { quantity.to_value() });
    Amount { value: value.unwrap_or_default() }
}

impl Amount {
    /// `250m (12%)`, `64Mi (3%)`.
    fn share(self, resource: &str, whole: i128) -> String {
        const UNITS: [(&str, i128); 4] = [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10), ("", 1)];
        let percent = if whole > 0 { self.value * 100 / whole } else { 0 };
        let words = match resource {
            "cpu" if self.value % 1000 == 0 => (self.value / 1000).to_string(),
            "cpu" => format!("{}m", self.value),
            _ => {
                let fits = UNITS.iter().find(|(_, unit)| self.value % unit == 0 && self.value >= *unit);
                fits.map_or_else(|| "0".into(), |(name, unit)| format!("{}{name}", self.value / unit))
            }
        };
        format!("{words} ({percent}%)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_and_shares() {
        for (resource, text, whole, expected) in [
            ("cpu", "250m", 2000, "250m (12%)"),
            ("cpu", "2", 2000, "2 (100%)"),
            ("memory", "64Mi", 1 << 30, "64Mi (6%)"),
            ("memory", "2Gi", 1 << 30, "2Gi (200%)"),
            ("memory", "1000", 1 << 30, "1000 (0%)"),
            ("memory", "0", 0, "0 (0%)"),
        ] {
            assert_eq!(amount(resource, &json!(text)).share(resource, whole), expected);
        }
    }

    #[test]
    fn a_pod_needs_its_largest_phase() {
        let container = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let pod = json!({"spec": {
            "initContainers": [container("500m")], "containers": [container("100m"), container("200m"), {}],
        }});
        assert_eq!(demand(&pod, "requests", "cpu").value, 500);
        assert_eq!(demand(&pod, "limits", "cpu").value, 0);
    }
}

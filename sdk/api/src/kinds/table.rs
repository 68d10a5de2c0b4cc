//! The built-in kinds, a row each. Order matters where one manifest or discovery listing names several.
//!
//! Columns follow kube-apiserver's printers; selectable fields follow its field label conversions.

use super::{Column, Kind, Scope, SelectableField, Subresource};

const ALL_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const STATUS_VERBS: &[&str] = &["get", "patch", "update"];

const fn column(name: &'static str, kind: &'static str, priority: u8) -> Column {
    Column { name, kind, format: "", description: "", priority }
}

const NAME: Column = Column {
    name: "Name",
    kind: "string",
    format: "name",
    description: "Name must be unique within a namespace.",
    priority: 0,
};
const AGE: Column = Column {
    name: "Age",
    kind: "string",
    format: "",
    description: "Time since the object was created.",
    priority: 0,
};

const fn field(label: &'static str, pointer: &'static str) -> SelectableField {
    SelectableField { label, pointer, absent: "" }
}

const fn status_of(kind: &'static str) -> Subresource {
    Subresource { name: "status", kind, verbs: STATUS_VERBS }
}

/// What most kinds have in common; rows override it.
const BASE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    singular: "",
    short_names: &[],
    categories: &[],
    scope: Scope::Namespaced,
    verbs: ALL_VERBS,
    subresources: &[],
    columns: &[NAME, AGE],
    selectable_fields: &[],
    field_aliases: &[],
    definition: "",
    generation: false,
    create_on_update: false,
    unconditional_update: true,
    stored: true,
    lifetime_seconds: None,
};

/// What questions have in common.
const REVIEW: Kind = Kind { scope: Scope::Cluster, verbs: &["create"], stored: false, ..BASE };

/// The built-in kinds.
pub const BUILTIN: &[Kind] = &[
    Kind {
        kind: "Namespace",
        plural: "namespaces",
        singular: "namespace",
        short_names: &["ns"],
        scope: Scope::Cluster,
        verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
        subresources: &[
            Subresource { name: "finalize", kind: "Namespace", verbs: &["update"] },
            status_of("Namespace"),
        ],
        columns: &[NAME, column("Status", "string", 0), AGE],
        selectable_fields: &[field("status.phase", "/status/phase")],
        definition: "io.k8s.api.core.v1.Namespace",
        ..BASE
    },
    Kind {
        kind: "Node",
        plural: "nodes",
        singular: "node",
        short_names: &["no"],
        scope: Scope::Cluster,
        subresources: &[status_of("Node")],
        columns: &[
            NAME,
            column("Status", "string", 0),
            column("Roles", "string", 0),
            AGE,
            column("Version", "string", 0),
            column("Internal-IP", "string", 1),
            column("External-IP", "string", 1),
            column("OS-Image", "string", 1),
            column("Kernel-Version", "string", 1),
            column("Container-Runtime", "string", 1),
        ],
        selectable_fields: &[SelectableField {
            label: "spec.unschedulable",
            pointer: "/spec/unschedulable",
            absent: "false",
        }],
        definition: "io.k8s.api.core.v1.Node",
        ..BASE
    },
    Kind {
        kind: "Pod",
        plural: "pods",
        singular: "pod",
        short_names: &["po"],
        categories: &["all"],
        subresources: &[
            Subresource { name: "binding", kind: "Binding", verbs: &["create"] },
            Subresource { name: "log", kind: "Pod", verbs: &["get"] },
            status_of("Pod"),
        ],
        columns: &[
            NAME,
            column("Ready", "string", 0),
            column("Status", "string", 0),
            column("Restarts", "string", 0),
            AGE,
            column("IP", "string", 1),
            column("Node", "string", 1),
            column("Nominated Node", "string", 1),
            column("Readiness Gates", "string", 1),
        ],
        selectable_fields: &[
            field("spec.nodeName", "/spec/nodeName"),
            field("spec.restartPolicy", "/spec/restartPolicy"),
            field("spec.schedulerName", "/spec/schedulerName"),
            field("spec.serviceAccountName", "/spec/serviceAccountName"),
            SelectableField { label: "spec.hostNetwork", pointer: "/spec/hostNetwork", absent: "false" },
            field("status.phase", "/status/phase"),
            field("status.podIP", "/status/podIP"),
            // Known to kube-apiserver and never filled in: a list, which selects as empty here too.
            field("status.podIPs", "/status/podIPs"),
            field("status.nominatedNodeName", "/status/nominatedNodeName"),
        ],
        field_aliases: &[("spec.host", "spec.nodeName")],
        definition: "io.k8s.api.core.v1.Pod",
        generation: true,
        ..BASE
    },
    Kind {
        kind: "ConfigMap",
        plural: "configmaps",
        singular: "configmap",
        short_names: &["cm"],
        columns: &[NAME, column("Data", "string", 0), AGE],
        definition: "io.k8s.api.core.v1.ConfigMap",
        ..BASE
    },
    Kind {
        kind: "Secret",
        plural: "secrets",
        singular: "secret",
        columns: &[NAME, column("Type", "string", 0), column("Data", "string", 0), AGE],
        selectable_fields: &[field("type", "/type")],
        definition: "io.k8s.api.core.v1.Secret",
        ..BASE
    },
    Kind {
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        singular: "serviceaccount",
        short_names: &["sa"],
        columns: &[NAME, AGE],
        definition: "io.k8s.api.core.v1.ServiceAccount",
        ..BASE
    },
    Kind {
        kind: "Event",
        plural: "events",
        singular: "event",
        short_names: &["ev"],
        columns: &[
            column("Last Seen", "string", 0),
            column("Type", "string", 0),
            column("Reason", "string", 0),
            column("Object", "string", 0),
            column("Subobject", "string", 1),
            column("Source", "string", 1),
            column("Message", "string", 0),
            column("First Seen", "string", 1),
            column("Count", "string", 1),
            Column { priority: 1, ..NAME },
        ],
        selectable_fields: &[
            field("involvedObject.kind", "/involvedObject/kind"),
            field("involvedObject.namespace", "/involvedObject/namespace"),
            field("involvedObject.name", "/involvedObject/name"),
            field("involvedObject.uid", "/involvedObject/uid"),
            field("involvedObject.apiVersion", "/involvedObject/apiVersion"),
            field("involvedObject.resourceVersion", "/involvedObject/resourceVersion"),
            field("involvedObject.fieldPath", "/involvedObject/fieldPath"),
            field("reason", "/reason"),
            field("reportingComponent", "/reportingComponent"),
            field("source", "/source/component"),
            field("type", "/type"),
        ],
        definition: "io.k8s.api.core.v1.Event",
        create_on_update: true,
        lifetime_seconds: Some(3600),
        ..BASE
    },
    Kind {
        group: "coordination.k8s.io",
        kind: "Lease",
        plural: "leases",
        singular: "lease",
        columns: &[NAME, column("Holder", "string", 0), AGE],
        definition: "io.k8s.api.coordination.v1.Lease",
        create_on_update: true,
        unconditional_update: false,
        ..BASE
    },
    Kind {
        group: "scheduling.k8s.io",
        kind: "PriorityClass",
        plural: "priorityclasses",
        singular: "priorityclass",
        short_names: &["pc"],
        scope: Scope::Cluster,
        columns: &[
            NAME,
            column("Value", "integer", 0),
            column("Global-Default", "boolean", 0),
            AGE,
            column("PreemptionPolicy", "string", 0),
        ],
        definition: "io.k8s.api.scheduling.v1.PriorityClass",
        ..BASE
    },
    Kind {
        group: "authentication.k8s.io",
        kind: "SelfSubjectReview",
        plural: "selfsubjectreviews",
        singular: "selfsubjectreview",
        definition: "io.k8s.api.authentication.v1.SelfSubjectReview",
        ..REVIEW
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "LocalSubjectAccessReview",
        plural: "localsubjectaccessreviews",
        singular: "localsubjectaccessreview",
        scope: Scope::Namespaced,
        definition: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
        ..REVIEW
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        singular: "selfsubjectaccessreview",
        definition: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
        ..REVIEW
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "SelfSubjectRulesReview",
        plural: "selfsubjectrulesreviews",
        singular: "selfsubjectrulesreview",
        definition: "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
        ..REVIEW
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "SubjectAccessReview",
        plural: "subjectaccessreviews",
        singular: "subjectaccessreview",
        definition: "io.k8s.api.authorization.v1.SubjectAccessReview",
        ..REVIEW
    },
];

//! Kustomizations with variables, metadata of the build, and tags with suffixes.

use super::Case;

/// Objects that quote variables.
const QUOTES: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: db, labels: {l: $(HOST)}, annotations: {a: 'is $(HOST)', b: '$(PORT)', c: $$(HOST), d: $(NONE)}}\nspec: {ports: [{port: $(PORT), targetPort: $(NAME)}, {port: 5432, name: pg}], selector: {app: $(HOST)}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  replicas: 3\n  template:\n    metadata: {annotations: {x: 'p $(PORT) r $(REPLICAS)', z: $(PORT)}, labels: {x: $(HOST)}}\n    spec:\n      initContainers: [{name: i, image: x, args: [$(HOST), '$(REPLICAS)']}]\n      containers:\n      - {name: c, image: $(HOST), command: [sh, -c, 'run $(HOST):$(PORT) $HOME $(B'], env: [{name: H, value: $(HOST)}, {name: N, value: $(REPLICAS)}, {name: V, valueFrom: {fieldRef: {fieldPath: $(HOST)}}}], volumeMounts: [{name: d, mountPath: /d/$(NAME)}]}\n      volumes: [{name: d, nfs: {server: $(HOST), path: /$(HOST)}}]\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {rules: [{host: $(HOST).example.org}], tls: [{hosts: [$(HOST), b], secretName: s-$(HOST)}]}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec: {schedule: x, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x, args: [$(HOST)]}]}}}}}\n";

pub(crate) const CASES: &[Case] = &[
    (
        "vars",
        "resources: [q.yaml]\nnamePrefix: p-\nvars:\n- {name: HOST, objref: {apiVersion: v1, kind: Service, name: db}}\n- {name: PORT, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: 'spec.ports[1].port'}}\n- {name: NAME, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: spec.ports.1.name}}\n- {name: REPLICAS, objref: {group: apps, version: v1, kind: Deployment, name: app}, fieldref: {fieldpath: spec.replicas}}\n",
        &[("over/q.yaml", QUOTES)],
    ),
    (
        "vars in a base",
        "resources: [../vars]\nnameSuffix: -z\nnamespace: n\n",
        &[
            (
                "vars/kustomization.yaml",
                "resources: [q.yaml]\nvars:\n- {name: HOST, objref: {apiVersion: v1, kind: Service, name: db}}\n- {name: PORT, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: 'spec.ports[1].port'}}\n- {name: NAME, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: spec.ports.1.name}}\n- {name: REPLICAS, objref: {group: apps, version: v1, kind: Deployment, name: app}, fieldref: {fieldpath: spec.replicas}}\n",
            ),
            ("vars/q.yaml", QUOTES),
        ],
    ),
    (
        "vars of generated",
        "resources: [q.yaml]\nconfigMapGenerator: [{name: cm, literals: [k=v]}]\nvars:\n- {name: HOST, objref: {apiVersion: v1, kind: ConfigMap, name: cm}}\n- {name: PORT, objref: {apiVersion: v1, kind: ConfigMap, name: cm}, fieldref: {fieldPath: data.k}}\n",
        &[("over/q.yaml", QUOTES)],
    ),
    (
        "vars of the same name twice",
        "resources: [../vars, q.yaml]\nnameSuffix: -z\nvars:\n- {name: HOST, objref: {apiVersion: v1, kind: Service, name: db}}\n- {name: PORT, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: 'spec.ports[1].port'}}\n- {name: NAME, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: spec.ports.1.name}}\n- {name: REPLICAS, objref: {group: apps, version: v1, kind: Deployment, name: app}, fieldref: {fieldpath: spec.replicas}}\n",
        &[
            (
                "vars/kustomization.yaml",
                "resources: [q.yaml]\nnamePrefix: x-\nvars:\n- {name: HOST, objref: {apiVersion: v1, kind: Service, name: db}}\n- {name: PORT, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: 'spec.ports[1].port'}}\n- {name: NAME, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: spec.ports.1.name}}\n- {name: REPLICAS, objref: {group: apps, version: v1, kind: Deployment, name: app}, fieldref: {fieldpath: spec.replicas}}\n",
            ),
            ("vars/q.yaml", QUOTES),
            ("over/q.yaml", QUOTES),
        ],
    ),
    (
        "vars of no object",
        "resources: [q.yaml]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: none}}]\n",
        &[("over/q.yaml", QUOTES)],
    ),
    (
        "vars of no field",
        "resources: [q.yaml]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: spec.nope}}]\n",
        &[("over/q.yaml", QUOTES)],
    ),
    (
        "vars of a map",
        "resources: [q.yaml]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: db}, fieldref: {fieldPath: spec.selector}}]\n",
        &[("over/q.yaml", QUOTES)],
    ),
    (
        "vars of two objects",
        "resources: [l.yaml]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: a}}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: x}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: y}\n",
        )],
    ),
    (
        "vars in a namespace",
        "resources: [l.yaml]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: a, namespace: y}, fieldref: {fieldPath: metadata.namespace}}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: x, annotations: {v: $(HOST)}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: y}\n",
        )],
    ),
    (
        "vars in a list with a number",
        "resources: [l.yaml]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Pod, name: a}}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, args: [1, $(HOST)]}]}\n",
        )],
    ),
    (
        "vars of a bool and a float",
        "resources: [l.yaml]\nvars:\n- {name: B, objref: {apiVersion: v1, kind: Pod, name: a}, fieldref: {fieldPath: spec.hostNetwork}}\n- {name: F, objref: {apiVersion: v1, kind: Pod, name: a}, fieldref: {fieldPath: spec.f}}\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {b: $(B), c: 'x$(B)', f: $(F), g: 'x$(F)'}}\nspec: {hostNetwork: true, f: 1.5, containers: [{name: c, args: [a $(B)]}]}\n",
        )],
    ),
    (
        "buildMetadata manager",
        "resources: [../base, l.yaml]\nnamePrefix: p-\nbuildMetadata: [managedByLabel]\nconfigMapGenerator: [{name: own, literals: [a=b]}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: own, labels: {a: b}, annotations: {c: d}}\n",
        )],
    ),
    (
        "buildMetadata origins",
        "resources: [../base, l.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations]\nconfigMapGenerator: [{name: own, literals: [a=b]}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: own, labels: {a: b}, annotations: {c: d}}\n",
        )],
    ),
    (
        "buildMetadata both",
        "resources: [../base, l.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations, managedByLabel]\nconfigMapGenerator: [{name: own, literals: [a=b]}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: own, labels: {a: b}, annotations: {c: d}}\n",
        )],
    ),
    (
        "buildMetadata unknown",
        "resources: [../base, l.yaml]\nnamePrefix: p-\nbuildMetadata: [nonsense]\nconfigMapGenerator: [{name: own, literals: [a=b]}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: own, labels: {a: b}, annotations: {c: d}}\n",
        )],
    ),
    (
        "buildMetadata in a base",
        "resources: [../meta]\n",
        &[(
            "meta/kustomization.yaml",
            "resources: [../base]\nbuildMetadata: [managedByLabel, originAnnotations]\n",
        )],
    ),
    (
        "images suffixes",
        "resources: [../base]\nimages: [{name: nginx, tagSuffix: -x}, {name: 'reg:5000/tool', newTag: '7', tagSuffix: -y}]\n",
        &[],
    ),
    (
        "images suffixes and digests",
        "resources: [../base]\nimages: [{name: nginx, newName: q, tagSuffix: -x}, {name: 'reg:5000/tool', digest: 'sha256:aa', tagSuffix: -y}]\n",
        &[],
    ),
];

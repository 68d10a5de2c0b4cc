//! Kustomizations that try what meets: overlays and components in each other, references across them, merged generators, odd
//! manifests.

use super::Case;

/// Objects of many kinds.
const MANY_KINDS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: n}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: n}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: n}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: n}\n---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: n}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: n}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: n}\n---\napiVersion: example.org/v1\nkind: Zed\nmetadata: {name: n}\n---\napiVersion: example.org/v1beta1\nkind: Zed\nmetadata: {name: n}\n---\napiVersion: a.org/v1\nkind: Zed\nmetadata: {name: n}\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: n}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: n}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: n}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: n}\n---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: n}\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: n}\n---\napiVersion: v1\nkind: PodTemplate\nmetadata: {name: n}\n---\napiVersion: v1\nkind: ReplicationController\nmetadata: {name: n}\n---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: n}\n---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: n}\n---\napiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: n}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: n}\n";

/// Objects of many kinds.
const MANY_KINDS_2: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: n}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: n}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: n}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: n}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: n}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: n}\n---\napiVersion: example.org/v1\nkind: Zed\nmetadata: {name: n}\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: n}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: n}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: n}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: n}\n---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: n}\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: n}\n---\napiVersion: v1\nkind: PodTemplate\nmetadata: {name: n}\n---\napiVersion: v1\nkind: ReplicationController\nmetadata: {name: n}\n---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: n}\n---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: n}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: n}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: n}\n---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: n}\n---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: n}\n";

/// Objects of many kinds.
const MANY_KINDS_3: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: n}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {topologySpreadConstraints: [{labelSelector: {matchLabels: {a: b}}}, {maxSkew: 1}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}}]}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {a: b}}}}]}}}}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: n}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {topologySpreadConstraints: [{labelSelector: {matchLabels: {a: b}}}, {maxSkew: 1}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}}]}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {a: b}}}}]}}}}}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: n}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {topologySpreadConstraints: [{labelSelector: {matchLabels: {a: b}}}, {maxSkew: 1}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}}]}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {a: b}}}}]}}}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {topologySpreadConstraints: [{labelSelector: {matchLabels: {a: b}}}, {maxSkew: 1}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}}]}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {a: b}}}}]}}}}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: n}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {topologySpreadConstraints: [{labelSelector: {matchLabels: {a: b}}}, {maxSkew: 1}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}}]}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {a: b}}}}]}}}}}\n";

pub(crate) const CASES: &[Case] = &[
    (
        "patch generated cm by name",
        "configMapGenerator: [{name: x, literals: [a=b]}]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: x}\n    data: {c: d}\n",
        &[],
    ),
    (
        "patch target generated",
        "configMapGenerator: [{name: x, literals: [a=b]}]\npatches:\n- target: {kind: ConfigMap, name: x}\n  patch: |\n    - {op: add, path: /data/z, value: q}\n",
        &[],
    ),
    (
        "patch file multi",
        "resources: [../base]\npatches: [{path: p.yaml}]\n",
        &[(
            "over/p.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 4}\n",
        )],
    ),
    (
        "patch file multi with target",
        "resources: [../base]\npatches: [{path: p.yaml, target: {kind: Service}}]\n",
        &[(
            "over/p.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 4}\n",
        )],
    ),
    (
        "json patch file",
        "resources: [../base]\npatches: [{path: p.json, target: {kind: Service}}]\n",
        &[("over/p.json", "[{\"op\":\"add\",\"path\":\"/spec/type\",\"value\":\"NodePort\"}]")],
    ),
    (
        "patch delete by target",
        "resources: [../base]\npatches:\n- target: {kind: Service|Ingress}\n  patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: X\n    metadata: {name: y}\n",
        &[],
    ),
    (
        "smp delete env",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: web, env: [{name: A, $patch: delete}]}]}}}\n",
        &[],
    ),
    (
        "smp volumes replace key",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {volumes: [{name: s, configMap: null, emptyDir: {}}]}}}\n",
        &[],
    ),
    (
        "smp deleteFromPrimitiveList",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    spec: {ports: [{port: 80, $patch: delete}]}\n",
        &[],
    ),
    (
        "smp list replace directive",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{$patch: replace}, {name: only, image: y}]}}}\n",
        &[],
    ),
    (
        "smp crd list",
        "resources: [l.yaml]\npatches:\n- patch: |\n    apiVersion: x/v1\n    kind: T\n    metadata: {name: t}\n    spec: {containers: [{name: a, image: new}], m: {x: null, y: 2}}\n",
        &[(
            "over/l.yaml",
            "apiVersion: x/v1\nkind: T\nmetadata: {name: t}\nspec: {containers: [{name: a, image: old, z: 1}, {name: b}], m: {x: 1, z: 3}}\n",
        )],
    ),
    (
        "smp role rules",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: rbac.authorization.k8s.io/v1\n    kind: Role\n    metadata: {name: reader}\n    rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
        &[],
    ),
    (
        "smp hpa metrics",
        "resources: [l.yaml]\npatches:\n- patch: |\n    apiVersion: autoscaling/v2\n    kind: HorizontalPodAutoscaler\n    metadata: {name: h}\n    spec: {maxReplicas: 9, metrics: [{type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 5}}}]}\n",
        &[(
            "over/l.yaml",
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {kind: Deployment, name: x, apiVersion: apps/v1}, maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}\n",
        )],
    ),
    (
        "smp ingress rules",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: networking.k8s.io/v1\n    kind: Ingress\n    metadata: {name: web}\n    spec: {rules: [{host: a.b, http: {paths: []}}], tls: [{hosts: [a.b], secretName: keys}]}\n",
        &[],
    ),
    (
        "smp netpol",
        "resources: [l.yaml]\npatches:\n- patch: |\n    apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n    metadata: {name: n}\n    spec: {ingress: [{from: [{podSelector: {}}]}]}\n",
        &[(
            "over/l.yaml",
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {podSelector: {}, ingress: [{ports: [{port: 1}]}]}\n",
        )],
    ),
    (
        "smp sa secrets",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ServiceAccount\n    metadata: {name: robot}\n    imagePullSecrets: [{name: keys}]\n    secrets: [{name: s1}]\n",
        &[],
    ),
    (
        "smp finalizers",
        "resources: [l.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a, finalizers: [z], annotations: {x: null, n: '1'}}\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, finalizers: [y], annotations: {x: \"1\"}}\n",
        )],
    ),
    (
        "smp pvc template",
        "resources: [l.yaml]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: StatefulSet\n    metadata: {name: s}\n    spec: {volumeClaimTemplates: [{metadata: {name: v}, spec: {storageClassName: x}}]}\n",
        &[(
            "over/l.yaml",
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec: {volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce]}}]}\n",
        )],
    ),
    (
        "smp empty map",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {securityContext: {}, nodeSelector: {}}}}\n",
        &[],
    ),
    (
        "namespace on generator and refs",
        "namespace: n\nresources: [l.yaml]\nconfigMapGenerator: [{name: x, literals: [a=b]}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: x}}]}]}\n",
        )],
    ),
    (
        "generator in base, ref in over",
        "resources: [../b2, l.yaml]\nnamePrefix: z-\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: x}}]}]}\n",
            ),
            ("b2/kustomization.yaml", "configMapGenerator: [{name: x, literals: [a=b]}]\nnamePrefix: in-\n"),
        ],
    ),
    (
        "generator merge in overlay of overlay",
        "resources: [../m]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [q=1]}]\n",
        &[(
            "m/kustomization.yaml",
            "resources: [../base]\nnamePrefix: m-\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [b=2]}]\n",
        )],
    ),
    (
        "generator replace with ns",
        "resources: [../m]\nconfigMapGenerator: [{name: settings, behavior: replace, namespace: mm, literals: [q=1]}]\n",
        &[("m/kustomization.yaml", "resources: [../base]\nnamespace: mm\n")],
    ),
    (
        "generator merge wrong ns",
        "resources: [../m]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [q=1]}]\n",
        &[("m/kustomization.yaml", "resources: [../base]\nnamespace: mm\n")],
    ),
    (
        "generator merge same ns",
        "resources: [../m]\nnamespace: mm\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [q=1]}]\n",
        &[("m/kustomization.yaml", "resources: [../base]\nnamespace: mm\n")],
    ),
    (
        "merge into plain cm",
        "resources: [l.yaml]\nconfigMapGenerator: [{name: a, behavior: merge, literals: [q=1]}]\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n")],
    ),
    (
        "merge with disableHash",
        "resources: [l.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: a, behavior: merge, literals: [q=1]}]\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n")],
    ),
    (
        "merge disable own",
        "resources: [../base]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [q=1], options: {disableNameSuffixHash: true}}]\n",
        &[],
    ),
    ("generator suffix name", "nameSuffix: -s\nconfigMapGenerator: [{name: x, literals: [a=b]}]\n", &[]),
    (
        "component with generator",
        "resources: [../base]\ncomponents: [../c]\n",
        &[
            (
                "c/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [fromc=1]}]\nresources: [extra.yaml]\nnamespace: cns\n",
            ),
            ("c/extra.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"),
        ],
    ),
    (
        "component in component",
        "resources: [../base]\ncomponents: [../c]\n",
        &[
            (
                "c/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents: [../d]\nnameSuffix: -c\n",
            ),
            (
                "d/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -d\n",
            ),
        ],
    ),
    (
        "component as resource",
        "resources: [../c]\n",
        &[(
            "c/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n",
        )],
    ),
    (
        "kustomization as component",
        "resources: [../base]\ncomponents: [../c]\n",
        &[("c/kustomization.yaml", "nameSuffix: -c\n")],
    ),
    (
        "component patch fails without target",
        "resources: [l.yaml]\ncomponents: [../c]\n",
        &[
            ("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"),
            (
                "c/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: none}\n",
            ),
        ],
    ),
    (
        "component replacements",
        "resources: [../base]\ncomponents: [../c]\n",
        &[(
            "c/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nreplacements:\n- source: {kind: Service}\n  targets: [{select: {kind: Role}, fieldPaths: [metadata.labels.x], options: {create: true}}]\n",
        )],
    ),
    (
        "sort nested",
        "resources: [../m]\n",
        &[("m/kustomization.yaml", "resources: [../base]\nsortOptions: {order: fifo}\n")],
    ),
    (
        "sort fifo two",
        "resources: [../base, l.yaml]\nsortOptions: {order: fifo}\nconfigMapGenerator: [{name: x, literals: [a=b]}]\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n")],
    ),
    ("sort bad", "resources: [../base]\nsortOptions: {order: bad}\n", &[]),
    (
        "sort custom last",
        "resources: [../base]\nsortOptions: {order: legacy, legacySortOptions: {orderLast: [Service, Deployment]}}\n",
        &[],
    ),
    ("order of all kinds", "resources: [l.yaml]\n", &[("over/l.yaml", MANY_KINDS)]),
    (
        "labels everywhere",
        "resources: [l.yaml]\ncommonLabels: {q: r}\ncommonAnnotations: {s: t}\nnamespace: ns\nnamePrefix: p-\n",
        &[("over/l.yaml", MANY_KINDS_2)],
    ),
    (
        "labels templates everywhere",
        "resources: [l.yaml]\nlabels: [{pairs: {q: r}, includeTemplates: true}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: n}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: n}\n---\napiVersion: v1\nkind: PodTemplate\nmetadata: {name: n}\n---\napiVersion: v1\nkind: ReplicationController\nmetadata: {name: n}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: n}\n",
        )],
    ),
    (
        "labels affinity",
        "resources: [l.yaml]\nlabels: [{pairs: {q: r}, includeSelectors: true}]\n",
        &[("over/l.yaml", MANY_KINDS_3)],
    ),
    (
        "images everywhere",
        "resources: [l.yaml]\nimages: [{name: i, newName: j, newTag: '3'}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {containers: [{name: a, image: i}], initContainers: [{name: b, image: 'i:1'}], ephemeralContainers: [{image: i}], template: {spec: {containers: [{image: i}, {image: 'x/i'}, {image: 'i:5@sha256:aa'}]}}, volumes: [{image: {reference: i}}], image: i, other: [{image: i}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n}\nspec: {containers: [{name: a, image: i}], initContainers: [{name: b, image: 'i:1'}], ephemeralContainers: [{image: i}], template: {spec: {containers: [{image: i}, {image: 'x/i'}, {image: 'i:5@sha256:aa'}]}}, volumes: [{image: {reference: i}}], image: i, other: [{image: i}]}\n---\napiVersion: a/v1\nkind: Zed\nmetadata: {name: n}\nspec: {containers: [{name: a, image: i}], initContainers: [{name: b, image: 'i:1'}], ephemeralContainers: [{image: i}], template: {spec: {containers: [{image: i}, {image: 'x/i'}, {image: 'i:5@sha256:aa'}]}}, volumes: [{image: {reference: i}}], image: i, other: [{image: i}]}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: n}\nspec: {containers: [{name: a, image: i}], initContainers: [{name: b, image: 'i:1'}], ephemeralContainers: [{image: i}], template: {spec: {containers: [{image: i}, {image: 'x/i'}, {image: 'i:5@sha256:aa'}]}}, volumes: [{image: {reference: i}}], image: i, other: [{image: i}]}\n",
        )],
    ),
    (
        "images port registry",
        "resources: [l.yaml]\nimages: [{name: 'reg:5000/i', newTag: '3'}, {name: 'gcr.io/a/b', newName: c/d}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: 'reg:5000/i'}, {image: 'reg:5000/i:1'}, {image: 'gcr.io/a/b@sha256:0000'}, {image: 'gcr.io/a/b:1'}]}\n",
        )],
    ),
    (
        "replicas kinds",
        "resources: [l.yaml]\nreplicas: [{name: n, count: 3}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: n}\nspec: {}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: n}\nspec: {}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n}\nspec: {}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: n}\nspec: {}\n",
        )],
    ),
    (
        "replicas after prefix",
        "resources: [../m]\nreplicas: [{name: web, count: 3}]\n",
        &[("m/kustomization.yaml", "resources: [../base]\nnamePrefix: m-\n")],
    ),
    (
        "replicas prefixed name",
        "resources: [../m]\nreplicas: [{name: m-web, count: 3}]\n",
        &[("m/kustomization.yaml", "resources: [../base]\nnamePrefix: m-\n")],
    ),
    (
        "refs by namespaces",
        "resources: [../m, ../n]\n",
        &[
            ("m/kustomization.yaml", "resources: [../base]\nnamespace: m\n"),
            ("n/kustomization.yaml", "resources: [../base]\nnamespace: n\n"),
        ],
    ),
    (
        "refs prefix and ns",
        "resources: [../m, ../n]\nnameSuffix: -z\n",
        &[
            ("m/kustomization.yaml", "resources: [../base]\nnamespace: m\nnamePrefix: a-\n"),
            ("n/kustomization.yaml", "resources: [../base]\nnamespace: n\n"),
        ],
    ),
    (
        "ref to other overlay",
        "resources: [../m, l.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {defaultBackend: {service: {name: web}}}\n",
            ),
            ("m/kustomization.yaml", "resources: [../base]\nnamePrefix: a-\n"),
        ],
    ),
    (
        "ref to other overlay new name",
        "resources: [../m, l.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {defaultBackend: {service: {name: a-web}}}\n",
            ),
            ("m/kustomization.yaml", "resources: [../base]\nnamePrefix: a-\n"),
        ],
    ),
    (
        "ref ambiguous",
        "resources: [../m, ../n, l.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {defaultBackend: {service: {name: web}}}\n",
            ),
            ("m/kustomization.yaml", "resources: [../base]\nnamePrefix: a-\n"),
            ("n/kustomization.yaml", "resources: [../base]\nnamePrefix: b-\n"),
        ],
    ),
    (
        "rolebinding other ns sa",
        "resources: [l.yaml]\nnamespace: n\nnamePrefix: p-\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: rb}\nroleRef: {kind: ClusterRole, name: view, apiGroup: x}\nsubjects: [{kind: ServiceAccount, name: sa, namespace: other}, {kind: ServiceAccount, name: sa}, {kind: ServiceAccount, name: sa, namespace: default}, {kind: Group, name: sa}]\n",
        )],
    ),
    (
        "secrets types",
        "secretGenerator:\n- {name: t, type: kubernetes.io/tls, files: [tls.crt=a, tls.key=a]}\n- {name: d, type: kubernetes.io/dockerconfigjson, files: [.dockerconfigjson=a]}\n- {name: e, envs: [e.env]}\n",
        &[("over/a", "{\"x\":1}\n"), ("over/e.env", "P=q r\n")],
    ),
    (
        "files dir key",
        "configMapGenerator: [{name: x, files: [sub/a.txt, 'k.y=sub/a.txt']}]\n",
        &[("over/sub/a.txt", "hi")],
    ),
    ("files missing", "configMapGenerator: [{name: x, files: [none]}]\n", &[]),
    ("files eq bad", "configMapGenerator: [{name: x, files: ['a=b=c']}]\n", &[]),
    ("literals no eq", "configMapGenerator: [{name: x, literals: [abc]}]\n", &[]),
    (
        "literal quotes",
        "configMapGenerator: [{name: x, literals: [\"a='b'\", 'c=\"d\"', \"e='f\", \"g=''\", 'h=\"\"', \"i=a'b'\"]}]\n",
        &[],
    ),
    ("generator unknown field", "configMapGenerator: [{name: x, foo: 1}]\n", &[]),
    ("generator no name", "configMapGenerator: [{literals: [a=b]}]\n", &[]),
    (
        "yaml doc markers",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: v}\n...\n",
        )],
    ),
    ("bad yaml", "resources: [l.yaml]\n", &[("over/l.yaml", "a: [\n")]),
    ("no kind", "resources: [l.yaml]\n", &[("over/l.yaml", "apiVersion: v1\nmetadata: {name: a}\n")]),
    ("no name", "resources: [l.yaml]\n", &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\n")]),
    (
        "list of lists",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMapList\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]}\n",
        )],
    ),
    (
        "empty list kind",
        "resources: [l.yaml]\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: List\nitems: []\n")],
    ),
    (
        "anchors",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: &d {x: \"1\", y: &v \"2\", z: *v}\n",
        )],
    ),
    (
        "merge keys",
        "resources: [l.yaml]\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a}\nx: {<<: *m, k: v}\n")],
    ),
    (
        "dup keys",
        "resources: [l.yaml]\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b, a: c}\n")],
    ),
    (
        "annotations nonstring",
        "resources: [l.yaml]\ncommonAnnotations: {q: r}\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x: 1, y: true}}\n",
        )],
    ),
    (
        "labels nonstring",
        "resources: [l.yaml]\ncommonLabels: {q: r}\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {x: 1, y: true}}\n")],
    ),
    (
        "labels null",
        "resources: [l.yaml]\ncommonLabels: {q: r}\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: null, annotations: }\nspec: {selector: null}\n",
        )],
    ),
    (
        "namespace empty",
        "resources: [l.yaml]\nnamespace: ''\n",
        &[("over/l.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n")],
    ),
    (
        "namespace conflict",
        "resources: [l.yaml]\nnamespace: n\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: y}\n",
        )],
    ),
    (
        "same name other group",
        "resources: [l.yaml]\nnamePrefix: p-\n",
        &[(
            "over/l.yaml",
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n---\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n",
        )],
    ),
    (
        "same id other version",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: x/v1\nkind: Zed\nmetadata: {name: a}\n---\napiVersion: x/v2\nkind: Zed\nmetadata: {name: a}\n",
        )],
    ),
    (
        "commonLabels and labels",
        "resources: [../base]\ncommonLabels: {a: b}\nlabels: [{pairs: {a: c}}]\n",
        &[],
    ),
    ("labels twice same key", "resources: [../base]\nlabels: [{pairs: {a: b}}, {pairs: {a: c}}]\n", &[]),
    (
        "quoted strings",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: \"1e3\"\n  b: \"0x10\"\n  c: \"012\"\n  d: \"-\"\n  e: \"#x\"\n  f: \"a: b\"\n  g: \" lead\"\n  h: \"tab\\there\"\n  i: \"nul\\u0000\"\n  j: \"\\u2028\"\n  k: \"-.inf\"\n  l: \"2020-01-01\"\n  m: \"1_000\"\n  n1: \"=\"\n  o: \"<<\"\n  p: \"null\"\n  q: \"a\\n\"\n  r: \"\\na\"\n  s: \"a \\nb\"\n  t: \"x\\n\\n\"\n  u: \"1:30\"\n  v: \"long word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word \"\n",
        )],
    ),
];

//! Kustomizations with plugins that are built in, and with configurations of them.

use super::Case;

pub(crate) const CASES: &[Case] = &[
    (
        "transformers: prefix",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: t}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]\n",
        )],
    ),
    (
        "transformers: prefix elsewhere",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: t}\nprefix: t-\nfieldSpecs: [{path: metadata/name, kind: Service}, {path: metadata/labels/tier}, {path: spec/type, kind: Service, create: true}]\n",
        )],
    ),
    (
        "transformers: suffix",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: SuffixTransformer\nmetadata: {name: t}\nsuffix: -t\nfieldSpecs: [{path: metadata/name, kind: Deployment}]\n",
        )],
    ),
    (
        "transformers: affixes",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PrefixSuffixTransformer\nmetadata: {name: t}\nprefix: a-\nsuffix: -t\nfieldSpecs: [{path: metadata/name}]\n",
        )],
    ),
    (
        "transformers: labels",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: t}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}, {path: spec/template/metadata/labels, create: true, kind: Deployment}, {path: spec/selector, version: v1, kind: Service}]\n",
        )],
    ),
    (
        "transformers: labels nowhere",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: t}\nlabels: {a: b}\n",
        )],
    ),
    (
        "transformers: annotations",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {a: b}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n",
        )],
    ),
    (
        "transformers: images",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: t}\nimageTag: {name: nginx, newTag: v9}\nfieldSpecs: [{path: spec/template/spec/containers[]/image}]\n",
        )],
    ),
    (
        "transformers: images with a suffix",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: t}\nimageTag: {name: nginx, tagSuffix: -z}\n",
        )],
    ),
    (
        "transformers: replicas",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: ReplicaCountTransformer\nmetadata: {name: t}\nreplica: {name: web, count: 9}\nfieldSpecs: [{path: spec/replicas, create: true, kind: Deployment}]\n",
        )],
    ),
    (
        "transformers: replicas of nothing",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: ReplicaCountTransformer\nmetadata: {name: t}\nreplica: {name: none, count: 9}\nfieldSpecs: [{path: spec/replicas, create: true, kind: Deployment}]\n",
        )],
    ),
    (
        "transformers: a patch",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\ntarget: {kind: Service}\npatch: |\n  - {op: add, path: /metadata/annotations, value: {a: b}}\n",
        )],
    ),
    (
        "transformers: a patch file",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: patch.yaml\n",
        )],
    ),
    (
        "transformers: a json patch",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PatchJson6902Transformer\nmetadata: {name: t}\ntarget: {version: v1, kind: Service, name: web}\njsonOp: |\n  - {op: add, path: /metadata/annotations, value: {a: b}}\n",
        )],
    ),
    (
        "transformers: merges",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PatchStrategicMergeTransformer\nmetadata: {name: t}\npaths: [patch.yaml]\n",
        )],
    ),
    (
        "transformers: merged texts",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PatchStrategicMergeTransformer\nmetadata: {name: t}\npatches: |\n  apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n  spec: {type: X}\n",
        )],
    ),
    (
        "transformers: replacements",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: t}\nreplacements: [{source: {kind: Service, name: web}, targets: [{select: {kind: Deployment}, fieldPaths: [metadata.labels.tier]}]}]\n",
        )],
    ),
    (
        "transformers: nothing known",
        "resources: [../base]\nnamePrefix: p-\ntransformers: [t.yaml]\n",
        &[("over/t.yaml", "apiVersion: builtin\nkind: NothingTransformer\nmetadata: {name: t}\nx: 1\n")],
    ),
    (
        "transformers as text",
        "resources: [../base]\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: PrefixTransformer\n  metadata: {name: t}\n  prefix: t-\n  fieldSpecs: [{path: metadata/name}]\n",
        &[],
    ),
    (
        "transformers in a folder",
        "resources: [../base]\ntransformers: [../tr]\n",
        &[
            ("tr/kustomization.yaml", "resources: [a.yaml]\n"),
            (
                "tr/a.yaml",
                "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: t}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]\n---\napiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: u}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n",
            ),
        ],
    ),
    (
        "transformers without a name",
        "resources: [../base]\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PrefixTransformer\nprefix: t-\nfieldSpecs: [{path: metadata/name}]\n",
        )],
    ),
    (
        "transformers that are programs",
        "resources: [../base]\ntransformers: [t.yaml]\n",
        &[("over/t.yaml", "apiVersion: example.org/v1\nkind: Mine\nmetadata: {name: t}\n")],
    ),
    (
        "transformers that are local",
        "resources: [../base]\ntransformers: [t.yaml]\n",
        &[(
            "over/t.yaml",
            "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: 'true'}}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]\n",
        )],
    ),
    (
        "transformers: namespace ",
        "resources: [../base, l.yaml]\ntransformers: [t.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
            ),
            (
                "over/t.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: far}\n",
            ),
        ],
    ),
    (
        "transformers: namespace by field",
        "resources: [../base, l.yaml]\ntransformers: [t.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
            ),
            (
                "over/t.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: far}\nfieldSpecs: [{path: metadata/name, kind: Namespace, create: true}, {path: spec/ns, kind: Thing, create: true}]\n",
            ),
        ],
    ),
    (
        "transformers: namespace where there is none",
        "resources: [../base, l.yaml]\ntransformers: [t.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
            ),
            (
                "over/t.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: far}\nunsetOnly: true\n",
            ),
        ],
    ),
    (
        "transformers: namespace all accounts",
        "resources: [../base, l.yaml]\ntransformers: [t.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
            ),
            (
                "over/t.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: far}\nsetRoleBindingSubjects: allServiceAccounts\n",
            ),
        ],
    ),
    (
        "transformers: namespace no accounts",
        "resources: [../base, l.yaml]\ntransformers: [t.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
            ),
            (
                "over/t.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: far}\nsetRoleBindingSubjects: none\n",
            ),
        ],
    ),
    (
        "transformers: namespace accounts that are none",
        "resources: [../base, l.yaml]\ntransformers: [t.yaml]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
            ),
            (
                "over/t.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: far}\nsetRoleBindingSubjects: some\n",
            ),
        ],
    ),
    (
        "namespace of users called default",
        "resources: [l.yaml]\nnamespace: far\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: o, namespace: p}]\n",
        )],
    ),
    (
        "generators",
        "resources: [../base]\nnamePrefix: p-\ngenerators: [g.yaml]\n",
        &[(
            "over/g.yaml",
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\nliterals: [a=b]\nfiles: [app.env]\n---\napiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: made}\nname: other\nliterals: [a=b]\ntype: x\n",
        )],
    ),
    (
        "generators with options",
        "resources: [../base]\ngenerators: [g.yaml]\n",
        &[(
            "over/g.yaml",
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made, namespace: n}\nliterals: [a=b]\noptions: {disableNameSuffixHash: true, labels: {a: b}}\n",
        )],
    ),
    (
        "generators that merge",
        "resources: [../base]\ngenerators: [g.yaml]\n",
        &[(
            "over/g.yaml",
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: settings}\nbehavior: merge\nliterals: [a=new]\n",
        )],
    ),
    (
        "configurations",
        "resources: [l.yaml]\nconfigurations: [c.yaml]\nnamePrefix: p-\nnamespace: far\ncommonLabels: {a: b}\ncommonAnnotations: {note: m}\nimages: [{name: nginx, newTag: v2}]\nreplicas: [{name: a, count: 4}]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\nsecretGenerator: [{name: keys, literals: [a=b]}]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: s}}]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: example.org/v1\nkind: App\nmetadata: {name: a}\nspec: {config: settings, secrets: [keys, other], image: 'nginx:1', count: 1, text: $(HOST), owner: x, labels: {}}\n---\napiVersion: example.org/v1\nkind: Plan\nmetadata: {name: plan}\n---\napiVersion: example.org/v1\nkind: User\nmetadata: {name: u}\nspec: {plan: plan}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
            ),
            (
                "over/c.yaml",
                "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs: [{path: spec/config, kind: App}]\n- kind: Secret\n  version: v1\n  fieldSpecs: [{path: spec/secrets, kind: App}]\n- kind: Plan\n  group: example.org\n  fieldSpecs: [{path: spec/plan, kind: User}]\nvarReference: [{path: spec/text, kind: App}]\nimages: [{path: spec/image, kind: App}]\nreplicas: [{path: spec/count, kind: App}]\nnamespace: [{path: spec/space, kind: App, create: true}]\nnamePrefix: [{path: spec/owner, kind: App}]\ncommonLabels: [{path: spec/labels, kind: App, create: true}, {path: spec/match, kind: Plan, create: true}]\ncommonAnnotations: [{path: spec/notes, kind: App, create: true}]\n",
            ),
        ],
    ),
    (
        "configurations of a base",
        "resources: [../conf]\nnameSuffix: -z\ncommonLabels: {q: r}\n",
        &[
            (
                "conf/kustomization.yaml",
                "resources: [l.yaml]\nconfigurations: [c.yaml]\nnamePrefix: p-\nnamespace: far\ncommonLabels: {a: b}\ncommonAnnotations: {note: m}\nimages: [{name: nginx, newTag: v2}]\nreplicas: [{name: a, count: 4}]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\nsecretGenerator: [{name: keys, literals: [a=b]}]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: s}}]\n",
            ),
            (
                "conf/l.yaml",
                "apiVersion: example.org/v1\nkind: App\nmetadata: {name: a}\nspec: {config: settings, secrets: [keys, other], image: 'nginx:1', count: 1, text: $(HOST), owner: x, labels: {}}\n---\napiVersion: example.org/v1\nkind: Plan\nmetadata: {name: plan}\n---\napiVersion: example.org/v1\nkind: User\nmetadata: {name: u}\nspec: {plan: plan}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
            ),
            (
                "conf/c.yaml",
                "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs: [{path: spec/config, kind: App}]\n- kind: Secret\n  version: v1\n  fieldSpecs: [{path: spec/secrets, kind: App}]\n- kind: Plan\n  group: example.org\n  fieldSpecs: [{path: spec/plan, kind: User}]\nvarReference: [{path: spec/text, kind: App}]\nimages: [{path: spec/image, kind: App}]\nreplicas: [{path: spec/count, kind: App}]\nnamespace: [{path: spec/space, kind: App, create: true}]\nnamePrefix: [{path: spec/owner, kind: App}]\ncommonLabels: [{path: spec/labels, kind: App, create: true}, {path: spec/match, kind: Plan, create: true}]\ncommonAnnotations: [{path: spec/notes, kind: App, create: true}]\n",
            ),
        ],
    ),
    (
        "configurations of who uses it",
        "resources: [../conf]\nconfigurations: [c.yaml]\nnamePrefix: p-\nnamespace: far\ncommonLabels: {a: b}\ncommonAnnotations: {note: m}\nimages: [{name: nginx, newTag: v2}]\nreplicas: [{name: a, count: 4}]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\nsecretGenerator: [{name: keys, literals: [a=b]}]\nvars: [{name: HOST, objref: {apiVersion: v1, kind: Service, name: s}}]\n",
        &[
            ("conf/kustomization.yaml", "resources: [l.yaml]\n"),
            (
                "conf/l.yaml",
                "apiVersion: example.org/v1\nkind: App\nmetadata: {name: a}\nspec: {config: settings, secrets: [keys, other], image: 'nginx:1', count: 1, text: $(HOST), owner: x, labels: {}}\n---\napiVersion: example.org/v1\nkind: Plan\nmetadata: {name: plan}\n---\napiVersion: example.org/v1\nkind: User\nmetadata: {name: u}\nspec: {plan: plan}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
            ),
            (
                "over/c.yaml",
                "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs: [{path: spec/config, kind: App}]\n- kind: Secret\n  version: v1\n  fieldSpecs: [{path: spec/secrets, kind: App}]\n- kind: Plan\n  group: example.org\n  fieldSpecs: [{path: spec/plan, kind: User}]\nvarReference: [{path: spec/text, kind: App}]\nimages: [{path: spec/image, kind: App}]\nreplicas: [{path: spec/count, kind: App}]\nnamespace: [{path: spec/space, kind: App, create: true}]\nnamePrefix: [{path: spec/owner, kind: App}]\ncommonLabels: [{path: spec/labels, kind: App, create: true}, {path: spec/match, kind: Plan, create: true}]\ncommonAnnotations: [{path: spec/notes, kind: App, create: true}]\n",
            ),
        ],
    ),
    (
        "references to a group and a version",
        "resources: [l.yaml]\nconfigurations: [c.yaml]\nnamePrefix: p-\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: example.org/v1\nkind: Plan\nmetadata: {name: plan}\n---\napiVersion: example.org/v1\nkind: User\nmetadata: {name: u}\nspec: {right: plan, group: plan, version: plan}\n",
            ),
            (
                "over/c.yaml",
                "nameReference:\n- {kind: Plan, group: example.org, version: v1, fieldSpecs: [{path: spec/right, kind: User}]}\n- {kind: Plan, group: other.org, fieldSpecs: [{path: spec/group, kind: User}]}\n- {kind: Plan, version: v2, fieldSpecs: [{path: spec/version, kind: User}]}\n",
            ),
        ],
    ),
    (
        "configurations that are none",
        "resources: [l.yaml]\nconfigurations: [none.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: example.org/v1\nkind: App\nmetadata: {name: a}\nspec: {config: settings, secrets: [keys, other], image: 'nginx:1', count: 1, text: $(HOST), owner: x, labels: {}}\n---\napiVersion: example.org/v1\nkind: Plan\nmetadata: {name: plan}\n---\napiVersion: example.org/v1\nkind: User\nmetadata: {name: u}\nspec: {plan: plan}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
        )],
    ),
    (
        "labels at configured places",
        "resources: [l.yaml]\nconfigurations: [c.yaml]\nlabels: [{pairs: {x: y}}, {pairs: {t: u}, includeTemplates: true}, {pairs: {s: v}, includeSelectors: true}]\n",
        &[
            (
                "over/l.yaml",
                "apiVersion: example.org/v1\nkind: App\nmetadata: {name: a}\nspec: {config: settings, secrets: [keys, other], image: 'nginx:1', count: 1, text: $(HOST), owner: x, labels: {}}\n---\napiVersion: example.org/v1\nkind: Plan\nmetadata: {name: plan}\n---\napiVersion: example.org/v1\nkind: User\nmetadata: {name: u}\nspec: {plan: plan}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
            ),
            (
                "over/c.yaml",
                "labels: [{path: spec/l, kind: App, create: true}]\ntemplateLabels: [{path: spec/t, kind: App, create: true}]\ncommonLabels: [{path: spec/c, kind: App, create: true}]\n",
            ),
        ],
    ),
];

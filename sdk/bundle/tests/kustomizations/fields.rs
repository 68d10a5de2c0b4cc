//! Kustomizations that try each field: targets, patches, labels, names, images, generators, replacements, orders.

use super::Case;

/// Objects of many kinds.
const MANY_KINDS: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: p}\nspec: {selector: {matchLabels: {app: web}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], storageClassName: fast, volumeName: pv}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv}\nspec: {storageClassName: fast}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: x\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: web\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: c, image: \"postgres:15\"}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}\n  volumeClaimTemplates: [{metadata: {name: v}, spec: {storageClassName: fast}}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cr}\nsubjects: [{kind: ServiceAccount, name: robot, namespace: default}, {kind: User, name: robot}, {kind: ServiceAccount, name: default, namespace: x}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: cr}\nrules: [{apiGroups: [\"\"], resources: [configmaps], resourceNames: [settings, other], verbs: [get]}]\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: vw}\nwebhooks: [{name: a.b.c, clientConfig: {service: {name: web, namespace: default, path: /x}}}]\n---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.x.y}\nspec: {service: {name: web, namespace: default}, group: x, version: v1}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\nspec: {group: example.org, conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: web, namespace: default}}}}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: zz}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\nspec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: nginx, env: [{name: X, valueFrom: {secretKeyRef: {name: keys, key: k}}}]}]}}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa2}\nimagePullSecrets: [{name: keys}]\nsecrets: [{name: keys}]\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hr}\nspec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: ic}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i2, annotations: {nginx.ingress.kubernetes.io/auth-secret: keys, nginx.ingress.kubernetes.io/auth-tls-secret: default/keys}}\nspec: {ingressClassName: ic, defaultBackend: {service: {name: web, port: {number: 1}}}, tls: [{secretName: keys}]}\n---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1\n";

pub(crate) const CASES: &[Case] = &[
    (
        "target name regex anchored",
        "resources: [../base]\npatches:\n- target: {name: we}\n  patch: |\n    [{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"x\":\"y\"}}]\n",
        &[],
    ),
    (
        "target kind regex",
        "resources: [../base]\npatches:\n- target: {kind: Dep.*|Service}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n",
        &[],
    ),
    (
        "target alternation name",
        "resources: [../base]\npatches:\n- target: {kind: Service, name: \"web|robot\"}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n",
        &[],
    ),
    (
        "target group",
        "resources: [../base]\npatches:\n- target: {group: apps}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n",
        &[],
    ),
    (
        "target version",
        "resources: [../base]\npatches:\n- target: {version: v1, kind: Service}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n",
        &[],
    ),
    (
        "target nothing",
        "resources: [../base]\npatches:\n- target: {kind: Nothing}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n",
        &[],
    ),
    (
        "target label in",
        "resources: [../base]\npatches:\n- target: {labelSelector: \"tier in (front,back)\"}\n  patch: |\n    - op: add\n      path: /spec/replicas\n      value: 9\n",
        &[],
    ),
    (
        "target annotation",
        "resources: [../base]\npatches:\n- target: {annotationSelector: \"x=y\"}\n  patch: |\n    - op: add\n      path: /spec/replicas\n      value: 9\n",
        &[],
    ),
    (
        "target namespace",
        "resources: [../base]\npatches:\n- target: {namespace: default}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n",
        &[],
    ),
    (
        "smp target many",
        "resources: [../base]\npatches:\n- target: {kind: \"Deployment|Service\"}\n  patch: |\n    apiVersion: v1\n    kind: Any\n    metadata:\n      name: ignored\n      annotations: {p: q}\n",
        &[],
    ),
    (
        "smp allowNameChange",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  options: {allowNameChange: true}\n  patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: other}\n",
        &[],
    ),
    (
        "smp allowKindChange",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  options: {allowKindChange: true}\n  patch: |\n    apiVersion: v1\n    kind: Svc\n    metadata: {name: other}\n",
        &[],
    ),
    (
        "smp list merge env",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n          - name: web\n            env:\n            - {name: A, value: new}\n            - {name: B, value: b}\n            ports: [{containerPort: 81}]\n          - name: new\n            image: x\n",
        &[],
    ),
    (
        "smp delete container",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n          - name: side\n            $patch: delete\n",
        &[],
    ),
    (
        "smp replace",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          $patch: replace\n          containers:\n          - name: only\n            image: y\n",
        &[],
    ),
    (
        "smp null removes",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, labels: null}\n    spec: {replicas: null}\n",
        &[],
    ),
    (
        "smp tolerations",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {tolerations: [{key: a, operator: Exists}], volumes: [{name: s, emptyDir: {}}, {name: n, emptyDir: {}}], imagePullSecrets: [{name: z}], topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]}}}\n",
        &[],
    ),
    (
        "smp args list atomic",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: web, args: [a], command: [b]}]}}}\n",
        &[],
    ),
    (
        "smp several docs",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {replicas: 5}\n    ---\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    spec: {type: NodePort}\n",
        &[],
    ),
    (
        "service ports merge",
        "resources: [../base]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    spec: {ports: [{port: 80, targetPort: 8080}, {port: 443}]}\n",
        &[],
    ),
    (
        "json test op fails",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: test\n      path: /spec/ports/0/port\n      value: 1\n",
        &[],
    ),
    (
        "json test op ok",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: test\n      path: /spec/ports/0/port\n      value: 80\n    - op: copy\n      from: /spec/ports/0\n      path: /spec/ports/-\n    - op: move\n      from: /spec/selector\n      path: /spec/sel\n",
        &[],
    ),
    (
        "json tilde",
        "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {}\n    - op: add\n      path: /metadata/annotations/a.b~1c~0d\n      value: \"1\"\n",
        &[],
    ),
    (
        "json remove missing",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: remove\n      path: /spec/none\n",
        &[],
    ),
    (
        "json replace missing",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: replace\n      path: /spec/none\n      value: 1\n",
        &[],
    ),
    (
        "json add deep missing",
        "resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: add\n      path: /spec/none/deep\n      value: 1\n",
        &[],
    ),
    (
        "patchesJson6902",
        "resources: [../base]\npatchesJson6902:\n- target: {version: v1, kind: Service, name: web}\n  patch: |-\n    - op: add\n      path: /metadata/annotations\n      value: {z: z}\n",
        &[],
    ),
    (
        "patchesStrategicMerge",
        "resources: [../base]\npatchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n  spec: {type: NodePort}\n",
        &[],
    ),
    (
        "labels fields",
        "resources: [../base]\nlabels:\n- pairs: {a: b}\n  fields:\n  - {path: spec/thing/labels, create: true, kind: Thing}\n  - {path: metadata/other, create: true}\n",
        &[],
    ),
    (
        "labels includeSelectors",
        "resources: [../base]\nlabels:\n- pairs: {a: b}\n  includeSelectors: true\n",
        &[],
    ),
    (
        "labels includeTemplates",
        "resources: [../base]\nlabels:\n- pairs: {a: b}\n  includeTemplates: true\n",
        &[],
    ),
    ("labels numeric", "resources: [../base]\nlabels:\n- pairs: {a: '1', b: 'true'}\n", &[]),
    ("commonLabels number", "resources: [../base]\ncommonLabels: {a: 1}\n", &[]),
    ("commonAnnotations bool", "resources: [../base]\ncommonAnnotations: {a: true}\n", &[]),
    ("suffix refs", "resources: [../base]\nnameSuffix: -v1\n", &[]),
    ("prefix ns", "resources: [../base]\nnamePrefix: p-\nnamespace: shop\n", &[]),
    (
        "hpa pdb suffix",
        "resources: [../base, more.yaml]\nnameSuffix: -v1\nnamespace: n2\n",
        &[("over/more.yaml", MANY_KINDS)],
    ),
    (
        "commonLabels all kinds",
        "resources: [../base, more.yaml]\ncommonLabels: {z: z}\n",
        &[("over/more.yaml", MANY_KINDS)],
    ),
    (
        "labels sel all kinds",
        "resources: [../base, more.yaml]\nlabels: [{pairs: {z: z}, includeSelectors: true}]\n",
        &[("over/more.yaml", MANY_KINDS)],
    ),
    (
        "annotations all kinds",
        "resources: [../base, more.yaml]\ncommonAnnotations: {z: z}\n",
        &[("over/more.yaml", MANY_KINDS)],
    ),
    (
        "namespace all kinds",
        "resources: [../base, more.yaml]\nnamespace: q\n",
        &[("over/more.yaml", MANY_KINDS)],
    ),
    (
        "images all kinds",
        "resources: [../base, more.yaml]\nimages: [{name: nginx, newTag: '2'}, {name: postgres, newName: pg}]\n",
        &[("over/more.yaml", MANY_KINDS)],
    ),
    ("digest replaces tag", "resources: [../base]\nimages: [{name: nginx, digest: 'sha256:abc'}]\n", &[]),
    (
        "newTag and digest",
        "resources: [../base]\nimages: [{name: nginx, newTag: v2, digest: 'sha256:abc'}]\n",
        &[],
    ),
    ("newName with tag", "resources: [../base]\nimages: [{name: nginx, newName: 'x/y:z'}]\n", &[]),
    ("image name with tag", "resources: [../base]\nimages: [{name: 'nginx:1.25', newTag: v2}]\n", &[]),
    ("image regex-like", "resources: [../base]\nimages: [{name: 'ngin.', newTag: v2}]\n", &[]),
    ("image chain", "resources: [../base]\nimages: [{name: nginx, newName: b}, {name: b, newTag: q}]\n", &[]),
    ("image newTag number", "resources: [../base]\nimages: [{name: nginx, newTag: 1.10}]\n", &[]),
    ("replicas sts", "resources: [../base]\nreplicas: [{name: nope, count: 2}]\n", &[]),
    ("replicas zero", "resources: [../base]\nreplicas: [{name: web, count: 0}]\n", &[]),
    (
        "gen options",
        "generatorOptions: {labels: {a: b}, annotations: {c: d}, immutable: true}\nconfigMapGenerator:\n- {name: x, literals: [a=b, 'c=', 'd=e=f', \"q='s t'\"], options: {disableNameSuffixHash: true, labels: {z: y}}}\nsecretGenerator:\n- {name: s, literals: [a=b], type: kubernetes.io/tls}\n",
        &[],
    ),
    ("gen empty", "configMapGenerator:\n- {name: x}\n", &[]),
    (
        "gen multiline",
        "configMapGenerator:\n- {name: x, files: [t.txt]}\n",
        &[("over/t.txt", "a\n  b\n\nc: \"d\"\n	tab\n")],
    ),
    (
        "gen no newline trailing space",
        "configMapGenerator:\n- {name: x, files: [t.txt]}\n",
        &[("over/t.txt", "a \nb")],
    ),
    ("gen crlf", "configMapGenerator:\n- {name: x, files: [t.txt]}\n", &[("over/t.txt", "a\r\nb\r\n")]),
    (
        "gen envs quotes",
        "configMapGenerator:\n- {name: x, envs: [e.env]}\n",
        &[("over/e.env", "A=\"x y\"\nB='q'\n#c\n\nC=a=b\nD=\n  E=lead\nF = sp\n")],
    ),
    ("gen duplicate key", "configMapGenerator:\n- {name: x, literals: [a=1, a=2]}\n", &[]),
    ("gen bad key", "configMapGenerator:\n- {name: x, literals: ['a b=1']}\n", &[]),
    ("gen namespace", "namespace: n\nconfigMapGenerator:\n- {name: x, namespace: m, literals: [a=1]}\n", &[]),
    (
        "gen same name ns",
        "configMapGenerator:\n- {name: x, namespace: m, literals: [a=1]}\n- {name: x, namespace: n, literals: [a=2]}\n",
        &[],
    ),
    (
        "gen prefix ref",
        "resources: [../base]\nnamePrefix: p-\nconfigMapGenerator:\n- {name: settings, behavior: merge, literals: [z=1]}\n",
        &[],
    ),
    ("gen secret stringlike", "secretGenerator:\n- {name: x, literals: ['a=éè', b=]}\n", &[]),
    (
        "gen long secret",
        "secretGenerator:\n- {name: x, files: [t.txt]}\n",
        &[(
            "over/t.txt",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        )],
    ),
    ("configmap hash ref everywhere", "resources: [../base]\nnameSuffix: -s\nnamespace: k\n", &[]),
    ("components", "resources: [../base]\ncomponents: [../component]\n", &[]),
    (
        "component twice",
        "resources: [../base]\ncomponents: [../component, ../component2]\n",
        &[(
            "component2/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c2-\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /spec/paused\n      value: true\n",
        )],
    ),
    ("helmCharts", "helmCharts: [{name: x, repo: 'https://x'}]\n", &[]),
    ("sortOptions legacy", "resources: [../base]\nsortOptions: {order: legacy}\n", &[]),
    ("sortOptions fifo", "resources: [../base]\nsortOptions: {order: fifo}\n", &[]),
    (
        "sortOptions legacy orders",
        "resources: [../base]\nsortOptions: {order: legacy, legacySortOptions: {orderFirst: [Service], orderLast: [Role]}}\n",
        &[],
    ),
    (
        "replacements simple",
        "resources: [../base]\nreplacements:\n- source: {kind: Service, name: web, fieldPath: metadata.name}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.args.0]\n    options: {create: true}\n",
        &[],
    ),
    (
        "replacements field",
        "resources: [../base]\nreplacements:\n- source: {kind: Deployment, fieldPath: spec.replicas}\n  targets:\n  - select: {kind: Service, name: web}\n    fieldPaths: ['metadata.annotations.x']\n    options: {create: true}\n",
        &[],
    ),
    (
        "replacements by list key",
        "resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: settings, fieldPath: data.a}\n  targets:\n  - select: {kind: Deployment, name: web}\n    fieldPaths: ['spec.template.spec.containers.[name=web].image']\n    options: {delimiter: ':', index: 1}\n",
        &[],
    ),
    (
        "replacements star",
        "resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: settings, fieldPath: data.a}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: ['spec.template.spec.containers.*.image']\n",
        &[],
    ),
    (
        "replacements reject",
        "resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: settings}\n  targets:\n  - select: {kind: Service}\n    reject: [{name: web}]\n    fieldPaths: [metadata.labels.x]\n    options: {create: true}\n  - select: {kind: Role}\n    fieldPaths: [metadata.labels.x]\n    options: {create: true}\n",
        &[],
    ),
    (
        "replacements source delimiter",
        "resources: [../base]\nreplacements:\n- source: {kind: Deployment, fieldPath: 'spec.template.spec.containers.[name=web].image', options: {delimiter: ':', index: 0}}\n  targets:\n  - select: {kind: Role}\n    fieldPaths: ['metadata.annotations.[a.b/c]']\n    options: {create: true}\n",
        &[],
    ),
    (
        "replacements missing target field",
        "resources: [../base]\nreplacements:\n- source: {kind: Service, name: web}\n  targets:\n  - select: {kind: Role}\n    fieldPaths: ['metadata.annotations.q']\n",
        &[],
    ),
    (
        "replacements no source",
        "resources: [../base]\nreplacements:\n- source: {kind: Nope}\n  targets:\n  - select: {kind: Role}\n    fieldPaths: ['metadata.name']\n",
        &[],
    ),
    (
        "replacements many sources",
        "resources: [../base]\nreplacements:\n- source: {group: rbac.authorization.k8s.io}\n  targets:\n  - select: {kind: Role}\n    fieldPaths: ['metadata.name']\n",
        &[],
    ),
    (
        "replacements file",
        "resources: [../base]\nreplacements: [{path: r.yaml}]\n",
        &[(
            "over/r.yaml",
            "- source: {kind: Service, name: web}\n  targets:\n  - select: {kind: Role}\n    fieldPaths: [metadata.labels.q]\n    options: {create: true}\n",
        )],
    ),
    (
        "replacements map",
        "resources: [../base]\nreplacements:\n- source: {kind: Service, name: web, fieldPath: spec.selector}\n  targets:\n  - select: {kind: Role}\n    fieldPaths: [metadata.labels]\n    options: {create: true}\n",
        &[],
    ),
    (
        "replacements prefix index -1",
        "resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: settings, fieldPath: data.a}\n  targets:\n  - select: {kind: Deployment, name: web}\n    fieldPaths: ['spec.template.spec.containers.[name=web].image']\n    options: {delimiter: ':', index: -1}\n",
        &[],
    ),
    (
        "replacements before suffix",
        "resources: [../base]\nnameSuffix: -zz\nreplacements:\n- source: {kind: Service, name: web, fieldPath: metadata.name}\n  targets:\n  - select: {kind: Role, name: reader}\n    fieldPaths: [metadata.labels.x]\n    options: {create: true}\n",
        &[],
    ),
    ("empty kustomization", "", &[]),
    ("only comment", "# x\n", &[]),
    ("resources null", "resources:\n", &[]),
    (
        "list kind",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n",
        )],
    ),
    (
        "json file",
        "resources: [l.json]\n",
        &[(
            "over/l.json",
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":\"1\",\"y\":\"true\",\"z\":\"<&>\",\"n\":\"null\",\"e\":\"\",\"t\":\"a: b\",\"m\":\"a\\nb\\n\"}}",
        )],
    ),
    (
        "scalars kept",
        "resources: [l.yaml]\nnamespace: q\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: \"yes\"\n  b: on\n  c: 1_000\n  d: 0o17\n  e: 017\n  f: 1e3\n  g: ~\n  h: 2020-01-01\n  i: !!str 5\n  j: 0x1F\n  k: .5\n  l: 1.0\n  m: 12345678901234567890\n  n: |\n    x\n\n    y\n  o: >-\n    folded\n    text\n  p: 'q'\n  q: \"\\u00e9\"\n  r: [a, {b: c}]\n  s: &x y\n  t: *x\n  u: -0.0\n  v: +1\n  w: .inf\n",
        )],
    ),
    (
        "comments and order",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "# top\nkind: ConfigMap # k\napiVersion: v1\ndata:\n  # c\n  z: \"1\"\n  a: b # d\nmetadata:\n  name: a\n",
        )],
    ),
    (
        "two same names different ns",
        "resources: [l.yaml]\nnameSuffix: -x\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: n1}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: n2}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n2}\nspec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: a}}]}]}\n",
        )],
    ),
    (
        "crd selector untouched",
        "resources: [l.yaml]\ncommonLabels: {a: b}\nimages: [{name: nginx, newTag: z}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {selector: {matchLabels: {x: y}}, template: {metadata: {labels: {x: y}}, spec: {containers: [{name: a, image: nginx}]}}}\n",
        )],
    ),
    (
        "namespace object rename",
        "resources: [l.yaml]\nnamespace: q\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: orig}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: orig}\nspec: {containers: []}\n",
        )],
    ),
    (
        "nested overlays",
        "resources: [../mid]\nnamePrefix: o-\n",
        &[(
            "mid/kustomization.yaml",
            "resources: [../base]\nnamePrefix: m-\nnamespace: mid\ncommonLabels: {l: mid}\nimages: [{name: nginx, newTag: mid}]\n",
        )],
    ),
    (
        "two overlays of one base",
        "resources: [../m1, ../m2]\n",
        &[
            ("m1/kustomization.yaml", "resources: [../base]\nnamePrefix: m1-\n"),
            ("m2/kustomization.yaml", "resources: [../base]\nnamePrefix: m2-\n"),
        ],
    ),
    (
        "patch missing target",
        "resources: [../base]\npatches:\n- patch: |\n    - op: add\n      path: /x\n      value: 1\n",
        &[],
    ),
    (
        "patch after prefix name",
        "resources: [../mid]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    spec: {type: NodePort}\n",
        &[("mid/kustomization.yaml", "resources: [../base]\nnamePrefix: m-\n")],
    ),
    (
        "patch with prefixed name",
        "resources: [../mid]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: m-web}\n    spec: {type: NodePort}\n",
        &[("mid/kustomization.yaml", "resources: [../base]\nnamePrefix: m-\n")],
    ),
    (
        "annotation configs",
        "resources: [l.yaml]\nnamePrefix: z-\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {config.kubernetes.io/local-config: \"true\"}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
        )],
    ),
    (
        "generateName",
        "resources: [l.yaml]\n",
        &[("over/l.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}\nspec: {}\n")],
    ),
    (
        "needs-hash annotation",
        "resources: [l.yaml]\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}}\ndata: {a: b}\n",
        )],
    ),
    (
        "behavior annotation merge",
        "resources: [../base]\nsecretGenerator: [{name: keys, behavior: merge, literals: [k=new, z=y], type: Opaque, options: {labels: {q: r}}}]\n",
        &[],
    ),
    ("bases field", "bases: [../base]\nnamePrefix: b-\n", &[]),
    ("patch inline path missing", "resources: [../base]\npatches: [{path: none.yaml}]\n", &[]),
    (
        "metadata in kustomization",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: x, annotations: {a: b}}\nresources: [../base]\n",
        &[],
    ),
    ("wrong apiVersion", "apiVersion: v1\nkind: Kustomization\nresources: [../base]\n", &[]),
    ("nonexistent dir", "resources: [../nodir]\n", &[]),
    (
        "annotations merge",
        "resources: [l.yaml]\ncommonAnnotations: {a: '2', b: \"x: y\"}\n",
        &[(
            "over/l.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {a: \"1\", c: \"3\"}}\n",
        )],
    ),
    (
        "cronjob volumes secret",
        "resources: [l.yaml]\nsecretGenerator: [{name: s, literals: [a=b]}]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n",
        &[(
            "over/l.yaml",
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {schedule: \"* * * * *\", jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: i, envFrom: [{secretRef: {name: s}}, {configMapRef: {name: c}}]}], volumes: [{name: v, secret: {secretName: s}}, {name: w, configMap: {name: c, items: [{key: a, path: b}]}}, {name: z, csi: {driver: d, nodePublishSecretRef: {name: s}}}]}}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {ephemeralContainers: [{name: e, envFrom: [{secretRef: {name: s}}]}], containers: [{name: c, image: i}], volumes: [{name: v, projected: {sources: [{configMap: {name: c}}, {secret: {name: s}}]}}]}\n",
        )],
    ),
];

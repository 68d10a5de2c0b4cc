{{- define "names.full" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name }}{{ .Release.Name }}{{ else }}{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* A manifest that a chart completes: what the chart defines wins. */}}
{{- define "names.merged" -}}
{{- $top := first . -}}
{{- $own := fromYaml (include (index . 1) $top) | default (dict) -}}
{{- $base := fromYaml (include "names.base" $top) | default (dict) -}}
{{- toYaml (merge $own $base) -}}
{{- end }}

{{- define "names.base" -}}
metadata:
  name: {{ include "names.full" . }}
  labels:
    app.kubernetes.io/name: {{ .Chart.Name }}
    app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

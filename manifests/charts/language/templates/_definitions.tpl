{{/* A template that others include: its result can go through pipelines. */}}
{{- define "language.labels" -}}
app: {{ .name }}
{{- with .extra }}
extra: {{ . | quote }}
{{- end }}
{{- end -}}

{{- /* Recursion: a tree printed with dots. */ -}}
{{- define "language.tree" -}}
{{- range $key, $value := .tree }}
{{ repeat (int $.depth) "." }}{{ $key }}
{{- if kindIs "map" $value }}{{ template "language.tree" dict "tree" $value "depth" (add1 $.depth) }}{{ else }}={{ $value }}{{ end }}
{{- end }}
{{- end -}}



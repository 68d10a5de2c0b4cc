{{- /* Gathers all complaints and tells them together. */ -}}
{{- define "guarded.check" -}}
{{- $complaints := list -}}
{{- if or (lt (int .port) 1) (gt (int .port) 65535) -}}
{{- $complaints = append $complaints (printf "port %v is out of range" .port) -}}
{{- end -}}
{{- if not (has .kind (list "plain" "fancy")) -}}
{{- $complaints = append $complaints (printf "kind %q is unknown" .kind) -}}
{{- end -}}
{{- with $complaints -}}
{{- fail (join "\n" (prepend . "the values do not fit:")) -}}
{{- end -}}
{{- end -}}
{{- define "guarded.recursive" }}{{ include "guarded.recursive" . }}{{ end -}}

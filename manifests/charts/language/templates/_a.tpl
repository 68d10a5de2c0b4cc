{{- /* Both files define a template: the file that comes first in the order of names is read last, and wins. */ -}}
{{ define "language.twice" }}from _a{{ end }}

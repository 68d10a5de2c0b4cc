{{- define "shop.own" -}}
metadata:
  labels: {tier: own}
data: {from: shop}
{{- end }}

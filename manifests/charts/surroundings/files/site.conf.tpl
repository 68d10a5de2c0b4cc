listen {{ .Values.inner }}

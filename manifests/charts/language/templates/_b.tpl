{{ define "language.twice" }}from _b{{ end }}

{{- define "skerry.selector" -}}
app.kubernetes.io/name: skerry
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "skerry.labels" -}}
{{ include "skerry.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: skerry
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "skerry.name" -}}
{{ printf "%s-%s" (trunc 50 .root.Release.Name) .role }}
{{- end }}

{{/* An address with a user put in: nats://host → nats://gateway@host. */}}
{{- define "skerry.as" -}}
{{ regexReplaceAll "^([a-z]+)://" .url (printf "${1}://%s@" .user) }}
{{- end }}

{{- define "skerry.probe" -}}
httpGet: { path: {{ . }}, port: status }
{{- end }}

{{/* The pod of every process: role, root, env (name to value), keys (of the Secret), ports, and settings of the role. */}}
{{- define "skerry.pod" -}}
{{- $values := .root.Values -}}
{{- $own := index $values .role -}}
metadata:
  labels:
    {{- include "skerry.labels" . | nindent 4 }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets: {{ toJson . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "skerry.selector" $ | nindent 10 }}
    {{- end }}
  containers:
    - name: {{ .role }}
      image: {{ printf "%s:%s" $values.image.repository ($values.image.tag | default .root.Chart.AppVersion) }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [{{ .role }}]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      env:
        - { name: SKERRY_STATUS_HOST, value: "0.0.0.0" }
        - { name: SKERRY_STATUS_PORT, value: "8090" }
        - name: POD_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        {{- if $values.tls.existingSecret }}
        - { name: SKERRY_NATS_TLS_CA, value: /etc/skerry/tls/ca.crt }
        {{- if hasPrefix "https://" (.env.SKERRY_INFLUX_URL | default "") }}
        - { name: SKERRY_INFLUX_TLS_CA, value: /etc/skerry/tls/ca.crt }
        {{- end }}
        {{- end }}
        {{- range $name, $value := merge (dict) $own.env .env }}
        - { name: {{ $name }}, value: {{ $value | toString | quote }} }
        {{- end }}
      {{- if and (eq .role "notifier") $own.envSecret }}
      envFrom:
        - secretRef: { name: {{ $own.envSecret }} }
      {{- end }}
      ports:
        - { name: status, containerPort: 8090 }
        {{- range $name, $port := .ports }}
        - { name: {{ $name }}, containerPort: {{ $port }} }
        {{- end }}
      startupProbe:
        {{- include "skerry.probe" $values.probes.startup | nindent 8 }}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        {{- include "skerry.probe" $values.probes.live | nindent 8 }}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        {{- include "skerry.probe" $values.probes.ready | nindent 8 }}
        periodSeconds: 5
        timeoutSeconds: 3
      resources: {{ toJson $own.resources }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        - { name: data, mountPath: /data }
        {{- if .keys }}
        - { name: secrets, mountPath: /etc/skerry/secrets, readOnly: true }
        {{- end }}
        {{- if $values.tls.existingSecret }}
        - { name: tls, mountPath: /etc/skerry/tls, readOnly: true }
        {{- end }}
        {{- if and (eq .role "gateway") $own.tlsSecret }}
        - { name: mqtt-tls, mountPath: /etc/skerry/mqtt-tls, readOnly: true }
        {{- end }}
        {{- if and (eq .role "link") $own.tlsSecret }}
        - { name: link-tls, mountPath: /etc/skerry/link-tls, readOnly: true }
        {{- end }}
        {{- if eq .role "notifier" }}
        - { name: channels, mountPath: /etc/skerry/channels, readOnly: true }
        {{- end }}
  volumes:
    - { name: tmp, emptyDir: { sizeLimit: 64Mi } }
    {{- if ne .role "gateway" }}
    - { name: data, emptyDir: { sizeLimit: 256Mi } }
    {{- end }}
    {{- if .keys }}
    - name: secrets
      secret:
        secretName: {{ required "existingSecret: name the Secret with the passwords" $values.existingSecret }}
        defaultMode: 0440
        items:
          {{- range .keys }}
          - { key: {{ . }}, path: {{ . }} }
          {{- end }}
    {{- end }}
    {{- with $values.tls.existingSecret }}
    - { name: tls, secret: { secretName: {{ . }}, items: [{ key: ca.crt, path: ca.crt }] } }
    {{- end }}
    {{- if and (eq .role "gateway") $own.tlsSecret }}
    - { name: mqtt-tls, secret: { secretName: {{ $own.tlsSecret }}, defaultMode: 0440 } }
    {{- end }}
    {{- if and (eq .role "link") $own.tlsSecret }}
    - { name: link-tls, secret: { secretName: {{ $own.tlsSecret }}, defaultMode: 0440 } }
    {{- end }}
    {{- if eq .role "notifier" }}
    - { name: channels, configMap: { name: {{ required "notifier.channelsConfigMap: name the ConfigMap with channels.json" $own.channelsConfigMap }} } }
    {{- end }}
{{- end }}

{{/* A Deployment with a Service for its status: the same as skerry.pod, and replicas. */}}
{{- define "skerry.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "skerry.name" . }}
  labels:
    {{- include "skerry.labels" . | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  # Two of a kind that is to be one would share its work for a moment: the old one goes first.
  strategy: { type: {{ if gt (int .replicas) 1 }}RollingUpdate{{ else }}Recreate{{ end }} }
  selector:
    matchLabels:
      {{- include "skerry.selector" . | nindent 6 }}
  template:
    {{- include "skerry.pod" . | nindent 4 }}
{{- end }}

{{- define "skerry.roles" -}}
{{- $roles := list -}}
{{- if .Values.region.enabled }}{{ $roles = concat $roles (list "gateway" "alerting") }}{{ end -}}
{{- if .Values.hub.enabled }}{{ $roles = concat $roles (list "aggregator" "steward" "console") }}{{ end -}}
{{- if and .Values.hub.enabled .Values.notifier.enabled }}{{ $roles = append $roles "notifier" }}{{ end -}}
{{- if .Values.link.target }}{{ $roles = append $roles "link" }}{{ end -}}
{{ toJson $roles }}
{{- end }}

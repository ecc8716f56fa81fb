/** Policy texts of the Kafka tests. */

/** Ingress of the workload `kafka` from `client`: these rules at Kafka's own port, nothing else. */
export function ingressKafka(name: string, rules: readonly string[]): string {
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${name}}
spec:
  endpointSelector: {matchLabels: {app: kafka}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: client}}]
      toPorts:
        - ports: [{port: "9092", protocol: TCP}]
          rules:
            kafka:
${rules.map((rule) => `              - ${rule}\n`).join('')}`;
}

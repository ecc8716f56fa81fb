/** Policy texts that several tests apply. */

/** Egress of `from` to `to`: this port, nothing else. @param rules what `toPorts` says beside its ports, as YAML lines */
export function egressAllow(from: string, to: string, port: number, rules = ''): string {
  return policy(
    `${from}-to-${to}`,
    from,
    `  egress:
    - toEndpoints:
        - matchLabels: {app: ${to}}
      toPorts:
        - ports: [{port: "${port}", protocol: TCP}]
${rules}`,
  );
}

/** Egress of `from` to `to`: these requests on these ports, nothing else. */
export function egressHttp(from: string, to: string, port: number, http: readonly string[]): string {
  const rules = http.map((rule) => `              - ${rule}\n`).join('');
  return egressAllow(from, to, port, `          rules:\n            http:\n${rules}`);
}

/** Ingress of `to` from `from`: these requests on these ports, nothing else. */
export function ingressHttp(to: string, from: string, port: number, http: readonly string[]): string {
  return policy(
    `${to}-from-${from}`,
    to,
    `  ingress:
    - fromEndpoints:
        - matchLabels: {app: ${from}}
      toPorts:
        - ports: [{port: "${port}", protocol: TCP}]
          rules:
            http:
${http.map((rule) => `              - ${rule}\n`).join('')}`,
  );
}

/** HTTP rules for peers that are no workloads: `peers` is one entry of a rule, e.g. `toEntities: [world]`. */
export function httpTo(
  workload: string,
  direction: 'ingress' | 'egress',
  peers: string,
  port: number,
  http: readonly string[],
): string {
  return policy(
    `${workload}-${direction}`,
    workload,
    `  ${direction}:
    - ${peers}
      toPorts:
        - ports: [{port: "${port}", protocol: TCP}]
          rules:
            http:
${http.map((rule) => `              - ${rule}\n`).join('')}`,
  );
}

/** A policy with this body under `spec`. */
export function policy(name: string, app: string, body: string): string {
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${name}}
spec:
  endpointSelector:
    matchLabels: {app: ${app}}
${body}`;
}

/** The demo's rule: one path for reading. */
export const onlyPublic = ['{method: GET, path: "/public/.*"}'];

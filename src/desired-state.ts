/** What the files and the machine ask for, read as a whole: policies, workloads, and where these live. */

import type { Problem } from './admin/agent-view.ts';
import type { AgentOptions } from './agent-options.ts';
import type { Tap } from './datapath/tap.ts';
import type { EndpointId, IdentityId } from './identity/identity.ts';
import { namesOf } from './names.ts';
import type { Names } from './observe/flow.ts';
import type { PolicyDiagnostic } from './policy/diagnostic.ts';
import { PolicyReader } from './policy/policy-reader.ts';
import { type Member, PolicyResolver } from './policy/resolve.ts';
import type { ResolvedPolicy } from './policy/resolved.ts';
import { loadWorkloads } from './workload/file.ts';
import { hostAddresses, locate } from './workload/locate.ts';
import { type LocatedWorkload, workloadKey } from './workload/workload.ts';

export interface DesiredState {
  readonly resolved: ResolvedPolicy;
  readonly taps: readonly Tap[];
  readonly workloads: readonly LocatedWorkload[];
  readonly names: Names;
  /** Workloads that can't be attached yet. */
  readonly problems: readonly Problem[];
}

/** Keeps numbers stable from one reading to the next. */
export class StateReader {
  readonly #options: Pick<AgentOptions, 'policies' | 'workloads'>;
  readonly #policies = new PolicyReader();
  readonly #resolver = new PolicyResolver();
  #named: readonly string[] = [];

  constructor(options: Pick<AgentOptions, 'policies' | 'workloads'>) {
    this.#options = options;
  }

  /** @returns the problems alone when a file has an error: then what is in force stays so. */
  async read(): Promise<DesiredState | readonly Problem[]> {
    const { policies, diagnostics: ofPolicies, files } = await this.#policies.read(this.#options.policies);
    this.#named = files;
    const { workloads, diagnostics: ofWorkloads } = loadWorkloads(this.#options.workloads);
    const errors = [...ofPolicies, ...ofWorkloads].filter(({ severity }) => severity === 'error');
    if (errors.length > 0) return errors.map(problemOf);

    const located = await locate(workloads);
    const members = located.map(memberOf);
    const resolved = this.#resolver.resolve({ policies, members, hostAddresses: await hostAddresses() });
    const endpointId = (key: string): EndpointId => this.#resolver.endpointId(key);
    return {
      resolved,
      taps: located.flatMap((one) => tapOf(one, resolved, endpointId)),
      workloads: located,
      names: namesOf(resolved, members, endpointId),
      problems: [
        ...this.#resolver.conflicts.map(problemOf),
        ...located.flatMap(({ workload, problem }) =>
          problem === undefined ? [] : [{ source: `workload ${workloadKey(workload)}`, message: problem }],
        ),
      ],
    };
  }

  /** Files and directories that the last reading went by, those among them that policies name. */
  get paths(): readonly string[] {
    return [...this.#options.policies, this.#options.workloads, ...this.#named];
  }

  endpointId(key: string): EndpointId {
    return this.#resolver.endpointId(key);
  }
}

function problemOf({ file, line, column, message }: PolicyDiagnostic): Problem {
  return { source: `${file}:${line}:${column}`, message };
}

function memberOf({ workload, addresses }: LocatedWorkload): Member {
  return {
    key: workloadKey(workload),
    namespace: workload.namespace,
    labels: workload.labels,
    addresses,
    local: workload.place.kind !== 'remote',
  };
}

function tapOf(
  { workload, addresses, interface: attached }: LocatedWorkload,
  resolved: ResolvedPolicy,
  endpointId: (key: string) => EndpointId,
): Tap[] {
  if (!attached) return [];
  const identity = identityOf(addresses, resolved);
  return [
    {
      endpoint: endpointId(workloadKey(workload)),
      identity: identity ?? (0 as IdentityId),
      interfaceName: attached.name,
      ifindex: attached.ifindex,
      checkSource: identity !== undefined,
      addresses,
      ...(workload.place.kind === 'netns' && { netns: `/run/netns/${workload.place.netns}` }),
    },
  ];
}

function identityOf(addresses: LocatedWorkload['addresses'], resolved: ResolvedPolicy): IdentityId | undefined {
  const [first] = addresses;
  return resolved.prefixes.find(({ prefix }) => prefix.address === first && prefix.length >= 32)?.identity;
}

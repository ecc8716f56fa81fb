/** Verdicts of the rule set in force, remembered as long as they cannot change. */

import type { HttpRuleSet } from '../../src/policy/resolved.ts';
import type { CompileHttpRules, HttpDecider, HttpDecision } from '../decide.ts';
import type { RequestHead } from './request-head.ts';

/** Distinct requests that one connection remembers; then it starts anew. */
const remembered = 512;

export class Verdicts {
  readonly #compile: CompileHttpRules;
  readonly #known = new Map<string, HttpDecision>();
  #decider: HttpDecider;

  constructor(compile: CompileHttpRules, ruleSet: HttpRuleSet) {
    this.#compile = compile;
    this.#decider = compile(ruleSet);
  }

  use(ruleSet: HttpRuleSet): void {
    this.#decider = this.#compile(ruleSet);
    this.#known.clear();
  }

  judge(head: RequestHead): HttpDecision {
    // Neither a method nor a target nor a host holds a space.
    const key = `${head.method} ${head.target} ${head.host}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const decision = this.#decider.decide(head);
    if (!head.fieldsAsked) {
      if (this.#known.size === remembered) this.#known.clear();
      this.#known.set(key, decision);
    }
    return decision;
  }
}

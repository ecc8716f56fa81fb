/** From an HTTP rule set to the kernel's table. See table.ts for what the table means, grammar.ts for what it leaves out. */

import { limits } from '../limits.ts';
import type { HttpRuleSet } from '../policy/resolved.ts';
import { Budget, TooLarge } from './budget.ts';
import { layOut } from './layout.ts';
import { minimize } from './minimize.ts';
import { type JudgeNote, PreparedRules, Unjudgeable } from './prepared-rules.ts';
import { RequestMachine } from './request-machine.ts';
import { CANDIDATES, type JudgeTable } from './table.ts';

export type { JudgeNote } from './prepared-rules.ts';

export interface JudgeBounds {
  readonly judgePatternPositions: number;
  readonly judgeSteps: number;
  readonly judgeTransitions: number;
}

export type JudgeCompilation =
  /** `notes`: rules that the kernel doesn't judge by; what only they allow goes to the proxy. */
  | { readonly table: JudgeTable; readonly notes: readonly JudgeNote[] }
  /** A sentence: why nothing under this rule set is judged in the kernel. */
  | { readonly skipped: string; readonly notes: readonly JudgeNote[] };

/** Deterministic, bounded in time and memory; never throws on what a policy may say. */
export function compileJudge(ruleSet: HttpRuleSet, bounds: JudgeBounds = limits): JudgeCompilation {
  const whole = attempt(ruleSet, bounds, false);
  return whole instanceof TooLarge ? withoutHardPaths(ruleSet, bounds) : whole;
}

/** Rules are an OR: without some of them the kernel still allows nothing that it should not. */
function withoutHardPaths(ruleSet: HttpRuleSet, bounds: JudgeBounds): JudgeCompilation {
  const rest = attempt(ruleSet, bounds, true);
  return rest instanceof TooLarge ? { skipped: rest.message, notes: [] } : rest;
}

function attempt(ruleSet: HttpRuleSet, bounds: JudgeBounds, treesOnly: boolean): JudgeCompilation | TooLarge {
  try {
    const prepared = new PreparedRules(ruleSet, bounds.judgePatternPositions, treesOnly);
    const { machine, start, final, classes, crowded } = new RequestMachine(
      prepared,
      new Budget({ steps: bounds.judgeSteps, transitions: bounds.judgeTransitions }),
    ).build();
    const notes = [...prepared.notes, ...crowdedNotes(ruleSet, crowded)];
    const minimal = minimize(machine.states, start, final, {
      from: Uint32Array.from(machine.from),
      symbol: Uint32Array.from(machine.symbol),
      to: Uint32Array.from(machine.to),
    });
    if (minimal.start === undefined) return { skipped: 'the kernel can judge by none of its rules', notes };
    return { table: { ...layOut(minimal, minimal.start, machine.symbols, classes), classes }, notes };
  } catch (error) {
    if (error instanceof TooLarge) return error;
    if (error instanceof Unjudgeable) return { skipped: error.message, notes: [] };
    throw error;
  }
}

function crowdedNotes({ http }: HttpRuleSet, crowded: ReadonlySet<number>): JudgeNote[] {
  const reason = `more than ${CANDIDATES} rules with the same path differ by host or headers only`;
  return http.filter((_, index) => crowded.has(index)).map(({ ref }) => ({ rule: ref, reason }));
}

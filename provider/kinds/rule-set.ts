import type { Facts } from "../host/facts.ts";
import {
  type Content,
  changeChain,
  contentOf,
  type Jump,
  misplaced,
  type OwnChain,
  properJump,
  replayChain,
} from "../host/firewall.ts";
import { firewallChain } from "../host/graph.ts";
import type { Around, Kind } from "../kind.ts";
import { type Fields, normalised, type Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import {
  arranged,
  type Dialect,
  decoded,
  encoded,
  familyOf,
  merged,
  normalRule,
  type Rule,
  ruleProblems,
} from "./firewall-rules.ts";
import { ruleFindings } from "./rule-findings.ts";

type Firewall = Facts["firewall"];
type Family = 4 | 6;

/** A set of rules as asked for, and as found: with the jumps to it. */
export interface RuleSet {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly jump: string;
  readonly jumps?: readonly string[];
  readonly owner?: string | undefined;
}

/** The inputs that all kinds of rules share; `rules` is the object type of one. */
export const ruleSetInputs = <F extends Fields>(type: string, doc: string, fields: F) => ({
  name: s
    .string("The name of the set; its chain on the host is called by it.", {
      pattern: /^[A-Za-z0-9][\w-]{0,17}$/,
      must: "at most 18 letters, digits, `_` and `-`, a letter or a digit first",
    })
    .replaces(),
  rules: normalised(
    s.list(s.object(type, doc, fields, { exact: true }), "The rules: the first that fits counts."),
    (rules) => arranged(rules.map((rule) => normalRule(rule as Rule))) as Values<F>[],
  ),
  jump: s
    .oneOf("Where they stand among the rules of others: only `first`, before all of them.", ["first"])
    .default("first"),
});

export const ruleSetOutputs = {
  jumps: s.list(s.string("Family, chain, position and words."), "The rules of the host that lead to the set."),
};

/** What a kind of rules consists of besides its inputs. `letter` stands in the names of its chains. */
export interface Sort extends Omit<OwnChain, "name">, Dialect {
  readonly letter: "F" | "M" | "D";
}

/** The slots of a kind of rules. Generic code knows its rules as those of any kind. */
export function ruleSet<I extends Fields>(sort: Sort) {
  type Slots = Kind<I, typeof ruleSetOutputs, "firewall" | "links" | "routes">;
  const own = (name: string): OwnChain => ({ ...sort, name: `HOSTNET-${sort.letter}-${name}` });
  const content = (state: RuleSet | undefined, firewall: Firewall, family: Family, owner: string | undefined) =>
    state && contentFrom(sort, own(state.name), state, firewall, family, owner);
  const slots = {
    facts: ["firewall", "links", "routes"],
    check: ({ rules }: RuleSet) => ({
      ...(rules.length === 0 && { rules: "must hold at least one rule, got none" }),
      ...ruleProblems(rules),
    }),
    id: ({ name }: RuleSet) => name,
    edges: ({ name }: RuleSet) => ({ makes: [firewallChain(own(name).name)], needs: [] }),
    read: (name: string, { firewall }: Pick<Facts, "firewall">) => readRuleSet(sort, own(name), name, firewall),
    examine: (
      { want }: { want: RuleSet | undefined },
      facts: Pick<Facts, "firewall" | "links" | "routes">,
      around: Around<never>,
    ) => (want ? ruleFindings(want.rules, facts, around) : []),
    plan: (
      want: RuleSet | undefined,
      have: RuleSet | undefined,
      { owner, facts: { firewall } }: { owner: string; facts: Pick<Facts, "firewall"> },
    ) => {
      const name = want?.name ?? have?.name;
      if (name === undefined) return [];
      return firewall.families.flatMap((family) => {
        const there = content(have, firewall, family, have?.owner);
        // A chain of which somebody has taken all rules and the way to it.
        const left = have && contentOf(firewall, own(name), family) && { rules: [], jumps: [], owner: undefined };
        return changeChain(firewall, own(name), family, content(want, firewall, family, owner), there ?? left);
      });
    },
    boot: (
      want: RuleSet,
      _: unknown,
      { owner, facts: { firewall } }: { owner: string; facts: Pick<Facts, "firewall"> },
    ) =>
      firewall.families.flatMap((family) => {
        const wanted = content(want, firewall, family, owner);
        return wanted ? [replayChain(firewall, own(want.name), family, wanted)] : [];
      }),
    again: true,
  };
  return slots as unknown as Pick<Slots, keyof typeof slots>;
}

function readRuleSet(sort: Sort, chain: OwnChain, name: string, firewall: Firewall): RuleSet | undefined {
  const found = firewall.families.flatMap((family) => {
    const content = contentOf(firewall, chain, family);
    return content ? [{ family, ...content, wrong: misplaced(firewall, chain, family, content) }] : [];
  });
  if (found.length === 0) return undefined;
  const rulesOf = (family: Family) =>
    (found.find((one) => one.family === family)?.rules ?? []).map((rule) => decoded(sort, rule));
  const [four, six] = [rulesOf(4), rulesOf(6)];
  const wrongs = [...new Set(found.map(({ wrong }) => wrong ?? "first"))];
  return {
    name,
    rules: firewall.families.length > 1 ? merged(four, six) : [...four, ...six],
    jump:
      wrongs.length === 1
        ? (wrongs[0] ?? "first")
        : found.map(({ family, wrong }) => `${wrong ?? "first"} (IPv${family})`).join(", "),
    jumps: found.flatMap(({ jumps }) => jumps.map(jumpText)),
    owner: found.find(({ owner }) => owner !== undefined)?.owner,
  };
}

/** What a family has, or is to have, of a set; undefined: nothing. */
function contentFrom(
  sort: Sort,
  chain: OwnChain,
  { rules, jump, jumps = [] }: RuleSet,
  firewall: Firewall,
  family: Family,
  owner: string | undefined,
): Content | undefined {
  const its = rules.filter((rule) => (familyOf(rule) ?? family) === family).map((rule) => encoded(sort, rule));
  // As it was found where it was not in its place: an undo leads there again.
  const found = jumps.map(jumpFrom).filter((one) => one.family === family);
  const proper = its.length > 0 ? [properJump(firewall, chain, family, owner)] : [];
  const all = jump === "first" ? proper : found;
  return its.length + all.length > 0 ? { rules: its, jumps: all, owner } : undefined;
}

const jumpText = ({ family, chain, position, text }: Jump) => `IPv${family} ${chain} ${position} ${text}`;

function jumpFrom(text: string): Jump {
  const [, family, chain = "", position, words = ""] = /^IPv([46]) (\S+) (\d+) (.*)$/s.exec(text) ?? [];
  return { family: family === "6" ? 6 : 4, chain, position: Number(position), text: words };
}

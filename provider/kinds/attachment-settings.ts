import { type Command, within } from "../host/command.ts";
import { type InsideSettings, insideRecords, type Namespace, sysctlPath } from "../host/facts.ts";
import { normalised } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { type Attachment, gatewayPriority, type InsideRule, pathOf, sh, tidy } from "./attachment-words.ts";
import { familyOfRule, ruleFields, ruleProblems } from "./policy-rule-fields.ts";
import { planRule, type RuleWant, readRule, ruleAt } from "./policy-rule-words.ts";
import { sysctlName, sysctlValue } from "./sysctl.ts";

const withFamily = ({ family, ...rest }: InsideRule): RuleWant => ({ family: family ?? familyOfRule(rest), ...rest });

const rule = normalised(
  s.object("AttachmentRule", "A rule of policy routing inside.", {
    ...ruleFields,
    family: ruleFields.family.optional(),
    priority: s.int(
      `Rules are asked in the order of their priorities; ${gatewayPriority} have those of gatewayPolicy table.`,
      { min: 1, max: gatewayPriority - 1 },
    ),
  }),
  withFamily,
);

/** The inputs for what does not go with an interface. */
export const settingFields = {
  rules: s
    .set(rule, "Rules of policy routing inside. Family and priority tell each from all others of the namespace.")
    .default([]),
  sysctls: s
    .map(
      sysctlValue("A value."),
      "Settings of the kernel's network that the namespace has for itself, by name; they go back to what they were on delete.",
      { pattern: sysctlName, must: "names below net with dots, like net.ipv4.conf.eth1.arp_ignore" },
    )
    .default({}),
};

/** What is wrong with them: reasons by path. */
export function settingProblems({ rules }: Pick<Attachment, "rules">): Record<string, string> {
  const names = rules.map(withFamily).map(nameOf);
  return Object.fromEntries(
    rules.flatMap((one, i) => [
      ...Object.entries(ruleProblems(withFamily(one))).map(([name, reason]) => [`rules[${i}].${name}`, reason]),
      ...(names.indexOf(names[i] ?? "") < i
        ? [[`rules[${i}].priority`, `must differ from that of every other rule of its family, got ${one.priority}`]]
        : []),
    ]),
  );
}

/** Names that no two attachments of a namespace may have, for what does not go with an interface. */
export const namesInside = ({ rules, sysctls }: Pick<Attachment, "rules" | "sysctls">): string[] => [
  ...rules.map(withFamily).map(nameOf),
  ...Object.keys(sysctls),
];

const nameOf = ({ family, priority }: RuleWant): string => `${family}/${priority}`;

/** Of an attachment, by what the host has written down and what is there. */
export function readSettings(
  { rules, sysctls }: InsideSettings = { rules: [], sysctls: {} },
  there: Namespace,
): Pick<Attachment, "rules" | "sysctls"> {
  const found = rules.flatMap((name) => ruleAt(name, there.rules) ?? []).map(readRule);
  // Somebody else's at its priority is none of its rules.
  return { rules: found.filter(({ owner }) => owner === undefined).map(({ owner: _, ...rest }) => rest), sysctls };
}

const recordOf = (of: Attachment): string => `${insideRecords}${pathOf(of)}/${of.interface}`;

/** Sets sysctls inside, each of which is written down first. An interface needs some of them before it has addresses. */
export function setSysctls(want: Attachment, have: Attachment | undefined): Command[] {
  const changed = Object.entries(want.sysctls).filter(([name, value]) => have?.sysctls[name] !== value);
  const words = changed.flatMap(([name, value]) => [sysctlPath(name), value]);
  return words.length === 0 ? [] : [within(pathOf(want), sh(setText, recordOf(want), ...words))];
}

const setText = `record=$1 && shift
while [ $# -gt 0 ]; do
  [ -e "/proc/sys/$1" ] || { echo "the namespace has no setting $1" >&2; exit 1; }
  [ -e "$record/$1" ] || { mkdir -p "$record/\${1%/*}" && cat "/proc/sys/$1" >"$record/$1"; } || exit
  printf '%s\\n' "$2" >"/proc/sys/$1" || exit
  shift 2
done`;

/** Puts sysctls inside back that are not wanted any more. */
export function resetSysctls(want: Attachment | undefined, have: Attachment): Command[] {
  const gone = Object.keys(have.sysctls).filter((name) => want?.sysctls[name] === undefined);
  return gone.length === 0 ? [] : [within(pathOf(have), sh(resetText, recordOf(have), ...gone.map(sysctlPath)))];
}

// What is about an interface goes with it.
const resetText = `record=$1 && shift
for path; do
  [ -e "$record/$path" ] || continue
  [ ! -e "/proc/sys/$path" ] || cat "$record/$path" >"/proc/sys/$path" || exit
  rm "$record/$path"
done
${tidy}
:`;

/** The rules inside, each of which is written down as long as it is there. */
export function planInsideRules(
  want: Attachment | undefined,
  have: Attachment | undefined,
  owner: string,
  there: Namespace | undefined,
): Command[] {
  const place = want ?? have;
  if (!place) return [];
  const [wanted, had] = [want, have].map((one) => new Map((one?.rules ?? []).map(withFamily).map(named)));
  const gone = [...(had?.keys() ?? [])].filter((name) => !wanted?.has(name));
  const plan = (name: string) =>
    planRule(wanted?.get(name), had?.get(name), { owner, facts: { rules: there?.rules ?? [] } })
      .map((command) => within(pathOf(place), command))
      .map((command) =>
        command.argv.includes("add") ? sh(noteText, recordOf(place), name, ...command.argv) : command,
      );
  return [
    ...[...(wanted?.keys() ?? []), ...gone].flatMap(plan),
    ...(gone.length > 0 ? [sh(forgetText, recordOf(place), ...gone)] : []),
  ];
}

const named = (one: RuleWant) => [nameOf(one), one] as const;

// One that could not be added is not written down, unless it was before: then it may be there already.
const noteText = `note=$1/rule/$2 && shift 2
[ ! -e "$note" ] || exec "$@"
mkdir -p "\${note%/*}" && : >"$note" || exit
"$@" || { failed=$?; rm "$note"; ${tidy}; exit $failed; }`;

const forgetText = `record=$1/rule && shift
for rule; do rm -f "$record/$rule"; done
${tidy}
:`;

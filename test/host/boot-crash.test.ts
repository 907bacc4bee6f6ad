import { describe, expect, test } from "vitest";
import { type Fragment, keepSteps } from "../../provider/host/boot.ts";
import { quote } from "../../provider/host/command.ts";
import { islands, onIsland } from "./island.ts";

const fragment = (name: string, owner: string): Fragment => ({
  ...{ kind: "thing", name, owner, makes: [], needs: [], unmanaged: [name] },
  commands: [{ argv: ["true", owner] }],
});
const script = (write: readonly Fragment[], remove: readonly string[]) =>
  keepSteps(
    write,
    remove.map((name) => ({ kind: "thing", name })),
  )[0]?.command.stdin ?? "";

// Counts what the script runs, and ends it and all that it has started before or after one of them.
const tools = ["mkdir", "mv", "rm", "rmdir", "sync", "sh", "sed"];
const counting = `cat >/usr/local/sbin/counted <<'END'
#!/bin/sh
if [ -e /run/left ]; then
  read -r left </run/left
  echo $((left - 1)) >/run/left
  [ "$left" != 0 ] || kill -9 0
fi
exec "/usr/bin/\${0##*/}" "$@"
END
chmod 755 /usr/local/sbin/counted
for tool in ${tools.join(" ")}; do ln -s counted /usr/local/sbin/$tool; done
`;

/** What is kept, and whose it is; what else lies about in hostnet's folder. */
const kept = `for file in /etc/hostnet/boot.d/*.sh; do
  [ ! -e "$file" ] || sed -n '1s/.*"name":"\\([^"]*\\)","owner":"\\([^"]*\\)".*/\\1=\\2/p' "$file"
done | xargs echo
`;
const litter = "ls -A /etc/hostnet 2>/dev/null | grep -vx -e boot -e boot.d -e hostnet-wait | sed 's/^/litter: /'\n";

/** From \`before\` to the change, ended at each of its commands in turn, and what a boot makes of it. */
function everyEnd(before: string, change: string, then: string): string[] {
  const first = before === "" ? "" : `printf %s ${quote(before)} | /usr/bin/sh\n`;
  const outcomes: string[] = [];
  for (let left = 0; left < 60; left += 1) {
    const end = `echo ${left} >/run/left\nprintf %s ${quote(change)} | setsid --wait sh 2>/dev/null || echo ended\n`;
    const out = onIsland(`${counting}${first}${end}/usr/bin/rm -f /run/left\n${then}${kept}${litter}`);
    outcomes.push(out.replace(ended, ""));
    if (!ended.test(out)) return outcomes;
  }
  throw new Error("it never comes to its end");
}

// Some shells have a word to say about it.
const ended = /^(.*Killed.*\n)?ended\n/;

const boot = "[ ! -e /etc/hostnet/boot ] || sh /etc/hostnet/boot >/dev/null\n";

describe.skipIf(!islands)("power that is lost while boot files are written", () => {
  const [a, b] = [fragment("a", "old"), fragment("b", "old")];
  const [newer, c] = [fragment("a", "new"), fragment("c", "new")];

  test("leaves all of the old ones or all of the new ones after a boot, and never between", () => {
    const outcomes = everyEnd(script([a, b], []), script([newer, c], ["b"]), boot);
    expect(new Set(outcomes)).toEqual(new Set(["a=old b=old\n", "a=new c=new\n"]));
    const turn = outcomes.indexOf("a=new c=new\n");
    expect(outcomes.slice(turn)).not.toContain("a=old b=old\n");
    expect(outcomes.length).toBeGreaterThan(12);
  }, 120_000);

  test("the first, leaves it or nothing", () => {
    const clean = script([], ["a"]);
    const outcomes = everyEnd("", script([a], []), boot);
    expect(new Set(outcomes.map((o) => o.replace(/litter: .*\n/g, "")))).toEqual(new Set(["\n", "a=old\n"]));
    // Before there is a runner no boot can clear away; the next change does.
    const cleared = everyEnd("", script([a], []), `printf %s ${quote(clean)} | sh\nls /etc\n`);
    expect(new Set(cleared)).toEqual(new Set(["\n"]));
  }, 120_000);

  test("the last to go, leaves it or nothing, and of hostnet nothing either", () => {
    const outcomes = everyEnd(script([a], []), script([], ["a"]), `${boot}ls /etc/hostnet 2>/dev/null\n`);
    expect(new Set(outcomes)).toEqual(new Set(["boot\nboot.d\nhostnet-wait\na=old\n", "\n"]));
  }, 120_000);

  test("and the change that comes next, without a boot, finds the same", () => {
    const next = `printf %s ${quote(script([fragment("d", "next")], []))} | sh\n`;
    const outcomes = everyEnd(script([a, b], []), script([newer, c], ["b"]), next);
    expect(new Set(outcomes)).toEqual(new Set(["a=old b=old d=next\n", "a=new c=new d=next\n"]));
  }, 120_000);
});

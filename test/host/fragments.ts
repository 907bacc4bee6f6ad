import { type Fragment, keepSteps } from "../../provider/host/boot.ts";
import { type Command, ip, quote } from "../../provider/host/command.ts";
import { link } from "../../provider/host/graph.ts";
import type { Step } from "../../provider/host/script.ts";

export const fragment = (name: string, needs: readonly string[], ...commands: Command[]): Fragment => ({
  kind: "thing",
  name,
  owner: `shop/prod/${name}`,
  makes: [link(name)],
  needs: needs.map(link),
  commands,
});
export const bridge = (name: string, ...needs: string[]) =>
  fragment(name, needs, ip`link add name ${name} type bridge`);

/** The steps as lines of a shell that tells when one fails. */
export const said = (steps: readonly Step[]) =>
  steps
    .map(({ command: { argv, stdin = "" } }) => `printf %s ${quote(stdin)} | ${argv.join(" ")} || echo failed\n`)
    .join("");
export const keep = (...write: Fragment[]) => said(keepSteps(write, []));
export const letGo = (...names: string[]) =>
  said(
    keepSteps(
      [],
      names.map((name) => ({ kind: "thing", name })),
    ),
  );
export const boot = "sh /etc/hostnet/boot\n";

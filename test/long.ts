import { pick } from "./seed.ts";

/** Those files of the quick tests that take seconds each, on real hosts: `npm run check` plays a third of them. */
const files = [
  "test/host/boot-again.test.ts",
  "test/host/boot-crash.test.ts",
  "test/host/boot-wait.test.ts",
  "test/host/boot.test.ts",
  "test/host/connection.test.ts",
  "test/host/guard.test.ts",
  "test/host/holders.test.ts",
  "test/host/login.test.ts",
  "test/host/restore.test.ts",
  "test/host/script.test.ts",
  "test/host/unfinished-undo.test.ts",
  "test/kinds/container-attachment.test.ts",
  "test/kinds/reachability-check.test.ts",
  "test/laws/attachments.test.ts",
  "test/laws/firewall.test.ts",
  "test/laws/layer3.test.ts",
  "test/laws/ovs.test.ts",
  "test/laws/settings.test.ts",
  "test/laws/tunnels.test.ts",
  "test/provider/guard.test.ts",
  "test/provider/half-done.test.ts",
  "test/provider/layer3.test.ts",
  "test/provider/life.test.ts",
  "test/provider/reachability.test.ts",
  "test/provider/trouble.test.ts",
  "test/provider/tunnels.test.ts",
] as const;

/** The long files that a check leaves to `npm test`, by the seed. */
export function leftByCheck(): string[] {
  const drawn: readonly string[] = pick(files, Math.ceil(files.length / 3), "long files");
  return files.filter((file) => !drawn.includes(file));
}

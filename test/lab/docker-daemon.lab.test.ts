import { full } from "../seed.ts";
import { daemonLife } from "./daemon-life.ts";
import { begin, snapshotOf, testLab } from "./lab.ts";

const lab = testLab("docker-daemon", "hosts:\n  node1: { nics: { ens33: { switch: s1 } } }\n");
const why = full
  ? ""
  : " (skipped: Docker restarts ten times, a quarter of an hour under emulation; npm run test:full)";

daemonLife("the Docker daemon of a machine, its whole life", why, async () => {
  await begin(lab);
  return {
    hosts: () => ({ ...lab.hosts() }),
    run: (host, script, options) => lab.run(host, script, options),
    snapshot: (host) => snapshotOf(lab, host),
    stop: async () => {},
  };
});

import { afterAll, beforeAll, beforeEach } from "vitest";
import { startHost, type TestHost } from "../engine/host.ts";
import { TestProvider } from "./client.ts";

/** A host, `node1` of the configuration of a provider that is spoken to call by call; both are there while the tests run. */
export interface OnHost {
  readonly host: TestHost;
  readonly provider: TestProvider;
}

/** Has them for the tests of a group; `given` runs on the host first. What the provider told is forgotten before each test. */
export function onHost(name: string, given: string): OnHost {
  let host: TestHost;
  let provider: TestProvider;
  beforeAll(async () => {
    host = await startHost(name, given);
    provider = await TestProvider.start();
    await provider.configure({ node1: host.settings });
  }, 60_000);
  afterAll(async () => {
    await provider?.stop();
    await host?.stop();
  });
  beforeEach(() => {
    provider.told.length = 0;
  });
  return {
    get host() {
      return host;
    },
    get provider() {
      return provider;
    },
  };
}

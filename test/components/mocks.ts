import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach } from "vitest";

/** What the provider answers beyond the inputs, by type. */
const owns: Record<string, (inputs: Record<string, unknown>) => object> = {
  "hostnet:index:VlanInterface": ({ parent, vlanId }) => ({ name: `${parent}.${vlanId}` }),
  "hostnet:index:SwarmCluster": () => ({
    ...{ clusterId: "c1", address: "192.168.1.10:2377" },
    ...{ workerToken: "the worker's", managerToken: "the manager's" },
  }),
};

let made: pulumi.runtime.MockResourceArgs[] = [];

/** Has Pulumi write down the resources of each test instead of making them. The SDK may be loaded only after this. */
export function mockPulumi(): void {
  beforeEach(() => {
    made = [];
  });
  // Once for all tests: what one of them leaves behind ends after it, and needs the mocks it began with.
  beforeAll(async () => {
    await pulumi.runtime.setMocks({
      newResource: (resource) => {
        made.push(resource);
        const { type, name, inputs } = resource;
        const own = owns[type]?.(inputs);
        return { id: name, state: { networkId: `id-${name}`, ...inputs, ...own } };
      },
      call: ({ inputs }) => inputs,
    });
  });
}

/** What was made since the test began, or since this was forgotten. */
export const allMade = (): readonly pulumi.runtime.MockResourceArgs[] => made;
export const forgetMade = (): void => {
  made = [];
};

/** The inputs of all resources of a type, by name. */
export const inputsOf = (type: string): Record<string, unknown> =>
  Object.fromEntries(made.filter((m) => m.type === `hostnet:index:${type}`).map(({ name, inputs }) => [name, inputs]));

/** What outputs at any depth come to. */
export const settled = <T>(value: pulumi.Input<T>) =>
  new Promise<pulumi.Unwrap<T>>((resolve) => {
    pulumi.output(value).apply((v) => resolve(v as pulumi.Unwrap<T>));
  });

/** Waits until so many resources are made, where no output tells. */
export async function allOf(count: number): Promise<void> {
  for (let tries = 0; made.length < count && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  // One too many would come now.
  await new Promise((resolve) => setTimeout(resolve, 20));
}

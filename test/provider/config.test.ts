import type pluginpb from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptypb from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { currentConfig } from "../../provider/config.ts";
import { failed, plain, secret, struct, TestProvider, unknown, urnOf } from "./client.ts";

let provider: TestProvider;
beforeAll(async () => {
  provider = await TestProvider.start();
});
afterAll(() => provider.stop());

const privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";

describe("the plugin", () => {
  test("says its version, its schema, and that it takes secrets", async () => {
    const info = await provider.call<pluginpb.PluginInfo>("getPluginInfo", new emptypb.Empty());
    expect(info.getVersion()).toBe("1.2.3");
    const schema = await provider.call<pb.GetSchemaResponse>("getSchema", new pb.GetSchemaRequest());
    expect(JSON.parse(schema.getSchema())).toEqual({ name: "hostnet" });
    const hello = await provider.call<pb.ProviderHandshakeResponse>("handshake", new pb.ProviderHandshakeRequest());
    expect(hello.getAcceptSecrets()).toBe(true);
  });

  test("says the same again when it is configured, and that it has previews", async () => {
    const configured = await provider.configure({ node1: { address: "10.0.0.1" } });
    expect(configured.getAcceptsecrets()).toBe(true);
    expect(configured.getSupportspreview()).toBe(true);
  });
});

describe("the configuration", () => {
  const hosts = { node1: { address: "10.0.0.1", user: "ops" } };
  const normal = { node1: { address: "10.0.0.1", user: "ops", connectTimeout: 10, gone: false } };

  test("is taken as a map and as JSON text", async () => {
    for (const given of [hosts, JSON.stringify(hosts)])
      expect(await provider.checkConfig({ hosts: given, version: "1.2.3" })).toEqual({
        inputs: { hosts: normal, version: "1.2.3" },
        failures: [],
      });
    expect(await provider.checkConfig({})).toEqual({ inputs: { hosts: {} }, failures: [] });
  });

  test("names what is misspelt and what was meant, with the path as the user writes it", async () => {
    const given = { node1: { adress: "10.0.0.1" }, node2: { address: "x", port: 0, colour: 1 } };
    const { failures } = await provider.checkConfig({ hosts: JSON.stringify(given) });
    expect(failures).toEqual([
      "hostnet:hosts.node1.adress is unknown; did you mean address?",
      "hostnet:hosts.node1.address is required",
      expect.stringMatching(/^hostnet:hosts\.node2\.colour is unknown; known are address, port, user/),
      "hostnet:hosts.node2.port must be an integer from 1 to 65535, got 0",
    ]);
    expect((await provider.checkConfig({ host: {} })).failures).toEqual([
      "hostnet:host is unknown; did you mean hosts?",
    ]);
    expect((await provider.checkConfig({ hosts: "{ not JSON" })).failures).toEqual([
      'hostnet:hosts must be a map, got "{ not JSON"',
    ]);
  });

  test("keeps a private key secret, whether the program marked it or not, and never shows it", async () => {
    for (const key of [privateKey, secret(privateKey)]) {
      const { inputs } = await provider.checkConfig({ hosts: { node1: { address: "h", privateKey: key } } });
      expect((inputs as { hosts: { node1: object } }).hosts.node1).toEqual({
        address: "h",
        privateKey: secret(privateKey),
        connectTimeout: 10,
        gone: false,
      });
    }
    const wrong = { node1: { address: "h", privateKey: "hunter2" } };
    expect((await provider.checkConfig({ hosts: wrong })).failures.join()).not.toContain("hunter2");
  });

  test("stays as secret as it was given: one value of it, or the whole of it", async () => {
    const one = { node1: { ...hosts.node1, address: secret("10.0.0.1") } };
    expect((await provider.checkConfig({ hosts: one })).inputs).toEqual({
      hosts: { node1: { ...normal.node1, address: secret("10.0.0.1") } },
    });
    for (const whole of [hosts, JSON.stringify(hosts)])
      expect((await provider.checkConfig({ hosts: secret(whole) })).inputs).toEqual({ hosts: secret(normal) });
  });

  test("shows no value that the program marked secret in a message about it", async () => {
    const given = { node1: { address: secret("-hunter2") } };
    const { failures } = await provider.checkConfig({ hosts: given });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain("hostnet:hosts.node1.address must be");
    expect(failures[0]).not.toContain("hunter2");
    const request = new pb.ConfigureRequest();
    request.setArgs(struct({ hosts: given }));
    expect((await failed(provider.call("configure", request))).message).toBe(
      'hostnet:hosts.node1.address must be a word that does not begin with a dash, got "[secret]"',
    );
  });

  test("passes as it is while it is not known yet, at preview", async () => {
    expect(await provider.checkConfig({ hosts: unknown })).toEqual({ inputs: { hosts: unknown }, failures: [] });
    const partly = await provider.checkConfig({ hosts: { node1: { address: unknown } } });
    expect(partly.failures).toEqual([]);
    expect(partly.inputs).toMatchObject({ hosts: { node1: { address: unknown } } });
  });

  test("that is wrong is refused with all that is wrong, when the program was not checked before", async () => {
    const error = await failed(provider.configure({ node1: { adress: "h" }, node2: { address: 5 } }));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain("hostnet:hosts.node1.adress is unknown; did you mean address?; ");
    expect(error.message).toContain("hostnet:hosts.node2.address must be");
  });

  test("that changes never replaces the provider, which would replace every resource", async () => {
    const request = new pb.DiffRequest();
    request.setUrn(urnOf("Nic", "x"));
    request.setOldInputs(struct({ hosts }));
    request.setNews(struct({ hosts: { node1: { address: "10.0.0.2" } } }));
    const changed = await provider.call<pb.DiffResponse>("diffConfig", request);
    expect(changed.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_SOME);
    expect([changed.getDiffsList(), changed.getReplacesList()]).toEqual([["hosts"], []]);
    request.setNews(struct({ hosts }));
    const same = await provider.call<pb.DiffResponse>("diffConfig", request);
    expect([same.getChanges(), same.getDiffsList()]).toEqual([pb.DiffResponse.DiffChanges.DIFF_NONE, []]);
  });
});

describe("the hosts of refresh and destroy", () => {
  const recorded = { hosts: { node1: { address: "old" } } };
  const environment = JSON.stringify({ hosts: JSON.stringify({ node1: { address: "new" } }) });

  test("are those of the current configuration, not those recorded, for the default provider", () => {
    for (const name of [undefined, "", "default", "default_1_0_0"])
      expect(currentConfig(name, recorded, environment)).toEqual({ hosts: '{"node1":{"address":"new"}}' });
  });

  test("are those recorded for a provider of the program, and where there are no others", () => {
    expect(currentConfig("mine", recorded, environment)).toEqual(recorded);
    expect(currentConfig("default", recorded, undefined)).toEqual(recorded);
    expect(currentConfig("default", recorded, "{}")).toEqual(recorded);
  });
});

describe("without hosts", () => {
  beforeEach(() => provider.configure({}));

  test("a resource is told that there are none, and one of several which it may have meant", async () => {
    const inputs = { host: "node1", name: "eth0" };
    expect((await provider.check(urnOf("Nic", "it"), inputs)).failures).toEqual([
      "host must be a host of the provider's configuration, but hostnet:hosts is empty; got node1",
    ]);
    await provider.configure({ node1: { address: "a" }, node2: { address: "b" }, gateway: { address: "c" } });
    expect((await provider.check(urnOf("Nic", "it"), { ...inputs, host: "gatewy" })).failures).toEqual([
      "host must be node1, node2 or gateway (the names in hostnet:hosts), got gatewy; did you mean gateway?",
    ]);
  });

  test("an unknown type is refused", async () => {
    const error = await failed(provider.check("urn:pulumi:dev::lab::hostnet:index:Router::r", {}));
    expect([error.code, error.message]).toEqual([
      "INVALID_ARGUMENT",
      "hostnet has no resource type hostnet:index:Router",
    ]);
    expect(plain(undefined)).toEqual({});
  });
});

import { describe, expect, test } from "vitest";
import { type Field, UNKNOWN } from "../../provider/schema/field.ts";
import { s } from "../../provider/schema/fields.ts";
import { differences, read } from "./read.ts";

const vlanId = s.int("A tag.", { min: 1, max: 4094 });
const port = s.object("Port", "A port.", { name: s.ifname("A name."), tags: s.set(vlanId).optional() });

/** Each rule: values that it takes with their normal form, and values that it refuses with what it says. */
const rules: { rule: string; field: Field; takes: [unknown, unknown][]; refuses: [unknown, string][] }[] = [
  {
    rule: "an integer",
    field: vlanId,
    takes: [1, 10, 4094].map((n) => [n, n]),
    refuses: [5000, 0, 4095, -1, 1.5, "10", "", true, [10], {}].map((value) => [
      value,
      `it must be an integer from 1 to 4094, got ${JSON.stringify(value)}`,
    ]),
  },
  {
    rule: "a truth value",
    field: s.bool("Whether."),
    takes: [
      [true, true],
      [false, false],
    ],
    refuses: [
      ["true", 'it must be true or false, got "true"'],
      [0, "it must be true or false, got 0"],
    ],
  },
  {
    rule: "a choice",
    field: s.oneOf("A protocol.", ["802.1Q", "802.1ad"]),
    takes: [["802.1ad", "802.1ad"]],
    refuses: [
      ["802.1q", 'it must be 802.1Q or 802.1ad, got "802.1q"'],
      [802, "it must be 802.1Q or 802.1ad, got 802"],
    ],
  },
  {
    rule: "text",
    field: s.string("Any text."),
    takes: ["", "a b", "$(reboot)", "'; reboot #", "zwölf\nBoxkämpfer"].map((text) => [text, text]),
    refuses: [
      ["a\0b", 'it must be text, got "a\\u0000b"'],
      [10, "it must be text, got 10"],
    ],
  },
  {
    rule: "the name of an interface",
    field: s.ifname("A link."),
    takes: ["e", "ens33.10", "exactly15chars_", "br-lan", "a@b+c", "_x", "0"].map((name) => [name, name]),
    refuses: [
      ["", 'it must have 1 to 15 characters, got "" with 0'],
      ["sixteen_letters_", 'it must have 1 to 15 characters, got "sixteen_letters_" with 16'],
      // The kernel takes some of these: a shell, a tool or a person would take them for something else.
      ...[
        "a/b",
        "a:1",
        "vlan%d",
        "a b",
        "a\nb",
        "a\0b",
        "käse",
        "..",
        "-x",
        "it's",
        "$(reboot)",
        "`id`",
        "a;b",
        "*",
      ].map((name): [unknown, string] => [
        name,
        `it must hold only letters, digits, _ . + @ and - and begin with a letter, a digit or _, got ${JSON.stringify(name)}`,
      ]),
      [10, "it must be text, got 10"],
    ],
  },
  {
    rule: "an address with its prefix length",
    field: s.cidr("An address."),
    takes: [
      ["10.0.0.5/24", "10.0.0.5/24"],
      ["10.0.0.5/024", "10.0.0.5/24"],
      ["FD00:0:0::0010/64", "fd00::10/64"],
      ["0.0.0.0/0", "0.0.0.0/0"],
    ],
    refuses: [
      "10.300.0.2/24",
      "10.0.0.5",
      "10.0.0.5/33",
      "10.0.0.5/",
      "fd00::1/129",
      "10.0.0.5/24/24",
      "bip=10.100.0.1/24", // Printed in one of the tutorials.
      "010.0.0.5/24",
      "10.0.0.5/24 ",
      "10.0.0.5/-1",
      "10.0.0.5/2e1",
      24,
    ].map((value) => [
      value,
      `it must be an address with its prefix length, like 10.0.0.5/24, got ${JSON.stringify(value)}`,
    ]),
  },
  {
    rule: "a network",
    field: s.subnet("A network."),
    takes: [
      ["10.0.0.0/24", "10.0.0.0/24"],
      ["fd00:0::/64", "fd00::/64"],
      ["10.0.0.7/32", "10.0.0.7/32"],
    ],
    refuses: [
      ["10.0.0.5/24", 'it must have no host bits: 10.0.0.0/24, got "10.0.0.5/24"'],
      ["FD00::1/64", 'it must have no host bits: fd00::/64, got "FD00::1/64"'],
      ["10.0.0.0", 'it must be a network like 10.0.0.0/24, got "10.0.0.0"'],
      ["bip=10.100.0.1/24", 'it must be a network like 10.0.0.0/24, got "bip=10.100.0.1/24"'],
      [10, "it must be a network like 10.0.0.0/24, got 10"],
    ],
  },
  {
    rule: "an address",
    field: s.address("An address."),
    takes: [
      ["10.0.0.5", "10.0.0.5"],
      ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["::FFFF:102:304", "::ffff:1.2.3.4"],
    ],
    // The first is printed in one of the tutorials.
    refuses: ["10.300.0.2", "10.0.0", "10.0.0.5/24", "fe80::1%eth0", "1::2::3", " 10.0.0.5", "", 10].map((value) => [
      value,
      `it must be an address like 10.0.0.5, got ${JSON.stringify(value)}`,
    ]),
  },
  {
    rule: "a hardware address",
    field: s.mac("A MAC."),
    takes: [
      ["02:42:0A:00:00:05", "02:42:0a:00:00:05"],
      ["02-42-0a-00-00-05", "02:42:0a:00:00:05"],
    ],
    refuses: ["02:42:0a:00:00", "02:42:0a:00:00:05:06", "02:42:0a:00:00:0g", "0242.0a00.0005", ""].map((value) => [
      value,
      `it must be a hardware address like 02:42:0a:00:00:05, got ${JSON.stringify(value)}`,
    ]),
  },
  {
    rule: "a list",
    field: s.list(s.address("An address.")),
    takes: [
      [[], []],
      [
        ["10.0.0.2", "FD00::1"],
        ["10.0.0.2", "fd00::1"],
      ],
    ],
    refuses: [
      ["10.0.0.2", 'it must be a list, got "10.0.0.2"'],
      [{ 0: "10.0.0.2" }, 'it must be a list, got {"0":"10.0.0.2"}'],
      [["10.0.0.2", "10.300.0.2"], 'it[1] must be an address like 10.0.0.5, got "10.300.0.2"'],
      [["fd00::1", "10.0.0.2", "FD00:0::1"], 'it[2] repeats it[0]: "fd00::1"'],
    ],
  },
  {
    rule: "a map",
    field: s.map(vlanId, "Tags."),
    takes: [
      [{}, {}],
      [
        { a: 1, "b.c": 2 },
        { a: 1, "b.c": 2 },
      ],
    ],
    refuses: [
      [[1], "it must be a map, got [1]"],
      [{ a: 0 }, "it.a must be an integer from 1 to 4094, got 0"],
      [{ "b.c": 0 }, 'it["b.c"] must be an integer from 1 to 4094, got 0'],
      [{ 'say "x"': 0 }, 'it["say \\"x\\""] must be an integer from 1 to 4094, got 0'],
    ],
  },
  {
    rule: "an object",
    field: port,
    takes: [
      [
        { name: "eth0", tags: [2, 1] },
        { name: "eth0", tags: [2, 1] },
      ],
    ],
    refuses: [
      ["eth0", 'it must be an object, got "eth0"'],
      [{ tags: [1] }, "it.name is required"],
      [{ name: "eth0", tags: [1, 5000] }, "it.tags[1] must be an integer from 1 to 4094, got 5000"],
      [{ name: "eth0", tag: [1] }, "it.tag is unknown; did you mean tags?"],
      [{ name: "eth0", colour: "red" }, "it.colour is unknown; known are name, tags"],
    ],
  },
];

describe.each(rules)("$rule", ({ field, takes, refuses }) => {
  test("is taken in its normal form", () => {
    for (const [given, normal] of takes)
      expect(read({ it: field }, { it: given })).toEqual({ value: { it: normal }, problems: [] });
  });

  test("is refused with a message that names property, value and what would be right", () => {
    for (const [given, message] of refuses) expect(read({ it: field }, { it: given }).problems).toEqual([message]);
  });

  test("passes unread while it is not known yet, at preview", () => {
    expect(read({ it: field }, { it: UNKNOWN })).toEqual({ value: { it: UNKNOWN }, problems: [] });
  });

  test("is required unless said otherwise, and null is as if left out", () => {
    expect(read({ it: field }, {}).problems).toEqual(["it is required"]);
    expect(read({ it: field }, { it: null }).problems).toEqual(["it is required"]);
    expect(read({ it: field.optional() }, { it: null })).toEqual({ value: {}, problems: [] });
  });

  test("differs in nothing from itself", () => {
    for (const [, normal] of takes) expect(differences(field, normal, normal)).toEqual([]);
  });
});

import { isDeepStrictEqual } from "node:util";
import {
  canonical,
  child,
  compareAll,
  compareFields,
  compareOne,
  type Field,
  type Fields,
  isRecord,
  isUnknown,
  make,
  nestedTypes,
  parseFields,
  type Rule,
  show,
  UNKNOWN,
  type Values,
} from "./field.ts";
import { family, interfaceNameProblem, network, parseAddress, parseCidr, parseEndpoint, parseMac } from "./net.ts";
import { listed, nearest } from "./words.ts";

function scalar<T>(doc: string, type: string, parse: Rule<T>["parse"]): Field<T, true> {
  return make(doc, {
    type: { type },
    parse: (value, path, report) => (value === UNKNOWN ? (value as T) : parse(value, path, report)),
    compare: (have, want, path, differ) => {
      if (have !== want) differ(path, "update");
    },
  });
}

/** Text that `normal` turns into its normal form, or refuses with undefined. */
function text(doc: string, must: string, normal: (value: string) => string | undefined): Field<string, true> {
  return scalar(doc, "string", (value, path, report) => {
    const result = typeof value === "string" ? normal(value) : undefined;
    if (result === undefined) report(path, `must be ${must}, got ${show(value)}`);
    return result ?? "";
  });
}

const string = (doc: string, { pattern = /^[^\0]*$/, must = "text" } = {}) =>
  text(doc, must, (value) => (pattern.test(value) ? value : undefined));

export const s = {
  string,
  text,

  /** The name of a host in the provider's configuration. */
  host: () =>
    string("The host, by its name in the provider's `hosts`.", { pattern: /./, must: "the name of a host" }).replaces(),

  int: (doc: string, { min, max }: { min: number; max: number }) =>
    scalar<number>(doc, "integer", (value, path, report) => {
      const fits = typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
      if (!fits) report(path, `must be an integer from ${min} to ${max}, got ${show(value)}`);
      return fits ? value : min;
    }),

  bool: (doc: string) =>
    scalar<boolean>(doc, "boolean", (value, path, report) => {
      if (typeof value !== "boolean") report(path, `must be true or false, got ${show(value)}`);
      return value === true;
    }),

  /** Whatever JSON can hold. */
  any: (doc: string) =>
    make<unknown>(doc, {
      type: { $ref: "pulumi.json#/Any" },
      parse: (value) => value,
      compare: (have, want, path, differ) => {
        if (!isDeepStrictEqual(have, want)) differ(path, "update");
      },
    }),

  oneOf: <const V extends string>(doc: string, values: readonly V[]) =>
    scalar<V>(doc, "string", (value, path, report) => {
      const found = values.find((v) => v === value);
      if (found === undefined) report(path, `must be ${listed(values)}, got ${show(value)}`);
      return found ?? (values[0] as V);
    }),

  /** The name of a network interface. */
  ifname: (doc: string) =>
    scalar<string>(doc, "string", (value, path, report) => {
      const problem = typeof value === "string" ? interfaceNameProblem(value) : `must be text, got ${show(value)}`;
      if (problem) report(path, problem);
      return String(value);
    }),

  /** An address with its prefix length, like `10.0.0.5/24`. */
  cidr: (doc: string) => text(doc, "an address with its prefix length, like 10.0.0.5/24", parseCidr),

  /** A network without host bits, like `10.0.0.0/24`. */
  subnet: (doc: string) =>
    scalar<string>(doc, "string", (value, path, report) => {
      const cidr = typeof value === "string" ? parseCidr(value) : undefined;
      if (cidr === undefined) report(path, `must be a network like 10.0.0.0/24, got ${show(value)}`);
      else if (network(cidr) !== cidr) report(path, `must have no host bits: ${network(cidr)}, got ${show(value)}`);
      return cidr ?? "";
    }),

  /** A network without host bits; an address is one of its own: `10.0.0.5` becomes `10.0.0.5/32`. */
  networkOrAddress: (doc: string) =>
    scalar<string>(doc, "string", (value, path, report) => {
      const address = typeof value === "string" ? parseAddress(value) : undefined;
      if (address !== undefined) return `${address}/${family(address) === 6 ? 128 : 32}`;
      const cidr = typeof value === "string" ? parseCidr(value) : undefined;
      if (cidr === undefined) report(path, `must be a network like 10.0.0.0/24 or an address, got ${show(value)}`);
      else if (network(cidr) !== cidr) report(path, `must have no host bits: ${network(cidr)}, got ${show(value)}`);
      return cidr ?? "";
    }),

  /** A port or a range of ports, as text or as a number. */
  ports: (doc: string) =>
    scalar<string>(doc, "string", (value, path, report) => {
      const [low = 0, high = low, ...more] = /^\d{1,5}(-\d{1,5})?$/.test(String(value))
        ? String(value).split("-").map(Number)
        : [];
      if (low < 1 || high < low || high > 65535 || more.length > 0)
        report(path, `must be a port from 1 to 65535, like 80, or a range, like 8000-8010, got ${show(value)}`);
      return low === high ? `${low}` : `${low}-${high}`;
    }),

  /** An address, with or without a port. */
  endpoint: (doc: string) =>
    text(doc, "an address like 10.0.0.5, or one with a port like 10.0.0.5:8080 or [fd00::5]:8080", parseEndpoint),

  /** One of some words, in any case; the beginning of a single one of them will do. */
  keyword: <const V extends string>(doc: string, words: readonly V[]) =>
    scalar<V>(doc, "string", (value, path, report) => {
      const given = typeof value === "string" ? value.toUpperCase() : "";
      const found = given === "" ? [] : words.filter((word) => word.startsWith(given));
      const word = words.find((one) => one === given) ?? (found.length === 1 ? found[0] : undefined);
      const near = nearest(given, words);
      if (word === undefined)
        report(path, `must be ${listed(words)}, got ${show(value)}${near ? `; did you mean ${near}?` : ""}`);
      return word ?? (words[0] as V);
    }),

  address: (doc: string) => text(doc, "an address like 10.0.0.5", parseAddress),

  mac: (doc: string) => text(doc, "a hardware address like 02:42:0a:00:00:05", parseMac),

  /** Values in an order that matters; `repeats`: of which two may be alike. */
  list: <T>(item: Field<T>, doc = item.doc, { repeats = false } = {}) =>
    array(item, doc, repeats, (have, want, path, differ) => {
      for (let i = 0; i < Math.max(have.length, want.length); i++)
        compareOne(item.rule, have[i], want[i], `${path}[${i}]`, differ);
    }),

  /** Values in any order, without repetition. */
  set: <T>(item: Field<T>, doc = item.doc) =>
    array(item, doc, false, (have, want, path, differ) => {
      const lacks = (all: readonly T[], value: T | undefined) =>
        value !== undefined && !all.some((v) => canonical(v) === canonical(value));
      // What goes is told by its old place, what comes by its new one: that is where the engine looks for the values.
      for (let i = 0; i < Math.max(have.length, want.length); i++) {
        const [gone, added] = [lacks(want, have[i]), lacks(have, want[i])];
        if (gone || added) differ(`${path}[${i}]`, gone && added ? "update" : gone ? "delete" : "add");
      }
    }),

  /** Values under names that the user chooses. */
  map: <T>(
    item: Field<T>,
    doc = item.doc,
    names = { pattern: /^/, must: "any names" },
  ): Field<Readonly<Record<string, T>>, true> =>
    make(doc, {
      type: { type: "object", additionalProperties: item.rule.type },
      nested: item.rule.nested ?? [],
      parse: (value, path, report) => {
        if (value === UNKNOWN) return value as never;
        if (!isRecord(value)) {
          report(path, `must be a map, got ${show(value)}`);
          return {};
        }
        for (const name of Object.keys(value))
          if (!names.pattern.test(name)) report(path, `must have ${names.must}, got ${show(name)}`);
        return Object.fromEntries(
          Object.entries(value).map(([key, v]) => [key, item.rule.parse(v, child(path, key), report)]),
        );
      },
      compare: (have, want, path, differ) => {
        for (const key of new Set([...Object.keys(have), ...Object.keys(want)]))
          compareOne(item.rule, have[key], want[key], child(path, key), differ);
      },
    }),

  /** An object type of its own in `schema.json`. `exact`: what is left out of it is not unmanaged but absent. */
  object: <F extends Fields>(name: string, doc: string, fields: F, { exact = false } = {}): Field<Values<F>, true> =>
    make(doc, {
      type: { $ref: `#/types/hostnet:index:${name}` },
      nested: [{ name, doc, fields }, ...nestedTypes(fields)],
      parse: (value, path, report) => (value === UNKNOWN ? (value as never) : parseFields(fields, value, path, report)),
      compare: (have, want, path, differ) => (exact ? compareAll : compareFields)(fields, have, want, path, differ),
    }),
};

function array<T>(item: Field<T>, doc: string, repeats: boolean, compare: Rule<readonly T[]>["compare"]) {
  return make<readonly T[]>(doc, {
    type: { type: "array", items: item.rule.type },
    nested: item.rule.nested ?? [],
    parse: (value, path, report) => {
      if (value === UNKNOWN) return value as never;
      if (!Array.isArray(value)) {
        report(path, `must be a list, got ${show(value)}`);
        return [];
      }
      const seen: string[] = [];
      return value.map((given, i) => {
        let wrong = false;
        const v = item.rule.parse(given, `${path}[${i}]`, (at, reason) => {
          wrong = true;
          report(at, reason);
        });
        const first = seen.indexOf(canonical(v));
        if (first >= 0 && !repeats && !wrong && !isUnknown(v))
          report(`${path}[${i}]`, `repeats ${path}[${first}]: ${show(v)}`);
        seen.push(wrong ? "" : canonical(v));
        return v;
      });
    },
    compare,
  });
}

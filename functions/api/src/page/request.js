// The request of the api that a draft stands for, and the commands that send exactly it.

import { BASE } from "./api.js";

/** Conditions on a column: the operator of the api, its words, and the kinds of columns that have it. */
export const OPERATORS = [
  ["eq", "is", "any"],
  ["ne", "is not", "any"],
  ["in", "is one of", "list"],
  ["notIn", "is none of", "list"],
  ["gte", "is at least", "ordered"],
  ["gt", "is more than", "ordered"],
  ["lte", "is at most", "ordered"],
  ["lt", "is less than", "ordered"],
  ["startsWith", "begins with", "text"],
  ["null", "is empty (NULL)", "none"],
  ["notNull", "is not empty", "none"],
];

/** Kind of a column by PostgreSQL's name of its type: which operators and which control it has. */
export function kindOf(type) {
  const name = type.toLowerCase();
  if (name === "boolean") return "boolean";
  if (/^(smallint|integer|bigint|numeric|decimal|real|double)/.test(name)) return "number";
  if (name === "date") return "date";
  if (/^timestamp/.test(name)) return "timestamp";
  return /^(text|character varying|varchar)/.test(name) ? "text" : "other";
}

/** Operators of a kind of columns, as pairs for a select. */
export function operatorsOf(kind) {
  const taken = ([, , needs]) => needs === "any" || needs === "none" || (needs === "list" && kind !== "boolean") || (needs === "ordered" && kind !== "boolean") || (needs === "text" && kind === "text");
  return OPERATORS.filter(taken).map(([operator, words]) => [operator, words]);
}

/** True if a condition has a value. */
export function hasValue(operator) {
  return operator !== "null" && operator !== "notNull";
}

/** True if a condition has a list of values. */
export function isList(operator) {
  return operator === "in" || operator === "notIn";
}

/** Builds the request. Fields with their defaults are left out. */
export function toRequest(draft) {
  const request = { ...draft.kept, datasets: Object.entries(draft.datasets).map(([name, choice]) => toDataset(name, choice)) };
  if (draft.from) request.startDate = draft.from;
  if (draft.to) request.endDate = draft.to;
  if (draft.zone && draft.zone !== "UTC") request.timeZone = draft.zone;
  if (draft.format !== "csv") request.format = draft.format;
  if (draft.compression !== (draft.format === "parquet" ? "zstd" : "gzip")) request.compression = draft.compression;
  if (draft.format === "csv" && draft.formulaGuard) request.csv = { ...draft.kept?.csv, formulaGuard: true };
  if (draft.format !== "csv") delete request.csv;
  if (draft.snapshot) request.consistency = "snapshot";
  if (draft.label.trim()) request.label = draft.label.trim();
  return request;
}

function toDataset(name, { columns, filters = [], kept }) {
  const conditions = toFilters(filters);
  if (!columns && !conditions && !kept) return name;
  return { name, ...(columns && { columns }), ...(conditions && { filters: conditions }), ...kept };
}

function toFilters(filters) {
  const made = {};
  for (const { column, operator, value, values } of filters) {
    if (!column) continue;
    const of = (made[column] ??= {});
    if (operator === "null" || operator === "notNull") of.isNull = operator === "null";
    else of[operator] = isList(operator) ? (values ?? []) : (value ?? "");
  }
  // A list stands for itself; it is no operator.
  for (const [column, of] of Object.entries(made)) if (of.in) made[column] = of.in;
  return Object.keys(made).length ? made : undefined;
}

/** Choices that cannot be sent, each with its pointer: the same operator twice, a list besides another condition or without values, and no column. */
export function clashes(draft) {
  return Object.values(draft.datasets).flatMap(({ filters = [], columns }, index) => {
    const seen = new Set();
    const bad = filters.filter(({ column, operator }) => {
      const kind = operator === "notNull" ? "null" : operator;
      const clash = seen.has(`${column} ${kind}`) || (seen.has(`${column} in`) || (operator === "in" && [...seen].some((one) => one.startsWith(`${column} `))));
      seen.add(`${column} ${kind}`);
      return clash;
    });
    const at = (column) => `/datasets/${index}/filters/${escapePointer(column)}`;
    return [
      ...bad.map(({ column }) => ({ pointer: at(column), message: `${column} has two conditions that cannot be combined`, remedy: "use one condition of a kind per column, and a list alone" })),
      ...filters.filter(({ operator, values }) => isList(operator) && !values?.length).map(({ column }) => ({ pointer: at(column), message: "the list is empty", remedy: "enter at least one value, or remove the condition" })),
      ...(columns?.length === 0 ? [{ pointer: `/datasets/${index}/columns`, message: "no column is chosen", remedy: "choose at least one" }] : []),
    ];
  });
}

/** Escapes a name as part of a JSON pointer (RFC 6901). */
export function escapePointer(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Quotes a word only if a shell would read it differently. */
function plainWord(text) {
  return /^[A-Za-z0-9_.:/+][A-Za-z0-9_.:/+-]*$/.test(text) ? text : quoted(text);
}

/** The request as a command of curl. The key comes from the environment and is not part of the text. */
export function asCurl(request) {
  return [`curl -X POST ${quoted(`${BASE}/exports`)}`, `-H "Authorization: Bearer $SLUICE_KEY"`, "-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(request))}`].join(" \\\n  ");
}

/** The request as a command of `sluice`: with flags if these can say all of it, else with the request itself. */
export function asCli(request) {
  const head = `export SLUICE_URL=${plainWord(BASE)}`;
  const { label, labels, layout, csv = {} } = request;
  const byFlags = !label && !labels && !layout && Object.keys(csv).every((name) => name === "formulaGuard") && request.datasets.every((one) => typeof one === "string");
  if (!byFlags) {
    return `${head}\nsluice export --request - --out ./files <<'JSON'\n${JSON.stringify(request)}\nJSON`;
  }
  const flags = [["--from", request.startDate], ["--to", request.endDate], ["--time-zone", request.timeZone], ["--format", request.format], ["--compression", request.compression], ["--consistency", request.consistency]];
  const words = flags.filter(([, value]) => value).map(([flag, value]) => `${flag} ${plainWord(value)}`);
  if (request.csv?.formulaGuard) words.push("--formula-guard");
  return `${head}\nsluice export ${[request.datasets.map(plainWord).join(" "), ...words, "--out ./files"].join(" \\\n  ")}`;
}

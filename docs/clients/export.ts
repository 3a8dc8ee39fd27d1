// Exports datasets with the api alone: node export.js orders,clients 2024-01-01 2024-01-31 FOLDER
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
type Export = { id: string; status: string; errors: object[] };
type Files = { files: { name: string; rows: number; sha256: string; link: string }[]; next?: string };

async function call<T>(path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
  const all = { Authorization: `Bearer ${process.env.SLUICE_KEY}`, "Content-Type": "application/json", ...headers };
  const request = body && { method: "POST", body: JSON.stringify(body) };
  const reply = await fetch(`${process.env.SLUICE_URL}/${path}`, { ...request, headers: all });
  if (reply.ok) return (await reply.json()) as T;
  if (![429, 502, 503, 504].includes(reply.status)) throw new Error(await reply.text()); // a problem (RFC 9457)
  await new Promise((done) => setTimeout(done, 1000 * Number(reply.headers.get("Retry-After") ?? 2)));
  return call<T>(path, body, headers);
}

const [names = "", startDate, endDate, folder = "."] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const request = { datasets: names.split(","), startDate, endDate };
let made = await call<Export>("exports", request, { "Idempotency-Key": randomUUID() }); // creates no second export
while (["queued", "running"].includes(made.status)) {
  await new Promise((done) => setTimeout(done, 1000));
  made = await call<Export>(`exports/${made.id}`, undefined, { Prefer: "wait=20" }); // a long poll
}
if (made.status !== "succeeded") throw new Error(JSON.stringify(made.errors, null, 2));
for (let page: string | undefined = `exports/${made.id}/files?links=true`; page; ) {
  const listed: Files = await call<Files>(page);
  for (const file of listed.files) {
    const data = Buffer.from(await (await fetch(file.link)).arrayBuffer()); // without the key: the link is signed
    if (createHash("sha256").update(data).digest("hex") !== file.sha256) throw new Error(file.name);
    writeFileSync(`${folder}/${file.name}`, data);
    console.log(file.name, file.rows);
  }
  page = listed.next;
}

// Exports datasets with the api alone: node export.js orders,clients 2024-01-01 2024-01-31 FOLDER
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
type Export = { id: string; status: string; errors: object[] };
type Files = { files: { name: string; rows: number; sha256: string; link: string }[]; next?: string };

async function get(url: string, request: RequestInit = {}): Promise<Buffer> {
  for (let pause = 1; ; pause *= 2) {
    const read = async (reply: Response) => ({ reply, data: Buffer.from(await reply.arrayBuffer()) });
    const broken = (error: Error) => { if (pause > 16) throw error; }; // each request may be sent again
    const found = await fetch(url, request).then(read).catch(broken);
    if (found?.reply.ok) return found.data;
    const passes = !found || [429, 502, 503, 504].includes(found.reply.status);
    if (!passes || pause > 16) throw new Error(`${found?.data}`); // a problem (RFC 9457), which says what to do
    await sleep(1000 * Math.max(pause, Number(found?.reply.headers.get("Retry-After") ?? 0)));
  }
}
async function call<T>(path: string, body?: object, more: Record<string, string> = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${process.env.SLUICE_KEY}`, "Content-Type": "application/json", ...more };
  const request = body && { method: "POST", body: JSON.stringify(body) };
  return JSON.parse(`${await get(`${process.env.SLUICE_URL}/${path}`, { ...request, headers })}`) as T;
}

const [names = "", startDate, endDate, folder = "."] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const request = { datasets: names.split(","), startDate, endDate };
let made = await call<Export>("exports", request, { "Idempotency-Key": randomUUID() }); // creates no second export
while (["queued", "running"].includes(made.status)) {
  made = await call<Export>(`exports/${made.id}`, undefined, { Prefer: "wait=20" }); // a long poll
  await sleep(1000);
}
if (made.status !== "succeeded") throw new Error(JSON.stringify(made.errors, null, 2));
// Few files at a time: a link is valid for 15 minutes.
for (let page: string | undefined = `exports/${made.id}/files?links=true&limit=20`; page; ) {
  const listed: Files = await call<Files>(page);
  for (const file of listed.files) {
    const data = await get(file.link); // without the key: the link is signed
    if (createHash("sha256").update(data).digest("hex") !== file.sha256) throw new Error(file.name);
    writeFileSync(`${folder}/${file.name}`, data);
    console.log(file.name, file.rows);
  }
  page = listed.next;
}

// Targets of downloaded files: a folder that the person chooses, where the browser has that, or the browser's
// folder of downloads, one file after the other.

import { h } from "./dom.js";
import { Sha256 } from "./sha256.js";

/** True if this browser can write into a folder. */
export function hasFolders() { return typeof window.showDirectoryPicker === "function"; }

/** Saves what an address leads to under a name. */
export function save(address, name) {
  const link = h("a", { href: address, download: name, rel: "noreferrer" });
  document.body.append(link);
  link.click();
  link.remove();
}

/** A folder of this machine. A file appears in it once it is whole. */
export class FolderTarget {
  constructor(root) { this.root = root; }

  /** Opens the file of a name, whose slashes are folders. */
  async #file(name, create) {
    const parts = name.split("/");
    if (parts.some((part) => part === "" || part === "." || part === "..")) throw new Error(`${name} is not a name of a file.`);
    let folder = this.root;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create });
    return folder.getFileHandle(parts.at(-1), { create });
  }

  /** True if the folder has the file already: its bytes are read and compared. */
  async has({ name, bytes, sha256 }, signal) {
    const file = await this.#file(name, false).then((handle) => handle.getFile(), () => undefined);
    if (file?.size !== bytes) return false;
    const digest = new Sha256();
    for (const reader = file.stream().getReader(); ;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) return digest.hex() === sha256;
      digest.update(value);
    }
  }

  /** Opens a file to write. */
  async open(name) {
    const handle = await this.#file(name, true);
    const stream = await handle.createWritable();
    return {
      write: (piece) => stream.write(piece),
      finish: () => stream.close(),
      // An earlier file stays; a new file is empty, and is removed.
      undo: async () => {
        await stream.abort().catch(() => {});
        if ((await handle.getFile()).size === 0) await handle.remove?.();
      },
    };
  }
}

/** The browser's folder of downloads. A file is collected before it is saved. */
export class DownloadsTarget {
  async has() { return false; }

  async open(name) {
    const pieces = [];
    return {
      write: (piece) => { pieces.push(piece); },
      finish: async () => {
        const address = URL.createObjectURL(new Blob(pieces));
        save(address, name.replaceAll("/", "_"));
        setTimeout(() => URL.revokeObjectURL(address), 60000);
        // Browsers drop downloads that begin at once.
        await new Promise((resolve) => { setTimeout(resolve, 300); });
      },
      undo: () => {},
    };
  }
}

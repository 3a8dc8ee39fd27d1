// SHA-256 (FIPS 180-4) of a file that arrives in pieces. The browser's own digest needs the whole file in memory.

const [K, START] = constants();

/** Fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8. */
function constants() {
  const primes = [];
  for (let number = 2; primes.length < 64; number += 1) if (primes.every((prime) => number % prime)) primes.push(number);
  const part = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  return [Int32Array.from(primes, (prime) => part(Math.cbrt(prime))), Int32Array.from(primes.slice(0, 8), (prime) => part(Math.sqrt(prime)))];
}

export class Sha256 {
  #state = Int32Array.from(START);
  #block = new Uint8Array(64);
  #words = new Int32Array(64);
  #filled = 0;
  #bytes = 0;

  /** Adds a piece. */
  update(piece) {
    this.#bytes += piece.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, piece.length);
      this.#block.set(piece.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < 64) return;
      this.#compress(this.#block, 0);
    }
    for (; at + 64 <= piece.length; at += 64) this.#compress(piece, at);
    this.#block.set(piece.subarray(at));
    this.#filled = piece.length - at;
  }

  /** Returns the digest as hexadecimal digits. Nothing can be added afterwards. */
  hex() {
    const length = (this.#filled < 56 ? 64 : 128) - this.#filled;
    const end = new Uint8Array(length);
    end[0] = 128;
    const view = new DataView(end.buffer);
    view.setUint32(length - 8, Math.floor(this.#bytes / 2 ** 29));
    view.setUint32(length - 4, (this.#bytes * 8) % 2 ** 32);
    this.update(end);
    return [...this.#state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #compress(from, at) {
    const w = this.#words;
    for (let i = 0; i < 16; i += 1, at += 4) w[i] = (from[at] << 24) | (from[at + 1] << 16) | (from[at + 2] << 8) | from[at + 3];
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    const state = this.#state;
    let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    // An iterator would cost more than the rounds.
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

/** The end of a stream, as a program's last words tell why it failed; whatever it prints, memory stays bounded. */
export class OutputTail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #total = 0;

  /** @param limit bytes that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    this.#total += chunk.length;
    if (this.#kept > 2 * this.#limit) this.#cut();
  }

  /** What is kept, with a word on how much was left out; bytes that are not UTF-8 are shown as U+FFFD. */
  text(): string {
    this.#cut();
    let kept = Buffer.concat(this.#chunks);
    // Of a database's address that is cut, the password would not be recognized.
    if (this.#total > kept.length) kept = kept.subarray(kept.findIndex(isBlank) + 1);
    const left = this.#total - kept.length;
    const text = kept.toString('utf8').trimEnd();
    return left === 0 ? text : `[${left} bytes left out] …${text}`;
  }

  #cut(): void {
    const kept = Buffer.concat(this.#chunks).subarray(-this.#limit);
    this.#chunks = [kept];
    this.#kept = kept.length;
  }
}

function isBlank(byte: number): boolean {
  return byte <= 0x20;
}

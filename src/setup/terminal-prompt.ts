import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Prompt } from './questions.ts';

/** A person at the terminal of this process. */
export class TerminalPrompt implements Prompt {
  #isMuted = false;
  readonly #stopped = new AbortController();
  readonly #output = new Writable({
    write: (text: Buffer, _encoding, done) => {
      if (this.#isMuted) done();
      else process.stdout.write(text, done);
    },
  });
  readonly #terminal = createInterface({
    input: process.stdin,
    output: this.#output,
    terminal: true,
    historySize: 0,
  });

  constructor() {
    // Ctrl-C, and Ctrl-D: the question would stay open for ever.
    for (const event of ['SIGINT', 'close'] as const) this.#terminal.on(event, () => this.#stopped.abort());
  }

  async ask(question: string, isSecret: boolean): Promise<string | undefined> {
    const { signal } = this.#stopped;
    if (isSecret) process.stdout.write(question);
    this.#isMuted = isSecret;
    try {
      return await this.#terminal.question(isSecret ? '' : question, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return undefined;
    } finally {
      if (isSecret || signal.aborted) process.stdout.write('\n');
      this.#isMuted = false;
    }
  }

  say(text: string): void {
    process.stdout.write(text);
  }

  close(): void {
    this.#terminal.close();
  }
}

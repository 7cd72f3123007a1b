import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Prompt } from './questions.ts';

/** The terminal, which shows nothing while it is muted. */
class TerminalOutput extends Writable {
  constructor(isMuted: () => boolean) {
    super({
      write: (text: Buffer, _encoding, done) => {
        if (isMuted()) done();
        else process.stdout.write(text, done);
      },
    });
  }

  /** Where lines that are typed wrap. */
  get columns(): number {
    return process.stdout.columns;
  }
}

/** A person at the terminal of this process. */
export class TerminalPrompt implements Prompt {
  #isMuted = false;
  readonly #stopped = new AbortController();
  readonly #terminal = createInterface({
    input: process.stdin,
    output: new TerminalOutput(() => this.#isMuted),
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

import { errorCode } from '../src/system-error.ts';

/** Standard output of a tool whose reader may go away (`| head`): what is written after that is dropped without a word. */
export class StandardOutput {
  #isGone = false;

  constructor() {
    // What write() is told; without a listener it would also end the process.
    process.stdout.on('error', () => undefined);
  }

  /** @throws the system's error if the text can't be written for another reason, such as a full disk */
  async write(text: string): Promise<void> {
    if (this.#isGone || text === '') return;
    const error = await new Promise<Error | null | undefined>((done) => process.stdout.write(text, done));
    if (errorCode(error) === 'EPIPE') this.#isGone = true;
    else if (error) throw error;
  }
}

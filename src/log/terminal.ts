/** How far a batch has come. */
export interface ShownProgress {
  /** `Import Stage`. */
  readonly label: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Since the batch began. */
  readonly milliseconds: number;
}

/** Takes texts that people read. */
export interface TextSink {
  /** @returns false if a text that somebody may want is lost */
  write(text: string): boolean;
}

/** Shows the progress of a batch where somebody may be watching. */
export interface ProgressView {
  show(progress: ShownProgress): void;
  end(): void;
}

const CLEAR_LINE = '\r\x1b[2K';

/** A terminal on which log lines scroll above a progress line that stays at the bottom. */
export class Terminal implements ProgressView, TextSink {
  readonly #stream: TextSink & { readonly columns?: number | undefined };
  #line = '';

  constructor(stream: TextSink & { readonly columns?: number | undefined }) {
    this.#stream = stream;
  }

  write(text: string): boolean {
    return this.#stream.write(this.#line === '' ? text : `${CLEAR_LINE}${text}${this.#line}`);
  }

  show(progress: ShownProgress): void {
    this.note(progressLine(progress));
  }

  /** Shows a line at the bottom. */
  note(line: string): void {
    // A line that wraps could not be cleared.
    this.#line = line.slice(0, (this.#stream.columns || 80) - 1);
    this.#stream.write(`${CLEAR_LINE}${this.#line}`);
  }

  end(): void {
    if (this.#line !== '') this.#stream.write(CLEAR_LINE);
    this.#line = '';
  }
}

/** `Import Stage: 12/50 runs, 93/min, 0:25 left, 1 failed`. */
export function progressLine({ label, total, done, failed, milliseconds }: ShownProgress): string {
  const parts = [`${label}: ${done}/${total} runs`];
  if (done > 0 && milliseconds > 0) {
    const perRun = milliseconds / done;
    parts.push(`${Math.round(60_000 / perRun)}/min`, `${minutes((total - done) * perRun)} left`);
  }
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

function minutes(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

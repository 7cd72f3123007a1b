/** The stamps of configurations, in the order of the index. Those of one configuration are one text until they are asked for. */
export class StampTable {
  readonly #texts = new Map<string, string>();

  /** @param stamps ascending */
  add(configuration: string, stamps: readonly string[]): void {
    this.#texts.set(configuration, stamps.length === 0 ? '' : JSON.stringify(stamps));
  }

  get configurations(): Iterable<string> {
    return this.#texts.keys();
  }

  /** Has a configuration any? */
  has(configuration: string): boolean {
    return (this.#texts.get(configuration) ?? '') !== '';
  }

  of(configuration: string): readonly string[] {
    const text = this.#texts.get(configuration) ?? '';
    return text === '' ? [] : JSON.parse(text);
  }
}

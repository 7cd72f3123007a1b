import type { Parameter } from './parameters.ts';

/** Gives each value a number, the same for equal ones, in time and memory proportional to its size. */
export class Identities {
  readonly #known = new Map<string, number>();
  /** The numbers of tables and sequences, which are asked for again and again. */
  readonly #given = new WeakMap<Parameter, number>();

  of(parameter: Parameter): number {
    const given = this.#given.get(parameter);
    if (given !== undefined) return given;
    const key = this.#keyOf(parameter);
    const number = this.#known.get(key) ?? this.#known.size;
    this.#known.set(key, number);
    this.#given.set(parameter, number);
    return number;
  }

  /** The order of the names in a table means nothing. */
  #keyOf(parameter: Parameter): string {
    const { kind, protection } = parameter;
    if (kind === 'scalar') return `${protection}=${parameter.meaning}`;
    if (kind === 'sequence') return `${protection}[${parameter.elements.map((each) => this.of(each)).join()}`;
    const members = [...parameter.members].map(([name, member]) => `${name}:${this.of(member)}`);
    return `${protection}{${members.sort().join()}`;
  }
}

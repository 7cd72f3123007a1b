import { CONVERTERS, type ConvertedName } from '../../../../src/records/converters/converters.ts';
import { entriesOf, tableOf } from '../../../helpers/fhicl-entries.ts';

/** Converts a text and reads the result back as artdaqDB would. */
export function convert(name: ConvertedName, source: string | Buffer) {
  const { text, warnings } = CONVERTERS[name](Buffer.from(source));
  return {
    text,
    warnings,
    /** Lines that have a warning. */
    warned: warnings.map(({ line }) => line),
    get entries() {
      return entriesOf(text);
    },
    get table() {
      return tableOf(text);
    },
  };
}

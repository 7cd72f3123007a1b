/** Something in the source text that the FHiCL document can't hold as it is, or doesn't hold. */
export interface ConversionWarning {
  /** Line of the source text, counted from 1; undefined if it is about the whole file. */
  readonly line: number | undefined;
  readonly message: string;
}

/** What a text file became. */
export interface Conversion {
  /** The FHiCL document. */
  readonly text: string;
  readonly warnings: readonly ConversionWarning[];
}

/**
 * Turns one text file of a run record into FHiCL that artdaqDB accepts, whatever the bytes are
 * (documentation/FILE_FORMATS.md, "Converted files"). Never throws; what can't be kept as it is has a warning.
 */
export type Converter = (bytes: Buffer) => Conversion;

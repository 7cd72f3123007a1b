/** Checks FHiCL files as artdaqDB reads them, and shows what it makes of them: documentation/FHICL_TOOL.md. */
import { ArchiverError, FhiclError, messageOf } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import { standardOutput } from '../../src/log/standard-stream.ts';
import { visibleLines } from '../../src/shown-text.ts';
import { runTool } from '../run-tool.ts';
import { type FhiclFlags, readFlags } from './flags.ts';
import { type Input, nameOf, readInput } from './inputs.ts';
import { dataJson, exportOf, storedDocument } from './output.ts';

await runTool('run-archiver-fhicl', async (argv) => {
  const flags = readFlags(argv);
  let code: number = exitCodes.success;
  for (const file of flags.files) {
    const result = await outputFor(file, flags);
    if (result === undefined) code = exitCodes.failure;
    else standardOutput.write(result);
  }
  return code;
});

/** Undefined if there is none; why is said already. */
async function outputFor(file: string, flags: FhiclFlags): Promise<string | undefined> {
  try {
    return render(await readInput(file), flags);
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    console.error(visibleLines(error instanceof FhiclError ? located(file, error) : messageOf(error)));
    return undefined;
  }
}

function located(file: string, { line, column, problem }: FhiclError): string {
  return `${nameOf(file)}:${line}:${column}: ${problem}`;
}

function render(input: Input, { action, isWhole }: FhiclFlags): string {
  if (action === 'format') return exportOf(input);
  if (action === 'check') {
    parseFhicl(input.text, input.name);
    return `${input.name}: accepted\n`;
  }
  return isWhole ? `${storedDocument(input)}\n` : dataJson(parseFhicl(input.text, input.name));
}

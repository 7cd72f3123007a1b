/** Checks FHiCL files as artdaqDB reads them, and shows what it makes of them: documentation/FHICL_TOOL.md. */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ArchiverError, FhiclError, messageOf } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import { standardOutput } from '../../src/log/standard-stream.ts';
import { visibleLines } from '../../src/shown-text.ts';
import { errorCode } from '../../src/system-error.ts';
import { runTool } from '../run-tool.ts';
import { type FhiclFlags, readFlags } from './flags.ts';
import { dataJson, exportOf, storedText } from './output.ts';

/** Stands for standard input on the command line. */
const STANDARD_INPUT = '-';

void runTool('run-archiver-fhicl', async (argv) => {
  const flags = readFlags(argv);
  let code: number = exitCodes.success;
  for (const path of flags.files) {
    const output = await outputFor(path, flags);
    if (output === undefined) code = exitCodes.failure;
    else standardOutput.write(output);
  }
  return code;
});

/** Undefined for a file that is refused or can't be read; standard error says why. */
async function outputFor(path: string, flags: FhiclFlags): Promise<string | undefined> {
  const name = path === STANDARD_INPUT ? 'stdin' : path;
  try {
    return render({ name, text: await readText(path) }, flags);
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    console.error(visibleLines(error instanceof FhiclError ? located(name, error) : messageOf(error)));
    return undefined;
  }
}

/**
 * Reads a file or the standard input. Bytes that are not UTF-8 become one character each: FHiCL refuses these as it
 * refuses everything but ASCII.
 * @throws ArchiverError if it can't be read
 */
async function readText(path: string): Promise<string> {
  try {
    const bytes = await (path === STANDARD_INPUT ? buffer(process.stdin) : readFile(path));
    return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  } catch (error) {
    if (path === STANDARD_INPUT || errorCode(error) === undefined) throw error;
    if (errorCode(error) === 'EISDIR') {
      throw new ArchiverError(`${path}: it is a directory; name the files in it, such as ${path}/*.fcl`);
    }
    throw new ArchiverError(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

function render(file: FhiclFile, { action, isWhole }: FhiclFlags): string {
  if (action === 'format') return exportOf(file);
  if (action === 'to-json' && isWhole) return `${storedText(file)}\n`;
  const document = parseFhicl(file.text, file.name);
  return action === 'check' ? `${file.name}: accepted\n` : dataJson(document);
}

function located(name: string, { line, column, problem }: FhiclError): string {
  return `${name}:${line}:${column}: ${problem}`;
}

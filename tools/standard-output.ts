import { standardError, standardOutput } from '../src/log/standard-stream.ts';

/** For commander, whose own output would end a tool when its reader has gone. */
export const commandOutput = {
  writeOut: (text: string): unknown => standardOutput.write(text),
  writeErr: (text: string): unknown => standardError.write(text),
};

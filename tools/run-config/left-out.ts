import { entityOf } from '../../src/fhicl/fhicl-file.ts';
import { PathPattern } from './path-pattern.ts';

/** What differs in every run, whatever was configured. */
interface LeftOut {
  readonly pattern: string;
  /** Only values in which this is found. */
  readonly value?: RegExp;
  readonly reason: string;
}

/**
 * What comparisons leave out, in one place; documentation/RUN_CONFIG.md lists it, too. It was found in records of all ages of
 * DAQInterface (test/fixtures/golden, and its source), and holds nothing that makes data differ.
 */
export const LEFT_OUT: readonly LeftOut[] = [
  { pattern: 'RunHistory.fcl:run_number', reason: 'the run number' },
  { pattern: 'RunHistory2.fcl:**', reason: 'start and stop time' },
  { pattern: 'metadata.fcl:daqinterface_st*_time*', reason: 'start and stop time, since 2019' },
  { pattern: 'metadata.fcl:St*_time*', reason: 'start and stop time, until 2019' },
  { pattern: 'metadata.fcl:total_events', reason: 'how many events were taken, until 2018' },
  {
    pattern: 'metadata.fcl:*_logfiles',
    reason: 'log files: their names hold host, port, time and process id',
  },
  { pattern: 'metadata.fcl:DAQInterface_logfile', reason: 'the log file of DAQInterface' },
  { pattern: 'metadata.fcl:pmt_logfile*', reason: 'log files, until 2018' },
  {
    pattern: 'metadata.fcl:**',
    value: /-\d{14}-\d+\.log/,
    reason: 'log files that the Python archiver gave names of hosts',
  },
  { pattern: 'ranks.fcl:ranks.r*[1]', reason: 'ports, which follow from partition and rank' },
  { pattern: 'boot.fcl:artdaq_process_settings[*].port', reason: 'ports of processes' },
  { pattern: '*:**.table_update_port', reason: 'a port that DAQInterface chooses by partition' },
  { pattern: '*:**.table_acknowledge_port', reason: 'a port that DAQInterface chooses by partition' },
  { pattern: '*:**.routing_token_port', reason: 'a port that DAQInterface chooses by partition' },
  { pattern: 'environment.fcl:DAQINTERFACE_PORT', reason: 'the port of DAQInterface itself' },
  { pattern: 'environment.fcl:DAQINTERFACE_TTY', reason: 'the terminal at which DAQInterface was started' },
  { pattern: 'hashes.fcl:**', reason: 'checksums of the other documents, which the Python archiver stored' },
];

const RULES = LEFT_OUT.map(({ pattern, value }) => ({ paths: new PathPattern(pattern), value }));

/**
 * Does the parameter differ in every run?
 * @param texts its values, as far as there are any
 */
export function isLeftOut(file: string, path: string, texts: readonly string[]): boolean {
  const entity = entityOf({ name: file });
  return RULES.some(
    ({ paths, value }) =>
      paths.entities.test(entity) &&
      paths.selects(path) &&
      (value === undefined || texts.every((text) => value.test(text))),
  );
}

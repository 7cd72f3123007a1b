import { checkParameter } from '../config/sections.ts';

/** Asks somebody at a terminal one question. */
export interface Prompt {
  /**
   * @param isSecret what is typed is not shown
   * @returns the answer; undefined if the person wants to stop
   */
  ask(question: string, isSecret: boolean): Promise<string | undefined>;
  say(text: string): void;
}

/** What a site has to decide about a parameter. */
interface SiteQuestion {
  readonly parameter: string;
  readonly question: string;
  /** What most sites would say; without it there must be an answer. */
  readonly proposal?: string;
}

/** The parameters that differ at each site. */
export const siteQuestions: readonly SiteQuestion[] = [
  {
    parameter: 'app.work_dir',
    question: 'Directory for state and log',
    proposal: '/var/lib/run-archiver',
  },
  {
    parameter: 'source_files.run_records_dir',
    question: 'Directory of the run records',
    proposal: '/daq/run_records',
  },
  {
    parameter: 'artdaq_db.database_uri',
    question: 'artdaqDB',
    proposal: 'filesystemdb:///daq/artdaqdb/run_records_archive',
  },
  {
    parameter: 'artdaq_db.fcl_conf_dir',
    question: 'Directory with schema.fcl',
    proposal: '/daq/artdaq_database/conf',
  },
  { parameter: 'ucon_db.server_url', question: 'UconDB, https://host:port/instance/app' },
  { parameter: 'ucon_db.folder_name', question: 'Folder in UconDB' },
  { parameter: 'ucon_db.object_name', question: 'Object in UconDB' },
  { parameter: 'ucon_db.writer_user', question: 'Account that may write there' },
];

/**
 * Asks until the answer is one that the parameter can have.
 * @returns undefined if the person wants to stop
 */
export async function answerTo(
  { parameter, question, proposal }: SiteQuestion,
  prompt: Prompt,
): Promise<string | undefined> {
  const shown = proposal === undefined ? question : `${question} [${proposal}]`;
  for (;;) {
    const typed = await prompt.ask(`${shown}: `, false);
    if (typed === undefined) return undefined;
    const answer = typed.trim() || (proposal ?? '');
    const allowed = answer === '' ? 'an answer' : checkParameter(parameter, answer);
    if (allowed === undefined) return answer;
    prompt.say(`This must be ${allowed}.\n`);
  }
}

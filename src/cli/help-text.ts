/** Exit codes, as the end of the help text. They never change their meaning; treat any other than 0 as failure. */
export const exitStatus = `
EXIT STATUS
  0    success, also if there was nothing to do
  1    a known error (configuration, a place that can't be reached, another archiver running), or a run failed
  2    wrong usage, or an unexpected error
  130  stopped by request: a signal, or the lock file was removed; what was in progress ended well`;

/** The files that matter to an operator, as the end of the help text. */
export const files = `
FILES
  config.yaml           the configuration, in the current directory unless given; config.yaml.template explains it
  archiver.env          in the directory above bin/: KEY=value lines that go over the environment
  app.lock_file         holds the process id while the archiver runs; remove it to stop the archiver gracefully
  app.*_state_file      how far each stage has come
  app.*_failure_log     the runs that failed, one number a line
  app.log_file          the log; the five files before it are kept as .1 to .5`;

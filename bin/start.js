// CommonJS (package.json beside this file), and only what Node 10 can read, so that a Node that is too old can still say so.
const root = __dirname.replace(/[^/]+$/, '');

/**
 * Starts a built program, or says that this Node is too old for it, or that it is not built.
 * @param {string} name of the command
 * @param {(load: (name: string) => object) => Promise<number>} run loads what it needs, and returns the exit code
 */
function start(name, run) {
  process.exitCode = 2;
  // The loss of the terminal must not end a program while its modules load: Node undoes what nohup sets. The programs decide
  // themselves what to do about the terminal.
  process.on('SIGHUP', () => undefined);
  if (!isSupported(process.versions.node)) {
    console.error(
      `${name} needs Node 20.19 or later; this is Node ${process.versions.node} (${process.execPath})`,
    );
    return;
  }
  const programs = `${root}dist/programs/`;
  if (!require('node:fs').existsSync(`${programs}${name}.cjs`)) {
    console.error(`${name} is not built: run "npm ci && npm run build" in ${root}`);
    return;
  }
  const { Loader } = require(`${programs}loader.cjs`);
  const loader = new Loader(programs, require);
  new Promise((resolve) => resolve(run((module) => loader.load(`${module}.cjs`))))
    .then((code) => {
      process.exitCode = code;
      if (code === 0) loader.keepCode();
    })
    .catch((error) => {
      console.error(error);
      process.exitCode = 2;
    });
}

/**
 * Starts a program of tools/, which sets its exit code itself.
 * @param {string} name of the command
 */
function startTool(name) {
  start(name, (load) => {
    load(name);
    return process.exitCode;
  });
}

function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

module.exports = { root, start, startTool };

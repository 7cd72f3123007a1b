// CommonJS (package.json beside this file), and only what Node 10 can read, so that a Node that is too old can still say so.
const root = __dirname.replace(/[^/]+$/, '');

/**
 * Starts a compiled program, or says that this Node is too old for it, or that it is not built.
 * @param {string} name of the command
 * @param {string[]} modules of the program: paths below dist/
 * @param {(modules: object[]) => Promise<number>} run gets the modules, and returns the exit code
 */
function start(name, modules, run) {
  process.exitCode = 2;
  // The loss of the terminal must not end a program while its modules load, which takes a second: Node undoes what nohup sets.
  // The programs decide themselves what to do about the terminal.
  process.on('SIGHUP', () => undefined);
  if (!isSupported(process.versions.node)) {
    console.error(
      `${name} needs Node 20.19 or later; this is Node ${process.versions.node} (${process.execPath})`,
    );
    return;
  }
  const { existsSync } = require('node:fs');
  const { pathToFileURL } = require('node:url');
  const files = modules.map((module) => `${root}dist/${module}`);
  if (!files.every((file) => existsSync(file))) {
    console.error(`${name} is not built: run "npm ci && npm run build" in ${root}`);
    return;
  }
  Promise.all(files.map((file) => import(pathToFileURL(file).href)))
    .then(run)
    .then(
      (code) => {
        process.exitCode = code;
      },
      (error) => {
        console.error(error);
        process.exitCode = 2;
      },
    );
}

/**
 * Starts a program of tools/, which sets its exit code itself.
 * @param {string} name of the command
 * @param {string} module path below dist/
 */
function startTool(name, module) {
  start(name, [module], () => process.exitCode);
}

function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

module.exports = { root, start, startTool };

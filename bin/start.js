// CommonJS (package.json beside this file), and nothing that Node 10 can't read, so that a Node that is too old gets as far as
// saying so.
const root = __dirname.replace(/[^/]+$/, '');

/**
 * Starts a compiled program, if this Node can run it and it is built; says so otherwise.
 * @param {string} name of the command
 * @param {string[]} modules of the program: paths below dist/
 * @param {(modules: object[]) => Promise<number>} run gets the modules, and returns the exit code
 */
function start(name, modules, run) {
  process.exitCode = 2;
  // A lost terminal is no reason to stop, also not while modules are loading, which takes a second; Node takes back that nohup
  // has a hang-up ignored. What is to be done about the terminal is up to the programs.
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

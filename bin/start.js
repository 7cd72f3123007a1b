// CommonJS (package.json beside this file), and nothing that Node 10 can't read, so that a Node that is too old gets as far as
// saying so.
const root = __dirname.replace(/[^/]+$/, '');

/**
 * Loads modules of the compiled program, if this Node can and they are there; says so otherwise.
 * @param {string} name of the command
 * @param {string[]} modules paths below dist/
 * @returns {Promise<object[]> | undefined} undefined if it was said why not. process.exitCode is 2 then
 */
function load(name, modules) {
  process.exitCode = 2;
  // A lost terminal is no reason to stop, also not while modules are loading, which takes a second; Node takes back that nohup
  // has a hang-up ignored. What is to be done about the terminal is up to the programs.
  process.on('SIGHUP', () => undefined);
  if (!isSupported(process.versions.node)) {
    console.error(
      `${name} needs Node 20.19 or later; this is Node ${process.versions.node} (${process.execPath})`,
    );
    return undefined;
  }
  const { existsSync } = require('node:fs');
  const { pathToFileURL } = require('node:url');
  const files = modules.map((module) => `${root}dist/${module}`);
  if (!files.every((file) => existsSync(file))) {
    console.error(`${name} is not built: run "npm ci && npm run build" in ${root}`);
    return undefined;
  }
  return Promise.all(files.map((file) => import(pathToFileURL(file).href)));
}

/**
 * Runs a program of tools/.
 * @param {string} name of the command
 * @param {string} module path below dist/
 */
function startTool(name, module) {
  load(name, [module]);
}

function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

module.exports = { load, root, startTool };

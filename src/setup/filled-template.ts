/** Values that YAML need not have in quotes where the template has none. */
const PLAIN = /^(?:-?\d+(?:\.\d+)?|true|false|null)$/;

/**
 * A configuration file with other values; comments and order stay.
 * @param template in the style of config.yaml.template: one parameter a line, two blanks for each section around it
 * @param values by the names of parameters, such as `app.work_dir`
 */
export function filledTemplate(template: string, values: ReadonlyMap<string, string>): string {
  const sections: string[] = [];
  const lines = template.split('\n').map((line) => {
    const [, indentation = '', name, written] = /^( *)(\w+):(?: (.+))?$/.exec(line) ?? [];
    if (name === undefined) return line;
    sections.splice(indentation.length / 2, sections.length, name);
    const value = values.get(sections.join('.'));
    if (value === undefined || written === undefined) return line;
    const isPlain = value === 'null' || (PLAIN.test(value) && !written.startsWith('"'));
    return `${indentation}${name}: ${isPlain ? value : JSON.stringify(value)}`;
  });
  return lines.join('\n');
}

/** The same file with another schema for editors in its first line. */
export function withSchema(template: string, path: string): string {
  return template.replace(/^(# yaml-language-server: \$schema=).*/, (_, start: string) => start + path);
}

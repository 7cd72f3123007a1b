/**
 * The comments of a configuration file in the style of config.yaml.template, each by the name of what it is about:
 * `app.batch_size`. A comment is about the line below it and those that follow without one of their own.
 */
export function parameterComments(text: string): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  const sections: string[] = [];
  let lines: string[] = [];
  let last: string | undefined;
  for (const line of text.split('\n')) {
    const comment = /^ *# ?(.*)$/.exec(line)?.[1];
    const [, indentation = '', name] = /^( *)(\w+):/.exec(line) ?? [];
    if (comment !== undefined) lines.push(comment);
    else if (name !== undefined) {
      const depth = indentation.length / 2;
      if (lines.length > 0) last = lines.join(' ');
      else if (depth !== sections.length - 1) last = undefined;
      sections.splice(depth, sections.length, name);
      if (last !== undefined) comments.set(sections.join('.'), last);
      lines = [];
    } else if (line === '') lines = [];
  }
  return comments;
}

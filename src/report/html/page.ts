import { createHash } from 'node:crypto';
import { html, Markup } from './markup.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** A whole document around a body. Its policy lets it load nothing, and run no script but its own. */
export function pageOf(title: string, body: Markup): string {
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="run-record-archiver">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
${body}<div id="tip" hidden></div>
<script>${new Markup(script)}</script>
</body>
</html>
`.text;
}

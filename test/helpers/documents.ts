import { readdirSync, readFileSync } from 'node:fs';

/** A block of code in a guide. */
export interface Block {
  /** As behind the fence; empty if nothing stands there. */
  readonly language: string;
  readonly text: string;
}

/** A guide in Markdown; all paths are relative to the project's directory. */
export interface Document {
  readonly path: string;
  readonly text: string;
  /** Without blocks of code. */
  readonly prose: string;
  readonly blocks: readonly Block[];
  /** What stands between single backticks. */
  readonly spans: readonly string[];
}

const FENCED = /^( *)```(.*)\n([\s\S]*?)^\1```$/gm;

/** All files and directories below a directory, with its own path in front. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((path) => `${directory}/${path}`);
}

/** README, CHANGELOG, CONTRIBUTING and all of documentation/. */
export function readDocuments(): Document[] {
  const paths = filesBelow('documentation').filter((path) => path.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...paths].map((path) => {
    const text = readFileSync(path, 'utf8');
    const prose = text.replace(FENCED, '');
    const blocks = [...text.matchAll(FENCED)].map(([, , language = '', block = '']) => ({
      language,
      text: block,
    }));
    const spans = [...prose.matchAll(/(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/g)].map(([, , span = '']) =>
      span.trim().replace(/\s+/g, ' '),
    );
    return { path, text, prose, blocks, spans };
  });
}

/** The targets of the links in a guide. */
export function linksIn({ prose }: Document): string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors of a guide's headings, as GitHub makes them. */
export function anchorsIn({ prose }: Document): string[] {
  return [...prose.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The cells of the first column of the tables with this heading. */
export function firstColumn({ prose }: Document, heading: string): string[] {
  const cells: string[] = [];
  let isInside = false;
  for (const line of prose.split('\n')) {
    const cell = /^\|(.*?)(?<!\\)\|/.exec(line)?.[1]?.trim();
    if (cell === heading) isInside = true;
    else if (cell === undefined) isInside = false;
    else if (isInside && !/^[-: ]+$/.test(cell)) cells.push(cell);
  }
  return cells;
}

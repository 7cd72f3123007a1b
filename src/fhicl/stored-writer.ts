import { quoteJson } from './json-reader.ts';
import type { Comment, Entry, FhiclDocument, Value } from './tree.ts';

/** An object as artdaqDB writes it, of members that are JSON text. */
export function jsonObject(members: string): string {
  return `{\n${members}\n}`;
}

/** An array as artdaqDB writes it, of elements that are JSON text. */
export function jsonArray(elements: string): string {
  return `[\n${elements}\n]`;
}

/** The stored document but for its end: members that follow `document` and `comments`, and the closing bracket. */
export function writeContent({ prolog, main, comments }: FhiclDocument): string {
  const data = jsonObject(`"prolog" : ${tableData(prolog)},\n"main" : ${tableData(main)}`);
  const metadata = jsonObject(
    `"prolog" : ${section('#prolog', prolog)},\n"main" : ${section('#main', main)}`,
  );
  const end = `"metadata" : ${metadata},\n"search" : ${jsonArray('')}\n}`;
  return `{\n"document" : {\n"data" : ${data},\n${end},\n"comments" : ${commentList(comments)}`;
}

function section(comment: string, entries: readonly Entry[]): string {
  return jsonObject(`"type" : "table",\n"comment" : "${comment}",\n"children" : ${tableMetadata(entries)}`);
}

function commentList(comments: readonly Comment[]): string {
  const stored = comments.length > 0 ? comments : [{ line: 0, text: 'No comments' }];
  return jsonArray(
    stored
      .map(({ line, text }) => jsonObject(`"linenum" : ${line},\n"value" : ${quoteJson(text)}`))
      .join(',\n'),
  );
}

function valueData(value: Value): string {
  switch (value.type) {
    case 'table':
      return tableData(value.entries);
    case 'sequence': {
      let elements = '';
      for (const element of value.elements) elements += (elements && ',\n') + valueData(element);
      return jsonArray(elements);
    }
    default:
      return value.type.startsWith('string') ? quoteJson(value.text) : `"${value.text}"`;
  }
}

function tableData(entries: readonly Entry[]): string {
  let members = '';
  for (const { key, value } of entries) members += `${members && ',\n'}"${key}" : ${valueData(value)}`;
  return jsonObject(members);
}

function tableMetadata(entries: readonly Entry[]): string {
  let members = '';
  for (const { key, value, protection } of entries) {
    members += `${members && ',\n'}"${key}" : ${valueMetadata(value, protection)}`;
  }
  return jsonObject(members);
}

function valueMetadata(value: Value, protection: string): string {
  const guard = protection && `,\n"protection" : "${protection}"`;
  const comment = value.comment === '' ? '""' : quoteJson(value.comment);
  if (value.type === 'table') {
    return `{\n"type" : "table",\n"comment" : ${comment}${guard},\n"children" : ${tableMetadata(value.entries)}\n}`;
  }
  const annotation = value.annotation === '' ? '""' : quoteJson(value.annotation);
  const head = `{\n"type" : "${value.type}",\n"comment" : ${comment},\n"annotation" : ${annotation}${guard}`;
  if (value.type !== 'sequence') return `${head}\n}`;
  let children = '';
  let index = 0;
  for (const element of value.elements) {
    children += `${children && ',\n'}"${index++}" : ${valueMetadata(element, '')}`;
  }
  return `${head},\n"children" : ${jsonObject(children)}\n}`;
}

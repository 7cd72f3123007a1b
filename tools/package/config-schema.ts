import { z } from 'zod';
import { configFile } from '../../src/config/sections.ts';
import { parameterComments } from './parameter-comments.ts';

/** What JSON Schema says of a section or parameter, as far as this module looks at it. */
interface SchemaNode {
  description?: string;
  type?: string | string[];
  pattern?: string;
  required?: string[];
  properties?: Record<string, SchemaNode>;
  additionalProperties?: boolean;
  anyOf?: SchemaNode[];
  nullable?: boolean;
  enum?: unknown[];
  default?: unknown;
}

/**
 * The JSON Schema of a configuration file, for editors: names, types, what is required, and the comments of the template as
 * descriptions. The archiver checks more.
 * @param template the text of config.yaml.template
 */
export function configSchema(template: string): object {
  const schema = z.toJSONSchema(configFile, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const node = jsonSchema as SchemaNode;
      if (zodSchema instanceof z.ZodObject) node.required = requiredNames(zodSchema);
      adapt(node);
    },
  }) as SchemaNode;
  const { $schema, ...rest } = schema as SchemaNode & { readonly $schema: string };
  describe(schema, '', parameterComments(template));
  const { ucon_db, reporting } = schema.properties ?? {};
  if (ucon_db === undefined || reporting === undefined) throw new Error('sections have other names');
  const password = 'writer_password';
  ucon_db.required = ucon_db.required?.filter((name) => name !== password) ?? [];
  ucon_db.anyOf = [{ required: [password] }, { required: [`${password}_file`] }, { type: 'null' }];
  // The deprecated email settings.
  delete reporting.additionalProperties;
  return { $schema, title: 'Configuration of run-archiver', ...rest };
}

/** The members that have no default, sections with such parameters among them. */
function requiredNames({ shape }: z.ZodObject): string[] {
  return Object.entries(shape)
    .filter(([, member]) => !(member as z.ZodType).safeParse(undefined).success)
    .map(([name]) => name);
}

/** What YAML may hold in place of what zod is given. */
function adapt(node: SchemaNode): void {
  if (node.properties !== undefined) node.additionalProperties = false;
  // A text may hold references.
  if (node.enum !== undefined) {
    node.anyOf = [{ enum: node.enum }, { type: 'string', pattern: '\\$\\{' }];
    delete node.enum;
    delete node.type;
  }
  if (node.pattern !== undefined && !node.pattern.includes('\\$\\{'))
    node.pattern = `(?:${node.pattern})|\\$\\{`;
  if (node.nullable === true && node.type !== undefined) node.type = [...[node.type].flat(), 'null'];
  delete node.nullable;
  if (node.default instanceof Set) node.default = [...node.default];
}

function describe(node: SchemaNode, name: string, comments: ReadonlyMap<string, string>): void {
  const comment = comments.get(name);
  if (comment !== undefined) node.description = comment;
  for (const [inner, member] of Object.entries(node.properties ?? {})) {
    describe(member, name === '' ? inner : `${name}.${inner}`, comments);
  }
}

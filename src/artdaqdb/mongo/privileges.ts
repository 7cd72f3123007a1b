/** What an account may do on a part of the server (`authenticatedUserPrivileges` of `connectionStatus`). */
interface Privilege {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly actions: readonly string[];
}

/** An account of ours, as far as the server tells. */
interface AccountStatus {
  readonly users: number;
  readonly privileges: readonly Privilege[];
}

/** The collections that runs are stored in, and what is done there. */
const COLLECTIONS = ['RunHistory', 'SystemLayout'];
const ACTIONS = ['find', 'insert', 'update', 'remove'];

/**
 * What the account lacks to store runs in a database, such as `insert on RunHistory`. A server that let somebody read who
 * did not log in lets everybody do everything.
 * @param answer of `{ connectionStatus: 1, showPrivileges: true }`
 * @returns undefined if the server doesn't tell
 */
export function missingRights(answer: unknown, database: string): string[] | undefined {
  const status = accountStatus(answer);
  if (status === undefined) return undefined;
  if (status.users === 0) return [];
  return COLLECTIONS.flatMap((collection) =>
    ACTIONS.filter((action) => !isAllowed(status.privileges, action, database, collection)).map(
      (action) => `${action} on ${collection}`,
    ),
  );
}

function isAllowed(
  privileges: readonly Privilege[],
  action: string,
  database: string,
  collection: string,
): boolean {
  return privileges.some(
    ({ resource, actions }) =>
      (actions.includes(action) || actions.includes('anyAction')) &&
      (resource.anyResource === true ||
        (isAnyOr(resource.db, database) && isAnyOr(resource.collection, collection))),
  );
}

/** An empty name stands for all. */
function isAnyOr(given: unknown, name: string): boolean {
  return given === '' || given === name;
}

function accountStatus(answer: unknown): AccountStatus | undefined {
  const status = memberOf(answer, 'authInfo');
  const users = memberOf(status, 'authenticatedUsers');
  const privileges = memberOf(status, 'authenticatedUserPrivileges');
  if (!Array.isArray(users)) return undefined;
  if (users.length === 0) return { users: 0, privileges: [] };
  if (!Array.isArray(privileges)) return undefined;
  return { users: users.length, privileges: privileges.flatMap(privilegeOf) };
}

function privilegeOf(value: unknown): Privilege[] {
  const resource = memberOf(value, 'resource');
  const actions = memberOf(value, 'actions');
  if (typeof resource !== 'object' || resource === null || !Array.isArray(actions)) return [];
  return [{ resource: { ...resource }, actions: actions.filter((action) => typeof action === 'string') }];
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

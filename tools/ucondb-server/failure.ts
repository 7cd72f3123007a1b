/** Something that makes the original server fail with an exception: status 500 and a page that shows it. */
export class Failure extends Error {
  /** Class of the exception as the page names it. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = 'Failure';
    this.type = type;
  }

  /** The page: headline and, where the original shows its traceback, only the last line of it. */
  get page(): string {
    const line = this.message === '' ? this.type : `${this.type}: ${this.message}`;
    return `<html><body><h2>Application error</h2>
            <h3>${this.message}</h3>
            <pre>
Traceback (most recent call last):
${line}
</pre>
            </body>
            </html>`;
  }
}

/** What the original says when it continues with a folder, object or version that it didn't find. */
export function missing(attribute: string): Failure {
  return new Failure('AttributeError', `'NoneType' object has no attribute '${attribute}'`);
}

/** A folder name with forbidden characters. */
export function badFolderName(): Failure {
  return new Failure('TypeError', 'not all arguments converted during string formatting');
}

/** The key was taken before the put began. */
export function keyExists(object: string, key: string): Failure {
  return new Failure(
    'ucondb.UConDB.KeyExistsException',
    `Version of object ${object} with key ${key} already exists`,
  );
}

/** The key was free when the put began, and taken at the commit. */
export function keyLost(folder: string, object: string, key: string): Failure {
  return new Failure(
    'psycopg2.errors.UniqueViolation',
    `duplicate key value violates unique constraint "${folder}_object_key_inx"\n` +
      `DETAIL:  Key (object, key)=(${object}, ${key}) already exists.\n`,
  );
}

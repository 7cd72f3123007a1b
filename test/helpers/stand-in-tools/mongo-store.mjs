import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A MongoDB, document by document, through the test: loading the driver takes longer than all else that a stand-in does. */
export class MongoStore {
  #socket;

  /** @param place where the test listens */
  constructor(place) {
    this.#socket = join(place, 'mongodb');
  }

  async write(collection, json) {
    await this.#ask({ collection, json });
  }

  async read(configuration) {
    return await this.#ask({ configuration });
  }

  close() {
    // Nothing is held open.
  }

  async #ask(request) {
    const socket = connect(this.#socket);
    socket.end(JSON.stringify(request));
    const { found, error } = JSON.parse(await text(socket));
    if (error !== undefined) throw new Error(error);
    return found;
  }
}

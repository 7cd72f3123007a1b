import request from 'undici/lib/api/api-request.js';
import Client from 'undici/lib/dispatcher/client.js';

/** undici's client of one connection. The package as a whole also brings fetch, caches and mocks, and takes longer to load than all else. */
export class HttpClient extends Client {}

// The package gives its clients their requests in the same way.
Object.assign(HttpClient.prototype, { request });

import { type FaultProxy, type ProxiedRequest, startFaultProxy } from './fault-proxy.ts';

/** What to do with a read-back; undefined: pass it on. */
export type ReadBackFault = (run: number, request: ProxiedRequest) => void | Promise<void>;

/** A proxy before UconDB that counts what becomes of blobs, and may disturb that they are read back. */
export class ReadBackProxy {
  /** Runs whose blob was asked for, and that were sent, one entry each time. */
  readonly read: number[] = [];
  readonly sent: number[] = [];
  /** Is asked at each read-back; undefined: all pass. */
  fault: ReadBackFault | undefined;
  #proxy: FaultProxy | undefined;

  /** @param target URL of the server */
  async start(target: string): Promise<void> {
    this.#proxy = await startFaultProxy(target, (head) => {
      const [, method, run] = /^(GET|POST) \S*\/data\/\S*\?key=(\d+)(?!\S*meta_only)/.exec(head) ?? [];
      if (run === undefined) return undefined;
      (method === 'GET' ? this.read : this.sent).push(Number(run));
      const { fault } = this;
      return method === 'GET' && fault !== undefined ? (request) => fault(Number(run), request) : undefined;
    });
  }

  get url(): string {
    if (this.#proxy === undefined) throw new Error('the proxy is not running');
    return this.#proxy.url;
  }

  /** Forgets what was counted. */
  reset(): void {
    this.read.length = 0;
    this.sent.length = 0;
  }

  async close(): Promise<void> {
    await this.#proxy?.close();
  }
}

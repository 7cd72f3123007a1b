import type { Socket } from 'node:net';
import { BSON } from 'mongodb';
import { notPrimary } from './not-primary.ts';
import type { Fault } from './script.ts';
import type { WriteError } from './store.ts';
import { type WireRequest, writeAnswer } from './wire.ts';

/** A command on its connection, and the ways to handle it. */
export interface Meeting {
  readonly socket: Socket;
  readonly request: WireRequest;
  /** Does the work and gives the answer; a refused document of a write is left out. */
  readonly carryOut: (refused?: WriteError) => Uint8Array;
  readonly send: (answer: Uint8Array) => void;
  readonly server: { role: 'primary' | 'secondary'; refuse(): void };
}

/** Treats a command as the script wants it. */
export function misbehave(fault: Fault, { socket, request, carryOut, send, server }: Meeting): void {
  if ('applied' in fault && fault.applied === true) carryOut();
  switch (fault.kind) {
    case 'answer':
      send(bytesOf(fault.answer));
      break;
    case 'write error':
      send(carryOut(fault.error));
      break;
    case 'write concern error':
      send(bytesOf({ ...BSON.deserialize(carryOut()), writeConcernError: fault.error }));
      break;
    case 'late': {
      const answer = carryOut();
      setTimeout(() => send(answer), fault.milliseconds).unref();
      break;
    }
    case 'hang':
      break;
    case 'cut':
      socket.destroy();
      break;
    case 'half answer': {
      const answer = writeAnswer(request, carryOut());
      const half = answer.subarray(0, answer.length / 2);
      if (fault.ending === 'cut') socket.end(half);
      else socket.write(half);
      break;
    }
    case 'step down': {
      const answer = notPrimary('InterruptedDueToReplStateChange', request.command);
      if (fault.afterDocuments !== undefined) {
        carryOut({ index: fault.afterDocuments, code: answer.code, errmsg: answer.errmsg });
      }
      server.role = 'secondary';
      send(bytesOf(answer));
      break;
    }
    case 'client dies':
      server.refuse();
      break;
  }
}

/** The bytes of an answer, whichever form it has. */
export function bytesOf(answer: BSON.Document | Uint8Array): Uint8Array {
  return answer instanceof Uint8Array ? answer : BSON.serialize(answer);
}

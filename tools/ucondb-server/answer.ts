import type { Failure } from './failure.ts';

/** An answer before it is written: status line, headers in order, body. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** An iterable is streamed and ends with the connection. */
  readonly body: Buffer | Iterable<string>;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  302: 'Found',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
};

/** A text with its length; HTML by default, as the original sends every plain text. */
export function textAnswer(text: string, status = 200, type = 'text/html'): Answer {
  const body = Buffer.from(text, 'utf8');
  return {
    status,
    reason: REASONS[status] ?? 'OK',
    headers: [
      ['Content-Type', `${type}; charset=UTF-8`],
      ['Content-Length', String(body.length)],
    ],
    body,
  };
}

/** A few endpoints also tell which server answers. */
export function signed(answer: Answer, version: string, extra: Answer['headers'] = []): Answer {
  const signature = [
    ['X-Actual-Server', 'localhost'],
    ['X-Server-Application-Version', `UConDB ${version}`],
    ['Access-Control-Allow-Origin', '*'],
  ] as const;
  return { ...answer, headers: [...answer.headers, ...signature, ...extra] };
}

/** A body without a stated length. */
export function streamAnswer(body: Answer['body'], headers: Answer['headers']): Answer {
  return { status: 200, reason: 'OK', headers, body };
}

/** The page of an exception, with status 500. */
export function failureAnswer(failure: Failure): Answer {
  return { ...textAnswer(failure.page, 500), reason: 'Application Error' };
}

/** An error page of the framework: HTML if the client accepts it, else plain text. */
export function pageAnswer(status: number, explanation: string, detail: string, accept: string): Answer {
  const title = `${status} ${REASONS[status]}`;
  const html = takesHtml(accept);
  const text = html
    ? `<html>
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
  ${explanation}
${detail}


 </body>
</html>`
    : `${title}\n\n${explanation}\n${detail}`;
  return reversed(textAnswer(text, status, html ? 'text/html' : 'text/plain'));
}

/** A redirection as the framework answers it. */
export function redirectAnswer(location: string, accept: string): Answer {
  const page = pageAnswer(
    302,
    `The resource was found at <a href="${location}">${location}</a>;`,
    'you should be redirected automatically.',
    accept,
  );
  const text = `302 Found\n\nThe resource was found at ${location}; you should be redirected automatically.  `;
  const answer = takesHtml(accept) ? page : reversed(textAnswer(text, 302, 'text/plain'));
  return { ...answer, headers: [['Location', location], ...answer.headers] };
}

function takesHtml(accept: string): boolean {
  return /html|\*\/\*/.test(accept);
}

function reversed(answer: Answer): Answer {
  return { ...answer, headers: [...answer.headers].reverse() };
}

/** The head of an answer as it goes over the wire. */
export function headBytes(answer: Answer, requestId: string): Buffer {
  const lines = [
    `HTTP/1.1 ${answer.status} ${answer.reason}`,
    ...answer.headers.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    `X-WebPie-Request-Id: ${requestId}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
}

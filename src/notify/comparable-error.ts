const names =
  /\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b/gi;

/** An error's text without what changes from time to time though the error is the same: numbers, times, identifiers. */
export function comparableError(text: string): string {
  return text
    .replace(/\b(?=[0-9a-f-]*[0-9])[0-9a-f]{8}[0-9a-f-]*\b/gi, '#')
    .replace(names, '#')
    .replace(/\d+/g, '#')
    .replace(/#(?:[\s.,:+TZ-]*#)+Z?/g, '#');
}

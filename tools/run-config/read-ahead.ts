/** What was done for an item. */
export interface Done<Item, Result> {
  readonly item: Item;
  readonly result: Result;
}

/**
 * Does something for each item, several at a time, and gives the results in the order of the items. Only so many are kept, however
 * many items there are.
 * @param ahead how many may be under way
 * @param stop aborted: no further result is given, and none is waited for
 * @throws what `work` throws, in the place of its result
 */
export async function* readAhead<Item, Result>(
  items: Iterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
  stop: AbortSignal,
): AsyncGenerator<Done<Item, Result>> {
  const stopped = new Promise<undefined>((done) => stop.addEventListener('abort', () => done(undefined)));
  const begun: Promise<Done<Item, Result>>[] = [];
  for (const item of items) {
    const doing = work(item).then((result) => ({ item, result }));
    // It may fail when nobody waits for it any longer.
    doing.catch(() => undefined);
    begun.push(doing);
    if (begun.length < ahead) continue;
    const first = await Promise.race([begun.shift(), stopped]);
    if (first === undefined || stop.aborted) return;
    yield first;
  }
  for (const each of begun) {
    const first = await Promise.race([each, stopped]);
    if (first === undefined || stop.aborted) return;
    yield first;
  }
}

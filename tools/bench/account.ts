/** Where the benchmarks write at UconDB, and as whom. */
export const ACCOUNT = { folder: 'bench', user: 'bench', password: 'local-only' };

const { env } = process;

/** Where the benchmarks write at UconDB, and as whom: at a server of their own, or where `--ucondb` says. */
export const ACCOUNT = {
  folder: env.BENCH_UCONDB_FOLDER ?? 'bench',
  user: env.BENCH_UCONDB_USER ?? 'bench',
  password: env.BENCH_UCONDB_PASSWORD ?? 'local-only',
};

/** Objects are never used twice, and those at a given server stay there. */
const OBJECTS = env.BENCH_UCONDB_OBJECT ?? `bench_${Date.now().toString(36)}`;
let count = 0;

/** The name of an object that nobody has used. */
export function newObject(): string {
  return `${OBJECTS}_${++count}`;
}

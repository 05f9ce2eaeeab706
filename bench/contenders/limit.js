// A limit on how many run at once, as people write it by hand: that many loops over one shared list or generator.

export async function forEachLimited(concurrency, items, work) {
  const rest = items[Symbol.iterator]();
  const loop = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

export async function withLimit(concurrency, items, work) {
  const results = [];
  await forEachLimited(concurrency, items, async (item) => {
    results.push(await work(item));
  });
  return results;
}

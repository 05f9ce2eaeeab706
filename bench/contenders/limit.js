// A limit on how many run at once, as people write it by hand: that many loops over one shared list.

export async function withLimit(concurrency, items, work) {
  const rest = items.values();
  const results = [];
  const loop = async () => {
    for (const item of rest) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return results;
}

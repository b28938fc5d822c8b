/** A file's name as a shell takes it: in quotes where it needs them, such as ü and a space. */
export function shellName(name: string): string {
  const safe = name.startsWith("-") ? `./${name}` : name;
  if (/^[A-Za-z0-9_.\/-]+$/.test(safe)) return safe;
  return /["$`\\!%]/.test(safe) ? `'${safe.replaceAll("'", `'\\''`)}'` : `"${safe}"`; // "…" is read by Windows too
}

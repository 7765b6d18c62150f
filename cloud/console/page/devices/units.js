// Units of fields.
import { useAsk } from "../kit/ask.js";

/** A function from contract, version and field to the UCUM code of the unit. */
export function useUnits() {
  const { data } = useAsk("/contracts");
  const units = new Map();
  for (const { name, version, fields } of data?.versions ?? [])
    for (const field of fields) units.set(`${name} ${version} ${field.name}`, field.unit);
  return (contract, version, field) => units.get(`${contract} ${version} ${field}`) ?? "";
}

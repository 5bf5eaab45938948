import type { FirebaseParameters } from './preset.js';

/** Of a text such as the Firebase console shows under "Password hash parameters", or JSON of the same names; undefined: of none. */
export function firebaseParametersIn(text: string): FirebaseParameters | undefined {
  const value = (name: string) => new RegExp(`${name}\\W+?([\\w+/-]+=*)`).exec(text)?.[1];
  const signerKey = value('base64_signer_key');
  const saltSeparator = value('base64_salt_separator');
  const [rounds, memCost] = [Number(value('rounds')), Number(value('mem_cost'))];
  return signerKey !== undefined && saltSeparator !== undefined && rounds > 0 && memCost > 0
    ? { signerKey, saltSeparator, rounds, memCost }
    : undefined;
}

// Goal: logins against records in memory, without a network.
import { type Device, deviceKey } from "../../contracts/device.ts";
import { Authenticator, type LoginOutcome } from "../../gateway/identity/authenticator.ts";
import { DeviceBook } from "../../gateway/identity/device-book.ts";
import type { Credentials } from "../../gateway/identity/login.ts";
import type { Derive } from "../../gateway/identity/passwords.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";

export const SECRET = generateSecret();
export const device = (over: Partial<Device> = {}): Device => ({
  id: "boiler-7",
  role: "device",
  credentials: [secretCredential(SECRET)],
  createdAtMs: 1,
  ...over,
});
export const put = (book: DeviceBook, record: Device) =>
  book.apply(deviceKey(record.id), JSON.stringify(record));

export const credentials = (over: Partial<Credentials> = {}): Credentials => ({
  clientId: "boiler-7",
  username: "boiler-7",
  password: Buffer.from(SECRET),
  certificate: undefined,
  remoteAddress: "10.0.0.1",
  ...over,
});

export function authenticatorOf(
  records: Device[],
  anonymous: "off" | "loopback" | "anywhere" = "off",
  derive?: Derive,
  nowMs = () => performance.now(),
) {
  const book = new DeviceBook();
  for (const record of records) put(book, record);
  const outcomes: LoginOutcome[] = [];
  const authenticator = new Authenticator({
    book,
    anonymous,
    nowMs,
    count: (outcome) => outcomes.push(outcome),
    ...(derive ? { derive } : {}),
  });
  const login = async (over: Partial<Credentials> = {}) => {
    const answer = await authenticator.authenticate(credentials(over));
    return answer.allowed ? "in" : answer.reason;
  };
  return { book, login, outcomes, authenticator };
}

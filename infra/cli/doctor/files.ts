// Files of an installation: rights of those with secrets, dates of certificates, room on disks, the newest backup.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, statfsSync } from "node:fs";
import { join, relative } from "node:path";
import { about } from "../../../cloud/insight/words.ts";
import { bytes } from "../../../cloud/operations/words.ts";
import { type Finding, fine } from "./finding.ts";

const DAY_MS = 86_400_000;
const EXPIRES_SOON_MS = 30 * DAY_MS;
const OF_OTHERS = 0o077;
const FREE_LOW = 0.1;
const FREE_WRONG = 0.03;
const DAYS_LOW = 14;
const DAYS_WRONG = 2;
/** Folders of a backup below the one that is named. */
const BACKUP_DEPTH_MAX = 2;

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") || near === "" ? path : near;
};

/** Others than the owner must not read a secret. */
export function secretFinding(path: string): Finding {
  const subject = shown(path);
  const rights = statSync(path).mode & 0o777;
  if ((rights & OF_OTHERS) === 0) return fine("secrets", subject, "its owner alone reads it");
  const mode = rights.toString(8).padStart(3, "0");
  return {
    ...{ area: "secrets", subject, level: "wrong" },
    what: `holds a secret, and others on this machine may use it (mode ${mode})`,
    right: "mode 600: its owner alone",
    next: `chmod 600 ${subject}`,
  };
}

export function certificateFindings(path: string, nowMs: number): Finding[] {
  const subject = shown(path);
  const blocks = readFileSync(path, "utf8").match(/-----BEGIN CERT[^]*?-----END CERT[^-]*-----/g);
  if (!blocks) {
    const what = "holds no certificate in PEM form";
    const next = `openssl x509 -in ${subject} -noout -text`;
    return [{ area: "certificates", subject, level: "wrong", what, right: "a certificate", next }];
  }
  return blocks.map((pem) => validity(subject, new X509Certificate(pem), nowMs));
}

/** @param next the command that renews, or shows, it. */
export function validity(
  subject: string,
  { subject: of, validFromDate, validToDate }: X509Certificate,
  nowMs: number,
  next = `npx skerry certificates make … --replace, or renew it at your authority: openssl x509 -in ${subject} -noout -dates`,
): Finding {
  const name = /^CN=(.*)$/m.exec(of)?.[1] ?? of;
  const left = validToDate.getTime() - nowMs;
  const until = validToDate.toISOString().slice(0, 10);
  const right = `valid for more than ${EXPIRES_SOON_MS / DAY_MS} days`;
  const bad = (level: Finding["level"], what: string): Finding => ({
    ...{ area: "certificates", subject, level, right, next },
    what: `the certificate of "${name}" ${what}`,
  });
  if (left <= 0) return bad("wrong", `expired on ${until}`);
  if (validFromDate.getTime() > nowMs)
    return bad("wrong", `is valid only from ${validFromDate.toISOString()} on`);
  if (left < EXPIRES_SOON_MS) return bad("warning", `expires in ${about(left)}, on ${until}`);
  return fine("certificates", subject, `valid until ${until}`);
}

/** @param bytesPerDay that come to it, as far as is seen; null if that is not known. */
export function diskFinding(path: string, bytesPerDay: number | null): Finding {
  const { bavail, blocks, bsize } = statfsSync(path);
  const [free, all] = [bavail * bsize, blocks * bsize];
  const days = bytesPerDay === null || bytesPerDay <= 0 ? null : free / bytesPerDay;
  const rate = bytesPerDay === null ? "" : `; ${bytes(bytesPerDay)} a day come`;
  const full = days === null ? "" : `, and it is full in ${about(days * DAY_MS)} if nothing goes`;
  const what = `${bytes(free)} of ${bytes(all)} are free${rate}${full}`;
  const share = free / all;
  const isWrong = share < FREE_WRONG || (days !== null && days < DAYS_WRONG);
  const isLow = share < FREE_LOW || (days !== null && days < DAYS_LOW);
  if (!isWrong && !isLow) return fine("disk", shown(path), what);
  return {
    ...{ area: "disk", subject: shown(path), level: isWrong ? "wrong" : "warning", what },
    right: `${FREE_LOW * 100} % free, and room for ${DAYS_LOW} days: a full disk stops a nats-server`,
    next: `du -xh --max-depth=2 ${shown(path)} | sort -h | tail`,
  };
}

/** The newest manifest of a backup in a directory. */
export function backupFinding(directory: string, ageMaxMs: number, nowMs: number): Finding {
  const manifests = manifestsIn(directory, BACKUP_DEPTH_MAX);
  const newest = manifests.sort((a, b) => b.atMs - a.atMs)[0];
  const of = { area: "backups", subject: shown(directory) } as const;
  const right = `a backup every day, the newest under ${about(ageMaxMs)} old`;
  const next = `ls -lt ${shown(directory)}`;
  if (!newest)
    return { ...of, level: "wrong", what: "holds no backup (no manifest file)", right, next };
  const age = about(nowMs - newest.atMs);
  const what = `the newest backup is ${age} old (${relative(directory, newest.path)})`;
  if (nowMs - newest.atMs <= ageMaxMs) return { ...of, level: "fine", what };
  return { ...of, level: "warning", what, right, next };
}

function manifestsIn(directory: string, depth: number): { path: string; atMs: number }[] {
  if (!existsSync(directory)) throw new Error(`there is no directory ${directory}`);
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return depth === 0 ? [] : manifestsIn(path, depth - 1);
    const isManifest = entry.isFile() && /manifest[^/]*\.json$/.test(entry.name);
    return isManifest ? [{ path, atMs: statSync(path).mtimeMs }] : [];
  });
}

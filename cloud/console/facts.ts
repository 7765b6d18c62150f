// What the console knows by listening: processes, devices, topics, events, alerts, the overview; and whom it tells.
import type { EventsDigest, ReadingsDigest, TopicsDigest } from "../../contracts/messages/live.ts";
import { type LiveDigestKind, liveDigestSubject } from "../../contracts/names/subjects.ts";
import { type LiveView, followLive } from "../../platform/nats/live/live-view.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { InsightWatch } from "../insight/watch.ts";
import { Feed } from "./feed/feed.ts";
import type { Hub } from "./hub.ts";
import { Jobs } from "./jobs.ts";
import { AlertWatch } from "./live/alert-watch.ts";
import { DeviceWatch } from "./live/device-watch.ts";
import { EventLog } from "./live/event-log.ts";
import { TopicWatch } from "./live/topic-watch.ts";
import { type Overview, ledgerIn, overviewOf } from "./overview/overview.ts";

export class Facts {
  readonly #hub: Hub;
  readonly feed = new Feed();
  readonly #insight: InsightWatch;
  overview: Overview | null = null;
  readonly devices: DeviceWatch;
  readonly topics = new TopicWatch();
  readonly events = new EventLog();
  readonly alerts: AlertWatch;
  readonly jobs: Jobs;

  constructor(hub: Hub) {
    this.#hub = hub;
    const { feed } = this;
    this.#insight = new InsightWatch({
      ...hub,
      channels: true,
      ledger: () => ledgerIn(this.live.processes, hub.now()),
      alertsFiring: () => this.alerts.find({ states: ["firing"] }).length,
      tell: (insight) => {
        this.overview = overviewOf(insight, this.live.processes);
        feed.send("overview", this.overview);
      },
    });
    this.devices = new DeviceWatch((news) =>
      feed.send("device", { ...news, what: "first_message", atMs: hub.now() }),
    );
    this.alerts = new AlertWatch((alert) => feed.send("alert", alert), hub.now());
    this.jobs = new Jobs((job) => feed.send("job", job), hub.now);
  }

  /** The last look at the installation, epoch ms; null before the first. */
  get lookedMs(): number | null {
    return this.#insight.latest?.atMs ?? null;
  }

  /** Processes as they are heard. */
  get live(): LiveView {
    return this.#insight.live;
  }

  get parts() {
    const { feed, live, devices, topics, events, alerts, jobs } = this;
    const latest = (): Overview | null => this.overview;
    return { feed, live, latest, devices, topics, events, alerts, jobs };
  }

  /** Loads what has to be known before anybody is answered. */
  load(signal: AbortSignal): Promise<void> {
    return this.devices.follow(this.#hub, signal);
  }

  /** Listens until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { regions } = this.#hub;
    const domains = [HUB, ...regions];
    await Promise.all([
      this.#insight.run(signal),
      this.alerts.run(this.#hub, domains, signal),
      ...regions.flatMap((region) => this.#digests(region, signal)),
    ]);
  }

  #digests(region: string, signal: AbortSignal): Promise<void>[] {
    const follow = <T>(kind: LiveDigestKind, take: (digest: T) => void): Promise<void> => {
      const subject = liveDigestSubject(region, kind);
      const heard = (message: unknown): void => take(message as T);
      return followLive(this.#hub.connection, subject, heard, signal);
    };
    return [
      follow<ReadingsDigest>("readings", (digest) => {
        this.devices.take(region, digest);
        this.feed.sendValues(digest.rows.map((row) => [row[0], { region, row }]));
      }),
      follow<TopicsDigest>("topics", (digest) => this.topics.take(region, digest)),
      follow<EventsDigest>("events", (digest) => {
        for (const event of this.events.take(region, digest)) this.feed.send("event", event);
      }),
    ];
  }
}

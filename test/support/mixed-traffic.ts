// Traffic of devices that nobody has a mapping for, with the readings that a person would make of it.

export interface Recorded {
  readonly topic: string;
  readonly payload: string;
  /** `device contract name=value …`, in any order; none: it carries no reading. */
  readonly readings: readonly string[];
}

const said = (topic: string, payload: unknown, ...readings: string[]): Recorded => ({
  topic,
  payload: typeof payload === "string" ? payload : JSON.stringify(payload),
  readings,
});

/** One message of each kind for each second since `fromMs`; times in payloads are those. */
export function mixedTraffic(fromMs: number, seconds = 3): Recorded[] {
  const found: Recorded[] = [];
  for (let at = 0; at < seconds; at++) {
    const ms = fromMs + at * 1000;
    const iso = new Date(ms).toISOString();
    found.push(
      said(
        "tele/kitchen-plug/SENSOR",
        {
          Time: iso.slice(0, 19),
          ENERGY: { Total: 12.5, Power: 41 + at, Voltage: 231, Current: 0.25 },
        },
        `kitchen-plug energy energy=12.5 power=${41 + at} voltage=231 current=0.25`,
      ),
      said(
        "tele/hall-th/SENSOR",
        { Time: iso.slice(0, 19), AM2301: { Temperature: 21.5 + at, Humidity: 48 }, TempUnit: "C" },
        `hall-th climate channel=AM2301 temperature=${21.5 + at} humidity=48`,
      ),
      said(
        "zigbee2mqtt/bath",
        { temperature: 22.5 + at, humidity: 61, battery: 97, linkquality: 110, last_seen: iso },
        `bath climate temperature=${22.5 + at} humidity=61 battery=97 linkquality=110`,
      ),
      said(
        "zigbee2mqtt/bed",
        { temperature: 19.5, humidity: 51, soil_moisture: 33 + at, last_seen: iso },
        "bed climate temperature=19.5 humidity=51",
        `bed zigbee2mqtt_more soil_moisture=${33 + at}`,
      ),
      said(
        "sensors/kitchen/temperature",
        `${20.5 + at}`,
        `kitchen measurement quantity=temperature value=${20.5 + at}`,
      ),
      said(
        "sensors/kitchen/humidity",
        `${45 + at}`,
        `kitchen measurement quantity=humidity value=${45 + at}`,
      ),
      said(
        "sensors/cellar/temperature",
        `${11.5 + at}`,
        `cellar measurement quantity=temperature value=${11.5 + at}`,
      ),
      said(
        "wetter/garten",
        `12,${at} °C`,
        `garten measurement quantity=temperature value=${12 + at / 10}`,
      ),
      said(
        "garage/door/state",
        at % 2 === 0 ? "CLOSED" : "OPEN",
        `door measurement quantity=state value=${at % 2}`,
      ),
      said(
        "plant/A/press-7/data",
        {
          ts: Math.floor(ms / 1000),
          temp: 71.5 + at,
          rpm: "1480",
          running: true,
          deviceId: "press-7",
        },
        `press-7 plant temperature=${71.5 + at} speed=1480 running=true`,
      ),
      said(
        "plant/B/press-8/data",
        { ts: Math.floor(ms / 1000), temp: 68.5, rpm: "1475", running: false, deviceId: "press-8" },
        "press-8 plant temperature=68.5 speed=1475 running=false",
      ),
      said(
        "logger/L1/batch",
        {
          samples: [
            { id: "flow-1", value: 3.5 + at, t: ms },
            { id: "flow-2", value: 4.5, t: ms },
          ],
        },
        `L1 measurement quantity=value sensor=flow-1 value=${3.5 + at}`,
        "L1 measurement quantity=value sensor=flow-2 value=4.5",
      ),
      said(
        "greenhouse/7",
        { time: ms * 1000, bench1: { temp: 20.5 + at, hum: 70 }, bench2: { temp: 21.5, hum: 72 } },
        `greenhouse-7 climate channel=bench1 temperature=${20.5 + at} humidity=70`,
        "greenhouse-7 climate channel=bench2 temperature=21.5 humidity=72",
      ),
      said("esp/9f31/s1", `${55.5 + at}`, `boiler-9f31 climate temperature=${55.5 + at}`),
      said("esp/9f31/s2", `${1012 + at}`, `boiler-9f31 climate pressure=${1012 + at}`),
      said(
        "mixer",
        { serial: "00417", uptime: 3600 + at, torque: "12,5", count: 17_957 },
        `00417 mixer uptime=${3600 + at} torque=12.5 count=17957`,
      ),
    );
  }
  return [
    ...found,
    said("tele/kitchen-plug/LWT", "Online"),
    said("zigbee2mqtt/bath/availability", { state: "online" }),
    said("zigbee2mqtt/bridge/state", { state: "online" }),
    said("zigbee2mqtt/bridge/devices", [
      {
        friendly_name: "bed",
        definition: {
          exposes: [{ property: "soil_moisture", unit: "%", value_min: 0, value_max: 100 }],
        },
      },
    ]),
    said("homeassistant/sensor/9f31/boiler_temperature/config", {
      state_topic: "esp/9f31/s1",
      value_template: "{{ value | float }}",
      unit_of_measurement: "°C",
      device_class: "temperature",
      device: { identifiers: ["boiler-9f31"] },
    }),
    said("homeassistant/sensor/9f31/pressure/config", {
      stat_t: "esp/9f31/s2",
      val_tpl: "{{ value }}",
      unit_of_meas: "hPa",
      dev_cla: "pressure",
      dev: { ids: "boiler-9f31" },
    }),
    said("cmnd/kitchen-plug/POWER", "ON"),
    said("notes/today", "the quick brown fox, jumps"),
  ];
}

/** A reading in the words of {@link Recorded.readings}. */
export function inWords({
  device,
  contract,
  values,
}: {
  readonly device: string;
  readonly contract: string;
  readonly values: Readonly<Record<string, unknown>>;
}): string {
  const parts = Object.entries(values).flatMap(([name, value]) =>
    name === "ts" ? [] : [`${name}=${String(value)}`],
  );
  return [device, contract, ...parts.sort()].join(" ");
}

/** The same order for what people wrote. */
export function sortedWords(reading: string): string {
  const [device, contract, ...parts] = reading.split(" ");
  return [device, contract, ...parts.sort()].join(" ");
}

/** As `mosquitto_sub -F %j` writes it. */
export const recordingOf = (traffic: readonly Recorded[], atMs: number): string =>
  traffic
    .map(
      ({ topic, payload }) =>
        `${JSON.stringify({ tst: new Date(atMs).toISOString(), topic, qos: 1, payload })}\n`,
    )
    .join("");

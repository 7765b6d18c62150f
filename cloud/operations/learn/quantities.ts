// What names of members and levels mean: quantities with their units and bounds, ids, words, and levels that name
// nothing (pure).

export interface Quantity {
  /** The name of the field. */
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  /** Value × factor + offset, into the unit. */
  readonly factor?: number;
  readonly offset?: number;
}

type Row = readonly [
  name: string,
  unit: string,
  min: number | null,
  max: number | null,
  aliases: string,
];

/** Bounds are those of contracts that ship, where one has the field. Aliases are in the spelling of {@link plainName}. */
const ROWS: readonly Row[] = [
  [
    "temperature",
    "Cel",
    -100,
    200,
    "temp tempc temperaturec celsius degc tempcelsius airtemp airtemperature",
  ],
  ["humidity", "%", 0, 100, "hum rh relativehumidity humi humidityrh airhumidity"],
  ["pressure", "hPa", 0, 2000, "press baro barometer barometricpressure pressurehpa airpressure"],
  ["illuminance", "lx", 0, 200_000, "lux light illuminancelux brightnesslux"],
  ["co2", "[ppm]", 0, 100_000, "carbondioxide co2ppm"],
  ["battery", "%", 0, 100, "bat batt soc batterylevel batterypercent batterypercentage"],
  ["linkquality", "1", 0, 255, "lqi"],
  ["power", "W", null, null, "watt watts powerw apower activepower"],
  ["apparent_power", "V.A", 0, null, "apparentpower"],
  ["reactive_power", "var", null, null, "reactivepower"],
  ["power_factor", "1", -1, 1, "powerfactor pf factor"],
  ["voltage", "V", 0, 1_000_000, "volt volts voltagev"],
  ["current", "A", null, null, "amp amps ampere amperes currenta"],
  ["frequency", "Hz", 0, 1000, "freq hz"],
  ["energy", "kW.h", null, null, "kwh energykwh totalkwh energytotal"],
  ["rssi", "dB[mW]", -200, 50, "signalstrength wifisignal"],
  ["snr", "dB", -50, 100, "lorasnr"],
  ["soil_moisture", "%", 0, 100, "moisture soil soilmoisture soilhumidity"],
  ["wind_speed", "m/s", 0, 200, "windspeed wind"],
  ["wind_direction", "deg", 0, 360, "winddir winddirection"],
  ["rain", "mm", 0, null, "rainfall rainmm precipitation"],
  ["uv_index", "1", 0, 30, "uv uvindex uvi"],
  ["pm1", "ug/m3", 0, 10_000, "pm01 pm10ugm3std"],
  ["pm25", "ug/m3", 0, 10_000, "pm2p5"],
  ["pm10", "ug/m3", 0, 10_000, ""],
  ["tvoc", "[ppb]", 0, null, "voc"],
  ["noise", "dB", 0, 200, "sound soundlevel"],
  ["distance", "m", 0, null, ""],
  ["flow", "L/min", null, null, "flowrate"],
  ["ph", "[pH]", 0, 14, ""],
  ["level", "1", null, null, "filllevel waterlevel"],
  ["speed", "1", null, null, "rpm"],
  ["latitude", "deg", -90, 90, "lat"],
  ["longitude", "deg", -180, 180, "lon lng long"],
  ["uptime", "s", 0, null, "uptimesec uptimes"],
];

const FAHRENHEIT = { factor: 5 / 9, offset: -160 / 9 };
const CONVERTED: readonly (Quantity & { readonly aliases: string })[] = [
  {
    name: "temperature",
    unit: "Cel",
    ...FAHRENHEIT,
    min: -100,
    max: 200,
    aliases: "tempf temperaturef fahrenheit degf",
  },
  { name: "energy", unit: "kW.h", factor: 0.001, aliases: "wh energywh totalwh" },
  { name: "power", unit: "W", factor: 1000, aliases: "kw powerkw" },
  { name: "current", unit: "A", factor: 0.001, aliases: "ma milliamps currentma" },
  { name: "voltage", unit: "V", factor: 0.001, min: 0, aliases: "mv millivolts voltagemv" },
  { name: "pressure", unit: "hPa", factor: 0.01, min: 0, max: 2000, aliases: "pressurepa" },
];

/** Letters, digits and nothing else, in lower case: `Temp_C`, `tempC` and `temp-c` are one name. */
export const plainName = (name: string): string =>
  name.toLowerCase().replaceAll(/[^\p{L}\d]/gu, "");

const KNOWN: ReadonlyMap<string, Quantity> = new Map([
  ...ROWS.flatMap(([name, unit, min, max, aliases]) => {
    const one = { name, unit, ...(min === null ? {} : { min }), ...(max === null ? {} : { max }) };
    return [plainName(name), ...aliases.split(" ").filter((alias) => alias !== "")].map(
      (alias) => [alias, one] as const,
    );
  }),
  ...CONVERTED.flatMap(({ aliases, ...one }) =>
    aliases.split(" ").map((alias) => [alias, one] as const),
  ),
]);

/** The quantity that a name stands for; null if nobody knows. */
export const quantityOf = (name: string): Quantity | null => KNOWN.get(plainName(name)) ?? null;

const UNITS: Readonly<Record<string, Pick<Quantity, "unit" | "factor" | "offset">>> = {
  "°c": { unit: "Cel" },
  c: { unit: "Cel" },
  "°f": { unit: "Cel", ...FAHRENHEIT },
  f: { unit: "Cel", ...FAHRENHEIT },
  k: { unit: "Cel", offset: -273.15 },
  "%": { unit: "%" },
  "%rh": { unit: "%" },
  hpa: { unit: "hPa" },
  mbar: { unit: "hPa" },
  pa: { unit: "hPa", factor: 0.01 },
  kpa: { unit: "hPa", factor: 10 },
  lx: { unit: "lx" },
  lux: { unit: "lx" },
  ppm: { unit: "[ppm]" },
  ppb: { unit: "[ppb]" },
  w: { unit: "W" },
  kw: { unit: "W", factor: 1000 },
  v: { unit: "V" },
  mv: { unit: "V", factor: 0.001 },
  a: { unit: "A" },
  ma: { unit: "A", factor: 0.001 },
  hz: { unit: "Hz" },
  kwh: { unit: "kW.h" },
  wh: { unit: "kW.h", factor: 0.001 },
  va: { unit: "V.A" },
  var: { unit: "var" },
  dbm: { unit: "dB[mW]" },
  db: { unit: "dB" },
  "µg/m³": { unit: "ug/m3" },
  "m³": { unit: "m3" },
  lqi: { unit: "1" },
  s: { unit: "s" },
  mm: { unit: "mm" },
  cm: { unit: "cm" },
  m: { unit: "m" },
  "m/s": { unit: "m/s" },
  "km/h": { unit: "km/h" },
  l: { unit: "L" },
  "l/min": { unit: "L/min" },
};

/** A unit as people write it, in UCUM, with what leads there; null if nobody knows. */
export const unitOf = (text: string): Pick<Quantity, "unit" | "factor" | "offset"> | null =>
  UNITS[text.trim().toLowerCase()] ?? null;

/** Words for the two states of a thing: 1 first. */
const STATES: readonly (readonly [string, string])[] = [
  ["on", "off"],
  ["true", "false"],
  ["open", "closed"],
  ["opened", "closed"],
  ["open", "close"],
  ["yes", "no"],
  ["active", "inactive"],
  ["detected", "clear"],
  ["wet", "dry"],
  ["motion", "no_motion"],
  ["locked", "unlocked"],
  ["pressed", "released"],
];

/** 1 or 0 for a word that is a state; null for any other word. */
export function stateOf(word: string): 0 | 1 | null {
  const said = word.trim().toLowerCase();
  if (STATES.some(([one]) => one === said)) return 1;
  return STATES.some(([, zero]) => zero === said) ? 0 : null;
}

/** A table of words for a mapping: those that were heard, and their opposites. */
export function statesOf(words: readonly unknown[]): Record<string, 0 | 1> {
  const heard = new Set(words.map((word) => String(word).trim().toLowerCase()));
  const pairs = STATES.filter(([one, zero]) => heard.has(one) || heard.has(zero));
  return Object.fromEntries(
    pairs.flatMap(
      ([one, zero]) =>
        [
          [one, 1],
          [zero, 0],
        ] as const,
    ),
  );
}

const PRESENCE_WORDS = new Set(
  "online offline connected disconnected available unavailable alive dead up down lost".split(" "),
);

/** True for a word that says whether somebody is there. */
export const isPresenceWord = (word: string): boolean =>
  PRESENCE_WORDS.has(word.trim().toLowerCase());

const STRONG_IDS = new Set(
  (
    "device deviceid devid deveui eui eui64 mac macaddress macaddr imei sn serial serialnumber serialno thing thingid " +
    "nodeid unitid clientid devicename hostname uid uuid gatewayid meterid stationid"
  ).split(" "),
);
const WEAK_IDS = new Set(
  "id addr address node sensor sensorid name label channel ch tag key unit slot position line probe".split(
    " ",
  ),
);

/** `device` for a name that says which device, `part` for one that may say which part of it; null for a value. */
export function idKind(name: string): "device" | "part" | null {
  const plain = plainName(name);
  if (STRONG_IDS.has(plain)) return "device";
  return WEAK_IDS.has(plain) || /(?:_id|Id|ID)$/.test(name) ? "part" : null;
}

const SEQUENCES = new Set(
  "seq sequence seqno sequencenumber msgno packetno messagenumber".split(" "),
);
export const isSequenceName = (name: string): boolean => SEQUENCES.has(plainName(name));

const VALUES = new Set("value val v reading state measurement".split(" "));
/** True for a member that is the value of what is named beside it. */
export const isValueName = (name: string): boolean => VALUES.has(plainName(name));

const UNIT_NAMES = new Set("unit units uom unitofmeasurement".split(" "));
export const isUnitName = (name: string): boolean => UNIT_NAMES.has(plainName(name));

/** Texts that say something of the device, not what it measures. */
const ABOUT = new Set(
  (
    "model firmware fw fwversion swversion hwversion version vendor manufacturer brand type devicetype ssid bssid ip ipaddress " +
    "hostname name friendlyname tempunit pressureunit unit units uom timezone tz color powersource"
  ).split(" "),
);
export const isAbout = (name: string): boolean => ABOUT.has(plainName(name));

/** Levels and members that say what kind of message it is, and nothing of whom. */
const GENERIC = new Set(
  (
    "tele stat cmnd data state status sensor sensors telemetry value values reading readings measurement measurements up event " +
    "events json attributes attribute out output raw payload params message messages msg result fields object d p metrics home house " +
    "devices device things thing nodes node get report update uplink mqtt iot v1 v2 current last info channels points samples batch"
  ).split(" "),
);
export const isGeneric = (name: string): boolean => name === "" || GENERIC.has(plainName(name));

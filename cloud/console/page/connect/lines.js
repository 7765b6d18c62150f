// Lines for a device, filled in, in the languages of those who build one (pure).
import { SEQUENCE, TIME_MS } from "./sample.js";

/** JSON of a sample, with what each language puts in place of number and time. */
const json = (sample, { sequence, time }, space = "") =>
  `{${Object.entries(sample)
    .map(([name, value]) => {
      const text = value === SEQUENCE ? sequence : value === TIME_MS ? time : JSON.stringify(value);
      return `${JSON.stringify(name)}:${space}${text}`;
    })
    .join(`,${space}`)}}`;

/** Characters that JSON never holds as they are, where number and time will be. */
const MARKS = { sequence: "\u0001", time: "\u0002" };

const has = (sample, what) => Object.values(sample).includes(what);

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const quoted = (text) => JSON.stringify(text);

function mosquitto({ host, port, id, secret, topic, sample }) {
  // What a shell would take for its own is escaped first, then come the two commands that it is to run.
  const body = json(sample, MARKS)
    .replaceAll(/(["\\`$])/g, "\\$1")
    .replaceAll(MARKS.sequence, () => "$(date +%s)")
    .replaceAll(MARKS.time, () => "$(date +%s%3N)");
  return `mosquitto_pub -h ${host} -p ${port} -V 5 -q 1 -i ${shell(id)} -u ${shell(id)} -P ${shell(secret)} \\
  -t ${shell(topic)} \\
  -m "${body}"`;
}

function python({ host, port, id, secret, topic, sample }) {
  const python = json(sample, { sequence: "seq", time: "int(time.time() * 1000)" }, " ")
    .replaceAll(": true", ": True")
    .replaceAll(": false", ": False");
  return `# pip install paho-mqtt
import json
import time
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=${quoted(id)}, protocol=mqtt.MQTTv5)
client.username_pw_set(${quoted(id)}, ${quoted(secret)})
client.connect(${quoted(host)}, ${port})
client.loop_start()

seq = int(time.time())
while True:
    seq += 1
    reading = ${python}
    # Returns once the gateway has stored the reading.
    client.publish(${quoted(topic)}, json.dumps(reading), qos=1).wait_for_publish()
    time.sleep(10)`;
}

function node({ host, port, id, secret, topic, sample }) {
  return `// npm install mqtt
import mqtt from "mqtt";

const client = await mqtt.connectAsync(${quoted(`mqtt://${host}:${port}`)}, {
  clientId: ${quoted(id)},
  username: ${quoted(id)},
  password: ${quoted(secret)},
  protocolVersion: 5,
});

let seq = Math.floor(Date.now() / 1000);
for (;;) {
  seq += 1;
  const reading = ${json(sample, { sequence: "seq", time: "Date.now()" }, " ")};
  // Resolves once the gateway has stored the reading.
  await client.publishAsync(${quoted(topic)}, JSON.stringify(reading), { qos: 1 });
  await new Promise((resolve) => setTimeout(resolve, 10_000));
}`;
}

function arduino({ host, port, id, secret, topic, sample }) {
  const needsTime = has(sample, TIME_MS);
  const format = json(sample, MARKS)
    .replaceAll(/(["\\])/g, "\\$1")
    .replaceAll("%", "%%")
    .replaceAll(MARKS.sequence, "%lu")
    .replaceAll(MARKS.time, "%lld");
  const values = Object.values(sample).flatMap((value) =>
    value === SEQUENCE ? ["seq"] : value === TIME_MS ? ["(long long)time(nullptr) * 1000"] : [],
  );
  return `// ESP32 or ESP8266, library PubSubClient. It publishes with QoS 0 only: nobody tells the device that a reading
// is stored. Where that matters, use a library with QoS 1, such as espMqttClient or arduino-mqtt.
#include <WiFi.h>
#include <PubSubClient.h>
${needsTime ? "#include <time.h>\n" : ""}
WiFiClient net;
PubSubClient mqtt(net);
unsigned long seq = 0;

void setup() {
  WiFi.begin("your network", "its password");
  while (WiFi.status() != WL_CONNECTED) delay(200);
${needsTime ? '  configTime(0, 0, "pool.ntp.org");\n  while (time(nullptr) < 1700000000) delay(200);\n' : ""}  mqtt.setServer(${quoted(host)}, ${port});
  mqtt.setBufferSize(512);
}

void loop() {
  if (!mqtt.connected()) mqtt.connect(${quoted(id)}, ${quoted(id)}, ${quoted(secret)});
  mqtt.loop();
  char payload[400];
  snprintf(payload, sizeof payload, "${format}"${values.map((value) => `, ${value}`).join("")});
  mqtt.publish(${quoted(topic)}, payload);
  seq++;
  delay(10000);
}`;
}

function telegraf({ host, port, id, secret, topic, sample }) {
  const isFixed = ([, value]) => typeof value !== "symbol";
  const moving = Object.entries(sample)
    .filter(([, value]) => typeof value === "symbol")
    .map(([name]) => `"${name}": timestamp`);
  const merged = moving.length === 0 ? "fields" : `$merge([fields, {${moving.join(", ")}}])`;
  return `# Values that do not change, to try it: put the input of your own in their place.
[[inputs.mock]]
  metric_name = "reading"
${Object.entries(sample)
  .filter(isFixed)
  .map(
    ([name, value]) => `  [[inputs.mock.constant]]
    name = ${quoted(name)}
    value = ${quoted(value)}`,
  )
  .join("\n")}

[[outputs.mqtt]]
  servers = ["tcp://${host}:${port}"]
  protocol = "5"
  client_id = ${quoted(id)}
  username = ${quoted(id)}
  password = ${quoted(secret)}
  topic = ${quoted(topic)}
  qos = 1
  data_format = "json"
  json_timestamp_units = "1ms"
  json_transformation = '${merged}'`;
}

/** The languages: `{ name, text, lines(of) }`, where `of` is `{ host, port, id, secret, topic, sample }`. */
export const LANGUAGES = [
  { name: "mosquitto", text: "mosquitto_pub", lines: mosquitto },
  { name: "python", text: "Python", lines: python },
  { name: "node", text: "Node", lines: node },
  { name: "arduino", text: "Arduino", lines: arduino },
  { name: "telegraf", text: "Telegraf", lines: telegraf },
];

/** A topic that a filter matches: `tele/plug-3/#` → `tele/plug-3/state`. */
export const topicOfFilter = (filter, id) =>
  filter
    .split("/")
    .map((level) => (level === "#" ? "state" : level === "+" ? id : level))
    .join("/");

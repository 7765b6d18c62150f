import sys
import threading
import time

import paho.mqtt.client as mqtt
from job import COMMANDS, COUNT, DEVICE, HOST, PAUSE_S, PORT, SECRET, TOPIC, acknowledged, commanded, reading

protocol = mqtt.MQTTv5 if sys.argv[1] == "5" else mqtt.MQTTv311
clean = {} if protocol == mqtt.MQTTv5 else {"clean_session": False}
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=DEVICE, protocol=protocol, **clean)
client.username_pw_set(DEVICE, SECRET)
client.reconnect_delay_set(1, 2)
answered = threading.Event()


def connected(client, *_):
    client.subscribe(COMMANDS, qos=1)


def told(client, _userdata, message):
    client.publish(commanded(message.topic), "{}", qos=1)
    answered.set()


client.on_connect = connected
client.on_message = told
client.connect(HOST, PORT, keepalive=5)
client.loop_start()
for n in range(COUNT):
    # What is not acknowledged the library sends again once it is connected.
    client.publish(TOPIC, reading(n), qos=1).wait_for_publish(60)
    acknowledged(n + 1)
    time.sleep(PAUSE_S)
answered.wait(60)
time.sleep(1)
client.disconnect()

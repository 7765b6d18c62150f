import asyncio

import gmqtt
from job import COMMANDS, COUNT, DEVICE, HOST, PAUSE_S, PORT, SECRET, TOPIC, acknowledged, commanded, reading

answered = asyncio.Event()
connected = asyncio.Event()


def on_connect(client, *_):
    client.subscribe(COMMANDS, qos=1)
    connected.set()


def on_disconnect(*_):
    connected.clear()


async def on_message(client, topic, _payload, _qos, _properties):
    client.publish(commanded(topic), "{}", qos=1)
    answered.set()
    return 0


async def main():
    client = gmqtt.Client(DEVICE)
    client.set_auth_credentials(DEVICE, SECRET)
    client.set_config({"reconnect_retries": -1, "reconnect_delay": 1})
    client.on_connect, client.on_disconnect, client.on_message = on_connect, on_disconnect, on_message
    await client.connect(HOST, PORT, keepalive=5)
    for n in range(COUNT):
        await connected.wait()
        # The library keeps what is not acknowledged, and sends it again after it is connected.
        client.publish(TOPIC, reading(n), qos=1)
        await asyncio.sleep(PAUSE_S)
        acknowledged(n + 1)
    await answered.wait()
    await asyncio.sleep(8)
    await client.disconnect()


asyncio.run(main())

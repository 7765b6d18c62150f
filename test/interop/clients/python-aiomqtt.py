import asyncio

import aiomqtt
from job import COMMANDS, COUNT, DEVICE, HOST, PAUSE_S, PORT, SECRET, TOPIC, acknowledged, commanded, reading

sent = 0
answered = asyncio.Event()


async def listen(client):
    async for message in client.messages:
        await client.publish(commanded(str(message.topic)), "{}", qos=1)
        answered.set()


async def publish(client):
    global sent
    while sent < COUNT:
        await client.publish(TOPIC, reading(sent), qos=1, timeout=10)
        sent += 1
        acknowledged(sent)
        await asyncio.sleep(PAUSE_S)
    await answered.wait()
    await asyncio.sleep(1)


async def main():
    while sent < COUNT or not answered.is_set():
        try:
            async with aiomqtt.Client(HOST, PORT, username=DEVICE, password=SECRET, identifier=DEVICE) as client:
                await client.subscribe(COMMANDS, qos=1)
                listening = asyncio.create_task(listen(client))
                publishing = asyncio.create_task(publish(client))
                done, left = await asyncio.wait({listening, publishing}, return_when=asyncio.FIRST_COMPLETED)
                for task in left:
                    task.cancel()
                for task in done:
                    task.result()
        except aiomqtt.MqttError:
            await asyncio.sleep(1)


asyncio.run(main())

"""What every client here does: COUNT readings, each until it is acknowledged, and an answer to each command."""
import json
import os
import time

HOST = os.environ["SKERRY_HOST"]
PORT = int(os.environ["SKERRY_PORT"])
DEVICE = os.environ["SKERRY_DEVICE"]
SECRET = os.environ["SKERRY_SECRET"]
COUNT = int(os.environ["SKERRY_COUNT"])
TOPIC = f"devices/{DEVICE}/telemetry/measurement"
COMMANDS = f"devices/{DEVICE}/commands/+"
PAUSE_S = 0.02
FIRST_MS = int(time.time() * 1000) - COUNT


def reading(n):
    return json.dumps({"ts": FIRST_MS + n, "value": n})


def acknowledged(n):
    print(f"acknowledged {n}", flush=True)


def commanded(topic):
    """The topic of the answer."""
    print("command", flush=True)
    return f"{topic}/reply"

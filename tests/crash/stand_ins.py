"""The providers of one run: a process with as many sandboxes as are asked for, each with addresses of its own.

`python -m tests.crash.stand_ins DIRECTORY NUMBER` prints their addresses as one line of JSON, then takes "down 3" and
"up 3" from its input: for a while nobody listens there. It ends when its input does.
"""

import json
import sys
from pathlib import Path

from pixels.sandbox.server import SandboxServer


def main(directory: Path, number: int) -> None:
    def start(index: int, port: int = 0) -> SandboxServer:
        return SandboxServer(directory / f"sandbox-{index}.sqlite3", port=port).start()

    servers = [start(index) for index in range(number)]
    ports = [server.port for server in servers]
    _say([server.url for server in servers])
    for line in sys.stdin:
        word, index = line.split()[0], int(line.split()[1])
        if word == "down":
            servers[index].stop()
        else:
            servers[index] = start(index, ports[index])
        _say("done")
    for server in servers:
        server.stop()


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

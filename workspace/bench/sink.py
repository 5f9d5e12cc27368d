"""A mail server for measuring: takes every mail on one port of this machine and keeps none. `python -m workspace.bench.sink PORT`."""

import asyncio
import sys
from contextlib import suppress

OK, GO_ON, BYE = b"250 OK\r\n", b"354 Go on\r\n", b"221 Bye\r\n"


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say yes to everything one sender says, until they say goodbye or are gone."""
    with suppress(ConnectionError):
        await _say_yes(reader, writer)
    writer.close()


async def _say_yes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        command = line[:4].upper()
        if command == b"DATA":
            writer.write(GO_ON)
            while await reader.readline() not in {b".\r\n", b""}:
                pass
        writer.write(BYE if command == b"QUIT" else OK)
        await writer.drain()
        if command == b"QUIT":
            break


async def main(port: int) -> None:
    """Serve until stopped."""
    server = await asyncio.start_server(converse, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

#!/usr/bin/env python3
"""Connections whose last request is one of doubt, or for comparison one like those before it.

Arguments: host, port, connections, at a time. Writes a line of JSON a connection: {"kind", "ms" from the last request to
the first byte of its answer, "rtoMs": the greater of both ends' own time-outs just before}.
"""

import json
import socket
import struct
import sys
import threading
import time

host, port, connections, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
TCP_INFO_RTO = 8  # offset in struct tcp_info, linux/tcp.h
# Judged requests before, for both ends to know their round trip.
BEFORE = 3
LAST = {"judged": "/public/a", "doubted": "/public/a%20b", "denied": "/secret"}
numbers = iter(range(connections))
lock = threading.Lock()


def ask(connection, path):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: origin\r\n\r\n".encode())
    begun, received = time.monotonic(), b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(4096)
        if not part:
            raise ConnectionError(f"{path}: the connection ended")
        received += part
    return 1000 * (time.monotonic() - begun), received.split(b"\r\n\r\n", 1)[1]


def measure(kind):
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(BEFORE):
            _, body = ask(connection, LAST["judged"])
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 12)
        rto = max(struct.unpack_from("I", info, TCP_INFO_RTO)[0], int(body))
        ms, _ = ask(connection, LAST[kind])
        return {"kind": kind, "ms": ms, "rtoMs": rto / 1000}


def work():
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            return
        told = json.dumps(measure(list(LAST)[number % len(LAST)]))
        with lock:
            print(told, flush=True)


threads = [threading.Thread(target=work) for _ in range(at_once)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

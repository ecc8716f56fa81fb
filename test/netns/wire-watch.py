#!/usr/bin/env python3
"""Tells every TCP segment that arrives at an interface: a line of JSON {"flags": letters of FSRPAU, "length": of the payload}.

Arguments: interface, port of either end. Writes "ready" when it watches; ends with its input.
"""

import json
import select
import socket
import struct
import sys

interface, port = sys.argv[1], int(sys.argv[2])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
link.bind((interface, 3))


def segment(frame):
    """TCP right behind IP, without link padding; None: something else."""
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[23] == 6:
        end = 14 + struct.unpack("!H", frame[16:18])[0]
        return frame[14 + (frame[14] & 15) * 4 : end]
    if kind == b"\x86\xdd" and frame[20] == 6:
        return frame[54 : 54 + struct.unpack("!H", frame[18:20])[0]]
    return None


print("ready", flush=True)
while True:
    readable, _, _ = select.select([link, sys.stdin], [], [])
    if sys.stdin in readable:
        break
    frame, (_, _, kind, _, _) = link.recvfrom(65536)
    tcp = segment(frame)
    if kind == socket.PACKET_OUTGOING or tcp is None or port not in struct.unpack("!HH", tcp[:4]):
        continue
    flags = "".join(letter for bit, letter in enumerate("FSRPAU") if tcp[13] >> bit & 1)
    print(json.dumps({"flags": flags, "length": len(tcp) - (tcp[12] >> 4) * 4}), flush=True)

#!/usr/bin/env python3
"""A bad network between a station and its host, where the kernel has no netem.

Runs in the station's namespace with one JSON argument: {"interface", "gateway", "mtu", "route", "source", "delay" (s),
"loss", "duplicate", "reorder" (shares), "seed", "family"}. TCP over IPv4, or IPv6, to `route` leaves by a TUN device, comes here packet by
packet, and goes on by `interface`; what arrives there is kept from the stack and comes back by the TUN device. Writes
"ready" when that is so, and at the end of its input what it did, as JSON.
"""

import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
setup = json.loads(sys.argv[1])
IPV6 = setup["family"] == 6
ETHER_TYPE = 0x86DD if IPV6 else 0x0800
PROTOCOL_AT = 20 if IPV6 else 23  # in the frame
chance = random.Random(setup["seed"])
counts = {"packets": 0, "lost": 0, "duplicated": 0, "reordered": 0}


def run(*command):
    subprocess.run(command, check=True)


tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"bad0", IFF_TUN_NO_PI))
run("ip", "link", "set", "bad0", "mtu", str(setup["mtu"]), "up")
run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.bad0.rp_filter=0")
run("ip", "-6" if IPV6 else "-4", "route", "add", setup["route"], "dev", "bad0", "src", setup["source"])
run("ip6tables" if IPV6 else "iptables", "-w", "-t", "raw", "-A", "PREROUTING", "-i", setup["interface"], "-p", "tcp", "-j", "DROP")

link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHER_TYPE))
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
link.bind((setup["interface"], ETHER_TYPE))
link.setblocking(False)
header = bytes.fromhex(setup["gateway"].replace(":", "")) + link.getsockname()[4] + struct.pack("!H", ETHER_TYPE)

due = []
number = 0


def happens(what, name):
    if chance.random() >= setup[what]:
        return False
    counts[name] += 1
    return True


def take(packet, outward):
    global number
    counts["packets"] += 1
    if happens("loss", "lost"):
        return
    for _ in range(2 if happens("duplicate", "duplicated") else 1):
        # As netem does it: who is out of order does not wait.
        wait = 0 if happens("reorder", "reordered") else setup["delay"]
        number += 1
        heapq.heappush(due, (time.monotonic() + wait, number, outward, packet))


def drain(read, outward):
    while True:
        try:
            packet = read()
        except BlockingIOError:
            return
        if packet is not None:
            take(packet, outward)


def from_link():
    frame = link.recv(65536)
    # Protocol 6; all else never left the station's stack.
    return frame[14:] if frame[PROTOCOL_AT] == 6 else None


print("ready", flush=True)
while True:
    wait = max(0, due[0][0] - time.monotonic()) if due else None
    readable, _, _ = select.select([tun, link, sys.stdin], [], [], wait)
    if sys.stdin in readable:
        break
    if tun in readable:
        drain(lambda: os.read(tun, 65536), True)
    if link in readable:
        drain(from_link, False)
    while due and due[0][0] <= time.monotonic():
        _, _, outward, packet = heapq.heappop(due)
        try:
            if outward:
                link.send(header + packet)
            else:
                os.write(tun, packet)
        except OSError:
            counts["lost"] += 1  # a full queue loses packets, too
print(json.dumps(counts), flush=True)

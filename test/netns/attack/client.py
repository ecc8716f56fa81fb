#!/usr/bin/env python3
"""A TCP client of its own, for packets that no kernel would send.

Reads one JSON object from standard input, plays its cases one after the other over a packet socket, and writes a line
of JSON a case: {"name": ..., "failed": null or what an `expect` missed}. cases.ts says what the steps are.
The kernel of the namespace must not answer what comes from the server: it knows nothing of these connections.
"""

import json
import select
import socket
import struct
import sys
import time

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
MOD = 1 << 32
SOL_PACKET, PACKET_VNET_HDR, NEEDS_CHECKSUM = 263, 15, 1
LETTERS = b"a" * 24
# Seconds after which an `expect` sends again what is not acknowledged.
RETRANSMISSION = 0.2


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def after(a, b):
    return 0 < (a - b) % MOD < MOD // 2


class Missed(Exception):
    pass


class Link:
    """Frames between this namespace and its gateway."""

    def __init__(self, setup):
        self.family = setup["family"]
        kind = socket.AF_INET if self.family == 4 else socket.AF_INET6
        self.own = socket.inet_pton(kind, setup["client"])
        self.server = socket.inet_pton(kind, setup["server"])
        self.ethertype = 0x0800 if self.family == 4 else 0x86DD
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.ethertype))
        self.socket.bind((setup["interface"], self.ethertype))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        own_mac = self.socket.getsockname()[4]
        self.ethernet = bytes.fromhex(setup["gateway"].replace(":", "")) + own_mac + struct.pack("!H", self.ethertype)
        self.identification = 1

    def pseudo(self, source, length):
        other = self.server if source == self.own else self.own
        if self.family == 4:
            return source + other + struct.pack("!BBH", 0, 6, length)
        return source + other + struct.pack("!IHBB", length, 0, 0, 6)

    def packets(self, source, payload, step):
        """IP packets that carry `payload`, cut as the step says: "fragments" are offsets where the next one begins."""
        destination = self.server if source == self.own else self.own
        self.identification += 1
        cuts = [0, *step.get("fragments", []), len(payload)]
        overlap = step.get("overlap", 0)
        pieces = []
        for start, end in zip(cuts, cuts[1:]):
            begin = max(0, start - overlap)
            pieces.append((begin, payload[begin:end], end < len(payload)))
        if step.get("backwards"):
            pieces.reverse()
        ttl = step.get("ttl", 64)
        for offset, piece, more in pieces:
            cut = len(cuts) > 2
            if self.family == 4:
                options = bytes.fromhex(step.get("ipOptions", ""))
                size = 20 + len(options)
                place = (0x2000 if more else 0) | offset // 8
                head = struct.pack("!BBHHHBBH", 0x40 | size // 4, step.get("ecn", 0), size + len(piece),
                                   self.identification, place, ttl, 6, 0) + source + destination + options
                yield head[:10] + struct.pack("!H", checksum(head)) + head[12:] + piece
            else:
                extension, following = b"", 6
                if cut or step.get("atomic"):
                    extension = struct.pack("!BBHI", 6, 0, offset | (1 if more else 0), self.identification)
                    following = 44
                elif "ipOptions" in step:
                    extension = bytes([6, 0, 1, 4, 0, 0, 0, 0])  # destination options: PadN
                    following = 60
                yield struct.pack("!IHBB", 6 << 28 | step.get("ecn", 0) << 20, len(extension) + len(piece), following,
                                  ttl) + source + destination + extension + piece

    def send(self, source, ports, fields, payload, step):
        sequence, acknowledgement, flags, window, options = fields
        while len(options) % 4:
            options += b"\1"
        urgent = step.get("urgent", 0)
        head = struct.pack("!HHIIBBHHH", *ports, sequence % MOD, acknowledgement % MOD,
                           (20 + len(options)) // 4 << 4 | step.get("reserved", 0), flags, window, 0, urgent) + options
        total = checksum(self.pseudo(source, len(head) + len(payload)) + head + payload)
        if step.get("badSum"):
            total ^= 0x1111
        segment = head[:16] + struct.pack("!H", total) + head[18:] + payload
        for packet in self.packets(source, segment, step):
            self.socket.send(self.ethernet + packet)

    def send_unfinished(self, frame, start):
        """The kernel is to write a checksum of all from `start` on, there."""
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        raw.bind(self.socket.getsockname()[:2])
        raw.send(struct.pack("=BBHHHH", NEEDS_CHECKSUM, 0, 0, 0, start, 0) + frame)
        raw.close()

    def receive(self, port, seconds):
        """TCP header and payload of the next segment for `port`; None when none came in time."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if not select.select([self.socket], [], [], max(0, left))[0]:
                return None
            frame, address = self.socket.recvfrom(1 << 17)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            packet = frame[14:]
            if self.family == 4:
                if packet[9] != 6 or packet[12:16] != self.server:
                    continue
                segment = packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
            else:
                if packet[6] != 6 or packet[8:24] != self.server:
                    continue
                segment = packet[40:40 + struct.unpack("!H", packet[4:6])[0]]
            if struct.unpack("!H", segment[2:4])[0] == port:
                return segment


class Client:
    def __init__(self, link, case, server_port):
        self.link = link
        self.ports = (case["port"], server_port)
        self.wide = set()
        self.kept = []
        self.received = b""
        self.reset = self.finished = False
        self.acked = 0
        self.start = self.next = self.peer = self.stamp = self.echo = 0

    def options(self, kinds):
        text = b""
        if "mss" in kinds:
            text += struct.pack("!BBH", 2, 4, kinds["mss"])
        if kinds.get("sack"):
            text += b"\4\2"
        if kinds.get("times"):
            text += struct.pack("!BBII", 8, 10, self.clock(), 0)
        if "scale" in kinds:
            text += struct.pack("!BBB", 3, 3, kinds["scale"])
        return text + bytes.fromhex(kinds.get("raw", ""))

    def clock(self):
        self.stamp += 1
        return 1000 + self.stamp

    def segment(self, step, flags, sequence, payload=b"", options=None):
        if options is None:
            options = b"\1\1" + struct.pack("!BBII", 8, 10, self.clock(), self.echo) if "times" in self.wide else b""
        options += bytes.fromhex(step.get("options", ""))
        bits = sum(FLAGS[letter] for letter in flags)
        acknowledgement = self.peer + step.get("ack", 0) if "A" in flags else 0
        forged = step.get("forge")
        source, ports = (self.link.server, self.ports[::-1]) if forged else (self.link.own, self.ports)
        if forged:
            sequence, acknowledgement = self.peer, self.start + forged
        fields = (sequence, acknowledgement, bits, step.get("window", 65000), options)
        self.link.send(source, ports, fields, payload, step)

    def take(self, seconds):
        """Reads one segment and acknowledges it. False: none came."""
        segment = self.link.receive(self.ports[0], seconds)
        if segment is None:
            return False
        _, _, sequence, acknowledgement, size, flags = struct.unpack("!HHIIBB", segment[:14])
        size = (size >> 4) * 4
        payload = segment[size:]
        self.acked = acknowledgement
        if segment[20:24] == b"\1\1\x08\x0a":
            self.echo = struct.unpack("!I", segment[24:28])[0]
        if flags & FLAGS["S"]:
            self.answer = (sequence, acknowledgement, segment[20:size])
            return True
        if flags & FLAGS["R"]:
            self.reset = True
            return True
        if payload or flags & FLAGS["F"]:
            if sequence == self.peer and not self.finished:
                self.received += payload
                self.peer = (self.peer + len(payload)) % MOD
                if flags & FLAGS["F"]:
                    self.peer = (self.peer + 1) % MOD
                    self.finished = True
            self.segment({}, "A", self.next)
        return True

    def until(self, what, holds, milliseconds):
        end = time.monotonic() + milliseconds / 1000
        again = time.monotonic() + RETRANSMISSION
        while not holds():
            now = time.monotonic()
            left = end - now
            if now > again:
                again = now + RETRANSMISSION
                self.kept = [one for one in self.kept if after(one[0], self.acked)]
                for _, step, flags, at, payload in self.kept:
                    self.segment(step, flags, at, payload)
            if left <= 0:
                raise Missed(f"{what}: not within {milliseconds} ms; got {self.received[-200:]!r}"
                             f"{' and a reset' if self.reset else ''}")
            self.take(min(left, RETRANSMISSION))

    def open(self, step):
        kinds = step.get("kinds", {"mss": 1460, "sack": True, "times": True, "scale": 7})
        self.start = (step.get("isn", 0x10000000 + self.ports[0]) + 1) % MOD
        self.next = self.start
        self.answer = None
        self.kept = []
        self.reset = self.finished = False
        self.received = b""
        self.wide = set()
        self.segment(step, step.get("flags", "S"), self.start - 1, step.get("data", "").encode("latin1"),
                     self.options(kinds))
        if step.get("alone"):
            return
        self.until("a SYN-ACK", lambda: self.answer is not None and self.answer[1] == self.start, 2000)
        self.peer = (self.answer[0] + 1) % MOD
        if kinds.get("times") and b"\x08\x0a" in self.answer[2]:
            self.wide = {"times"}
        self.segment({}, "A", self.next)

    def send(self, step):
        payload = step.get("data", "").encode("latin1")
        while self.take(0):
            pass
        at = (self.start + step["at"]) % MOD if "at" in step else self.next
        flags = step.get("flags", "PA")
        self.segment(step, flags, at, payload)
        end = (at + len(payload) + (1 if "F" in flags else 0)) % MOD
        if not step.get("stay") and "forge" not in step and "R" not in flags and after(end, self.next):
            self.kept.append((end, step, flags, at, payload))
            self.next = end

    def expect(self, step):
        text = step["text"].encode("latin1")
        self.until(f"an answer {step['text']!r}", lambda: text in self.received, step.get("ms", 3000))
        self.received = self.received[self.received.index(text) + len(text):]

    def ended(self, step):
        self.until("the end", lambda: self.reset or self.finished, step.get("ms", 3000))

    def rewrite(self, step):
        """A segment that reads `data` and turns into `becomes`, which has other two bytes, where its checksum is finished.
        The run of letters in both makes the sum that of the two bytes."""
        data, wanted = bytearray(step["data"], "latin1"), step["becomes"].encode("latin1")
        at = next(index for index, pair in enumerate(zip(data, wanted)) if pair[0] != pair[1])
        pad = data.index(LETTERS)
        missing = (checksum(data[at:]) - int.from_bytes(wanted[at:at + 2], "big")) % 0xFFFF
        missing = [missing >> 8, missing & 0xFF]
        for index in range(pad, pad + len(LETTERS)):
            more = min(25, missing[(index - at) % 2])
            data[index] += more
            missing[(index - at) % 2] -= more
        data = bytes(data)
        wanted = data[:at] + wanted[at:at + 2] + data[at + 2:]
        options = b"\1\1" + struct.pack("!BBII", 8, 10, self.clock(), self.echo)
        head = struct.pack("!HHIIBBHHH", *self.ports, self.next, self.peer, 0x80, 0x18, 65000, 0, 0) + options
        link = self.link
        total = checksum(link.pseudo(link.own, len(head) + len(data)) + head + wanted)
        packet = next(link.packets(link.own, head[:16] + struct.pack("!H", total) + head[18:] + data, {}))
        link.send_unfinished(link.ethernet + packet, 14 + len(packet) - len(data) + at)

    def fill(self, step):
        """Sends the request over and over until the server has no room for another one."""
        payload = step["data"].encode("latin1")
        for _ in range(256):
            end = (self.next + len(payload)) % MOD
            self.segment({}, "PA", self.next, payload)
            deadline = time.monotonic() + 0.5  # more than an ACK is ever delayed
            while self.acked != end and time.monotonic() < deadline:
                self.take(deadline - time.monotonic())
            if self.acked != end:
                return
            self.next = end
        raise Missed("the window never closed")

    def aside(self, step):
        other = Client(self.link, {"port": self.ports[0] + 20000}, self.ports[1])
        other.open({})
        other.send(step)
        other.expect(step)


def main():
    setup = json.load(sys.stdin)
    link = Link(setup)
    for case in setup["cases"]:
        client = Client(link, case, setup["port"])
        failed = None
        try:
            for step in case["steps"]:
                getattr(client, step["do"])(step)
        except Missed as missed:
            failed = str(missed)
        print(json.dumps({"name": case["name"], "failed": failed}), flush=True)


main()

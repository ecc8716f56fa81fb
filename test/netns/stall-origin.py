#!/usr/bin/env python3
"""An HTTP/1.1 server that answers with its own socket's retransmission time-out, in µs. Argument: port. Writes "listening"."""

import socket
import struct
import sys
import threading

TCP_INFO_RTO = 8  # offset in struct tcp_info, linux/tcp.h


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    while part := connection.recv(4096):
        received += part
        while b"\r\n\r\n" in received:
            _, received = received.split(b"\r\n\r\n", 1)
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 12)
            body = b"%d" % struct.unpack_from("I", info, TCP_INFO_RTO)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def follow(connection):
    try:
        serve(connection)
    except OSError:
        pass
    connection.close()


with socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True) as server:
    print("listening", flush=True)
    while True:
        threading.Thread(target=follow, args=(server.accept()[0],), daemon=True).start()

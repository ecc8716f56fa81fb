#!/usr/bin/env python3
"""Makes an interface send packets as a wire carries them: whole checksums, no longer than its MTU. Argument: its name."""

import array
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
# ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO; linux/ethtool.h
COMMANDS = (0x17, 0x1F, 0x24)

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    for command in COMMANDS:
        value = array.array("B", struct.pack("II", command, 0))
        address, _ = value.buffer_info()
        fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("16sP16x", sys.argv[1].encode(), address))

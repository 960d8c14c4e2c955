"""Refuse every connection that leaves this machine, when UNET_COURSE_OFFLINE is set: a smoke run must not need one."""

import os
import socket

if os.environ.get("UNET_COURSE_OFFLINE"):
    _connect = socket.socket.connect

    def _connect_locally(self, address):
        local = self.family == socket.AF_UNIX or str(address[0]) in {"127.0.0.1", "::1", "localhost"}
        if not local:
            raise OSError(f"This run has no network, but something asked for {address[0]}.")
        return _connect(self, address)

    socket.socket.connect = _connect_locally

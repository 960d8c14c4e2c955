"""A server that misbehaves on demand, for all tests of downloads."""

import http.server
import re
import threading

import pytest


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; `faults` says what goes wrong with the next requests, `asked` notes the ranges asked for.

    Faults: a status; "cut" ends the connection in the middle, "boast" promises more bytes than come, "elsewhere" sends
    another part than was asked for, "change" flips the last byte.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.faults, self.asked, self.ranges, self.sent = b"", [], [], True, 0
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        fault = server.faults.pop(0) if server.faults else None
        if isinstance(fault, int):
            self.send_error(fault)
            return
        total = len(server.content)
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", asked).groups() if asked and server.ranges else ("0", "")
        start, end = int(first), min(total, int(last or total) + 1)
        if start >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.end_headers()
            return
        start += 512 * (fault == "elsewhere")
        body = bytearray(server.content[start:end])
        if fault == "change":
            body[-1] ^= 255
        whole = not (asked and server.ranges)
        self.send_response(200 if whole else 206)
        self.send_header("Content-Length", str(len(body) + (1000 if fault == "boast" else 0)))
        if not whole:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        self.end_headers()
        sent = body[: len(body) // 2] if fault == "cut" else body
        server.sent += len(sent)
        self.wfile.write(sent)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()

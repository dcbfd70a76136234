"""A destination that can be asked: notes each key that it is sent, and says whether it has one.

python3 server.py PORT_FILE KEYS_FILE: writes its port into the one, a line for each key into the other.
"""

import os
import socketserver
import sys
import threading

keys, lock = set(), threading.Lock()
notes = open(sys.argv[2], "a", buffering=1)


class Client(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            self.answer()
        except ConnectionError:
            pass  # Its process was killed.

    def answer(self):
        for line in self.rfile:
            word, key = line.decode().split()
            with lock:
                has = key in keys
                if word == "put":
                    keys.add(key)
                    notes.write(key + "\n")
            self.wfile.write(b"yes\n" if has else b"no\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Client) as server:
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()

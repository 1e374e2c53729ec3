"""Answers DNS questions over TCP the way broken or lying servers do, one way after another.

    hold_hostile.py ADDRESS PORT [reset]
"""
import itertools
import os
import socket
import struct
import sys
import threading


def framed(message):
    return struct.pack(">H", len(message)) + message


def answer(query, **change):
    """A right answer (TXT "hostile"), with parts of it changed."""
    question = query[12:12 + 15]  # id.server, TXT, CH
    head = struct.pack(">HHHHHH", change.get("id", struct.unpack(">H", query[:2])[0]), change.get("flags", 0x8400),
                       1, 1, 0, 0)
    name = change.get("question", question)
    rdata = b"\x07hostile"
    return head + name + b"\xc0\x0c" + struct.pack(">HHIH", 16, 3, 0, len(rdata)) + rdata


WAYS = (
    lambda s, q: s.sendall(b"\x00"),
    lambda s, q: s.sendall(b"\xff\xff" + os.urandom(70000)),
    lambda s, q: s.sendall(b"\x00\x00" * 40000),
    lambda s, q: s.sendall(framed(os.urandom(600)) * 50),
    lambda s, q: s.sendall(framed(q)),
    lambda s, q: s.sendall(framed(answer(q, id=struct.unpack(">H", q[:2])[0] ^ 1))),
    lambda s, q: s.sendall(framed(answer(q, question=q[12:27].swapcase()))),
    lambda s, q: s.sendall(framed(answer(q))[:20]),
    lambda s, q: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
)


def reset(s, query):
    """Three right answers, and a fourth right before a reset."""
    for _ in range(3):
        s.sendall(framed(answer(query)))
        query = s.recv(4096)[2:]
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.sendall(framed(answer(query)))


def serve(s, way):
    try:
        query = s.recv(4096)
        way(s, query[2:])
    except OSError:
        pass
    finally:
        s.close()


def main(address, port, only=None):
    server = socket.create_server((address, int(port)))
    print("ready", flush=True)
    for way in itertools.cycle([reset] if only == "reset" else WAYS):
        threading.Thread(target=serve, args=(server.accept()[0], way), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])

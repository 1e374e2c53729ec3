"""Usage: watch.py ADDRESS SECONDS       Asks every 5 ms; prints "TIME IDENTITY" (its NSID) whenever another site answers."""
import datetime
import socket
import struct
import sys
import time

INTERVAL_S = 0.005
OPT, NSID = 41, 3


def query(number):
    """IN SOA of the root with an empty NSID option."""
    header = struct.pack("!6H", number & 0xFFFF, 0, 1, 0, 0, 1)
    return header + struct.pack("!BHH", 0, 6, 1) + struct.pack("!BHHIHHH", 0, OPT, 1232, 0, 4, NSID, 0)


def identity(reply):
    """The NSID of the OPT record, which the lab's servers put last, or None."""
    at = reply.rfind(struct.pack("!BH", 0, OPT)) + 11
    while 11 <= at and at + 4 <= len(reply):
        code, length = struct.unpack_from("!HH", reply, at)
        if code == NSID:
            return reply[at + 4:at + 4 + length].decode("ascii", "replace")
        at += 4 + length
    return None


def replies(s):
    while True:
        try:
            yield s.recv(2048)
        except OSError:  # nothing more for now, or an ICMP error: what is watched for
            return


def main(address, seconds):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    s.connect((address, 53))
    end, number, last = time.monotonic() + seconds, 0, None
    while time.monotonic() < end:
        number += 1
        try:
            s.send(query(number))
        except OSError:
            pass  # the same
        time.sleep(INTERVAL_S)
        for name in map(identity, replies(s)):
            if name and name != last:
                last = name
                now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
                print(now.replace("+00:00", "Z"), name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))

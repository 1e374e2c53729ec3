"""Usage: echo.py ADDRESS COUNT INTERVAL_MS       Prints the RTT in ns of each echo answered, stamped by the kernel."""
import socket
import struct
import sys
import time

SO_TIMESTAMPING = 37
TX_SOFTWARE, RX_SOFTWARE, SOFTWARE, STAMP_ONLY = 1 << 1, 1 << 3, 1 << 4, 1 << 11
MSG_ERRQUEUE = 0x2000
IDENT = 0x6563
LINGER_S = 1.0


def stamp_ns(ancillary):
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING:
            seconds, ns = struct.unpack_from("qq", data)
            return seconds * 10**9 + ns
    return None


def read_all(s, flags):
    while True:
        try:
            data, ancillary, _, _ = s.recvmsg(2048, 512, flags | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        yield data, stamp_ns(ancillary)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(v6, seq):
    request = struct.pack("!BBHHH8x", 128 if v6 else 8, 0, 0, IDENT, seq)
    return request[:2] + struct.pack("!H", checksum(request)) + request[4:]


def open_socket(address, v6):
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW,
                      socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE | RX_SOFTWARE | SOFTWARE | STAMP_ONLY)
    s.connect((address, 0))
    return s


def main(address, count, interval_ms):
    v6 = ":" in address
    s = open_socket(address, v6)
    sent_ns, rtts_ns = [], {}

    def collect(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.001)
            # Stamps of what was sent come back in the order of sending.
            sent_ns.extend(at for _, at in read_all(s, MSG_ERRQUEUE))
            for data, at in read_all(s, 0):
                reply = data if v6 else data[20:]
                kind, _, _, ident, seq = struct.unpack_from("!BBHHH", reply)
                if kind == (129 if v6 else 0) and ident == IDENT and seq < len(sent_ns):
                    rtts_ns.setdefault(seq, at - sent_ns[seq])

    for seq in range(count):
        s.send(echo(v6, seq))
        collect(interval_ms / 1000)
    collect(LINGER_S)
    print(*rtts_ns.values(), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))

#!/usr/bin/env python3
"""Makes the golden captures: FILE.pcap with probes and answers, honest and hostile, and FILE.csv with the rows that
`catchmap replay` must make of them. What is expected stands here, beside each packet, and is not computed by catchmap.

    tests/golden/make.py [FOLDER]    (the folder of this script, if none is named)
"""
import csv
import ipaddress
import os
import struct
import sys

FLOW_BASE, TTL, TIMEOUT_S = 33000, 57, 5
START_NS = 1_800_000_000 * 10**9
MS = 10**6
US = {4: "192.0.2.1", 6: "2001:db8::1"}
TARGET = {4: "198.51.100.53", 6: "2001:db8:53::53"}
ROUTER = {4: "203.0.113.9", 6: "2001:db8:9::9"}
COLUMNS = ("vp,target,probe,question,round,seq,attempt,flow,src_addr,src_port,dst_port,tx_time_ns,outcome,rtt_ms,stamp,"
           "replies,reply_from,reply_ttl,icmp,rcode,dns_flags,edns,nsid,txt,extra").split(",")
UDP, TCP, ICMP, ICMP6, FRAGMENT = 17, 6, 1, 58, 44
SYN, RST, ACK = 2, 4, 16


# --- packets ---

def fold(data):
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packed(address):
    return ipaddress.ip_address(address).packed


def family_of(address):
    return ipaddress.ip_address(address).version


def pseudo(src, dst, proto, n):
    return packed(src) + packed(dst) + struct.pack("!IHBB", n, 0, 0, proto)


def ip(src, dst, proto, l4, ident=7, offset=None, more=False):
    """An IP packet; with `offset` (bytes) a fragment."""
    part = offset is not None
    if family_of(src) == 4:
        flags = (0x2000 if more else 0) | (offset // 8 if part else 0)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), ident, flags, TTL, proto, 0) + packed(src) + packed(dst)
        return head[:10] + struct.pack("!H", fold(head)) + head[12:] + l4
    if part:
        l4, proto = struct.pack("!BBHI", proto, 0, offset | more, ident) + l4, FRAGMENT
    return struct.pack("!IHBB", 0x60000000, len(l4), proto, TTL) + packed(src) + packed(dst) + l4


def with_sum(src, dst, proto, l4, at):
    check = fold(pseudo(src, dst, proto, len(l4)) + l4) or 0xffff
    return l4[:at] + struct.pack("!H", check) + l4[at + 2:]


def udp(src, dst, sport, dport, data, length=None):
    head = struct.pack("!HHHH", sport, dport, length or 8 + len(data), 0)
    return with_sum(src, dst, UDP, head + data, 6)


def tcp(src, dst, sport, dport, seq, ack, flags, options=b""):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, (20 + len(options)) << 2, flags, 65535, 0, 0)
    return with_sum(src, dst, TCP, head + options, 16)


def icmp(src, dst, kind, code, rest):
    """rest: all behind the checksum."""
    head = struct.pack("!BBH", kind, code, 0) + rest
    if family_of(src) == 4:
        return head[:2] + struct.pack("!H", fold(head)) + rest
    return with_sum(src, dst, ICMP6, head, 2)


def name_of(text):
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".") if label) + b"\0"


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def opt(options, size=1232, upper=0):
    return b"\0" + struct.pack("!HHBBHH", 41, size, upper, 0, 0, len(options)) + options


def record(kind, cls, rdata, name=b"\xc0\x0c", rdlength=None):
    return name + struct.pack("!HHIH", kind, cls, 0, len(rdata) if rdlength is None else rdlength) + rdata


def txt(text):
    return record(16, 3, bytes([len(text)]) + text)


# --- probes and what comes back ---

class Probe:
    def __init__(self, capture, kind, family, flow=0, question="id.server"):
        self.capture, self.kind, self.family = capture, kind, family
        self.src, self.dst, self.port = US[family], TARGET[family], FLOW_BASE + flow
        self.n = capture.next_number()
        self.id = 0x4000 + 0x101 * self.n & 0xffff
        self.cookie = bytes([self.n] * 8)
        self.question = self.spell(question)
        self.form = getattr(self, "form_" + kind)
        self.packet = self.form()
        self.t = capture.t
        self.replies = 0
        capture.add(self.packet)
        self.row = dict(vp="replay", target=self.dst, probe=kind, question=question if kind == "dns" else "", round="0",
                        seq=str(len(capture.rows)), attempt="1", flow=str(flow), src_addr=self.src,
                        src_port="" if kind == "icmp" else str(self.port),
                        dst_port={"dns": "53", "icmp": "", "tcp": "443"}[kind], tx_time_ns=str(self.t),
                        outcome="timeout", rtt_ms="", stamp="kernel", replies="0")
        capture.rows.append(self.row)

    def spell(self, question):
        """Every third letter in upper case: what a server has to give back as it is."""
        text = "".join(c.upper() if (i + self.n) % 3 == 0 else c for i, c in enumerate(question))
        return (name_of("") + struct.pack("!HH", 6, 1)) if question == "in-soa" else name_of(text) + struct.pack("!HH", 16, 3)

    def form_dns(self):
        query = struct.pack("!HHHHHH", self.id, 0, 1, 0, 0, 1) + self.question + opt(option(3, b"") + option(10, self.cookie))
        return ip(self.src, self.dst, UDP, udp(self.src, self.dst, self.port, 53, query), self.id)

    def form_icmp(self):
        payload = self.cookie[:6] + struct.pack("!H", self.id) + b"hello"
        kind, proto = (8, ICMP) if self.family == 4 else (128, ICMP6)
        return ip(self.src, self.dst, proto,
                  icmp(self.src, self.dst, kind, 0, struct.pack("!HH", self.port, self.id) + payload), self.id)

    def form_tcp(self):
        return ip(self.src, self.dst, TCP,
                  tcp(self.src, self.dst, self.port, 443, self.seq(), 0, SYN, bytes([2, 4, 4, 196])), self.id)

    def seq(self):
        return int.from_bytes(self.cookie[:2] + struct.pack("!H", self.id), "big")

    def expect(self, outcome, **fields):
        """What the row must say; an RTT for what is an answer, unless told otherwise."""
        rtt = self.capture.t - self.t
        self.row.update(outcome=outcome, replies=str(self.replies), reply_from=self.dst, reply_ttl=str(TTL))
        if outcome in ("reply", "rst", "late"):
            self.row["rtt_ms"] = f"{rtt // MS}.{rtt % MS:06}"
        self.row.update(fields)
        return self

    def came(self, packet):
        self.replies += 1
        self.row["replies"] = str(self.replies)
        self.capture.add(packet)
        return self

    # Bytes of a DNS answer, each part of which a test may forge.
    def message(self, flags=0x8400, question=None, answers=(), tail=None, ident=None, counts=None):
        question = self.question if question is None else question
        tail = opt(option(3, b"nsid-a") + option(10, self.cookie)) if tail is None else tail
        counts = counts or (int(bool(question)), len(answers), 0, int(bool(tail)))
        return (struct.pack("!HHHHHH", self.id if ident is None else ident, flags, *counts) + question
                + b"".join(answers) + tail)

    def answer_dns(self, message, src=None, sport=53, length=None):
        src = src or self.dst
        return ip(src, self.src, UDP, udp(src, self.src, sport, self.port, message, length))

    def says(self, message, **how):
        return self.came(self.answer_dns(message, **how))

    def echoes(self, payload=None, src=None):
        kind, proto = (0, ICMP) if self.family == 4 else (129, ICMP6)
        src = src or self.dst
        payload = self.packet[-13:] if payload is None else payload
        return self.came(ip(src, self.src, proto,
                            icmp(src, self.src, kind, 0, struct.pack("!HH", self.port, self.id) + payload)))

    def segment(self, flags, sport=443, ack=None):
        ack = self.seq() + 1 if ack is None else ack
        return self.came(ip(self.dst, self.src, TCP, tcp(self.dst, self.src, sport, self.port, 99, ack, flags)))

    def error(self, kind, code, quote=None, packet=None):
        """An ICMP error of the router that quotes the probe, or so many bytes of its l4."""
        packet = packet or self.packet
        quoted = packet if quote is None else packet[:(20 if self.family == 4 else 40) + quote]
        rest = struct.pack("!I", 0) + quoted
        proto = ICMP if self.family == 4 else ICMP6
        router = ROUTER[self.family]
        return self.came(ip(router, self.src, proto, icmp(router, self.src, kind, code, rest)))

    def honest(self, **fields):
        """The answer that a good server gives, and its row."""
        if self.kind == "dns":
            self.says(self.message(answers=[txt(b"txt-a")]))
            return self.expect("reply", rcode="0", dns_flags="aa|nsid", edns="1232/0", nsid="nsid-a", txt="txt-a", **fields)
        if self.kind == "icmp":
            return self.echoes().expect("reply", **fields)
        return self.segment(SYN | ACK).expect("reply", **fields)


# --- captures ---

ETHERTYPE = {4: 0x0800, 6: 0x86dd}
MACS = bytes.fromhex("020000000002020000000001")
LINKS = {
    "ethernet": (1, lambda p, kind: MACS + struct.pack("!H", kind) + p),
    "vlan": (1, lambda p, kind: MACS + struct.pack("!HHH", 0x8100, 42, kind) + p),
    "qinq": (1, lambda p, kind: MACS + struct.pack("!HHHHH", 0x88a8, 7, 0x8100, 42, kind) + p),
    "raw": (101, lambda p, kind: p),
    "sll": (113, lambda p, kind: struct.pack("!HHHQH", 0, 1, 6, 0x0200000000010000, kind) + p),
    "sll2": (276, lambda p, kind: struct.pack("!HHIHBBQ", kind, 0, 2, 1, 0, 6, 0x0200000000010000) + p),
    "null": (0, lambda p, kind: struct.pack("<I", 2 if kind == 0x0800 else 10) + p),
}


class Capture:
    def __init__(self, link="ethernet"):
        self.link, self.wrap = LINKS[link]
        self.t, self.n, self.frames, self.rows = START_NS, 0, [], []

    def next_number(self):
        self.n += 1
        return self.n

    def wait(self, ns):
        self.t += ns

    def add(self, packet):
        self.frames.append((self.t, self.wrap(packet, ETHERTYPE[packet[0] >> 4])))

    def add_frame(self, frame):
        self.frames.append((self.t, frame))

    def probe(self, kind, family, wait=MS, **how):
        """A probe, and so much time after it."""
        self.wait(10 * MS)
        p = Probe(self, kind, family, **how)
        self.wait(wait)
        return p

    def pcap(self, nano=True):
        out = struct.pack("<IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, 65535, self.link)
        for t, frame in self.frames:
            out += struct.pack("<IIII", t // 10**9, t % 10**9 // (1 if nano else 1000), len(frame), len(frame)) + frame
        return out

    def pcapng(self):
        def block(kind, body):
            body += b"\0" * (-len(body) % 4)
            return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
        out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
        out += block(1, struct.pack("<HHI", self.link, 0, 65535) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))
        for t, frame in self.frames:
            out += block(6, struct.pack("<IIIII", 0, t >> 32, t & 0xffffffff, len(frame), len(frame)) + frame)
        return out

    def csv(self, out):
        w = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        w.writeheader()
        w.writerows(self.rows)


# --- the captures ---

def answers():
    """Each kind and family: an answer at once, late, after all is over, twice, or never."""
    c = Capture()
    for family in 4, 6:
        for kind in "dns", "icmp", "tcp":
            c.probe(kind, family, wait=12_345_678).honest()
            c.probe(kind, family, flow=3)
            p = c.probe(kind, family, flow=255).honest()
            c.wait(2 * MS)
            copy = c.frames[-1][1]
            c.add_frame(copy)
            p.row["replies"] = "2"
        c.probe("tcp", family).segment(RST | ACK).expect("rst")
        for question in "hostname.bind", "version.bind", "version.server":
            c.probe("dns", family, question=question).honest()
        p = c.probe("dns", family, question="in-soa")
        p.says(p.message(flags=0x8180)).expect("reply", rcode="0", dns_flags="ra|nsid", edns="1232/0", nsid="nsid-a")
        p = c.probe("dns", family)
        p.says(p.message(flags=0x8005)).expect("reply", rcode="5", dns_flags="nsid", edns="1232/0", nsid="nsid-a")
        p = c.probe("dns", family)
        p.says(p.message(flags=0x8000, tail=b"")).expect("reply", rcode="0")
        p = c.probe("dns", family)
        p.says(p.message(flags=0x86a0, tail=opt(option(3, b""), 4096, 1), answers=[txt(b"")])).expect(
            "reply", rcode="0", dns_flags="aa|ra|tc|ad|nsid", edns="4096/1")
        # Nothing else is under way when these are late: a row waits for its turn.
        c.probe("icmp", family, wait=TIMEOUT_S * 10**9).honest()
        c.probe("icmp", family, wait=TIMEOUT_S * 10**9 + 1).echoes().expect("late")
        p = c.probe("icmp", family, wait=2 * TIMEOUT_S * 10**9 + 1)
        p.echoes()
        p.row["replies"] = "0"
    return c


def links(link):
    c = Capture(link)
    for family in 4, 6:
        for kind in "dns", "icmp", "tcp":
            c.probe(kind, family).honest()
    return c


def seconds():
    """A second answer, the same or another one; an answer of an interceptor before the true one."""
    c = Capture()
    p = c.probe("dns", 4).honest(extra="second_rcode=3;second_ms=2.500000;second=evil\\059\\010=\\255")
    c.wait(1_500_000)
    p.says(p.message(flags=0x8183, tail=opt(option(3, b"evil;\n=\xff"))))
    p = c.probe("dns", 6)
    p.says(p.message(question=p.question.swapcase(), tail=opt(option(3, b"evil")), flags=0x8180))
    c.wait(4 * MS)
    p.honest(extra="first_bad=case;first_rcode=0;first_ms=1.000000;first=evil")
    p = c.probe("icmp", 4)
    p.echoes(b"x" * 13)
    c.wait(MS)
    p.echoes().expect("reply", extra="first_bad=cookie;first_ms=1.000000;first=")
    return c


def hostile():
    """Answers that are not what was asked for; none may count as a reply, and none may be lost."""
    c = Capture()
    dns = dict(rcode="0", dns_flags="aa|nsid", edns="1232/0", nsid="nsid-a")
    for family in 4, 6:
        def lie(expected, fault, how=None, family=family, **parts):
            p = c.probe("dns", family)
            p.says(p.message(**parts), **(how or {})).expect("bad-reply", extra="bad=" + fault, **expected)

        def forged(make, expected, fault, family=family):
            p = c.probe("dns", family)
            p.says(make(p)).expect("bad-reply", extra="bad=" + fault, **expected)

        lie(dns, "port", {"sport": 5353})
        lie(dns | {"dns_flags": "nsid"}, "not-a-response", flags=0)
        lie(dns, "no-question", question=b"")
        lie(dns, "question", question=name_of("Id.SerVer") + struct.pack("!HH", 16, 1))
        lie(dns, "question", question=name_of("other.name") + struct.pack("!HH", 16, 3))
        forged(lambda p: p.message(question=p.question.swapcase()), dns, "case")
        lie(dns, "cookie", tail=opt(option(3, b"nsid-a") + option(10, b"notyours")))
        lie(dns, "cookie", tail=opt(option(3, b"nsid-a") + option(10, b"short")))
        lie(dns, "question", flags=0xa400)  # another opcode
        lie(dns, "short", {"length": 60000})
        forged(lambda p: p.message()[:11], {}, "short")
        forged(lambda p: p.message()[:2], {}, "short")
        # A name that points at itself is stepped over; a length that lies ends the message.
        lie(dns | {"dns_flags": "aa", "edns": "", "nsid": ""}, "malformed",
            answers=[record(16, 3, b"\4evil", rdlength=9999)], tail=b"")
        lie(dns | {"dns_flags": "aa", "edns": "", "nsid": ""}, "malformed", answers=[b"\x40" * 12], tail=b"")
        lie(dns | {"dns_flags": "aa", "nsid": ""}, "malformed", tail=opt(b"\0\3\x40\0abc"))
        lie(dns, "malformed", counts=(1, 0, 65535, 65535))
        # A reply that is only another program's packet, in the right place.
        c.probe("icmp", family).echoes(b"x" * 13).expect("bad-reply", extra="bad=cookie")
        c.probe("icmp", family).echoes(b"tiny").expect("bad-reply", extra="bad=short")
        c.probe("tcp", family).segment(SYN | ACK, sport=80).expect("bad-reply", extra="bad=port")
        c.probe("tcp", family).segment(ACK).expect("bad-reply", extra="bad=not-a-response")
        # What is only odd is an answer all the same, its bytes kept as they are.
        p = c.probe("dns", family)
        p.says(p.message(answers=[record(16, 3, b"", rdlength=0)])).expect("reply", **dns)
        p = c.probe("dns", family)
        p.says(p.message(answers=[record(16, 3, b"\xc8lie")])).expect("reply", txt="lie", **dns)
        p = c.probe("dns", family)
        p.says(p.message(answers=[record(16, 3, b"\3one\3two"), txt(b"other")])).expect("reply", txt="onetwo", **dns)
        p = c.probe("dns", family)
        p.says(p.message(answers=[record(16, 3, b"\1x", name=b"\xc0\x1c")])).expect("reply", txt="x", **dns)
        p = c.probe("dns", family)
        p.says(p.message(tail=opt(option(3, b'\033[2J"\r\n,\\\xff\0')))).expect(
            "reply", **(dns | {"nsid": '\\027[2J"\\013\\010,\\092\\255\\000'}))
        p = c.probe("dns", family)
        p.says(p.message() + b"trailing rubbish").expect("reply", **dns)
        # Nothing that proves nothing is taken: another id, another sender, another acknowledgement.
        p = c.probe("dns", family)
        c.add(p.answer_dns(p.message(ident=p.id ^ 1)))
        c.add(p.answer_dns(p.message(), src=ROUTER[family]))
        p = c.probe("tcp", family)
        p.segment(SYN | ACK, ack=5)
        p.row["replies"] = "0"
        p = c.probe("icmp", family)
        p.echoes(src=ROUTER[family])
        p.row["replies"] = "0"
    return c


def errors():
    """ICMP errors with quotes short and long, of our probes and of others' packets."""
    c = Capture()

    def error(kind, family, icmp_type, code, quote=None):
        p = c.probe(kind, family)
        p.error(icmp_type, code, quote).expect("icmp-error", icmp=f"{icmp_type}/{code}", reply_from=ROUTER[family])

    for kind in "dns", "icmp", "tcp":
        for code in 0, 1, 3, 13:
            error(kind, 4, 3, code)
        error(kind, 4, 11, 0, quote=8)
        error(kind, 6, 1, 4)
        error(kind, 6, 2, 0)
        error(kind, 6, 3, 0)
        # Seven bytes are no quote; the quote of an answer, or of a packet of another, is about no probe.
        for family, icmp_type in (4, 3), (6, 1):
            for quote, packet in ((7, None), (None, ip(US[family], TARGET[family], UDP, udp(
                    US[family], TARGET[family], 5000, 53, b"somebody else's")))):
                p = c.probe(kind, family)
                p.error(icmp_type, 1, quote, packet)
                p.row["replies"] = "0"
        # A router gives up, yet the answer comes.
        p = c.probe(kind, 4)
        p.error(3, 1)
        c.wait(MS)
        p.honest()
        # An error after the answer changes nothing.
        p = c.probe(kind, 6).honest()
        p.error(1, 0)
    return c


def fragments():
    """The first piece shows who sent it, yet not all it says; the others show nothing."""
    c = Capture()
    for family in 4, 6:
        p = c.probe("dns", family)
        whole = udp(p.dst, p.src, 53, p.port, p.message(answers=[txt(b"a" * 200)]))
        p.came(ip(p.dst, p.src, UDP, whole[:128], offset=0, more=True))
        c.add(ip(p.dst, p.src, UDP, whole[128:], offset=128))
        p.expect("bad-reply", extra="bad=fragment", rcode="0", dns_flags="aa")
        p = c.probe("dns", family)
        whole = udp(p.dst, p.src, 53, p.port, p.message())
        c.add(ip(p.dst, p.src, UDP, whole[64:], offset=64))
    return c


def disorder():
    """A capture whose stamps go back: the answers are there, times that cannot be are not."""
    c = Capture()
    p = c.probe("icmp", 4)
    c.wait(-5 * MS)
    p.echoes().expect("reply", rtt_ms="")
    c.wait(5 * MS)
    c.probe("tcp", 6).honest()
    return c


def strangers():
    """Frames with no probe in them."""
    c = Capture()
    c.add_frame(MACS + struct.pack("!H", 0x0806) + b"\0\1\x08\0\6\4\0\1" + b"\0" * 20)
    c.add_frame(MACS[:9])
    c.add_frame(MACS + b"\x86\xdd\x60")
    c.add_frame(MACS + b"\x81\0\0\1" * 20)
    for src, dst, sport, dport in ((US[4], TARGET[4], 5000, 53), (TARGET[4], US[4], 53, FLOW_BASE), (US[6], TARGET[6], 1, 2)):
        c.add(ip(src, dst, UDP, udp(src, dst, sport, dport, b"not a message of DNS at all")))
    c.add(ip(TARGET[4], US[4], TCP, tcp(TARGET[4], US[4], 443, FLOW_BASE, 1, 2, SYN | ACK)))
    c.add(ip(US[4], TARGET[4], 132, b"sctp"))
    c.add(b"\x45" + b"\0" * 30)
    # From a port of ours, to port 53, and yet no question that catchmap asks.
    c.add(ip(US[4], TARGET[4], UDP, udp(US[4], TARGET[4], FLOW_BASE, 53, struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0)
                                        + name_of("www.example") + struct.pack("!HH", 1, 1))))
    return c


def write(folder, name, capture, data, suffix="pcap"):
    with open(os.path.join(folder, f"{name}.{suffix}"), "wb") as f:
        f.write(data)
    with open(os.path.join(folder, f"{name}.csv"), "w", encoding="ascii", newline="") as f:
        capture.csv(f)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for make in answers, seconds, hostile, errors, fragments, disorder, strangers:
        c = make()
        write(folder, make.__name__, c, c.pcap())
    for link in LINKS:
        if link != "ethernet":
            c = links(link)
            write(folder, "link_" + link, c, c.pcap())
    c = links("ethernet")
    write(folder, "pcapng", c, c.pcapng(), "pcapng")
    for row in c.rows:  # only the stamps' last three digits are lost
        assert row["tx_time_ns"].endswith("000")
    write(folder, "microseconds", c, c.pcap(nano=False))
    # The last answer never reached the disk.
    c = links("ethernet")
    c.rows[-1].update(outcome="timeout", replies="0", rtt_ms="", reply_from="", reply_ttl="")
    write(folder, "cut", c, c.pcap()[:-20])


if __name__ == "__main__":
    main()

"""BIRD's control socket."""
import re
import socket

from . import LabError

RUN = "/run/lab"


def _reply(stream):
    """Lines of one reply: "1002-text", " more" ..., ended by "0000 text"; the codes are cut off."""
    lines = []
    for line in stream:
        match = re.match(r"(\d{4})([ -])(.*)", line)
        lines.append(match[3] if match else line.strip())
        if match and match[2] == " ":
            if match[1][0] in "89":
                raise LabError(f"bird: {match[3]}")
            return lines
    raise LabError("bird closed its control socket")


def command(node, text):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(f"{RUN}/{node.name}/bird.ctl")
        with s.makefile("rw", encoding="utf-8") as stream:
            _reply(stream)
            stream.write(text + "\n")
            stream.flush()
            return _reply(stream)


def sessions(node):
    """BGP protocol -> is it Established."""
    rows = [line.split() for line in command(node, "show protocols")]
    return {r[0]: r[-1] == "Established" for r in rows if len(r) > 3 and r[1] == "BGP"}


def is_announced(site):
    rows = [line.split() for line in command(site, "show protocols")]
    return all(r[3] == "up" for r in rows if r and r[0].startswith("announce"))

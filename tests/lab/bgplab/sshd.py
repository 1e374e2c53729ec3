"""An sshd in every VP's namespace, so that the lab's VPs are machines like any fleet's: each has /var/lib/catchmap and a home of root
of its own. FOLDER/ssh/config is what an operator outside the lab gives to ssh -F; the host's name is the VP's."""
import pathlib
import subprocess
import time

from . import LabError

CONFIG = """\
ListenAddress 127.0.0.1
Port 22
HostKey {ssh}/host
AuthorizedKeysFile {ssh}/id.pub
PidFile {pid}
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
Subsystem sftp internal-sftp
MaxStartups 100
"""
MOUNTS = 'for d in ~root /var/lib/catchmap; do mkdir -p "$d"; mount -t tmpfs tmpfs "$d"; done; exec "$@"'
CLIENT = """\
Host *
  User root
  IdentityFile {ssh}/id
  IdentitiesOnly yes
  UserKnownHostsFile {ssh}/known_hosts
  StrictHostKeyChecking yes
  HostKeyAlias lab
  LogLevel ERROR
  ProxyCommand nsenter --target={init} --mount --net --pid -- ip netns exec %h nc -N 127.0.0.1 22
"""


def keys(ssh):
    for name in ("host", "id"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", ssh / name], check=True)
    host = (ssh / "host.pub").read_text(encoding="ascii").split()[:2]
    (ssh / "known_hosts").write_text(f"lab {' '.join(host)}\n", encoding="ascii")


def start(topology, folder, init):
    """Starts them; `init` is the lab's first process as the operator sees it."""
    ssh = folder / "ssh"
    if ssh.exists():
        raise LabError(f"{ssh} is there already: the lab has its sshds")
    ssh.mkdir(mode=0o700)
    keys(ssh)
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    for vp in topology.kind("vp"):
        config, pid = ssh / f"{vp.name}.conf", ssh / f"{vp.name}.pid"
        config.write_text(CONFIG.format(ssh=ssh, pid=pid), encoding="ascii")
        subprocess.run(["ip", "netns", "exec", vp.name, "unshare", "--mount", "sh", "-ec", MOUNTS, "sh",
                        "/usr/sbin/sshd", "-f", config, "-E", ssh / f"{vp.name}.log"], check=True)
    (ssh / "config").write_text(CLIENT.format(ssh=ssh, init=init), encoding="ascii")
    give_up = time.monotonic() + 10
    while missing := [v.name for v in topology.kind("vp") if not (ssh / f"{v.name}.pid").exists()]:
        if time.monotonic() > give_up:
            raise LabError(f"sshd of {missing[0]} did not start: {(ssh / f'{missing[0]}.log').read_text().strip()}")
        time.sleep(0.05)
    print(f"sshd on {len(topology.kind('vp'))} VPs: ssh -F {ssh / 'config'} VP")

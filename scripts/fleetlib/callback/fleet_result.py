"""Ansible's word on each host as a line of JSON: what failed first, or that all was done. Written to $FLEET_RESULT."""
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: fleet_result
    type: aggregate
    short_description: a line of JSON a host
    description: what failed first on each host
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fleet_result"

    def __init__(self):
        super().__init__()
        self.why = {}

    def blame(self, result):
        r = result._result
        detail = r.get("module_stderr") or r.get("stderr") or r.get("msg") or "failed"
        self.why.setdefault(result._host.get_name(), f"{result._task.get_name()}: {' '.join(str(detail).split())}"[:300])

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.blame(result)

    def v2_runner_on_unreachable(self, result):
        self.blame(result)

    def v2_playbook_on_stats(self, stats):
        with open(os.environ["FLEET_RESULT"], "w", encoding="utf-8") as f:
            for host in stats.processed:
                f.write(json.dumps({"host": host, "fault": self.why.get(host, "")}) + "\n")

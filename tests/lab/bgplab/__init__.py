"""The lab's tier 2: an anycast Internet of real BGP routers and name servers in one set of namespaces."""


class LabError(Exception):
    """What a person is told; no traceback."""

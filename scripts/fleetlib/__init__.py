"""What scripts/fleet is made of: campaign (the file), remote (what runs on hosts), results (what is kept here)."""


class FleetError(Exception):
    """Something that a person must act on; the message says what, where and what to do."""

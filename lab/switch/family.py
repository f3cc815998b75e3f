"""What differs between the switch families that the lab plays. Data."""

from __future__ import annotations

from dataclasses import dataclass

from lab.switch.modes import TCAM_2960, TCAM_9300, Table


@dataclass(frozen=True, slots=True)
class Family:
    """A family: its software's name, how it says that an access list found no room, and what then happens."""

    software: str
    image: str
    xe: bool
    unloaded: tuple[str, str]
    loaded: tuple[str, str]
    drops_unloaded: bool
    tcam: Table
    memory: int


# Cisco document 217266, "Validate Security ACLs on Catalyst 9000 Switches", ACL syslog errors: an access list that does
# not fit is held in software, and the interface's traffic is dropped until it is loaded or removed.
C9000 = Family(
    "IOS Software [{train}], Catalyst L3 Switch Software (CAT9K_IOSXE)",
    "flash:packages.conf",
    True,
    (
        "ACL_ERRMSG-4-UNLOADED",
        "Switch 1 R0/0: fed: Input {acl} on interface {port} is not programmed in hardware and traffic is dropped.",
    ),
    (
        "ACL_ERRMSG-6-RELOADED",
        "Switch 1 R0/0: fed: Input {acl} on interface {port} has now been loaded into the hardware.",
    ),
    True,
    TCAM_9300,
    1392780,
)

# "Catalyst 3750, 3560, 3550, 2975, 2970, and 2960 Switch System Message Guide", ACLMGR messages.
C2960 = Family(
    "IOS Software, C2960X Software (C2960X-UNIVERSALK9-M)",
    "flash:/c2960x-universalk9-mz.152-7.E7/c2960x-universalk9-mz.152-7.E7.bin",
    False,
    ("ACLMGR-4-ACLTCAMFULL", "ACL TCAM Full. Software Forwarding packets on Input label {label} on L2: {acl} {port}"),
    ("ACLMGR-6-LOADED", "Input label {label} loaded: {acl} {port}"),
    False,
    TCAM_2960,
    262144,
)


def of(model: str) -> Family:
    """The family of a model."""
    return C9000 if model.startswith("C9") else C2960


def train(release: str) -> str:
    """IOS-XE trains have names."""
    names = {"17.03": "Amsterdam", "17.3": "Amsterdam", "17.06": "Bengaluru", "17.6": "Bengaluru", "17.09": "Cupertino"}
    return next((name for start, name in names.items() if release.startswith(start)), "Fuji")

"""pysnmp: SNMPv3 by its v3arch, and v1 and v2c by its v1arch where the quick wire understood nothing; no MIBs."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address
from typing import Any

from agent.model.errors import DeviceFault, DeviceRefused, DeviceUnreachable
from collectors.decode.varbind import SnmpValue, dotted
from collectors.wire.snmp import Answer, Ask, Kind, SnmpTarget

_INTEGERS = {(0, 2), (64, 1), (64, 2), (64, 3), (64, 6)}
_OCTETS = {(0, 4), (64, 4)}
_OID, _IP_ADDRESS = (0, 6), (64, 0)


_AUTH = {
    "MD5": "USM_AUTH_HMAC96_MD5",
    "SHA": "USM_AUTH_HMAC96_SHA",
    "SHA1": "USM_AUTH_HMAC96_SHA",
    "SHA224": "USM_AUTH_HMAC128_SHA224",
    "SHA256": "USM_AUTH_HMAC192_SHA256",
    "SHA384": "USM_AUTH_HMAC256_SHA384",
    "SHA512": "USM_AUTH_HMAC384_SHA512",
}
_PRIV = {
    "DES": "USM_PRIV_CBC56_DES",
    "3DES": "USM_PRIV_CBC168_3DES",
    "AES": "USM_PRIV_CFB128_AES",
    "AES128": "USM_PRIV_CFB128_AES",
    "AES192": "USM_PRIV_CFB192_AES",
    "AES256": "USM_PRIV_CFB256_AES",
}


class PysnmpWire:
    """One dispatcher for communities and one engine for users, each made when it is first needed."""

    def __init__(self) -> None:
        self._dispatcher: Any = None
        self._engine: Any = None

    def close(self) -> None:
        """Give the sockets back."""
        if self._dispatcher is not None:
            self._dispatcher.transport_dispatcher.close_dispatcher()
        if self._engine is not None:
            self._engine.close_dispatcher()

    async def ask(self, target: SnmpTarget, request: Ask) -> Answer:
        """See Wire."""
        send = self._as_user if target.version == "3" else self._as_community
        patience = target.timeout * (target.retries + 1) + 2.0
        try:
            fault, status, index, rows = await asyncio.wait_for(send(target, request), patience)
        except TimeoutError:
            raise DeviceUnreachable(str(target.address), "no SNMP answer") from None
        except (_pysnmp_error(), OSError, ValueError) as error:
            raise DeviceRefused(str(target.address), "SNMP", f"malformed: {type(error).__name__}") from None
        if fault:
            raise _fault(target, str(fault))
        return Answer(int(status), int(index), tuple((tuple(oid), _value(value)) for oid, value in rows))

    async def _as_community(self, target: SnmpTarget, request: Ask) -> Any:
        from pysnmp.hlapi.v1arch import asyncio as v1

        if self._dispatcher is None:
            self._dispatcher = v1.SnmpDispatcher()
        community = v1.CommunityData(target.community, mpModel=0 if target.version == "1" else 1)
        kind = v1.Udp6TransportTarget if target.address.version == 6 else v1.UdpTransportTarget
        peer = await kind.create((str(target.address), target.port), timeout=target.timeout, retries=target.retries)
        varbinds = [(oid, v1.Null("")) for oid in request.oids]
        if request.kind is Kind.BULK and target.version == "2c":
            return await v1.bulk_cmd(self._dispatcher, community, peer, 0, request.repetitions, *varbinds)
        command = v1.get_cmd if request.kind is Kind.GET else v1.next_cmd
        return await command(self._dispatcher, community, peer, *varbinds)

    async def _as_user(self, target: SnmpTarget, request: Ask) -> Any:
        from pysnmp.hlapi.v3arch import asyncio as v3

        if self._engine is None:
            self._engine = v3.SnmpEngine()
        user = v3.UsmUserData(
            target.username,
            target.auth_key or None,
            target.priv_key or None,
            authProtocol=getattr(
                v3, _AUTH[target.auth_protocol.upper() or "SHA"] if target.auth_key else "USM_AUTH_NONE"
            ),
            privProtocol=getattr(
                v3, _PRIV[target.priv_protocol.upper() or "AES"] if target.priv_key else "USM_PRIV_NONE"
            ),
        )
        kind = v3.Udp6TransportTarget if target.address.version == 6 else v3.UdpTransportTarget
        peer = await kind.create((str(target.address), target.port), timeout=target.timeout, retries=target.retries)
        ends = (self._engine, user, peer, v3.ContextData(contextName=target.context.encode()))
        varbinds = [v3.ObjectType(v3.ObjectIdentity(oid)) for oid in request.oids]
        if request.kind is Kind.BULK:
            return await v3.bulk_cmd(*ends, 0, request.repetitions, *varbinds, lookupMib=False)
        command = v3.get_cmd if request.kind is Kind.GET else v3.next_cmd
        return await command(*ends, *varbinds, lookupMib=False)


def _pysnmp_error() -> type[Exception]:
    from pyasn1.error import PyAsn1Error

    kind: type[Exception] = PyAsn1Error
    return kind


def _fault(target: SnmpTarget, said: str) -> DeviceFault:
    """pysnmp's error indications by what they mean; the text never holds a credential."""
    if "before timeout" in said:
        return DeviceUnreachable(str(target.address), "no SNMP answer")
    return DeviceRefused(str(target.address), "SNMP", said[:200])


def _value(value: Any) -> SnmpValue | None:
    """A pysnmp value by its outermost ASN.1 tag (RFC 3416); None for NULL, noSuchObject and endOfMibView."""
    outer = value.tagSet.superTags[-1]
    tag = (int(outer.tagClass), int(outer.tagId))
    if tag in _INTEGERS:
        return int(value)
    if tag == _IP_ADDRESS and len(bytes(value)) == 4:
        return IPv4Address(bytes(value))
    if tag == _OID:
        return dotted(value)
    return bytes(value) if tag in _OCTETS else None

"""The shape of the policy documents; names in them are resolved by policies.document."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agent.model.device import DeviceClass
from policies.located import Located, Place, meant


class Strict(BaseModel):
    """A mapping that refuses keys which it does not know, and says which one was meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        for key in value if isinstance(value, dict) else ():
            if key not in cls.model_fields:
                problem = f"no such key{meant(key, cls.model_fields)}"
                raise PydanticCustomError("unknown_key", "{problem}", {"problem": problem, "key": key})
        return value


def _class(value: Any) -> Any:
    known = [str(c) for c in DeviceClass]
    if value not in known:
        raise PydanticCustomError("device_class", "{problem}", {"problem": _unknown("class of device", value, known)})
    return DeviceClass(value)


def _unknown(kind: str, value: object, known: list[str]) -> str:
    return f"'{value}' is no known {kind}{meant(str(value), known)}"


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _port_range(value: Any) -> Any:
    low, _, high = str(value).partition("-")
    if not (low.isdigit() and (high or low).isdigit() and 0 < int(low) <= int(high or low) < 65536):
        problem = f"'{value}' is no port or range"
        raise PydanticCustomError("port", "{problem}", {"problem": f"{problem}; write 631 or 5060-5061"})
    return int(low), int(high or low)


ClassName = Annotated[DeviceClass, BeforeValidator(_class)]
Ports = Annotated[tuple[int, int], BeforeValidator(_port_range)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class ServiceEntry(Strict):
    """A named service; `icmp` is an echo request and its reply (RFC 792)."""

    tcp: tuple[Ports, ...] = ()
    udp: tuple[Ports, ...] = ()
    icmp: bool = False


class FlowEntry(Strict):
    """One line of a class's flows: services by name, peers by group name or CIDR."""

    service: Annotated[Names, Field(min_length=1)]
    peers: Names
    reason: str = ""


class ClassEntry(Strict):
    """The flows of a class; `extend` adds them to the shipped ones in the place of replacing these."""

    serves: tuple[FlowEntry, ...] = ()
    uses: tuple[FlowEntry, ...] = ()
    extend: bool = False


class FirmwareEntry(Strict):
    """Approved firmware of a vendor's models; `model` is a shell pattern."""

    vendor: str
    model: str = "*"
    minimum: str = ""
    end_of_support: Annotated[date | None, Field(strict=True)] = None


class RuleEntry(Strict):
    """How a rule is used; what an overlay leaves out stays as shipped. The three lists hold names of services."""

    enabled: bool | None = None
    clause: str | None = None
    services: Names | None = None
    except_services: Names | None = None
    if_seen: Names | None = None
    parameters: dict[str, str | int | bool | tuple[str, ...]] = {}


class PeriodEntry(Strict):
    """A clause's period in days, which an overlay may change."""

    every_days: Annotated[int, Field(ge=1, le=3660)]


class PolicyEntry(Strict):
    """baseline.yaml, and an overlay over it."""

    groups: dict[str, tuple[str, ...]] = {}
    services: dict[str, ServiceEntry] = {}
    connections: dict[str, ClassEntry] = {}
    firmware: tuple[FirmwareEntry, ...] = ()
    rules: dict[str, RuleEntry] = {}
    unmanaged_exempt: tuple[str, ...] | None = None
    clauses: dict[str, PeriodEntry] = {}
    coverage: dict[ClassName, Literal["covered", "listed"]] = {}


class CoverageEntry(Strict):
    """Which classes Article 7 covers, and which are only listed beside them."""

    covered: tuple[ClassName, ...]
    listed: tuple[ClassName, ...]


def _class_list(value: Any) -> Any:
    return value if isinstance(value, list) else {"covered": None, "organisation": []}.get(value, value)


class ClauseEntry(Strict):
    """One clause; `classes` None means all covered ones, an empty list the organisation itself."""

    article: str
    heading: str
    heading_en: str
    asks: str
    asks_en: str
    classes: Annotated[tuple[ClassName, ...] | None, BeforeValidator(_class_list)]
    every_days: int | None = None
    equals: dict[str, tuple[str, ...]] = {}


class ArticleEntry(Strict):
    """article7.yaml."""

    edition: str
    source: str
    coverage: CoverageEntry
    clauses: dict[str, ClauseEntry]


M = TypeVar("M", bound=Strict)


def validate(document: Located, model: type[M]) -> M:
    """The document as a model; raise BadInput for the first thing that is wrong, with its line and key."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = _place(document, first["loc"], first["type"] == "missing")
        context = first.get("ctx", {})
        if "key" in context:
            place = (*place, str(context["key"]))
        raise document.fault(place, str(context.get("problem") or _PLAINLY.get(first["type"], first["msg"]))) from error


def _place(document: Located, loc: tuple[str | int, ...], missing: bool) -> Place:
    """Pydantic's location without its own words (union members, `[key]`), which no document has."""
    place: Place = ()
    for part in loc:
        if (*place, part) in document.lines:
            place = (*place, part)
    return (*place, loc[-1]) if missing else place


_PLAINLY = {
    "string_type": "wants text; put it in quotes",
    "tuple_type": "wants a list",
    "dict_type": "wants a mapping of keys",
    "model_type": "wants a mapping of keys",
    "date_type": "wants a day, 2027-12-31",
    "missing": "is not there, and must be",
}
